"""PostgreSQL stops, or answers nobody, for a while: refusals meanwhile, and afterwards all goes on by itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.client import UcwaClient, extensions_of
from tests.cluster.busy import busy
from tests.cluster.cluster import Cluster, same_at, shown
from tests.cluster.conftest import Come, Connect
from tests.cluster.load import STORE_GOES, all_go_on, all_meet_trouble, trouble
from tests.cluster.participant import Participant, eventually, listening, until_heard
from tests.postgres import PostgresServer

#: Seconds that it is away.
AWAY = 10.0


@dataclass
class Meeting:
    """A meeting that somebody listens to at each node. `clients`: the organizer's, of each node and of nginx.

    `written`: the extensions whose making was answered.
    """

    meeting: dict[str, Any]
    listeners: Sequence[Participant]
    clients: Sequence[UcwaClient]
    written: set[str] = field(default_factory=set)
    tries: int = 0

    async def read(self) -> Sequence[httpx.Response]:
        """The answers to a read at each node, and through nginx."""
        return await asyncio.gather(*(client.get(extensions_of(self.meeting)) for client in self.clients))

    async def write(self, name: str) -> Sequence[httpx.Response]:
        """The answers to a change at each node, and through nginx."""
        names = [f"{name}.{index}" for index in range(len(self.clients))]
        answers = await asyncio.gather(
            *(
                client.post(extensions_of(self.meeting), json={"id": name, "type": "RoamedParticipantData"})
                for client, name in zip(self.clients, names, strict=True)
            )
        )
        self.written |= {name for name, answer in zip(names, answers, strict=True) if answer.status_code == 201}
        return answers

    async def goes_on(self) -> bool:
        """Whether each node, and nginx, answers a read and a change as ever."""
        self.tries += 1
        read, written = await asyncio.gather(self.read(), self.write(f"try{self.tries}"))
        statuses = {answer.status_code for answer in (*read, *written)}
        assert statuses <= {200, 201, 503}
        return statuses == {200, 201}

    async def names(self) -> set[str]:
        """The extensions that are there."""
        found = await shown(self.clients[0], extensions_of(self.meeting))
        return {each["id"] for each in found["_embedded"]["onlineMeetingExtension"]}


@asynccontextmanager
async def meeting(cluster: Cluster, come: Come, connect: Connect) -> AsyncIterator[Meeting]:
    """One with much in it before; after the block all is as it was, and what comes is told to all."""
    indices = range(len(cluster.nodes))
    listeners = [await come(cluster, "lenea@contoso.com", index, f"room{index}") for index in indices]
    clients = [same_at(listeners[0].client, connect(cluster, index)) for index in (*indices, None)]
    scheduled = await clients[0].schedule()
    for listener in listeners:
        await listener.come(scheduled)
    found = Meeting(scheduled, listeners, clients)
    async with listening(*listeners):
        assert await found.goes_on()
        yield found
        await eventually(cluster.ready)
        # What was under way may hold up others for a moment.
        await eventually(found.goes_on)
        assert (await listeners[0].say("after")).status_code == 201
        await until_heard({"after"}, *listeners)
        there = await found.names()
        # A change that was refused while it was under way may have been made: no more was promised.
        assert there >= found.written

        async def delivered() -> bool:
            return all(listener.view.extensions.keys() == there for listener in listeners)

        await eventually(delivered, lambda: [there, *(listener.view.extensions for listener in listeners)])
    # Polls that were refused were refused for this and nothing else; or an earlier one's answer, which nobody heard of,
    # was stored after all, and theirs came second (409).
    assert {status for listener in listeners for status in listener.tried_again} <= {409, 503}


async def refused(meeting: Meeting, name: str) -> None:
    """Whatever needs the store is refused, with the time to come again."""
    for answers in await asyncio.gather(meeting.read(), meeting.write(name)):
        for answer in answers:
            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] == "ServiceUnavailable"
            assert int(answer.headers["Retry-After"]) > 0


async def away(cluster: Cluster, meeting: Meeting) -> None:
    """All of that holds of a cluster without its store."""
    await asyncio.gather(refused(meeting, "meanwhile"), says_why(cluster))


async def says_why(cluster: Cluster) -> None:
    """Each node says that it is alive, and why it is not ready."""
    assert {answer.status_code for answer in await cluster.states("/healthz")} == {200}
    for answer in await cluster.states("/readyz"):
        assert answer.status_code == 503, answer.text
        assert "store" in answer.json()["reasons"]


async def test_nodes_survive_a_stop_of_the_store(
    three: Cluster, two: Cluster, database_server: PostgresServer, come: Come, connect: Connect
) -> None:
    async with meeting(three, come, connect) as by_nats, meeting(two, come, connect) as by_postgresql:
        await asyncio.to_thread(database_server.stop)
        stopped = time.monotonic()
        try:
            while time.monotonic() < stopped + AWAY:
                await asyncio.gather(away(three, by_nats), away(two, by_postgresql))
                await asyncio.sleep(0.5)
        finally:
            await asyncio.to_thread(database_server.start)
    assert not (faults := three.faults + two.faults), "\n".join(faults)


async def test_nodes_survive_a_store_that_hangs(
    three: Cluster, two: Cluster, database_server: PostgresServer, come: Come, connect: Connect
) -> None:
    async with meeting(three, come, connect) as by_nats, meeting(two, come, connect) as by_postgresql:
        database_server.pause()
        try:
            await asyncio.gather(away(three, by_nats), away(two, by_postgresql))
        finally:
            database_server.resume()
    assert not (faults := three.faults + two.faults), "\n".join(faults)


async def test_no_answered_write_is_lost_when_the_store_fails_under_load(
    three: Cluster, database_server: PostgresServer, come: Come, connect: Connect
) -> None:
    async with busy(three, come, connect) as hall:
        for go, come_back in (
            (database_server.stop, database_server.start),
            (database_server.kill, database_server.start),
            (database_server.pause, database_server.resume),
        ):
            async with trouble(*hall.clients, answers=STORE_GOES):
                await asyncio.to_thread(go)
                try:
                    await all_meet_trouble(*hall.clients)
                finally:
                    await asyncio.to_thread(come_back)
                await eventually(three.ready)
                await all_go_on(*hall.clients)
            await all_go_on(*hall.clients)
    assert not three.faults, "\n".join(three.faults)
