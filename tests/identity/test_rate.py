"""How often somebody may do something."""

import pytest

from openucwa.identity import rate
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


def test_a_burst_is_let_through_and_no_more(world: FakeWorld) -> None:
    assert accepted(Rate(1.0, 5, "messages", world), "a", 20) == 5


async def test_the_burst_fills_again_with_time_and_not_beyond_itself(world: FakeWorld) -> None:
    limit = Rate(2.0, 5, "messages", world)
    accepted(limit, "a", 5)
    await world.advance(1)
    assert accepted(limit, "a", 20) == 2
    await world.advance(1000)
    assert accepted(limit, "a", 20) == 5


async def test_the_refusal_says_when_it_may_be_tried_again(world: FakeWorld) -> None:
    limit = Rate(0.1, 1, "invitations", world)
    limit.take("a")
    with pytest.raises(TooManyRequests) as refused:
        limit.take("a")
    await world.advance(refused.value.retry_after)
    limit.take("a")


def test_what_one_does_is_not_counted_for_another(world: FakeWorld) -> None:
    limit = Rate(1.0, 1, "messages", world)
    assert [accepted(limit, key, 3) for key in "ab"] == [1, 1]


def test_strangers_cannot_make_it_remember_without_end(world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate, "_REMEMBERED", 10)
    limit = Rate(1.0, 1, "messages", world)
    for number in range(100):
        limit.take(str(number))
    assert len(limit._left) == 10
