"""Which store and settings file commands use, and `openucwa copy`."""

import os
from pathlib import Path

import pytest

from tests.cli.commands import PASSWORD, add, fails, run, stored
from tests.users import LENE


def test_copy_requires_a_target_database(data: str) -> None:
    assert add(data).exit_code == 0
    fails(run("copy", "--data", data), "no target database: set --store or the setting store")


def test_missing_store_cannot_be_copied(data: str) -> None:
    result = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    fails(result, f"no store found in {data}; --data names the folder")
    assert not Path(data).exists()


def test_error_about_an_unreachable_database_does_not_show_its_password(data: str) -> None:
    assert add(data).exit_code == 0
    result = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    assert (result.exit_code, "unreachable" in result.stderr) == (1, True)
    assert "hidden" not in result.output


def test_commands_read_the_settings_file_of_the_installation(installed: Path, tmp_path: Path) -> None:
    installed.parent.mkdir()
    installed.write_text(f'data = "{tmp_path / "var"}"\n')
    added = run("user", "add", LENE, "--password-stdin", stdin=PASSWORD)
    assert (added.exit_code, added.stdout) == (0, f"added {LENE}\n")
    assert added.stderr == f"openucwa: store: {tmp_path / 'var'} (data: {installed})\n"
    assert stored(str(tmp_path / "var")) is not None
    assert f"store: {tmp_path / 'var'} (data: {installed})\nstore engine: " in run("check").output


@pytest.mark.parametrize("named", ["option", "environment"])
def test_named_settings_file_is_read_instead_of_the_installed_one(
    named: str, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed.parent.mkdir()
    installed.write_text("no such setting = 1\n")
    file = tmp_path / "other.toml"
    file.write_text("max_extensions = 7\n")
    if named == "environment":
        monkeypatch.setenv("OPENUCWA_CONFIG", str(file))
    output = run("check", *(["--config", str(file)] if named == "option" else [])).output
    assert f"7 {file}" in " ".join(output.split())


def test_unreadable_settings_file_is_an_error_and_not_another_store(installed: Path) -> None:
    installed.mkdir(parents=True)  # that is not readable for root either
    fails(run("user", "list"), f"the settings file {installed} cannot be read: Is a directory")


def test_data_relative_to_the_current_folder_is_printed_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stderr = run("user", "add", LENE, "--password-stdin", stdin=PASSWORD).stderr
    assert stderr == f"openucwa: store: {tmp_path / 'openucwa-data'} (data: default)\n"


def test_failing_command_names_the_store_that_it_used(data: str) -> None:
    add(data)
    stderr = run("user", "remove", "sip:b@contoso.com", "--yes", "--data", data).stderr
    assert stderr == f"openucwa: store: {data} (data: command line)\nopenucwa: no such user: sip:b@contoso.com\n"


def test_database_is_named_without_its_password(data: str) -> None:
    stderr = run("user", "list", "--store", "postgresql://nobody:hidden@127.0.0.1:1/none").stderr
    assert stderr.startswith("openucwa: store: 127.0.0.1:1/none (store: command line)\n")
    assert "hidden" not in stderr


def test_root_does_not_write_to_the_store_of_another_user(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(data).mkdir()
    if os.geteuid() == 0:
        os.chown(data, 12345, -1)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = Path(data).owner() if os.getuid() else "#12345"
    fails(add(data), f"{data} belongs to {owner}; run this as that user: sudo -u {owner} openucwa ...")
    assert list(Path(data).iterdir()) == []
