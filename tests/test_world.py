"""The fake world of the other tests."""

import asyncio

from tests.world import FakeWorld


async def test_sleepers_wake_in_order_and_see_their_time() -> None:
    world = FakeWorld(now=1_000)
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await world.sleep(nap)
            woken.append((name, world.now()))

    tasks = [asyncio.create_task(sleeper("late", 3)), asyncio.create_task(sleeper("early", 1, 1))]
    await world.advance(2.5)
    assert woken == [("early", 2_000), ("early", 3_000)]
    await world.advance(0.5)
    assert woken[2:] == [("late", 4_000)]
    assert world.monotonic() == 3.0
    await asyncio.gather(*tasks)


async def test_cancelled_sleeper_is_not_waited_for() -> None:
    world = FakeWorld()
    task = asyncio.create_task(world.sleep(10))
    await world.settle()
    assert world.sleepers == 1
    task.cancel()
    await world.settle()
    assert world.sleepers == 0
    await world.advance(20)


def test_random_bytes_differ_within_a_run_and_agree_between_runs() -> None:
    first, second = FakeWorld(), FakeWorld()
    drawn = [first.random_bytes(16) for _ in range(100)]
    assert len(set(drawn)) == 100
    assert drawn == [second.random_bytes(16) for _ in range(100)]


async def test_timers_come_at_their_times_among_the_sleepers_unless_they_are_cancelled() -> None:
    world = FakeWorld()
    came: list[tuple[str, float]] = []
    for name, seconds in (("late", 3.0), ("early", 1.0), ("cancelled", 2.0)):
        timer = world.call_later(seconds, lambda name=name: came.append((name, world.monotonic())))  # type: ignore[misc]
    timer.cancel()
    task = asyncio.create_task(world.sleep(2))
    await world.advance(2.5)
    assert came == [("early", 1.0)]
    assert task.done()
    await world.advance(1)
    assert came == [("early", 1.0), ("late", 3.0)]
