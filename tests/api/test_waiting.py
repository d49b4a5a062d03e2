"""Requests whose answers take long: a real server in the test's loop, raw sockets."""

import asyncio
import gc
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from openucwa.wire.asgi import Receive, Scope, Send
from openucwa.wire.connection import ClientGone, while_connected
from openucwa.wire.exchange import Exchange
from openucwa.wire.http_protocol import HttpProtocol
from tests.wire.serving import LIMIT, Serving, answer, serving


class Patient:
    """An application that answers when the test sets `go`, as long as the client is there."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.waits = asyncio.Event()
        self.ended: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await while_connected(cast("Any", SimpleNamespace(scope=scope)), self._work())
        except ClientGone:
            self.ended.put_nowait("client gone")
            return
        await answer(send, 200, scope["raw_path"])

    async def _work(self) -> None:
        self.waits.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.ended.put_nowait("work cancelled")
            raise


@pytest.fixture
def patient() -> Patient:
    return Patient()


@pytest.fixture
async def server(patient: Patient) -> AsyncIterator[Serving]:
    async with serving(patient) as server:
        yield server


async def soon(event: asyncio.Event) -> None:
    async with asyncio.timeout(LIMIT):
        await event.wait()


async def test_a_connection_goes_on_after_an_answer_that_took_long(server: Serving, patient: Patient) -> None:
    client = await server.connect()
    for path in ("/first", "/second"):
        await client.get(path)
        await soon(patient.waits)
        patient.go.set()
        assert (await client.answer()).body == path.encode()
        patient.go.clear()
        patient.waits.clear()


@pytest.mark.parametrize("already", [0, 1, 10])
async def test_what_comes_while_one_waits_is_answered_behind_it(
    server: Serving, patient: Patient, already: int
) -> None:
    further = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"
    client = await server.connect()
    await client.send(b"GET /first HTTP/1.1\r\nHost: a\r\n\r\n" + further[:already])
    await soon(patient.waits)
    await client.send(further[already:])
    patient.go.set()
    assert [(await client.answer()).body for _ in range(2)] == [b"/first", b"/second"]


async def test_rubbish_that_comes_while_one_waits_is_refused_behind_it(server: Serving, patient: Patient) -> None:
    client = await server.connect()
    await client.get("/first")
    await soon(patient.waits)
    await client.send(b"\x00\x01\r\n\r\n")
    patient.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]
    assert await client.rest() == b""


async def test_the_work_is_cancelled_when_the_client_goes_away(server: Serving, patient: Patient) -> None:
    client = await server.connect()
    await client.get("/first")
    await soon(patient.waits)
    client.drop()
    async with asyncio.timeout(LIMIT):
        assert [await patient.ended.get() for _ in range(2)] == ["work cancelled", "client gone"]


async def test_whoever_else_cancels_a_request_is_not_taken_for_its_client() -> None:
    told: list[Any] = []
    req = cast("Any", SimpleNamespace(scope={"openucwa.park": told.append}))
    task = asyncio.create_task(while_connected(req, asyncio.sleep(LIMIT)))
    await asyncio.sleep(0)
    told[0]()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told[-1] is None


@pytest.mark.parametrize("answered", [True, False])
async def test_a_connection_that_ended_leaves_nothing_to_the_garbage_collection(
    server: Serving, patient: Patient, answered: bool
) -> None:
    def left() -> int:
        return sum(isinstance(each, Exchange | HttpProtocol) for each in gc.get_objects())

    gc.collect()
    before = left()
    gc.disable()
    try:
        client = await server.connect()
        await client.get("/first")
        await soon(patient.waits)
        assert left() > before
        if answered:
            patient.go.set()
            await client.answer()
        client.drop()
        async with asyncio.timeout(LIMIT):
            while left() > before:  # noqa: ASYNC110  # nobody tells when an object is gone
                await asyncio.sleep(0.01)
    finally:
        gc.enable()
