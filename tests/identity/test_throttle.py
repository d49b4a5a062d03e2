"""Throttling: when it begins, how it grows, whom it hits, and when it ends."""

import pytest

from openucwa.identity.throttle import Throttle
from openucwa.model.refusals import TooManyRequests
from tests.world import FakeWorld

LENE = "lene@contoso"
HERE = "192.0.2.1"


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def throttle(world: FakeWorld) -> Throttle:
    return Throttle(failures=3, delay=2.0, delay_max=60.0, address_failures=6, world=world)


def retry_after(throttle: Throttle, user: str | None = LENE, address: str = HERE) -> int:
    with pytest.raises(TooManyRequests) as refused:
        throttle.begin(user, address)
    return refused.value.retry_after


def admitted(throttle: Throttle, user: str | None = LENE, address: str = HERE) -> None:
    """An attempt is admitted; nothing comes of it."""
    with throttle.begin(user, address):
        pass


async def fail(throttle: Throttle, world: FakeWorld, times: int, user: str | None = LENE, address: str = HERE) -> None:
    """Fails so many times, each as soon as it may be tried."""
    for _ in range(times):
        try:
            attempt = throttle.begin(user, address)
        except TooManyRequests as refused:
            await world.advance(refused.retry_after)
            attempt = throttle.begin(user, address)
        with attempt:
            attempt.failed()


def succeed(throttle: Throttle) -> None:
    with throttle.begin(LENE, HERE) as attempt:
        attempt.succeeded()


async def test_first_failures_cause_no_delay(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 2)
    admitted(throttle, LENE, HERE)


async def test_further_failure_causes_a_delay_that_ends(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3)
    assert retry_after(throttle) == 2
    await world.advance(2)
    admitted(throttle, LENE, HERE)


async def test_retry_after_is_the_rest_of_the_delay_rounded_up(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 5)
    await world.advance(6.5)
    assert retry_after(throttle) == 2


async def test_each_further_failure_doubles_the_delay_up_to_the_maximum(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3, address="")
    delays = []
    for _ in range(7):
        delays.append(retry_after(throttle))
        await fail(throttle, world, 1, address="")
    assert delays == [2, 4, 8, 16, 32, 60, 60]


async def test_any_number_of_failures_can_be_counted(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 5_000)
    assert retry_after(throttle) == 60


async def test_throttled_user_is_throttled_from_every_address(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3)
    assert retry_after(throttle, address="198.51.100.7") == 2


async def test_other_users_at_the_same_address_are_not_throttled(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3)
    admitted(throttle, "anna@contoso", HERE)


async def test_address_is_throttled_for_all_users_after_more_failures(throttle: Throttle, world: FakeWorld) -> None:
    for number in range(6):
        await fail(throttle, world, 1, f"user{number}@contoso", HERE)
    assert retry_after(throttle, "anna@contoso") == 2
    assert retry_after(throttle, None) == 2
    admitted(throttle, "anna@contoso", "198.51.100.7")


async def test_all_of_an_ipv6_network_is_one_address(throttle: Throttle, world: FakeWorld) -> None:
    for number in range(6):
        await fail(throttle, world, 1, None, f"2001:db8::{number}")
    assert retry_after(throttle, None, "2001:db8::ffff:1") == 2
    admitted(throttle, None, "2001:db8:0:1::1")


async def test_ipv4_address_is_the_same_in_its_ipv6_form(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 6, None)
    assert retry_after(throttle, None, f"::ffff:{HERE}") == 2


async def test_success_forgets_the_failures_of_the_user(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 2)
    succeed(throttle)
    await fail(throttle, world, 2)
    admitted(throttle, LENE, HERE)


async def test_success_keeps_the_failures_of_the_address(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 5, "anna@contoso")
    succeed(throttle)
    await fail(throttle, world, 1, "anna@contoso")
    assert retry_after(throttle) == 2


async def test_one_of_several_parallel_attempts_passes_after_the_delay(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3)
    await world.advance(2)
    with throttle.begin(LENE, HERE):
        assert retry_after(throttle) == 1
    admitted(throttle)


async def test_attempts_in_flight_count_as_failures(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 1)
    with throttle.begin(LENE, HERE), throttle.begin(LENE, HERE):
        assert retry_after(throttle) == 1
        assert retry_after(throttle, address="198.51.100.7") == 1
        admitted(throttle, "anna@contoso")
    admitted(throttle)


async def test_attempts_in_flight_from_an_address_count_for_all_users(throttle: Throttle, world: FakeWorld) -> None:
    attempts = [throttle.begin(f"user{number}@contoso", HERE) for number in range(6)]
    assert retry_after(throttle, "anna@contoso") == 1
    with attempts[0] as attempt:
        attempt.succeeded()
    admitted(throttle, "anna@contoso")


async def test_success_allows_the_next_attempt_from_that_address_at_once(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 6, "anna@contoso")
    await world.advance(2)
    admitted(throttle, LENE, HERE)
    succeed(throttle)
    admitted(throttle, LENE, HERE)


async def test_failures_are_forgotten_with_time(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 5)
    await world.advance(3_600)
    await fail(throttle, world, 2)
    admitted(throttle, LENE, HERE)


async def test_memory_is_bounded_and_keeps_the_latest_failures(world: FakeWorld) -> None:
    throttle = Throttle(3, 2.0, 60.0, 6, world, remembered=2)
    for user in ("a", "b", LENE):
        await fail(throttle, world, 3, user, user)
    admitted(throttle, "a", "a")
    assert retry_after(throttle) == 2


async def test_malformed_address_is_throttled_too(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 6, None, "unix")
    assert retry_after(throttle, None, "unix") == 2
