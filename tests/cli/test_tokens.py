"""openucwa token, and what the commands say of users who come from elsewhere."""

import asyncio
import time
from pathlib import Path

import pytest

from openucwa.identity.tokens import Caller, Tokens
from openucwa.model.user import User
from openucwa.model.world import RealWorld
from openucwa.store.sqlite import SqliteStore
from tests.cli.commands import add, fails, run, stored
from tests.users import LENE

SOURCE = "https://id.contoso.com"


def checked(data: str, token: str) -> Caller:
    """What the token stands for, to a server on this store."""

    async def check() -> Caller:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return Tokens(await store.signing_keys.all(), RealWorld()).check(token)
        finally:
            await store.close()

    return asyncio.run(check())


def vouch_for(data: str) -> None:
    async def admit() -> None:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            await store.users.admit(User(LENE, "Lene", None, None, "", source=SOURCE), create=True)
        finally:
            await store.close()

    asyncio.run(admit())


def test_token_has_all_scopes_for_an_hour(data: str) -> None:
    add(data)
    begun = time.time()
    result = run("token", LENE, "--data", data)
    ended = time.time()
    assert result.exit_code == 0
    found = checked(data, result.stdout.strip())
    assert (found.identity, found.scopes, found.generation) == (LENE, None, 1)
    assert begun + 3_599 < found.expires / 1000 < ended + 3_601


def test_token_has_the_requested_scopes(data: str) -> None:
    add(data)
    scopes = ("--scope", "Conversations.Receive", "--scope", "Meetings.ReadWrite")
    begun = time.time()
    result = run("token", LENE.upper(), "--data", data, *scopes, "--expires-in", "60")
    ended = time.time()
    found = checked(data, result.stdout.strip())
    assert found.scopes == {"Conversations.Receive", "Meetings.ReadWrite"}
    assert begun + 59 < found.expires / 1000 < ended + 61
    assert checked(data, run("token", LENE, "--data", data, "--scope", "all").stdout.strip()).scopes is None


def test_token_of_an_unknown_scope_or_user_is_refused(data: str) -> None:
    add(data)
    assert run("token", LENE, "--data", data, "--scope", "Everything").exit_code == 2
    fails(run("token", "sip:nobody@contoso.com", "--data", data), "no such user: sip:nobody@contoso.com")


def test_token_cannot_outlive_its_key(data: str) -> None:
    add(data)
    fails(
        run("token", LENE, "--data", data, "--expires-in", "28801"),
        "--expires-in must be between 1 and 28800, the setting token_lifetime",
    )


def test_list_says_where_users_come_from(data: str) -> None:
    add(data, uri="sip:dana@contoso.com")
    vouch_for(data)
    lines = run("user", "list", "--data", data).stdout.splitlines()
    assert lines[0].split()[-1] == "from"
    assert [line.split()[-1] for line in lines[1:]] == ["-", SOURCE]


def test_directorys_user_cannot_be_given_a_password(data: str) -> None:
    add(data, uri="sip:dana@contoso.com")
    vouch_for(data)
    result = run("user", "passwd", LENE, "--data", data, "--password-stdin", stdin="another password\n")
    fails(result, f"the password of {LENE} is managed by {SOURCE}")
    user = stored(data)
    assert user is not None
    assert user.password_hash == ""


@pytest.mark.parametrize("command", ["token"])
def test_command_has_help(command: str) -> None:
    assert "--scope" in run(command, "--help").stdout
