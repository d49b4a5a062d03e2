"""How often somebody may do something."""

import pytest

from openucwa.identity.rate import Rate
from openucwa.identity.sharing import Sharing
from openucwa.model.refusals import TooManyRequests
from tests.world import FakeWorld


def accepted(limit: Rate, key: str, tries: int) -> int:
    """How many of `tries` at once are let through."""
    done = 0
    for _ in range(tries):
        try:
            limit.take(key)
        except TooManyRequests:
            continue
        done += 1
    return done


def test_only_the_burst_is_allowed_at_once(world: FakeWorld) -> None:
    assert accepted(Rate(1.0, 5, "messages", world), "a", 20) == 5


async def test_burst_refills_over_time_up_to_its_size(world: FakeWorld) -> None:
    limit = Rate(2.0, 5, "messages", world)
    accepted(limit, "a", 5)
    await world.advance(1)
    assert accepted(limit, "a", 20) == 2
    await world.advance(1000)
    assert accepted(limit, "a", 20) == 5


async def test_refusal_says_when_to_retry(world: FakeWorld) -> None:
    limit = Rate(0.1, 1, "invitations", world)
    limit.take("a")
    with pytest.raises(TooManyRequests) as refused:
        limit.take("a")
    await world.advance(refused.value.retry_after)
    limit.take("a")


def test_keys_are_counted_separately(world: FakeWorld) -> None:
    limit = Rate(1.0, 1, "messages", world)
    assert [accepted(limit, key, 3) for key in "ab"] == [1, 1]


def test_number_of_keys_is_bounded(world: FakeWorld) -> None:
    limit = Rate(1.0, 1, "messages", world, remembered=10)
    for number in range(100):
        limit.take(str(number))
    assert [accepted(limit, str(number), 1) for number in (99, 90)] == [0, 0]
    assert accepted(limit, "89", 1) == 1


class Processes:
    """Limits of several processes on one bus."""

    def __init__(self, world: FakeWorld, count: int, per_second: float, burst: int) -> None:
        self.published: list[str] = []
        self.sharings = [Sharing(self.publish, world) for _ in range(count)]
        self.rates = [Rate(per_second, burst, "messages", world, sharing) for sharing in self.sharings]

    def publish(self, topics: frozenset[str]) -> None:
        self.published += topics
        for sharing in self.sharings:
            sharing.received(topics)


async def test_rate_holds_for_all_processes_together(world: FakeWorld) -> None:
    rates = Processes(world, 4, 1.0, 10).rates
    done = 0
    for _ in range(1_000):
        done += sum(accepted(rate, "a/b c", 20) for rate in rates)
        await world.advance(1)
    assert 1_000 <= done <= 1_000 + 4 * 10 + 4


async def test_burst_that_one_process_let_through_is_gone_in_the_others_within_a_second(world: FakeWorld) -> None:
    one, other = Processes(world, 2, 0.1, 10).rates
    assert accepted(one, "a", 20) == 10
    await world.advance(1)
    assert accepted(other, "a", 20) == 0
    assert accepted(other, "b", 20) == 10


async def test_nobody_waits_for_longer_than_two_bursts(world: FakeWorld) -> None:
    processes = Processes(world, 9, 1.0, 10)
    for rate in processes.rates:
        accepted(rate, "a", 20)
    await world.advance(1)
    with pytest.raises(TooManyRequests) as refused:
        processes.rates[0].take("a")
    assert refused.value.retry_after <= 11


async def test_processes_exchange_nothing_about_users_far_from_their_limit(world: FakeWorld) -> None:
    processes = Processes(world, 2, 1.0, 10)
    for _ in range(100):
        accepted(processes.rates[0], "a", 2)
        await world.advance(2)
    assert processes.published == []


async def test_busy_users_cost_one_message_each_second_at_most(world: FakeWorld) -> None:
    processes = Processes(world, 2, 100.0, 100)
    for _ in range(10):
        accepted(processes.rates[0], "a", 1_000)
        await world.advance(1)
    assert len(processes.published) == 10
