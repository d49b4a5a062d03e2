"""Many large messages in one meeting: what a poll of them costs the server, and that all of them arrive."""

import asyncio
import time
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from openucwa.app import Service
from openucwa.config import Config
from tests.client import UcwaClient
from tests.conversations.conftest import Come, Guest
from tests.users import LENE

COUNT = 500
#: As large as a message may be, and growing to three times its size in a data URI.
LARGE = "é" * (Config().max_message_bytes // 2)


@pytest.fixture
async def listener(service: Service, lene: UcwaClient, come: Come) -> Guest:
    """Somebody with messaging, who is about to hear 500 large messages."""
    meeting = await lene.schedule()
    listener, speaker = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (listener, speaker):
        await guest.join(meeting)
        await guest.said()
        assert await guest.post(f"{guest.here}/messaging/addMessaging", json={}) == 201
        await guest.said()
    await listener.said()
    # From here on no time has to pass, and none may: nobody else polls.
    listener.steps = (0, 0)
    application = speaker.client.app.rpartition("/")[2]
    (own,) = await service.store.conversations.all("sip:danab@contoso.com", application)
    await asyncio.gather(
        *(
            service.store.conversations.send_message(own, "text/plain", LARGE, None, service.world.now())
            for _ in range(COUNT)
        )
    )
    return listener


@asynccontextmanager
async def longest_turn() -> AsyncIterator[list[float]]:
    """How much CPU the longest turn of the event loop took, in seconds."""
    held = [0.0]

    async def watch() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            held[0] = max(held[0], now - last)
            last = now

    watcher = asyncio.create_task(watch())
    try:
        yield held
    finally:
        watcher.cancel()
        with suppress(asyncio.CancelledError):
            await watcher


async def test_sets_of_large_messages_are_bounded_and_all_messages_arrive(service: Service, listener: Guest) -> None:
    most = service.config.max_event_bytes + 4 * len(LARGE.encode()) + 10_000
    heard = 0
    polls = 0
    while heard < COUNT:
        body = await listener.poll()
        assert len(body.content) < most
        answer = body.json()
        found = [event for sender in answer["sender"] for event in sender["events"]]
        assert found, "a set that is not the last has events"
        heard += len(found)
        polls += 1
        listener.next = answer["_links"]["next"]["href"]
    assert heard == COUNT
    assert polls > COUNT * 3 * len(LARGE.encode()) // most


async def test_poll_of_large_messages_does_not_block_the_event_loop(listener: Guest) -> None:
    async with longest_turn() as held:
        await listener.poll()
    # A set is a megabyte at most; what was there before held the loop for seconds.
    assert held[0] < 0.3


async def test_poll_of_large_messages_takes_bounded_memory(service: Service, listener: Guest) -> None:
    tracemalloc.start()
    try:
        await listener.client.get(listener.next)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 24 * service.config.max_event_bytes


async def test_past_participants_are_found_without_reading_messages(
    service: Service, lene: UcwaClient, come: Come, listener: Guest
) -> None:
    meeting = await listener.get(f"{listener.here}/onlineMeeting")
    number = (await service.store.events.last_numbers([topic := f"conversation/{LENE}/{meeting['onlineMeetingId']}"]))[
        topic
    ]
    tracemalloc.start()
    try:
        there = await service.store.conversations.participants_as_of(LENE, meeting["onlineMeetingId"], number - COUNT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert {each.uri for each in there} == {LENE, "sip:danab@contoso.com"}
    assert peak < len(LARGE)


async def test_lost_set_is_delivered_again_unchanged(listener: Guest) -> None:
    first = await listener.poll()
    assert (await listener.poll()).json()["sender"] == first.json()["sender"]
