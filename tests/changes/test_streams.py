"""Changes as Server-Sent Events, over sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.changes.conftest import changes_of, next_of
from tests.client import UcwaClient
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    add_user(folder, LENE)
    return folder


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[RunningServer]:
    with RunningServer(folder, OPENUCWA_MAX_CHANGE_STREAMS="1") as server:
        yield server


@pytest.fixture
async def lene(server: RunningServer) -> AsyncIterator[UcwaClient]:
    async with httpx.AsyncClient(base_url=server.urls[0], timeout=LIMIT) as http:
        client = UcwaClient(http)
        await client.sign_in("lenea@contoso.com")
        await client.open()
        yield client


class Stream:
    """The events of an answer that is being received."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> dict[str, str]:
        """The fields of the next event; of others, such as `retry`, what is there."""
        found: dict[str, str] = {}
        async with asyncio.timeout(LIMIT):
            async for line in self._lines:
                if not line and found:
                    return found
                name, _, value = line.partition(": ")
                if name:
                    found[name] = value
        raise EOFError

    async def change(self) -> dict[str, Any]:
        """The next change, with its id."""
        event = await self.next()
        return {"cursor": event["id"], **json.loads(event["data"])}


def streaming(client: UcwaClient, href: str, **headers: str) -> Any:
    named = {"Authorization": f"Bearer {client.token}", **STREAM, **headers}
    return client.http.stream("GET", href, headers=named)


@asynccontextmanager
async def streaming_again(client: UcwaClient, href: str, **headers: str) -> AsyncIterator[httpx.Response]:
    """A stream after one that this client has left: the server may not have noticed that yet."""
    for _ in range(200):
        async with streaming(client, href, **headers) as answer:
            if answer.status_code != 429:
                yield answer
                return
        await asyncio.sleep(0.05)
    raise AssertionError("the stream of a client that is gone is still counted")


async def test_changes_come_as_events(lene: UcwaClient) -> None:
    async with streaming(lene, changes_of(lene)) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        assert "content-length" not in answer.headers
        stream = Stream(answer)
        assert await stream.next() == {"retry": "1000"}
        meeting = await lene.schedule(subject="Sales")
        first = await stream.change()
        await lene.extend(meeting, id="crm", type="Undefined", text="one\ntwo")
        second = await stream.change()
    assert first["_embedded"]["myOnlineMeeting"]["subject"] == "Sales"
    assert second["_embedded"]["onlineMeetingExtension"]["text"] == "one\ntwo"


async def test_last_event_id_resumes(lene: UcwaClient) -> None:
    start = next_of((await lene.get(changes_of(lene))).json())
    made = [(await lene.schedule())["onlineMeetingId"] for _ in range(3)]
    async with streaming(lene, start) as answer:
        stream = Stream(answer)
        await stream.next()
        first = await stream.change()
    async with streaming_again(lene, changes_of(lene), **{"Last-Event-ID": first["cursor"]}) as answer:
        stream = Stream(answer)
        await stream.next()
        rest = [(await stream.change())["onlineMeetingId"] for _ in range(2)]
    assert [first["onlineMeetingId"], *rest] == made


async def test_large_changes_arrive_whole(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    start = next_of((await lene.get(changes_of(lene))).json())
    for number in range(20):
        await lene.extend(meeting, id=f"n{number}", type="Undefined", text="x" * 60_000)
    async with streaming(lene, start) as answer:
        stream = Stream(answer)
        await stream.next()
        found = [await stream.change() for _ in range(20)]
    assert [each["extensionId"] for each in found] == [f"n{number}" for number in range(20)]
    assert all(len(each["_embedded"]["onlineMeetingExtension"]["text"]) == 60_000 for each in found)


async def test_streams_of_a_user_are_limited_and_end_with_their_client(lene: UcwaClient) -> None:
    async with streaming(lene, changes_of(lene)) as answer:
        await Stream(answer).next()
        assert (await lene.get(changes_of(lene), headers=STREAM)).status_code == 429
    async with streaming_again(lene, changes_of(lene)) as answer:
        assert answer.status_code == 200


async def test_stream_ends_when_the_server_stops(server: RunningServer, lene: UcwaClient) -> None:
    async with streaming(lene, changes_of(lene)) as answer:
        stream = Stream(answer)
        await stream.next()
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        with pytest.raises((EOFError, httpx.RemoteProtocolError)):
            await stream.next()
        assert await stopping == 0


async def test_cursor_of_nothing_is_refused_before_the_stream(lene: UcwaClient) -> None:
    answer = await lene.get(f"{changes_of(lene)}?since=nonsense", headers=STREAM)
    assert answer.status_code == 400
