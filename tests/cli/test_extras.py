"""A server without the packages of the extras."""

import os
from pathlib import Path

import pytest

from tests.process.running import RunningServer, command
from tests.process.server import add_user
from tests.users import LENE

#: Python's own hook at start: the packages of the extras can't be imported, as if they were not installed.
NOT_INSTALLED = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"asyncpg", "ldap", "nats", "opentelemetry"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sitecustomize.py").write_text(NOT_INSTALLED)
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])}


def test_server_with_a_file_needs_no_extra(tmp_path: Path, environment: dict[str, str]) -> None:
    data = tmp_path / "data"
    add_user(data, LENE)
    with RunningServer(data, **environment) as server:
        assert server.healthy()
        assert server.stop() == 0


@pytest.mark.parametrize(
    ("setting", "value", "extra"),
    [
        ("store", "postgresql://127.0.0.1/x", "postgres"),
        ("bus", "nats://127.0.0.1:4222", "nats"),
        ("traces", "http://127.0.0.1:4318/v1/traces", "traces"),
    ],
)
def test_setting_without_its_packages_is_refused_with_what_to_install(
    setting: str, value: str, extra: str, environment: dict[str, str]
) -> None:
    checked = command("check", **environment, **{f"OPENUCWA_{setting.upper()}": value})
    assert checked.returncode == 1
    assert checked.stderr.splitlines()[-1].endswith(
        f"needs packages that are not installed: pip install 'openucwa[{extra}]'"
    )


def test_directory_without_its_package_is_refused_with_what_to_install(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    settings = tmp_path / "openucwa.toml"
    settings.write_text(
        """
        [[directories]]
        url = "ldaps://ldap.example.com"
        base = "dc=example"
        domains = ["example.com"]
        """
    )
    checked = command("check", "--config", str(settings), **environment)
    assert checked.returncode == 1
    assert "pip install 'openucwa[ldap]'" in checked.stderr
