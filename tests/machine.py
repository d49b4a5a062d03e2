"""A machine to install on: systemd in a container, on a copy-on-write view of this machine's root.

What is written there is in memory, and gone at the end. It uses this machine's network, so servers in it need free
ports. It takes root; elsewhere the tests that need it are skipped.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.needs import need, nothing_left_out

#: Seconds that the machine may take to start or stop, and a script on it.
LIMIT = 180.0
#: Where the copy of the project is in the machine.
CHECKOUT = "/srv/openucwa"
#: What an installation reads of the project.
FILES = (
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "deploy", "docs", "hatch_build.py"),
    *("pyproject.toml", "requirements.txt", "src"),
)

_ROOT = Path(__file__).parents[1]
#: The mounts end with the last process of the name space. `$1`: a folder; `$2`: systemd-nspawn.
_BOOT = f"""
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
rm -rf "$1/root{CHECKOUT}"
mkdir -p "$1/root{CHECKOUT}"
mount --bind "$3" "$1/root{CHECKOUT}"
exec "$2" --directory="$1/root" --register=no --keep-unit --link-journal=no --resolv-conf=off --console=pipe \
    --boot -- --unit=basic.target
"""


class Machine:
    """It runs while the block lasts, with a copy of the project in CHECKOUT. `folder`: for what belongs to it."""

    def __init__(self, folder: Path) -> None:
        if os.geteuid() != 0 or sys.platform != "linux":
            if nothing_left_out():
                pytest.fail("only root can start a container")
            pytest.skip("only root can start a container")
        self._program = need("systemd-container")
        for name in ("python3-venv", "sudo"):
            need(name)
        #: The copy of the project, from outside.
        self.checkout = folder / "checkout"
        self.checkout.mkdir(parents=True)
        for name in FILES:
            if (_ROOT / name).is_dir():
                shutil.copytree(_ROOT / name, self.checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(_ROOT / name, self.checkout / name)
        self._mounts = folder / "mounts"
        self._mounts.mkdir()
        self._log = folder / "console"
        self._process: subprocess.Popen[bytes] | None = None
        self._leader = ""

    def __enter__(self) -> Self:
        unshare = ("unshare", "--mount", "--pid", "--mount-proc", "--fork", "--kill-child")
        words = (*unshare, "sh", "-euc", _BOOT, "sh", str(self._mounts), self._program, str(self.checkout))
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        """Waits until systemd answers."""
        end = time.monotonic() + LIMIT
        while True:
            if process.poll() is not None or time.monotonic() > end:
                pytest.fail(f"the machine does not start:\n{self._log.read_text('utf-8', 'replace')}")
            if leader := _systemd_below(process.pid):
                self._leader = leader
                if self._start("systemctl start basic.target", {}).wait(LIMIT) == 0:
                    return
            time.sleep(0.05)

    def _start(self, script: str, streams: Mapping[str, int]) -> "subprocess.Popen[bytes]":
        enter = ("nsenter", "--target", self._leader, "--mount", "--uts", "--ipc", "--pid", "--root")
        clean = ("env", "-i", "HOME=/root", "LANG=C.UTF-8", f"PATH={_PATH}", "TERM=dumb")
        words = ("setsid", *(("--ctty",) if "stdin" in streams else ()), *enter, *clean, "bash", "-euc", script)
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, **streams}
        return subprocess.Popen(words, **streams)

    def run(self, script: str, typed: Mapping[str, str] | None = None) -> str:
        """Runs a shell script in CHECKOUT at a terminal, as root; returns what is shown there.

        `typed`: what is typed, by the text that the line which asks for it contains.
        """
        terminal, its_end = os.openpty()
        streams = {"stdin": its_end, "stdout": its_end, "stderr": its_end}
        try:
            process = self._start(f"cd {CHECKOUT}\nset -o pipefail\n{script}", streams)
            os.close(its_end)
            shown = _talk(terminal, typed or {})
            status = process.wait(LIMIT)
        finally:
            os.close(terminal)
        assert status == 0, f"{script}\n{shown}"
        return shown

    def stop(self) -> None:
        """Ends the machine and all that runs on it, without a shutdown: nothing of it is kept."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(LIMIT)


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def _talk(terminal: int, typed: Mapping[str, str]) -> str:
    """Types what is asked for, until nobody has the terminal open; returns what was shown."""
    shown = b""
    answered = 0
    while True:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # how Linux says that the other end is closed
            return shown.decode("utf-8", "replace").replace("\r\n", "\n")
        line = shown[answered:].rpartition(b"\n")[2].decode("utf-8", "replace")
        for asking, answer in typed.items():
            if asking in line and line.endswith(": "):
                answered = len(shown)
                os.write(terminal, f"{answer}\n".encode())


def _systemd_below(pid: int) -> str:
    """The process id of the systemd that a process has started, or ''."""
    for child in _children(pid):
        if (Path("/proc") / child / "comm").read_text().strip() == "systemd":
            return child
        if found := _systemd_below(int(child)):
            return found
    return ""


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
