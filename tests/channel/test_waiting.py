"""Who waits for what."""

import asyncio

from tests.world import FakeWorld

from openucwa.channel.local import LocalBus
from openucwa.channel.waiting import Waiting


async def test_a_waiter_is_woken_by_its_topics_and_no_others(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)
    with waiting.waiter() as waiter:
        waiting.listen(waiter, {"a", "b"})
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        bus.publish(frozenset({"c"}))
        await world.settle()
        assert not task.done()
        bus.publish(frozenset({"b"}))
        assert await task is True


async def test_a_wait_ends_at_its_deadline(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)
    with waiting.waiter() as waiter:
        task = asyncio.create_task(waiting.wait(waiter, 5))
        await world.advance(4.9)
        assert not task.done()
        await world.advance(0.1)
        assert await task is False


async def test_each_waiter_has_its_own_deadline_in_whatever_order_they_come(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)
    ended: list[tuple[int, float]] = []

    async def wait(until: int) -> None:
        with waiting.waiter() as waiter:
            await waiting.wait(waiter, until)
            ended.append((until, world.monotonic()))

    tasks = [asyncio.create_task(wait(until)) for until in (7, 3, 9, 5)]
    await world.advance(10)
    assert ended == [(3, 3), (5, 5), (7, 7), (9, 9)]
    await asyncio.gather(*tasks)


async def test_many_waiters_need_one_sleeper(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)

    async def wait() -> None:
        with waiting.waiter() as waiter:
            await waiting.wait(waiter, 50)

    tasks = [asyncio.create_task(wait()) for _ in range(100)]
    await world.settle()
    assert world.sleepers == 1
    await world.advance(50)
    await asyncio.gather(*tasks)


async def test_a_wake_up_between_two_waits_is_not_lost(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)
    with waiting.waiter() as waiter:
        waiting.listen(waiter, {"a"})
        bus.publish(frozenset({"a"}))
        assert await waiting.wait(waiter, 100) is True
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        assert not task.done(), "one wake-up ends one wait"
        task.cancel()
        await asyncio.wait({task})


async def test_topics_may_change_while_one_waits(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)
    with waiting.waiter() as waiter:
        waiting.listen(waiter, {"a"})
        waiting.listen(waiter, {"b"})
        bus.publish(frozenset({"a"}))
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        assert not task.done()
        bus.publish(frozenset({"b"}))
        assert await task is True


async def test_nothing_stays_behind_of_a_waiter_that_was_cancelled(world: FakeWorld, bus: LocalBus) -> None:
    waiting = Waiting(bus, world)

    async def wait() -> None:
        with waiting.waiter() as waiter:
            waiting.listen(waiter, {"a", "b"})
            await waiting.wait(waiter, 100)

    tasks = [asyncio.create_task(wait()) for _ in range(10)]
    await world.settle()
    assert (waiting.count, waiting.topics) == (10, 2)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await world.settle()
    assert (waiting.count, waiting.topics) == (0, 0)
    assert world.sleepers == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}
