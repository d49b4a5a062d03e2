"""openucwa user."""

import asyncio
from pathlib import Path

import pytest

from openucwa.model.photo import Picture
from openucwa.store.sqlite import SqliteStore
from tests.cli.commands import PASSWORD, add, fails, opens, run, stored
from tests.pictures.images import opened, photo
from tests.users import LENE


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
        "user                   name         email             pool  disabled  from",
        "sip:b@contoso.com      b            -                 -     no        -",
        "sip:lenea@contoso.com  Lene Aaling  lene@contoso.com  -     no        -",
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


def photo_of(data: str, uri: str = LENE) -> Picture | None:
    """The largest stored picture."""

    async def read() -> Picture | None:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return await store.photos.get(uri, 648)
        finally:
            await store.close()

    return asyncio.run(read())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A photo."""
    found = tmp_path / "lene.jpg"
    found.write_bytes(photo())
    return found


def test_photo_is_set_and_removed(data: str, file: Path) -> None:
    add(data)
    result = run("user", "photo", LENE, str(file), "--data", data)
    assert (result.exit_code, result.stdout) == (0, f"set the photo of {LENE} (240 x 240 pixels)\n")
    stored_picture = photo_of(data)
    assert stored_picture is not None
    assert opened(stored_picture.data).size == (240, 240)
    result = run("user", "photo", LENE, "--remove", "--data", data)
    assert (result.exit_code, result.stdout) == (0, f"removed the photo of {LENE}\n")
    assert photo_of(data) is None
    fails(run("user", "photo", LENE, "--remove", "--data", data), f"{LENE} has no photo")


def test_photo_is_removed_with_its_user(data: str, file: Path) -> None:
    add(data)
    run("user", "photo", LENE, str(file), "--data", data)
    run("user", "remove", LENE, "--yes", "--data", data)
    assert photo_of(data) is None


def test_file_that_is_no_photo_is_refused(data: str, tmp_path: Path) -> None:
    add(data)
    text = tmp_path / "text"
    text.write_text("hello")
    fails(run("user", "photo", LENE, str(text), "--data", data), "the photo is neither JPEG nor PNG")
    missing = tmp_path / "missing"
    fails(run("user", "photo", LENE, str(missing), "--data", data), f"{missing}: No such file or directory")


def test_photo_of_an_unknown_user_is_refused(data: str, file: Path) -> None:
    add(data, uri="sip:b@contoso.com")
    fails(run("user", "photo", LENE, str(file), "--data", data), f"no such user: {LENE}")


def test_photo_needs_a_file_or_remove(data: str, file: Path) -> None:
    add(data)
    for arguments in ((), (str(file), "--remove")):
        result = run("user", "photo", LENE, *arguments, "--data", data)
        assert (result.exit_code, result.stderr) == (1, "openucwa: name a file, or use --remove\n")
