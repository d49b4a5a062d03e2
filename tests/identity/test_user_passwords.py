"""What a sign-in costs, counted in verifications and not in time: it must not reveal which users exist."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from openucwa.identity.callers import Admission
from openucwa.identity.login import Login
from openucwa.identity.passwords import Passwords
from openucwa.identity.user_passwords import UserPasswords
from openucwa.model.user import User
from openucwa.store.sqlite import SqliteStore


class CountingHasher(PasswordHasher):
    """Counts what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.verified = 0

    def verify(self, *args: Any) -> Any:
        self.verified += 1
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
