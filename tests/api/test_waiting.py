"""Work that ends when the client goes away."""

import asyncio
from collections.abc import Callable

import pytest

from openucwa.api.waiting import ClientGone, while_connected
from tests.world import until


class FakeConnection:
    """Remembers whom to tell that it is closed."""

    def __init__(self) -> None:
        self.on_close: Callable[[], object] | None = None
        self.parked = 0

    def park(self, on_close: Callable[[], object] | None) -> None:
        self.on_close = on_close
        self.parked += 1


class Work:
    """Waits until it is let go, and knows whether it was cancelled."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go = asyncio.Event()
        self.cancelled = False

    async def run(self) -> str:
        self.begun.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return "done"


async def test_the_result_of_the_work_comes_back() -> None:
    work, connection = Work(), FakeConnection()
    work.go.set()
    assert await while_connected(connection, work.run()) == "done"
    assert (connection.on_close, connection.parked) == (None, 2)


async def test_without_a_connection_the_work_is_just_done() -> None:
    work = Work()
    work.go.set()
    assert await while_connected(None, work.run()) == "done"


async def test_the_work_is_cancelled_when_the_client_goes_away() -> None:
    work, connection = Work(), FakeConnection()
    waiting = asyncio.create_task(while_connected(connection, work.run()))
    await until(lambda: connection.on_close is not None and work.begun.is_set())
    assert connection.on_close is not None
    connection.on_close()
    with pytest.raises(ClientGone):
        await waiting
    assert work.cancelled
    assert connection.on_close is None


async def test_whoever_else_cancels_a_request_is_not_taken_for_its_client() -> None:
    work, connection = Work(), FakeConnection()
    waiting = asyncio.create_task(while_connected(connection, work.run()))
    await work.begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
