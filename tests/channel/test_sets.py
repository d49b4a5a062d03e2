"""How much goes into one set of events, and that the next one goes on where it ended."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from openucwa.channel.poll import Served
from openucwa.config import Config
from tests.channel.client import Client, Process, texts
from tests.world import FakeWorld

NewProcess = Callable[..., Awaitable[Process]]
SMALL = replace(Config(), max_event_bytes=2_000)


async def all_sets(client: Client, ack: int = 1) -> list[Served]:
    """All sets that there are, as long as there is something in them."""
    sets = []
    while True:
        task = await client.waiting_poll(ack)
        if not task.done():
            task.cancel()
            return sets
        sets.append(task.result())
        ack += 1


async def test_full_set_ends_and_the_next_continues(new_process: NewProcess) -> None:
    process = await new_process(settings=SMALL)
    client = Client(process, await process.open())
    said = [f"{number}:" + "x" * 300 for number in range(40)]
    await client.append(*said)
    sets = await all_sets(client)
    assert [text for each in sets for text in texts(each)] == said
    assert {len(texts(each)) for each in sets[:-1]} == {5}


async def test_oversized_event_has_a_set_of_its_own(new_process: NewProcess) -> None:
    process = await new_process(settings=SMALL)
    client = Client(process, await process.open())
    large = ["a" * 5_000, "b" * 5_000]
    await client.append(*large, "small")
    assert [texts(each) for each in await all_sets(client)] == [[large[0]], [large[1]], ["small"]]


@pytest.mark.parametrize("count", [16, 17, 100])
async def test_events_of_several_topics_stay_in_order_if_one_has_many(
    new_process: NewProcess, world: FakeWorld, count: int
) -> None:
    process = await new_process()
    client = Client(process, await process.open())
    client.topics = {client.topic: 0, "room/1": 0}
    said = []
    for number in range(count):
        said.append(f"room {number}")
        await client.append(said[-1], topic="room/1")
        await world.advance(0.01)
        if number % 5 == 0:
            said.append(f"own {number}")
            await client.append(said[-1])
            await world.advance(0.01)
    assert [text for each in await all_sets(client) for text in texts(each)] == said


async def test_set_that_ended_early_is_delivered_again_unchanged(new_process: NewProcess) -> None:
    process = await new_process(settings=SMALL)
    client = Client(process, await process.open())
    await client.append(*(f"{number}:" + "x" * 300 for number in range(20)))
    first = await client.answer(1)
    assert texts(await client.answer(1)) == texts(first)
