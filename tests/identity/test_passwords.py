"""Passwords, with a hasher whose cost is as low as it goes."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters

from openucwa.identity.passwords import Passwords
from openucwa.model.refusals import ParameterValidationFailure, ServiceUnavailable

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    passwords = Passwords(workers=1, max_waiting=2, hasher=CHEAP)
    yield passwords
    passwords.close()


class BlockedHasher(PasswordHasher):
    """Verifies when it is let."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.go = threading.Event()

    def verify(self, *args: Any) -> Any:
        assert self.go.wait(5)
        return super().verify(*args)


async def test_hashed_password_is_accepted(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("Ægir & søn"), "Ægir & søn")


async def test_any_other_password_is_wrong(passwords: Passwords) -> None:
    assert not await passwords.verify(await passwords.hash("secret"), "Secret")


async def test_two_hashes_of_one_password_differ(passwords: Passwords) -> None:
    assert await passwords.hash("secret") != await passwords.hash("secret")


async def test_composition_of_accented_letters_does_not_matter(passwords: Passwords) -> None:
    assert await passwords.verify(await passwords.hash("caf\u00e9"), "cafe\u0301")


async def test_malformed_hash_matches_nothing(passwords: Passwords) -> None:
    assert not await passwords.verify("no hash", "secret")


async def test_unknown_user_has_no_valid_password(passwords: Passwords) -> None:
    assert not await passwords.verify(None, "")


class CountingHasher(PasswordHasher):
    """Notes the cost of what it verifies."""

    def __init__(self) -> None:
        super().__init__(time_cost=2, memory_cost=16, parallelism=1, hash_len=24, salt_len=10)
        self.costs: list[Parameters] = []

    def verify(self, *args: Any) -> Any:
        self.costs.append(extract_parameters(args[0]))
        return super().verify(*args)


@pytest.mark.parametrize("password", ["wrong", "", "x" * 2_000])
async def test_unknown_user_takes_as_long_as_a_wrong_password(password: str) -> None:
    hasher = CountingHasher()
    passwords = Passwords(workers=1, hasher=hasher)
    assert not await passwords.verify(await passwords.hash("secret"), password)
    assert not await passwords.verify(None, password)
    passwords.close()
    wrong, nobody = hasher.costs
    assert wrong == nobody


async def test_overlong_password_is_refused_and_never_valid(passwords: Passwords) -> None:
    with pytest.raises(ParameterValidationFailure, match="1024"):
        await passwords.hash("x" * 1_025)
    encoded = await passwords.hash("x" * 1_024)
    assert await passwords.verify(encoded, "x" * 1_024)
    assert not await passwords.verify(encoded, "x" * 1_025)


async def test_default_cost_is_the_recommended_one() -> None:
    passwords = Passwords()
    encoded = await passwords.hash("secret")
    passwords.close()
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_event_loop_is_not_blocked_by_a_verification() -> None:
    hasher = BlockedHasher()
    passwords = Passwords(workers=1, hasher=hasher)
    verifying = asyncio.create_task(passwords.verify(hasher.hash("secret"), "secret"))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not verifying.done()
    hasher.go.set()
    assert await verifying
    passwords.close()


async def test_call_beyond_the_queue_limit_is_refused() -> None:
    hasher = BlockedHasher()
    passwords = Passwords(workers=1, max_waiting=2, hasher=hasher)
    encoded = hasher.hash("secret")
    three = [asyncio.create_task(passwords.verify(encoded, "secret")) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(ServiceUnavailable) as refused:
        await passwords.verify(encoded, "secret")
    assert refused.value.retry_after >= 1
    hasher.go.set()
    assert await asyncio.gather(*three) == [True, True, True]
    assert await passwords.verify(encoded, "secret")
    passwords.close()
