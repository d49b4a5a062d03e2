"""The bus of one machine."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from openucwa.channel.local import POLL_INTERVAL, LocalBus
from openucwa.model.refusals import ServiceUnavailable
from tests.world import FakeWorld


class Elsewhere:
    """Other processes that share the store."""

    def __init__(self) -> None:
        self.moved: frozenset[str] = frozenset()
        self.looks = 0
        self.broken = False

    async def __call__(self) -> frozenset[str]:
        self.looks += 1
        if self.broken:
            raise ServiceUnavailable("The store is away.", 1)
        moved, self.moved = self.moved, frozenset()
        return moved


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
async def bus(world: FakeWorld, elsewhere: Elsewhere) -> AsyncIterator[LocalBus]:
    bus = LocalBus(world, elsewhere)
    await bus.start()
    yield bus
    await bus.stop()


async def test_listeners_are_notified_of_topics_at_once(bus: LocalBus) -> None:
    heard: list[frozenset[str]] = []
    bus.subscribe(heard.append)
    bus.publish(frozenset({"a", "b"}))
    assert heard == [frozenset({"a", "b"})]


async def test_listeners_are_not_called_without_topics(bus: LocalBus) -> None:
    heard: list[frozenset[str]] = []
    bus.subscribe(heard.append)
    bus.publish(frozenset())
    assert heard == []


async def test_ended_subscription_receives_nothing_more(bus: LocalBus) -> None:
    heard: list[frozenset[str]] = []
    end = bus.subscribe(heard.append)
    end()
    end()
    bus.publish(frozenset({"a"}))
    assert heard == []


async def test_topics_of_other_processes_arrive_with_the_next_poll_of_the_store(
    bus: LocalBus, world: FakeWorld, elsewhere: Elsewhere
) -> None:
    heard: list[frozenset[str]] = []
    bus.subscribe(heard.append)
    elsewhere.moved = frozenset({"a"})
    await world.advance(POLL_INTERVAL)
    assert heard == [frozenset({"a"})]


async def test_store_is_polled_only_while_there_are_listeners(
    bus: LocalBus, world: FakeWorld, elsewhere: Elsewhere
) -> None:
    await world.advance(1)
    assert elsewhere.looks == 0
    end = bus.subscribe(lambda topics: None)
    await world.advance(1)
    assert elsewhere.looks == pytest.approx(1 / POLL_INTERVAL, abs=1)
    end()
    await world.advance(1)
    looks = elsewhere.looks
    await world.advance(1)
    assert elsewhere.looks == looks
    bus.subscribe(lambda topics: None)
    await world.advance(1)
    assert elsewhere.looks > looks


async def test_failed_poll_of_the_store_is_retried(
    bus: LocalBus, world: FakeWorld, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[frozenset[str]] = []
    bus.subscribe(heard.append)
    elsewhere.broken = True
    await world.advance(POLL_INTERVAL)
    elsewhere.broken, elsewhere.moved = False, frozenset({"a"})
    await world.advance(POLL_INTERVAL)
    assert heard == [frozenset({"a"})]
    assert "The store is away." in caplog.text


async def test_stopped_bus_has_no_task_and_notifies_no_one(world: FakeWorld, elsewhere: Elsewhere) -> None:
    bus = LocalBus(world, elsewhere)
    await bus.start()
    heard: list[frozenset[str]] = []
    bus.subscribe(heard.append)
    await world.settle()
    await bus.stop()
    bus.publish(frozenset({"a"}))
    assert heard == []
    assert world.sleepers == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_local_bus_is_always_reachable(bus: LocalBus) -> None:
    await bus.require()
    assert bus.describe() == "this machine"
