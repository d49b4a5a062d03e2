"""A real server in the test's own loop, with a small application, and a client that sends what bytes it likes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from openucwa.wire.kept import KeptAnswers
from openucwa.wire.whole_body import WholeBody

from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.model.world import RealWorld
from openucwa.wire.asgi import AsgiApp, Receive, Scope, Send
from openucwa.wire.listeners import bind
from openucwa.wire.serving import serve

#: Seconds that a test waits for anything.
LIMIT = 5.0

NOTHING: Any = None


async def answer(send: Send, status: int, body: bytes) -> None:
    """Answers with a text."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Echo:
    """An application that says what it was asked: method, path, query, Host, and the length of the body.

    `/wait` is answered when the test sets `go`, or when the client is gone, which `gone` tells.
    """

    def __init__(self) -> None:
        self.scopes: list[Scope] = []
        self.go = asyncio.Event()
        self.waits = asyncio.Event()
        self.gone = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        if scope["path"] == "/wait":
            await self._wait(receive)
        body = scope["openucwa.body"]
        if body is None:
            await answer(send, 413, b"too large")
            return
        host = dict(scope["headers"]).get(b"host", b"-")
        said = [scope["method"].encode(), scope["raw_path"], scope["query_string"], host, str(len(body)).encode()]
        await answer(send, 200, b" ".join(said))

    async def _wait(self, receive: Receive) -> None:
        go = asyncio.create_task(self.go.wait())
        gone = asyncio.create_task(self._until_gone(receive))
        self.waits.set()
        await asyncio.wait({go, gone}, return_when=asyncio.FIRST_COMPLETED)
        for task in (go, gone):
            task.cancel()

    async def _until_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone.set()


class SmallService:
    """What `serve` serves, and the order in which its methods were called."""

    def __init__(self, app: AsgiApp) -> None:
        self.asgi = app
        self.calls: list[str] = []
        self.world = RealWorld()
        self.kept = KeptAnswers(NOTHING, NOTHING, self.world, 0)  # which keeps nothing, so it asks nobody
        self.measures = Measures()

    def status(self, connections: Callable[[], int]) -> AsgiApp:
        raise AssertionError("it has no status address")

    async def start(self) -> None:
        self.calls.append("start")

    async def release(self) -> None:
        self.calls.append("release")

    async def stop(self) -> None:
        self.calls.append("stop")


@dataclass(frozen=True)
class Answer:
    """One answer off the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def get(self, target: str = "/", *headers: str) -> None:
        await self.send(
            f"GET {target} HTTP/1.1\r\nHost: a\r\n{''.join(h + chr(13) + chr(10) for h in headers)}\r\n".encode()
        )

    async def answer(self, *, head: bool = False) -> Answer:
        async with asyncio.timeout(LIMIT):
            first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:-1]
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            length = 0 if head else int(headers.get("content-length", "0"))
            return Answer(int(first.split()[1]), headers, await self._reader.readexactly(length))

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(LIMIT):
            return await self._reader.read()

    def drop(self) -> None:
        """Goes away without a word."""
        self._writer.transport.abort()


@dataclass
class Serving:
    """The server under test."""

    port: int

    def __post_init__(self) -> None:
        self.clients: list[Client] = []

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client


async def too_slow(_scope: Scope, _receive: Receive, send: Send) -> None:
    await answer(send, 408, b"too slow")


@asynccontextmanager
async def serving(app: AsgiApp, **settings: float) -> AsyncIterator[Serving]:
    """`app` behind `WholeBody` on a free port."""
    config = Config(**{"shutdown_timeout": 0.1, **settings})  # type: ignore[arg-type]
    listeners = bind(["http://127.0.0.1:0"])
    stop, accepts = asyncio.Event(), asyncio.Event()
    service = SmallService(WholeBody(app, config.max_body_bytes, config.body_timeout, too_slow))
    running = asyncio.create_task(serve(service, config, listeners=listeners, ready=lambda _: accepts.set(), stop=stop))
    server = Serving(int(listeners[0].url.rpartition(":")[2]))
    try:
        async with asyncio.timeout(LIMIT):
            await accepts.wait()
        yield server
    finally:
        for client in server.clients:
            client.drop()
        stop.set()
        async with asyncio.timeout(LIMIT):
            await running
