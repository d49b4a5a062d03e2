"""How often somebody may do something."""

import pytest

from openucwa.identity.rate import Rate
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
