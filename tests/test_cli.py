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
from openucwa.config import Config, options
from openucwa.identity.passwords import Passwords
from openucwa.model.user import User
from openucwa.store.migrations import migrations_in
from openucwa.store.sqlite import SqliteStore
from openucwa.store.sqlite.schema import MIGRATIONS
from tests.certificate import make_certificate

LENE = "sip:lenea@contoso.com"
PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("OPENUCWA_"):
            monkeypatch.delenv(name)


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
    """One line on stderr, nothing else, status 1."""
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"openucwa: {line}\n")


def test_the_version_is_told() -> None:
    assert run("--version").output == f"openucwa {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["check"], ["user"], ["user", "add"], ["user", "passwd"], ["copy"]]
)
def test_every_command_has_help_with_an_example_or_a_sentence(arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert "Usage: openucwa" in result.output
    assert "." in result.output


def test_help_names_the_defaults() -> None:
    output = run("serve", "--help").output
    assert f"[default: {Config().data}]" in output
    assert Config().listen[0] in output


def test_wrong_usage_is_status_2() -> None:
    assert run("user", "add").exit_code == 2
    assert run("serve", "--nonsense").exit_code == 2


def test_a_user_is_added_in_lower_case_with_a_hash_of_the_password(data: str) -> None:
    result = add(data, "--name", "Lene Aalling", "--email", "Lene@contoso.com", uri="SIP:LeneA@Contoso.com")
    assert (result.exit_code, result.output) == (0, f"added {LENE}\n")
    user = stored(data)
    assert user is not None
    assert (user.uri, user.name, user.email, user.pool) == (LENE, "Lene Aalling", "Lene@contoso.com", None)
    assert PASSWORD not in user.password_hash
    assert opens(user, PASSWORD)


def test_a_user_without_a_name_is_called_by_the_address(data: str) -> None:
    add(data)
    user = stored(data)
    assert user is not None
    assert user.name == "lenea"


def test_a_user_is_added_once_only(data: str) -> None:
    add(data)
    fails(add(data), f"there is a user {LENE} already")


@pytest.mark.parametrize(
    "uri", ["lenea@contoso.com", "sip:lenea", "sip:@contoso.com", "sip:a b@c", "sip:a@b;c", "sip:a@b@c", "sip:a@b/", ""]
)
def test_what_is_no_sip_uri_is_refused(data: str, uri: str) -> None:
    fails(add(data, uri=uri), f"{uri!r} is not a SIP URI of the form sip:USER@DOMAIN")
    assert not Path(data).exists()


@pytest.mark.parametrize("password", ["", "short", "a" * 1025])
def test_a_password_too_short_or_too_long_is_refused(data: str, password: str) -> None:
    fails(add(data, password=password), "a password has at least 8 characters, and at most 1024")
    assert not Path(data).exists()


def test_without_a_terminal_the_password_has_to_be_piped_in(data: str) -> None:
    fails(
        run("user", "add", LENE, "--data", data, stdin=PASSWORD),
        "there is no terminal to ask for the password on; --password-stdin reads it from a pipe",
    )


def test_a_name_with_control_characters_is_refused(data: str) -> None:
    fails(add(data, "--name", "a\x1b[31m"), "--name 'a\\x1b[31m' is empty or holds control characters")


def test_a_pool_that_the_settings_do_not_know_is_warned_of(data: str) -> None:
    result = add(data, "--pool", "east")
    assert (result.exit_code, result.stdout) == (0, f"added {LENE}\n")
    assert result.stderr == "openucwa: warning: the setting pools has no pool east\n"


def test_users_are_listed_in_columns(data: str) -> None:
    add(data, "--name", "Lene Aalling", "--email", "lene@contoso.com")
    add(data, uri="sip:b@contoso.com")
    assert run("user", "list", "--data", data).output.splitlines() == [
        "user                   name          email             pool",
        "sip:b@contoso.com      b             -                 -",
        "sip:lenea@contoso.com  Lene Aalling  lene@contoso.com  -",
    ]


def test_a_new_password_replaces_the_old_one_and_ends_its_tickets(data: str) -> None:
    add(data)
    before = stored(data)
    result = run("user", "passwd", LENE.upper(), "--data", data, "--password-stdin", stdin="another password\n")
    assert (result.exit_code, result.output) == (0, f"changed the password of {LENE}\n")
    after = stored(data)
    assert before is not None
    assert after is not None
    assert opens(after, "another password")
    assert not opens(after, PASSWORD)
    assert after.generation > before.generation


def test_a_user_is_removed(data: str) -> None:
    add(data)
    result = run("user", "remove", LENE, "--yes", "--data", data)
    assert (result.exit_code, result.output) == (0, f"removed {LENE}\n")
    assert stored(data) is None


def test_a_user_is_not_removed_without_being_asked_for(data: str) -> None:
    add(data)
    fails(
        run("user", "remove", LENE, "--data", data),
        "there is no terminal to ask on; --yes removes without asking",
    )
    assert stored(data) is not None


@pytest.mark.parametrize("command", [["passwd", LENE, "--password-stdin"], ["remove", LENE, "--yes"]])
def test_a_user_who_is_not_there_is_named(data: str, command: list[str]) -> None:
    add(data, uri="sip:b@contoso.com")
    fails(run("user", *command, "--data", data, stdin=PASSWORD), f"there is no user {LENE}")


@pytest.mark.parametrize("command", [["list"], ["passwd", LENE, "--password-stdin"], ["remove", LENE, "--yes"]])
def test_looking_for_a_user_does_not_make_a_store(data: str, command: list[str]) -> None:
    fails(
        run("user", *command, "--data", data, stdin=PASSWORD),
        f"there is no store in {data}; --data names its folder",
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


def test_check_does_not_make_a_store(data: str) -> None:
    result = run("check", "--data", data)
    assert result.exit_code == 0
    assert result.output.endswith(f"\nstore: none yet in {data}; the first start makes it\n")
    assert not Path(data).exists()


def test_check_does_not_make_a_store_in_a_folder_that_is_there(tmp_path: Path) -> None:
    result = run("check", "--data", str(tmp_path))
    assert result.exit_code == 0
    assert "store: none yet in" in result.output
    assert list(tmp_path.iterdir()) == []


def test_check_leaves_a_store_of_an_older_version_as_it_is(data: str) -> None:
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


def test_check_refuses_a_bad_setting(data: str) -> None:
    fails(
        run("check", "--data", data, "--listen", "http://a"),
        "setting listen (command line): 'http://a' is not of the form http://HOST:PORT or https://HOST:PORT",
    )


def test_check_refuses_a_certificate_that_cannot_be_used(data: str, tmp_path: Path) -> None:
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
    head, *rows = run("key", "list", "--data", data).output.splitlines()
    assert head.split() == ["key", "created", "what", "for"]
    assert [row.split()[2] for row in rows] == ["signs", *["checks"] * (len(rows) - 1)][: len(rows)]
    return [row.split()[0] for row in rows]


def test_a_rotation_adds_a_key_that_signs_and_keeps_the_others(data: str) -> None:
    add(data)
    assert keys(data) == []
    added = []
    for _ in range(2):
        result = run("key", "rotate", "--data", data)
        assert result.exit_code == 0
        added.append(result.output.removeprefix("added ").rstrip())
    assert keys(data) == added[::-1]


def test_a_list_of_keys_tells_no_secret(data: str) -> None:
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
    output = run("key", "list", "--data", data).output
    assert secret.hex() not in output
    assert str(secret) not in output


def test_a_removed_key_is_gone(data: str) -> None:
    add(data)
    for _ in range(2):
        run("key", "rotate", "--data", data)
    new, old = keys(data)
    result = run("key", "remove", old, "--data", data)
    assert (result.exit_code, result.output) == (0, f"removed {old}\n")
    assert keys(data) == [new]
    fails(run("key", "remove", old, "--data", data), f"there is no signing key {old}")
    fails(run("key", "remove", new, "--data", data), f"{new} is the only signing key: rotate first")


def test_there_are_no_keys_where_there_is_no_store(data: str) -> None:
    for words in (["list"], ["rotate"], ["remove", "1"]):
        fails(run("key", *words, "--data", data), f"there is no store in {data}; --data names its folder")
    assert not Path(data).exists()


def test_a_copy_goes_to_a_database_that_is_named(data: str) -> None:
    assert add(data).exit_code == 0
    fails(run("copy", "--data", data), "there is no database to copy to; --store, or the setting store, names it")


def test_there_is_no_copy_of_a_store_that_is_not_there(data: str) -> None:
    told = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    fails(told, f"there is no store in {data}; --data names its folder")
    assert not Path(data).exists()


def test_a_copy_to_a_database_out_of_reach_says_so_without_the_password(data: str) -> None:
    assert add(data).exit_code == 0
    told = run("copy", "--data", data, "--store", "postgresql://nobody:hidden@127.0.0.1:1/none")
    assert (told.exit_code, "out of reach" in told.stderr) == (1, True)
    assert "hidden" not in told.output
