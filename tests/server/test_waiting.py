"""Requests whose answers take long, over a connection: a real server in the test's loop, raw sockets."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from openucwa.api.waiting import ClientGone, while_connected
from openucwa.http.message import Request, Response
from tests.server.serving import LIMIT, RunningServer, serving, text


class SlowHandler:
    """A handler that answers when the test sets `go`, as long as the client is there."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.waits = asyncio.Event()
        self.ended: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, request: Request) -> Response:
        if request.path == b"/now/settle":
            return text(200, b"")
        try:
            await while_connected(request.connection, self._work())
        except ClientGone:
            self.ended.put_nowait("client gone")
            return Response(status=499)
        return text(200, request.path)

    async def _work(self) -> None:
        self.waits.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended.put_nowait("work cancelled")
            raise


@pytest.fixture
def slow_handler() -> SlowHandler:
    return SlowHandler()


@pytest.fixture
async def server(slow_handler: SlowHandler) -> AsyncIterator[RunningServer]:
    async with serving(slow_handler) as server:
        yield server


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(LIMIT):
        await event.wait()


async def test_connection_continues_after_a_slow_answer(server: RunningServer, slow_handler: SlowHandler) -> None:
    client = await server.connect()
    for path in ("/first", "/second"):
        await client.get(path)
        await soon(slow_handler.waits)
        slow_handler.go.set()
        assert (await client.answer()).body == path.encode()
        slow_handler.go.clear()
        slow_handler.waits.clear()


@pytest.mark.parametrize("already", [0, 1, 10])
async def test_request_behind_a_waiting_one_is_answered_after_it(
    server: RunningServer, slow_handler: SlowHandler, already: int
) -> None:
    further = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
    client = await server.connect()
    await client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + further[:already])
    await soon(slow_handler.waits)
    await client.send(further[already:])
    slow_handler.go.set()
    assert [(await client.answer()).body for _ in range(2)] == [b"/first", b"/second"]


async def test_malformed_request_behind_a_waiting_one_is_refused_after_it(
    server: RunningServer, slow_handler: SlowHandler
) -> None:
    client = await server.connect()
    await client.get("/first")
    await soon(slow_handler.waits)
    await client.send(b"\x00\x01\r\n\r\n")
    await server.settle()
    slow_handler.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]


async def test_work_is_cancelled_when_the_client_disconnects(server: RunningServer, slow_handler: SlowHandler) -> None:
    client = await server.connect()
    await client.get("/first")
    await soon(slow_handler.waits)
    client.drop()
    async with asyncio.timeout(LIMIT):
        assert [await slow_handler.ended.get() for _ in range(2)] == ["work cancelled", "client gone"]
    await server.settle()
    assert [status for _, path, status in server.recorder.entries if path == b"/first"] == [None]


async def test_other_cancellation_is_not_mistaken_for_a_disconnect() -> None:
    parked: list[Any] = []

    class Parking:
        park = staticmethod(parked.append)

    task = asyncio.create_task(while_connected(Parking(), asyncio.sleep(LIMIT)))
    await asyncio.sleep(0)
    parked[0]()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert parked[-1] is None
