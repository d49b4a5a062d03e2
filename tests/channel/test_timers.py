"""The timers of the long poll: priorities, merging, timeouts, and what follows a time without polls."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from openucwa.channel.event_set import Timers
from openucwa.channel.notification import Priority
from openucwa.config import Config
from tests.channel.client import Client, Process, ended, texts
from tests.world import FakeWorld

NewProcess = Callable[..., Awaitable[Process]]


async def released_after(client: Client, seconds: float, ack: int, asked: Timers | None = None) -> list[str]:
    """What a poll is told that is answered after `seconds`, and is not a tenth of a second earlier."""
    task = await client.waiting_poll(ack, asked)
    await client.process.world.advance(seconds - 0.1)
    assert not task.done(), "answered too early"
    await client.process.world.advance(0.1)
    return texts(await asyncio.wait_for(task, 60))


@pytest.mark.parametrize(("priority", "seconds"), [(Priority.LOW, 15), (Priority.MEDIUM, 5)])
async def test_low_and_medium_events_wait_for_their_timers(client: Client, priority: Priority, seconds: int) -> None:
    await client.append("a", priority=priority)
    assert await released_after(client, seconds, 1) == ["a"]


async def test_high_priority_event_releases_all_waiting_events_in_order(client: Client) -> None:
    task = await client.waiting_poll(1)
    await client.append("low", priority=Priority.LOW)
    await client.append("medium", priority=Priority.MEDIUM)
    await client.process.world.settle()
    assert not task.done()
    await client.append("high")
    assert texts(await asyncio.wait_for(task, 60)) == ["low", "medium", "high"]


async def test_first_elapsed_timer_releases_all_waiting_events(client: Client) -> None:
    await client.append("low", priority=Priority.LOW)
    await client.process.world.advance(1)
    await client.append("medium", priority=Priority.MEDIUM)
    assert await released_after(client, 5, 1) == ["low", "medium"]


async def test_timer_counts_from_the_event_and_not_from_the_poll(client: Client) -> None:
    await client.append("a", priority=Priority.LOW)
    await client.process.world.advance(10)
    assert await released_after(client, 5, 1) == ["a"]
    await client.append("b", priority=Priority.LOW)
    await client.process.world.advance(20)
    assert texts(await client.answer(2)) == ["b"]


async def test_redelivered_set_does_not_wait_again(client: Client) -> None:
    await client.append("a", priority=Priority.LOW)
    await client.process.world.advance(15)
    await client.answer(1)
    assert texts(await client.answer(1)) == ["a"]


async def test_timers_are_remembered_until_changed_and_over_a_restart(client: Client, new_process: NewProcess) -> None:
    await client.append("a", priority=Priority.LOW)
    assert await released_after(client, 30, 1, Timers(low=30, medium=20)) == ["a"]
    await client.append("b", priority=Priority.LOW)
    assert await released_after(client, 30, 2) == ["b"]
    client.process = await new_process()
    await client.append("c", priority=Priority.MEDIUM)
    assert await released_after(client, 20, 3) == ["c"]
    await client.append("d", priority=Priority.LOW)
    assert await released_after(client, 40, 4, Timers(low=40)) == ["d"]


@pytest.mark.parametrize(("asked", "seconds"), [(4, 5), (0, 5), (-7, 5), (5, 5), (1800, 1800), (10**30, 1800)])
async def test_timers_out_of_range_are_clamped(client: Client, asked: int, seconds: int) -> None:
    await client.append("a", priority=Priority.LOW)
    assert await released_after(client, seconds, 1, Timers(low=asked, medium=asked, timeout=1800)) == ["a"]
    await client.append("b", priority=Priority.MEDIUM)
    assert await released_after(client, seconds, 2) == ["b"]


@pytest.mark.parametrize(("asked", "seconds"), [(None, 180), (1, 180), (200, 200), (1800, 1800), (9999, 1800)])
async def test_poll_without_events_is_answered_empty_after_its_timeout(
    client: Client, asked: int | None, seconds: int
) -> None:
    task = await client.waiting_poll(1, Timers(timeout=asked))
    await client.process.world.advance(seconds - 0.1)
    assert not task.done()
    await client.process.world.advance(0.1)
    served = await asyncio.wait_for(task, 60)
    assert (served.number, served.next, served.next_number, served.senders) == (1, "next", 2, ())


async def test_empty_set_counts_as_served(client: Client, new_process: NewProcess) -> None:
    task = await client.waiting_poll(1)
    await client.process.world.advance(180)
    first = await asyncio.wait_for(task, 60)
    await client.append("a")
    client.process = await new_process()
    assert await client.answer(1) == first
    assert texts(await client.answer(2)) == ["a"]
    assert (await client.answer(1)).next == "resync"


async def test_waiting_events_are_delivered_at_the_timeout(client: Client) -> None:
    task = await client.waiting_poll(1, Timers(low=1800))
    await client.process.world.advance(100)
    await client.append("a", priority=Priority.LOW)
    await client.process.world.advance(80)
    assert texts(await asyncio.wait_for(task, 60)) == ["a"]


async def test_updates_of_one_resource_are_merged_into_the_last(client: Client) -> None:
    await client.process.append(
        client.event("a1", resource="a"), client.event("b1", resource="b"), client.event("a2", resource="a"),
        client.event("c1"), client.event("a3", resource="a"), client.event("c2"),
    )  # fmt: skip
    assert texts(await client.answer(1)) == ["b1", "c1", "a3", "c2"]
    assert texts(await client.answer(1)) == ["b1", "c1", "a3", "c2"]


async def test_updates_are_not_merged_over_another_event_of_the_resource(client: Client) -> None:
    await client.process.append(
        client.event("1", resource="a"), client.event("2", resource="a", relation="deleted"),
        client.event("3", resource="a", relation="added"), client.event("4", resource="a"),
        client.event("5", resource="a"),
    )  # fmt: skip
    assert texts(await client.answer(1)) == ["1", "2", "3", "5"]


async def test_answer_after_a_time_without_polls_says_resume(client: Client, world: FakeWorld, config: Config) -> None:
    await client.append("a")
    await client.answer(1)
    await world.advance(config.conversation_timeout + 1)
    await client.append("b")
    served = await client.answer(2)
    assert (served.number, served.next, served.next_number, texts(served)) == (2, "resume", 3, ["b"])
    assert (await client.answer(2)).next == "resume", "as long as it was not acknowledged"
    await client.append("c")
    assert (await client.answer(3)).next == "next"


async def test_undelivered_resume_is_repeated(client: Client, world: FakeWorld) -> None:
    await client.append("a")
    await client.answer(1)
    await world.advance(301)
    await ended(await client.waiting_poll(2))
    await client.append("b")
    assert (await client.answer(2)).next == "resume"


async def test_set_delivered_again_after_a_time_without_polls_says_resume(client: Client, world: FakeWorld) -> None:
    await client.append("a")
    await client.answer(1)
    await world.advance(301)
    served = await client.answer(1)
    assert (served.next, served.next_number, texts(served)) == ("resume", 2, ["a"])


async def test_answer_before_that_time_says_next(client: Client, world: FakeWorld) -> None:
    await client.append("a")
    await client.answer(1)
    await world.advance(300)
    assert (await client.answer(1)).next == "next"


async def test_after_a_time_without_polls_the_timers_are_the_defaults(client: Client, world: FakeWorld) -> None:
    await client.append("a")
    await client.answer(1, Timers(low=100, timeout=1000))
    await world.advance(301)
    await client.append("b", priority=Priority.LOW)
    assert await released_after(client, 15, 2) == ["b"]


async def test_waiting_poll_does_not_count_as_time_without_polls(client: Client, world: FakeWorld) -> None:
    task = await client.waiting_poll(1, Timers(timeout=1000))
    await world.advance(1000)
    assert (await asyncio.wait_for(task, 60)).next == "next"
    await client.append("a")
    assert (await client.answer(2)).next == "next"


async def test_first_poll_says_next_however_late(client: Client, world: FakeWorld) -> None:
    await world.advance(800)
    await client.append("a")
    assert (await client.answer(1)).next == "next"


async def test_time_without_polls_is_noticed_across_a_restart(
    client: Client, world: FakeWorld, new_process: NewProcess
) -> None:
    await client.append("a")
    await client.answer(1)
    await client.process.activity.flush()
    client.process = await new_process()
    assert (await client.answer(1)).next == "next"
    await client.process.activity.flush()
    client.process = await new_process()
    await world.advance(301)
    assert (await client.answer(1)).next == "resume"


async def test_each_instance_has_its_own_time_without_polls(process: Process, world: FakeWorld) -> None:
    session = await process.open("one", "two")
    one, two = Client(process, session, "one"), Client(process, session, "two")
    await one.append("a")
    await one.answer(1)
    await two.answer(1)
    for _ in range(2):
        await world.advance(200)
        await two.answer(1)
        await process.activity.flush()
    assert (await two.answer(1)).next == "next"
    assert (await one.answer(1)).next == "resume"


async def test_polls_through_another_process_count(client: Client, world: FakeWorld, new_process: NewProcess) -> None:
    other = Client(await new_process(), client.session)
    await client.append("a")
    await client.answer(1)
    await world.advance(200)
    await other.answer(1)
    await other.process.activity.flush()
    await world.advance(200)
    assert (await client.answer(1)).next == "next"
