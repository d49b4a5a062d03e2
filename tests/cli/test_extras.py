"""The package without extras, and with each of them alone, as pip would install it."""

import json
import os
import re
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, requires
from pathlib import Path

import pytest

from tests.nats import NatsServer, needs_server
from tests.needs import need_module
from tests.ports import free_ports
from tests.process.running import RunningServer, command
from tests.process.server import add_user
from tests.users import LENE

#: Imported by Python when it starts: modules of packages that would not be installed are not found.
ONLY_INSTALLED = """
import sys
from importlib.machinery import PathFinder

ABSENT = {absent!r}


class Installed(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in ABSENT else super().find_spec(name, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = Installed
"""
#: Extra -> the setting that needs it, with a value.
DIRECTORY = {"url": "ldaps://127.0.0.1:1", "base": "dc=example", "domains": ["example.com"]}
SETTINGS = {
    "ldap": ("directories", json.dumps([DIRECTORY])),
    "nats": ("bus", "nats://127.0.0.1:4222"),
    "postgres": ("store", "postgresql://127.0.0.1/x"),
    "traces": ("traces", "http://127.0.0.1:4318/v1/traces"),
}
_EXTRA = re.compile(r"""\bextra\s*==\s*["']([\w-]+)["']""")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def brought_by(package: str, extra: str | None = None) -> set[str]:
    """The packages that pip installs for a package, without it: all their dependencies, too."""
    found: set[str] = set()
    waiting = {(package, None), (package, extra)}
    done = set()
    while waiting:
        done.add(current := waiting.pop())
        for requirement in requires(current[0]) or ():
            name, _, condition = requirement.partition(";")
            needed = _EXTRA.search(condition)
            if needed is not None and needed[1] != current[1]:
                continue
            parts = re.match(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?", name)
            assert parts is not None
            try:
                requires(parts[1])
            except PackageNotFoundError:  # another platform's, or another Python's
                continue
            found.add(normal(parts[1]))
            extras = [each.strip() for each in (parts[2] or "").split(",") if each.strip()]
            waiting |= {(normal(parts[1]), each) for each in (None, *extras)} - done
    return found


def only(folder: Path, extra: str | None = None) -> dict[str, str]:
    """The environment of a Python that finds only what the package brings, with one extra or none."""
    there = brought_by("openucwa", extra) | {"openucwa"}
    absent = {
        module
        for module, packages in packages_distributions().items()
        if there.isdisjoint(normal(package) for package in packages)
    }
    (folder / "sitecustomize.py").write_text(ONLY_INSTALLED.format(absent=absent))
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_every_extra_is_tested() -> None:
    assert set(metadata("openucwa").get_all("Provides-Extra", ())) == set(SETTINGS)


def test_server_with_a_file_needs_no_extra(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add_user(data, LENE)
    with RunningServer(data, **only(tmp_path)) as server:
        server.open_application(server.sign_in())
        assert server.stop() == 0


@pytest.mark.parametrize("extra", sorted(SETTINGS))
def test_setting_without_its_packages_is_refused_with_what_to_install(extra: str, tmp_path: Path) -> None:
    setting, value = SETTINGS[extra]
    checked = command("check", **only(tmp_path), **{f"OPENUCWA_{setting.upper()}": value})
    assert checked.returncode == 1
    assert checked.stderr.splitlines()[-1].endswith(
        f"needs packages that are not installed: pip install 'openucwa[{extra}]'"
    )


def test_postgresql_needs_no_other_extra(own_database: str, tmp_path: Path) -> None:
    with RunningServer(own_database, **only(tmp_path, "postgres")) as server:
        assert server.healthy()


@needs_server
def test_nats_needs_no_other_extra(tmp_path: Path) -> None:
    nats = NatsServer(tmp_path)
    nats.start()
    try:
        with RunningServer(tmp_path / "data", **only(tmp_path, "nats"), OPENUCWA_BUS=nats.url) as server:
            assert server.healthy()
    finally:
        nats.stop()


def test_traces_need_no_other_extra(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    collector = f"http://127.0.0.1:{port}/v1/traces"
    with RunningServer(tmp_path / "data", **only(tmp_path, "traces"), OPENUCWA_TRACES=collector) as server:
        assert server.healthy()
        server.kill()  # a server that stops waits for its collector


def test_ldap_needs_no_other_extra(tmp_path: Path) -> None:
    need_module("ldap", "python-ldap")
    (port,) = free_ports(1)
    unreachable = json.dumps([DIRECTORY | {"url": f"ldaps://127.0.0.1:{port}"}])
    with RunningServer(tmp_path / "data", **only(tmp_path, "ldap"), OPENUCWA_DIRECTORIES=unreachable) as server:
        form = "grant_type=password&username=lene@example.com&password=x"
        assert server.ask("POST", "/WebTicket/oauthtoken", form)[0] == 503
