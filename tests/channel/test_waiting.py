"""Who waits for what."""

import asyncio

from openucwa.channel.local import LocalBus
from openucwa.channel.waiting import Waiting
from openucwa.model.event import NewEvent
from tests.channel.client import Process, ended
from tests.world import FakeWorld


async def test_waiter_is_woken_by_its_topics_and_no_others(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    with waiting.waiter({}) as waiter:
        waiting.listen(waiter, {"a", "b"})
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        bus.publish(frozenset({"c"}))
        await world.settle()
        assert not task.done()
        bus.publish(frozenset({"b"}))
        assert await task is True


async def test_wait_ends_at_its_deadline(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    with waiting.waiter({}) as waiter:
        task = asyncio.create_task(waiting.wait(waiter, 5))
        await world.advance(4.9)
        assert not task.done()
        await world.advance(0.1)
        assert await task is False


async def test_each_waiter_has_its_own_deadline_in_any_order(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    ended: list[tuple[int, float]] = []

    async def wait(until: int) -> None:
        with waiting.waiter({}) as waiter:
            await waiting.wait(waiter, until)
            ended.append((until, world.monotonic()))

    tasks = [asyncio.create_task(wait(until)) for until in (7, 3, 9, 5)]
    await world.advance(10)
    assert ended == [(3, 3), (5, 5), (7, 7), (9, 9)]
    await asyncio.gather(*tasks)


async def test_many_waiters_share_one_timer(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)

    async def wait() -> None:
        with waiting.waiter({}) as waiter:
            await waiting.wait(waiter, 50)

    tasks = [asyncio.create_task(wait()) for _ in range(100)]
    await world.settle()
    assert world.sleepers == 2, "the clock, and the look at the log"
    await world.advance(50)
    await asyncio.gather(*tasks)


async def test_wake_up_between_two_waits_is_not_lost(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    with waiting.waiter({}) as waiter:
        waiting.listen(waiter, {"a"})
        bus.publish(frozenset({"a"}))
        assert await waiting.wait(waiter, 100) is True
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        assert not task.done(), "one wake-up ends one wait"
        task.cancel()
        await asyncio.wait({task})


async def test_topics_can_change_during_a_wait(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    with waiting.waiter({}) as waiter:
        waiting.listen(waiter, {"a"})
        waiting.listen(waiter, {"b"})
        bus.publish(frozenset({"a"}))
        task = asyncio.create_task(waiting.wait(waiter, 100))
        await world.settle()
        assert not task.done()
        bus.publish(frozenset({"b"}))
        assert await task is True


async def test_cancelled_waiter_leaves_nothing_behind(world: FakeWorld, bus: LocalBus, process: Process) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)

    async def wait() -> None:
        with waiting.waiter({}) as waiter:
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


async def test_event_without_a_bus_message_is_seen_at_the_next_query(
    world: FakeWorld, bus: LocalBus, process: Process
) -> None:
    waiting = Waiting(bus, process.store.events, world, 5.0)
    read_to = {f"conversation/{number}": 0 for number in range(1_200)}
    with waiting.waiter(read_to) as waiter, waiting.waiter({"conversation/1": 0}) as other:
        waiting.listen(waiter, read_to)
        waiting.listen(other, {"conversation/1"})
        tasks = [asyncio.create_task(waiting.wait(each, 100)) for each in (waiter, other)]
        await process.append(NewEvent("conversation/1111", "updated"))
        await world.advance(4.9)
        assert not tasks[0].done()
        await world.advance(0.1)
        assert await tasks[0] is True
        read_to["conversation/1111"] = 1
        tasks[0] = asyncio.create_task(waiting.wait(waiter, 100))
        await world.advance(50)
        assert not tasks[0].done()
        assert not tasks[1].done()
        await ended(*tasks)
