"""When deliveries are tried again."""

from openucwa.config import Config
from openucwa.webhooks.schedule import DELAYS, next_attempt
from tests.world import FakeWorld

DAY = 86_400


def test_failed_deliveries_are_tried_again_for_more_than_a_day() -> None:
    assert Config().webhook_retry_period >= DAY
    assert sorted(DELAYS) == list(DELAYS)
    assert DELAYS[-1] <= DAY / 4


def test_delays_grow_and_differ_by_chance() -> None:
    world = FakeWorld()
    first = {next_attempt(world, 1) - world.now() for _ in range(50)}
    assert len(first) > 10
    assert all(4_000 <= delay <= 6_000 for delay in first)
    late = next_attempt(world, 99) - world.now()
    assert DELAYS[-1] * 800 <= late <= DELAYS[-1] * 1200


def test_receiver_may_ask_for_more_time_but_not_for_years() -> None:
    world = FakeWorld()
    assert next_attempt(world, 1, 60) - world.now() == 60_000
    assert next_attempt(world, 9, 1) - world.now() >= DELAYS[8] * 800
    assert next_attempt(world, 1, 10**9) - world.now() == DELAYS[-1] * 1000
