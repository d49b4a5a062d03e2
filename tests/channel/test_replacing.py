"""Polls of one channel in several processes: one of them goes on, as in one process."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from openucwa.channel.bus import Listener
from openucwa.channel.local import Relay
from openucwa.model.refusals import PGetReplaced
from tests.channel.client import Client, Process, ended
from tests.world import FakeWorld, until

NewProcess = Callable[..., Awaitable[Process]]


class InMemoryRelays:
    """What carries the word between processes, as workers of one server have it."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []

    def relay(self) -> Relay:
        listeners, own = self.listeners, len(self.listeners)

        class OneRelay:
            def listen(self, listener: Listener) -> None:
                listeners.append(listener)

            def send(self, topics: frozenset[str]) -> None:
                for other in (*listeners[:own], *listeners[own + 1 :]):
                    asyncio.get_running_loop().call_soon(other, topics)

        return OneRelay()


@pytest.fixture
async def two(client: Client, new_process: NewProcess) -> tuple[Client, Client]:
    """Clients of one channel in two processes that hear of each other."""
    relays = InMemoryRelays()
    one, other = [await new_process(relay=relays.relay()) for _ in range(2)]
    return Client(one, client.session), Client(other, client.session)


async def test_second_poll_in_another_process_releases_the_first(two: tuple[Client, Client], world: FakeWorld) -> None:
    for first, second in (two, two[::-1]):
        waiting = await first.waiting_poll(1)
        await world.advance(1)
        later = await second.waiting_poll(1)
        with pytest.raises(PGetReplaced):
            await waiting
        assert not later.done()
        await ended(later)


async def test_poll_of_lower_priority_yields_to_one_in_another_process(
    two: tuple[Client, Client], world: FakeWorld
) -> None:
    waiting = await two[0].waiting_poll(1, priority=1)
    await world.advance(1)
    later = await two[1].waiting_poll(1)
    await world.settle()
    with pytest.raises(PGetReplaced):
        await later
    assert not waiting.done()
    await ended(waiting)


async def test_one_of_two_simultaneous_polls_in_two_processes_continues(two: tuple[Client, Client]) -> None:
    polls = [client.poll(1) for client in two]
    await until(lambda: any(poll.done() for poll in polls))
    await two[0].process.world.settle()
    (released,) = (poll for poll in polls if poll.done())
    with pytest.raises(PGetReplaced):
        await released
    await ended(*(poll for poll in polls if poll is not released))


async def test_takeovers_of_other_channels_and_malformed_ones_end_no_poll(
    two: tuple[Client, Client], world: FakeWorld
) -> None:
    waiting = await two[0].waiting_poll(1)
    await world.advance(1)
    session = two[0].session.application
    for topic in ("poll", "poll/x/y/z", f"poll/x/p/{session.owner}/{session.id}/", f"poll/0/p/{session.owner}/1/"):
        two[1].process.bus.publish(frozenset({topic}))
    await world.settle()
    assert not waiting.done()
    await ended(waiting)
