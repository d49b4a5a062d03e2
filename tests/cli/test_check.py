"""openucwa check."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.config_loading import options
from openucwa.store.migrations import migrations_in
from openucwa.store.sqlite.schema import MIGRATIONS
from tests.certificate import make_certificate
from tests.cli.commands import add, fails, run
from tests.needs import need_module
from tests.test_config_identity import ISSUER


def test_check_prints_every_setting_with_its_source(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "openucwa.toml"
    file.write_text("max_extensions = 7\n")
    monkeypatch.setenv("OPENUCWA_BUS", "nats://user:secret@a:1")
    monkeypatch.setenv("OPENUCWA_CONFIG", str(file))
    result = run("check", "--data", data)
    rows = [line.split(maxsplit=1) for line in result.output.split("\n\n")[0].splitlines()]
    said = {name: " ".join(rest.split()) for name, rest in rows}
    assert result.exit_code == 0
    assert set(said) - {"setting"} == {option.name for option in options()}
    assert said["data"] == f"{data} command line"
    assert said["max_extensions"] == f"7 {file}"
    assert said["bus"] == "nats://***@a:1 environment variable OPENUCWA_BUS"
    assert said["listen"] == "http://127.0.0.1:8080 default"
    assert said["pools"] == "none default"


def test_check_does_not_create_a_store(data: str) -> None:
    result = run("check", "--data", data)
    assert result.exit_code == 0
    assert result.output.endswith(
        f"\nstore: {data} (data: command line)\nstore does not exist yet; it is created on first start\n"
    )
    assert not Path(data).exists()


def test_check_does_not_create_a_store_in_an_existing_folder(tmp_path: Path) -> None:
    result = run("check", "--data", str(tmp_path))
    assert result.exit_code == 0
    assert "store does not exist yet" in result.output
    assert list(tmp_path.iterdir()) == []


def test_check_does_not_migrate_an_older_store(data: str) -> None:
    with closing(older_store(data)) as connection:
        before = list(connection.iterdump())
        result = run("check", "--data", data)
        assert result.exit_code == 0
        known = migrations_in(MIGRATIONS)[-1].number
        said = f"2 (usable by servers from version 1 on); this server upgrades it to {known} on start"
        assert f"store version: {said}\n" in result.output
        assert "store users: 0" in result.output
        assert list(connection.iterdump()) == before


def older_store(data: str) -> sqlite3.Connection:
    """A connection to a store as a server made it that knew version 2."""
    Path(data).mkdir()
    connection = sqlite3.connect(Path(data) / "openucwa.sqlite3")
    for migration in migrations_in(MIGRATIONS)[:2]:
        connection.executescript(migration.script)
    connection.execute("update store_version set version = 2")
    connection.commit()
    return connection


def test_check_describes_the_store(data: str) -> None:
    add(data)
    output = run("check", "--data", data).output
    assert "\nstore users: 1\n" in output
    assert f"\nstore place: {data}" in output


def test_check_refuses_an_invalid_setting(data: str) -> None:
    fails(
        run("check", "--data", data, "--listen", "http://a"),
        "setting listen (command line): 'http://a' is not of the form http://HOST:PORT or https://HOST:PORT",
    )


def test_check_refuses_an_unusable_certificate(data: str, tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path)
    _, key = make_certificate(tmp_path, "other")
    result = run("check", "--data", data, "--tls-cert", certificate, "--tls-key", key)
    assert result.exit_code == 1
    assert result.stderr == (
        f"openucwa: the certificate {certificate} and the key {key} cannot be used: key values mismatch\n"
    )


def test_check_refuses_a_faulty_schema(data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "agenda.json").write_text('{"type": "text"}', "utf-8")
    monkeypatch.setenv("OPENUCWA_SCHEMAS", str(tmp_path))
    result = run("check", "--data", data)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"openucwa: schemas: {tmp_path}/agenda.json is not a JSON Schema: at /type: ")


def test_check_shows_issuers_and_pools_by_name_and_no_secret(data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENUCWA_ISSUERS", json.dumps([ISSUER | {"client_id": "a", "client_secret": "s3cret"}]))
    monkeypatch.setenv("OPENUCWA_POOLS", json.dumps([{"name": "east", "url": "https://east.contoso.com"}]))
    output = run("check", "--data", data).output
    assert re.search(r"^issuers +https://id\.contoso\.com  ", output, re.MULTILINE)
    assert re.search(r"^pools +east \(https://east\.contoso\.com\)  ", output, re.MULTILINE)
    assert re.search(r"^anonymous +true  ", output, re.MULTILINE)
    assert "s3cret" not in output


@pytest.mark.parametrize("command", ["check", "serve"])
@pytest.mark.parametrize("setting", ["ca_file", "client_secret_file"])
def test_missing_file_of_an_issuer_is_named(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, setting: str
) -> None:
    missing = str(tmp_path / "missing")
    monkeypatch.setenv("OPENUCWA_ISSUERS", json.dumps([ISSUER | {setting: missing}]))
    result = run(command, "--data", data)
    assert result.exit_code == 1
    assert result.stderr == (
        "openucwa: setting issuers (environment variable OPENUCWA_ISSUERS): 'https://id.contoso.com': "
        f"{setting} {missing!r} cannot be read: No such file or directory\n"
    )


def test_check_refuses_files_of_an_issuer_without_content(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for setting, problem in (("ca_file", "contains no certificates"), ("client_secret_file", "is empty")):
        monkeypatch.setenv("OPENUCWA_ISSUERS", json.dumps([ISSUER | {setting: str(empty)}]))
        result = run("check", "--data", data)
        assert result.exit_code == 1
        assert f"{setting} {str(empty)!r} {problem}" in result.stderr


def test_check_refuses_a_directory_whose_files_are_missing(
    data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("ldap", "python-ldap")
    table = {"url": "ldaps://a", "domains": "contoso.com", "base": "dc=a", "bind_dn": "cn=a"}
    monkeypatch.setenv("OPENUCWA_DIRECTORIES", json.dumps([table | {"bind_password_file": str(tmp_path / "missing")}]))
    result = run("check", "--data", data)
    assert result.exit_code == 1
    assert "'ldaps://a': bind_password_file" in result.stderr


def test_check_refuses_a_damaged_store(data: str) -> None:
    add(data)
    (Path(data) / "openucwa.sqlite3").write_bytes(b"rubbish" * 1000)
    result = run("check", "--data", data)
    assert result.exit_code == 1
    assert result.stderr.startswith("openucwa: the store ")
    assert result.stderr.count("\n") == 1
