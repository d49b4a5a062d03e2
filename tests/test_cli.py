"""The commands, run in this process; what needs one of its own is in `process/`."""

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from openucwa import __version__
from openucwa.cli import main
from openucwa.config import Config
from openucwa.config_loading import options
from openucwa.identity.passwords import Passwords
from openucwa.model.user import User
from openucwa.store.migrations import migrations_in
from openucwa.store.sqlite import SqliteStore
from openucwa.store.sqlite.schema import MIGRATIONS
from tests.certificate import make_certificate
from tests.users import LENE

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings file of an installed server would be; no settings of this machine are read."""
    for name in list(os.environ):
        if name.startswith("OPENUCWA_"):
            monkeypatch.delenv(name)
    file = tmp_path / "etc" / "openucwa.toml"
    monkeypatch.setattr("openucwa.config_loading.SETTINGS_FILE", file)
    return file


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "data")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=stdin, prog_name="openucwa")


def add(data: str, *arguments: str, uri: str = LENE, password: str = PASSWORD) -> Result:
    return run("user", "add", uri, "--data", data, "--password-stdin", *arguments, stdin=password + "\n")


def stored(data: str, uri: str = LENE) -> User | None:
    async def read() -> User | None:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return await store.users.get(uri)
        finally:
            await store.close()

    return asyncio.run(read())


def opens(user: User | None, password: str) -> bool:
    passwords = Passwords(workers=1)
    try:
        return asyncio.run(passwords.verify(user.password_hash if user else None, password))
    finally:
        passwords.close()


def fails(result: Result, line: str) -> None:
    """Status 1, nothing on stdout, and one line on stderr besides the one that names the store."""
    lines = [each for each in result.stderr.splitlines() if not each.startswith("openucwa: store: ")]
    assert (result.exit_code, result.stdout, lines) == (1, "", [f"openucwa: {line}"])


def test_version_is_printed() -> None:
    assert run("--version").output == f"openucwa {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["check"], ["user"], ["user", "add"], ["user", "passwd"], ["copy"]]
)
def test_every_command_has_help(arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert "Usage: openucwa" in result.output
    assert "." in result.output


def test_help_shows_defaults() -> None:
    output = "".join(run("serve", "--help").output.split())
    assert f"[default:{Config().data}]" in output
    assert Config().listen[0] in output


def test_wrong_usage_is_status_2() -> None:
    assert run("user", "add").exit_code == 2
    assert run("serve", "--nonsense").exit_code == 2


def test_user_is_added_in_lower_case_with_a_password_hash(data: str) -> None:
    result = add(data, "--name", "Lene Aaling", "--email", "Lene@contoso.com", uri="SIP:LeneA@Contoso.com")
    assert (result.exit_code, result.stdout) == (0, f"added {LENE}\n")
    user = stored(data)
    assert user is not None
    assert (user.uri, user.name, user.email, user.pool) == (LENE, "Lene Aaling", "Lene@contoso.com", None)
    assert PASSWORD not in user.password_hash
    assert opens(user, PASSWORD)


def test_user_without_a_name_is_named_after_the_address(data: str) -> None:
    add(data)
    user = stored(data)
    assert user is not None
    assert user.name == "lenea"


def test_user_cannot_be_added_twice(data: str) -> None:
    add(data)
    fails(add(data), f"user {LENE} already exists")


@pytest.mark.parametrize(
    "uri", ["lenea@contoso.com", "sip:lenea", "sip:@contoso.com", "sip:a b@c", "sip:a@b;c", "sip:a@b@c", "sip:a@b/", ""]
)
def test_malformed_sip_uri_is_refused(data: str, uri: str) -> None:
    fails(add(data, uri=uri), f"{uri!r} is not a SIP URI of the form sip:USER@DOMAIN")
    assert not Path(data).exists()


@pytest.mark.parametrize("password", ["", "short", "a" * 1025])
def test_password_too_short_or_too_long_is_refused(data: str, password: str) -> None:
    fails(add(data, password=password), "the password must have 8 to 1,024 characters")
    assert not Path(data).exists()


def test_password_must_be_piped_in_without_a_terminal(data: str) -> None:
    fails(
        run("user", "add", LENE, "--data", data, stdin=PASSWORD),
        "not a terminal: use --password-stdin to pipe the password in",
    )


def test_name_with_control_characters_is_refused(data: str) -> None:
    fails(add(data, "--name", "a\x1b[31m"), "--name 'a\\x1b[31m' is empty or contains control characters")


def test_unknown_pool_is_warned_about(data: str) -> None:
    result = add(data, "--pool", "east")
    assert (result.exit_code, result.stdout) == (0, f"added {LENE}\n")
    assert "openucwa: warning: the setting pools does not list east\n" in result.stderr


def test_users_are_listed_in_columns(data: str) -> None:
    add(data, "--name", "Lene Aaling", "--email", "lene@contoso.com")
    add(data, uri="sip:b@contoso.com")
    assert run("user", "list", "--data", data).stdout.splitlines() == [
        "user                   name         email             pool  from",
        "sip:b@contoso.com      b            -                 -     -",
        "sip:lenea@contoso.com  Lene Aaling  lene@contoso.com  -     -",
    ]


def test_new_password_replaces_the_old_one_and_invalidates_its_tokens(data: str) -> None:
    add(data)
    before = stored(data)
    result = run("user", "passwd", LENE.upper(), "--data", data, "--password-stdin", stdin="another password\n")
    assert (result.exit_code, result.stdout) == (0, f"changed the password of {LENE}\n")
    after = stored(data)
    assert before is not None
    assert after is not None
    assert opens(after, "another password")
    assert not opens(after, PASSWORD)
    assert after.generation > before.generation


def test_user_is_removed(data: str) -> None:
    add(data)
    result = run("user", "remove", LENE, "--yes", "--data", data)
    assert (result.exit_code, result.stdout) == (0, f"removed {LENE}\n")
    assert stored(data) is None


def test_user_is_not_removed_without_confirmation(data: str) -> None:
    add(data)
    fails(
        run("user", "remove", LENE, "--data", data),
        "not a terminal: use --yes to remove without confirmation",
    )
    assert stored(data) is not None


@pytest.mark.parametrize("command", [["passwd", LENE, "--password-stdin"], ["remove", LENE, "--yes"]])
def test_unknown_user_is_refused(data: str, command: list[str]) -> None:
    add(data, uri="sip:b@contoso.com")
    fails(run("user", *command, "--data", data, stdin=PASSWORD), f"no such user: {LENE}")


@pytest.mark.parametrize("command", [["list"], ["passwd", LENE, "--password-stdin"], ["remove", LENE, "--yes"]])
def test_commands_on_existing_users_do_not_create_a_store(data: str, command: list[str]) -> None:
    fails(
        run("user", *command, "--data", data, stdin=PASSWORD),
        f"no store found in {data}; --data or --config names another",
    )
    assert not Path(data).exists()


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
    assert result.output.endswith(f"\nstore: none in {data} yet; it is created on first start\n")
    assert not Path(data).exists()


def test_check_does_not_create_a_store_in_an_existing_folder(tmp_path: Path) -> None:
    result = run("check", "--data", str(tmp_path))
    assert result.exit_code == 0
    assert "store: none in" in result.output
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


def test_check_refuses_a_damaged_store(data: str) -> None:
    add(data)
    (Path(data) / "openucwa.sqlite3").write_bytes(b"rubbish" * 1000)
    result = run("check", "--data", data)
    assert result.exit_code == 1
    assert result.stderr.startswith("openucwa: the store ")
    assert result.stderr.count("\n") == 1


def keys(data: str) -> list[str]:
    """The keys' ids, that of the one that signs first."""
    head, *rows = run("key", "list", "--data", data).stdout.splitlines()
    assert head.split() == ["key", "created", "use"]
    assert [row.split()[2] for row in rows] == ["sign", *["verify"] * (len(rows) - 1)][: len(rows)]
    return [row.split()[0] for row in rows]


def test_rotation_adds_a_signing_key_and_keeps_the_others(data: str) -> None:
    add(data)
    assert keys(data) == []
    added = []
    for _ in range(2):
        result = run("key", "rotate", "--data", data)
        assert result.exit_code == 0
        added.append(result.stdout.removeprefix("added ").rstrip())
    assert keys(data) == added[::-1]


def test_list_of_keys_shows_no_secret(data: str) -> None:
    add(data)
    run("key", "rotate", "--data", data)

    async def read() -> list[bytes]:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return [key.secret for key in await store.signing_keys.all()]
        finally:
            await store.close()

    (secret,) = asyncio.run(read())
    output = run("key", "list", "--data", data).stdout
    assert secret.hex() not in output
    assert str(secret) not in output


def test_key_is_removed(data: str) -> None:
    add(data)
    for _ in range(2):
        run("key", "rotate", "--data", data)
    new, old = keys(data)
    result = run("key", "remove", old, "--data", data)
    assert (result.exit_code, result.stdout) == (0, f"removed {old}\n")
    assert keys(data) == [new]
    fails(run("key", "remove", old, "--data", data), f"no such signing key: {old}")
    fails(run("key", "remove", new, "--data", data), f"{new} is the only signing key: rotate first")


def test_commands_on_keys_do_not_create_a_store(data: str) -> None:
    for words in (["list"], ["rotate"], ["remove", "1"]):
        fails(run("key", *words, "--data", data), f"no store found in {data}; --data or --config names another")
    assert not Path(data).exists()


def test_copy_requires_a_target_database(data: str) -> None:
    assert add(data).exit_code == 0
    fails(run("copy", "--data", data), "no target database: set --store or the setting store")


def test_missing_store_cannot_be_copied(data: str) -> None:
    told = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    fails(told, f"no store found in {data}; --data names the folder")
    assert not Path(data).exists()


def test_error_about_an_unreachable_database_does_not_show_its_password(data: str) -> None:
    assert add(data).exit_code == 0
    told = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    assert (told.exit_code, "unreachable" in told.stderr) == (1, True)
    assert "hidden" not in told.output


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
