"""What a sign-in costs, counted in verifications and not in time: it must not reveal which users exist."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from openucwa.identity.callers import Admission
from openucwa.identity.login import Login
from openucwa.identity.passwords import Passwords
from openucwa.identity.user_passwords import UserPasswords
from openucwa.model.user import User
from openucwa.store.contract import Ending, Users
from openucwa.store.sqlite import SqliteStore

LENE = "sip:lene@contoso.com"


class CountingHasher(PasswordHasher):
    """Counts what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, *args: Any) -> Any:
        self.verified += 1
        return super().verify(*args)


class PausingHasher(PasswordHasher):
    """Verifies once it is released."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.entered = threading.Event()
        self.released = threading.Event()

    def verify(self, *args: Any) -> Any:
        self.entered.set()
        assert self.released.wait(60)
        return super().verify(*args)


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()


@pytest.fixture
async def users(tmp_path: Path, hasher: CountingHasher) -> AsyncIterator[UserPasswords]:
    store, passwords = SqliteStore(tmp_path, timeout=5), Passwords(workers=1, hasher=hasher)
    await store.open()
    for uri in ("sip:lene@contoso.com", "sip:anna@contoso.com", "sip:anna@contoso.de"):
        await store.users.add(User(uri, "A user", None, None, await passwords.hash("secret")))
    await store.users.admit(User("sip:dana@contoso.com", "Dana", None, None, "", source="ldaps://a"), create=True)
    yield UserPasswords(store.users, passwords, (), Admission(store.users))
    passwords.close()
    await store.close()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("lene@contoso.com", id="wrong password"),
        pytest.param("nobody@contoso.com", id="unknown user"),
        pytest.param("lene", id="name without a domain"),
        pytest.param("CONTOSO\\anna", id="name of two users"),
        pytest.param("dana@contoso.com", id="user without a password here"),
        pytest.param("", id="no name"),
        pytest.param("x" * 50_000, id="endless name"),
    ],
)
async def test_every_failed_sign_in_verifies_one_password(
    users: UserPasswords, hasher: CountingHasher, name: str
) -> None:
    assert await users.user(Login.parse(name), "wrong") is None
    assert hasher.verified == 1


async def sign_in_during(change: Callable[[Users], Awaitable[object]], folder: Path) -> tuple[User | None, User | None]:
    """Who is signed in if Lene's right password is being verified during `change`; and Lene, afterwards."""
    hasher = PausingHasher()
    store, passwords = SqliteStore(folder, timeout=5), Passwords(workers=1, hasher=hasher)
    await store.open()
    try:
        await store.users.add(User(LENE, "Lene", None, None, await passwords.hash("secret")))
        verifying = UserPasswords(store.users, passwords, (), Admission(store.users))
        signing_in = asyncio.create_task(verifying.user(Login.parse("lene@contoso.com"), "secret"))
        assert await asyncio.to_thread(hasher.entered.wait, 60)
        await change(store.users)
        hasher.released.set()
        return await signing_in, await store.users.get(LENE)
    finally:
        hasher.released.set()
        passwords.close()
        await store.close()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda users: users.disable(LENE, 0), id="disabled"),
        pytest.param(lambda users: users.change_password(LENE, "another"), id="new password"),
        pytest.param(lambda users: users.remove(LENE, 0), id="removed"),
    ],
)
async def test_user_who_is_locked_out_while_the_password_is_verified_is_not_signed_in(
    change: Callable[[Users], Awaitable[object]], tmp_path: Path
) -> None:
    signed_in, _ = await sign_in_during(change, tmp_path)
    assert signed_in is None


async def test_sign_in_after_tokens_were_revoked_while_the_password_was_verified_gives_a_valid_token(
    tmp_path: Path,
) -> None:
    signed_in, lene = await sign_in_during(lambda users: users.revoke(LENE, Ending(0)), tmp_path)
    assert signed_in is not None
    assert signed_in == lene
