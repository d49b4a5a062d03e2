"""Throttling: when it begins, how it grows, whom it hits, and when it ends."""

import pytest

from openucwa.identity.sharing import Sharing
from openucwa.identity.throttle import Throttle, ThrottleSettings
from openucwa.model.refusals import TooManyRequests
from tests.world import FakeWorld

LENE = "lene@contoso"
HERE = "192.0.2.1"
#: Three failures of a user at an address, six of an address, nine of a user in an hour.
SETTINGS = ThrottleSettings(3, 2.0, 60.0, 6, 9)


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def throttle(world: FakeWorld) -> Throttle:
    return Throttle(SETTINGS, world)


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
    succeed(throttle)
    await fail(throttle, world, 3)
    delays = []
    for _ in range(7):
        delays.append(retry_after(throttle))
        await fail(throttle, world, 1)
    assert delays == [2, 4, 8, 16, 32, 60, 60]


async def test_any_number_of_failures_can_be_counted(throttle: Throttle, world: FakeWorld) -> None:
    succeed(throttle)
    await fail(throttle, world, 5_000)
    assert retry_after(throttle) == 60


async def test_user_who_is_throttled_at_one_address_is_not_at_another(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 3)
    admitted(throttle, LENE, "198.51.100.7")


async def test_guessing_at_a_user_from_many_addresses_is_throttled_at_each(
    throttle: Throttle, world: FakeWorld
) -> None:
    for number in range(9):
        await fail(throttle, world, 1, LENE, f"198.51.100.{number}")
    assert retry_after(throttle, LENE, "198.51.100.200") == 400
    admitted(throttle, "anna@contoso", "198.51.100.200")
    await world.advance(400)
    admitted(throttle, LENE, "198.51.100.200")


async def test_user_signs_in_from_the_usual_address_whatever_others_guess(throttle: Throttle, world: FakeWorld) -> None:
    succeed(throttle)
    for number in range(9):
        await fail(throttle, world, 1, LENE, f"198.51.100.{number}")
    assert retry_after(throttle, LENE, "198.51.100.200") == 400
    admitted(throttle, LENE, HERE)


async def test_guessing_at_the_usual_address_of_a_user_is_throttled_too(throttle: Throttle, world: FakeWorld) -> None:
    succeed(throttle)
    await fail(throttle, world, 3)
    assert retry_after(throttle) == 2


async def test_address_stops_being_a_usual_one_after_thirty_days(throttle: Throttle, world: FakeWorld) -> None:
    succeed(throttle)
    await world.advance(30 * 86_400)
    for number in range(9):
        await fail(throttle, world, 1, LENE, f"198.51.100.{number}")
    assert retry_after(throttle, LENE, HERE) == 400


async def test_one_guesser_cannot_lock_a_user_out_elsewhere_however_long_it_guesses(world: FakeWorld) -> None:
    throttle = Throttle(ThrottleSettings(5, 2.0, 300.0, 50, 50), world)
    for _ in range(200):
        await fail(throttle, world, 1, LENE, "203.0.113.9")
        admitted(throttle, LENE, HERE)


async def test_attempts_in_flight_from_many_addresses_count_as_failures(throttle: Throttle) -> None:
    attempts = [throttle.begin(LENE, f"198.51.100.{number}") for number in range(9)]
    assert retry_after(throttle, LENE, "198.51.100.200") == 1
    with attempts[0] as attempt:
        attempt.succeeded()
    admitted(throttle, LENE, "198.51.100.200")


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
        admitted(throttle, LENE, "198.51.100.7")
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
    throttle = Throttle(SETTINGS, world, remembered=2)
    for number, user in enumerate(("a", "b", LENE)):
        await fail(throttle, world, 3, user, f"192.0.2.{number}")
    admitted(throttle, "a", "192.0.2.0")
    assert retry_after(throttle, LENE, "192.0.2.2") == 2


async def test_malformed_address_is_throttled_too(throttle: Throttle, world: FakeWorld) -> None:
    await fail(throttle, world, 6, None, "unix")
    assert retry_after(throttle, None, "unix") == 2


class Processes:
    """Throttles of several processes on one bus. `reachable`: whether it delivers."""

    def __init__(self, world: FakeWorld, count: int) -> None:
        self.reachable = True
        self.published: list[str] = []
        self.sharings = [Sharing(self.publish, world) for _ in range(count)]
        self.throttles = [Throttle(SETTINGS, world, sharing) for sharing in self.sharings]

    def publish(self, topics: frozenset[str]) -> None:
        self.published += topics
        if self.reachable:
            for sharing in self.sharings:
                sharing.received(topics)


async def test_failures_count_in_every_process(world: FakeWorld) -> None:
    one, other = Processes(world, 2).throttles
    await fail(one, world, 2)
    await fail(other, world, 1)
    assert [retry_after(one), retry_after(other)] == [2, 2]


async def test_success_in_one_process_counts_in_every_other(world: FakeWorld) -> None:
    one, other = Processes(world, 2).throttles
    await fail(other, world, 2)
    succeed(one)
    for number in range(9):
        await fail(other, world, 1, LENE, f"198.51.100.{number}")
    admitted(other, LENE, HERE)


async def test_parallel_guesses_in_several_processes_gain_nothing_in_the_long_run(world: FakeWorld) -> None:
    throttles = Processes(world, 4).throttles
    await fail(throttles[0], world, 9)
    guesses, began = 0, world.monotonic()
    while world.monotonic() - began < 3_600:
        attempts = []
        for throttle in throttles:
            try:
                attempts.append(throttle.begin(LENE, HERE))
            except TooManyRequests as refused:
                wait = refused.retry_after
        for attempt in attempts:
            attempt.failed()
        guesses += len(attempts)
        await world.advance(wait if not attempts else 0)
    assert guesses <= 3_600 / 60 + len(throttles)


async def test_without_the_bus_each_process_counts_for_itself(world: FakeWorld) -> None:
    processes = Processes(world, 2)
    processes.reachable = False
    one, other = processes.throttles
    await fail(one, world, 3)
    assert retry_after(one) == 2
    admitted(other)


async def test_nothing_that_was_typed_is_on_the_bus(world: FakeWorld) -> None:
    processes = Processes(world, 1)
    await fail(processes.throttles[0], world, 1, "my-password", HERE)
    assert len(processes.published) == 1
    assert "my-password" not in processes.published[0]
    assert len(processes.published[0]) < 150


@pytest.mark.parametrize(
    "topic", ["limit/", "limit/a/1/sign-in/failed", "limit/a/1/other/x", "limit/a/1/sign-in/1/2/3/4"]
)
def test_unreadable_message_of_another_version_is_ignored(world: FakeWorld, topic: str) -> None:
    processes = Processes(world, 1)
    processes.publish(frozenset({topic, "conversation/sip:a@b.com/1"}))
    admitted(processes.throttles[0])
