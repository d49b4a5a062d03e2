"""The programs that tests need besides Python packages: finding and installing them, and skipping tests without them.

    python -m tests.needs

installs missing programs if it can (as root, with apt-get) and builds the Python packages that need
building, and lists what is still missing. Tests that need it are skipped with a reason; with CI=true they fail.
"""

import os
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

import pytest

#: Debian package -> names of the program, in order of preference. PostgreSQL's other programs are in the same folder.
PROGRAMS = {
    "bash": ("bash",),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "curl": ("curl",),
    "mono-mcs": ("mcs",),
    "mono-runtime": ("mono",),
    "nats-server": ("nats-server",),
    "nginx": ("nginx",),
    "nodejs": ("node", "nodejs"),
    "npm": ("npm",),
    "openssl": ("openssl",),
    "pipx": ("pipx",),
    "postgresql": ("initdb",),
    "prometheus": ("promtool",),
    "slapd": ("slapd",),
    "sudo": ("sudo",),
    "systemd": ("systemd-analyze",),
    "systemd-container": ("systemd-nspawn",),
}
#: Debian packages with headers for Python packages that are compiled.
HEADERS = {"libldap-dev": "ldap.h", "libsasl2-dev": "sasl/sasl.h"}
#: Debian packages without programs: those with libraries for tests in other languages, and Python's module venv.
LIBRARIES = {
    "libmono-system-net-http4.0-cil": "/usr/lib/mono/4.5/System.Net.Http.dll",
    "libnunit-framework2.6.3-cil": "/usr/lib/cli/nunit.framework-2.6.3/nunit.framework.dll",
    "python3-venv": "/var/lib/dpkg/info/python3-venv.list",
}
#: Those Python packages: module -> lock file.
BUILT = {"ldap": "requirements-ldap.txt"}
#: Folders of servers, which are often not on the path.
_FOLDERS = ("/usr/local/bin", "/usr/local/sbin", "/usr/sbin")
#: The folder with a subfolder for each version of PostgreSQL.
_POSTGRESQL = Path("/usr/lib/postgresql")


def find(name: str) -> str | None:
    """The path of one of PROGRAMS, HEADERS or LIBRARIES; None: it is not on this machine."""
    if name in HEADERS or name in LIBRARIES:
        file = Path("/usr/include") / HEADERS[name] if name in HEADERS else Path(LIBRARIES[name])
        return str(file) if file.exists() else None
    # Evaluated each time: missing programs may be installed by then.
    versions = sorted(_POSTGRESQL.glob("[0-9]*"), key=lambda version: float(version.name), reverse=True)
    folders = (os.environ.get("PATH", os.defpath), *_FOLDERS, *(str(version / "bin") for version in versions))
    path = os.pathsep.join(folders)
    found = (shutil.which(spelling, path=path) for spelling in PROGRAMS[name])
    return next(filter(None, found), None)


def need(name: str) -> str:
    """The path of one of PROGRAMS or LIBRARIES. Without it the test is skipped, or fails if `nothing_left_out`."""
    path = find(name)
    if path is not None:
        return path
    if nothing_left_out():
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def need_module(name: str, package: str) -> None:
    """As `need`, for a Python package that is compiled."""
    if find_spec(name) is None:
        if nothing_left_out():
            pytest.fail(f"{package} is not installed")
        pytest.skip(f"{package} is not installed")


def nothing_left_out() -> bool:
    """Whether a missing program is a failure."""
    return os.environ.get("CI", "").lower() in {"true", "1"}


def missing() -> list[str]:
    """The programs, headers and libraries that are not on this machine."""
    return [name for name in (*PROGRAMS, *HEADERS, *LIBRARIES) if find(name) is None]


def main() -> int:
    """Installs and names what is missing; the exit status."""
    if (wanted := missing()) and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing what tests need: {', '.join(wanted)}")
        for command in (("update",), ("install", "--yes", "--no-install-recommends", *wanted)):
            subprocess.run(
                ["apt-get", "-qq", *command],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
                check=False,
            )
    build()
    still = [*missing(), *(module for module in BUILT if find_spec(module) is None)]
    for name in still:
        consequence = "the tests that need it fail" if nothing_left_out() else "the tests that need it are skipped"
        print(f"openucwa: {name} is not installed: {consequence}", file=sys.stderr)
    return 1 if still and nothing_left_out() else 0


def build() -> None:
    """Installs the packages of Python that are built here, where they are missing and can be built."""
    for module, file in BUILT.items():
        if find_spec(module) is None and all(find(name) is not None for name in HEADERS):
            print(f"Installing what {file} lists")
            command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input", "install"]
            subprocess.run([*command, "--require-hashes", "-r", file], stdin=subprocess.DEVNULL, check=False)
            invalidate_caches()


if __name__ == "__main__":
    sys.exit(main())
