"""A real server in the test's own loop, with a small handler, and a client that sends what bytes it likes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from openucwa.config import Config
from openucwa.http.message import BodyFault, Handler, Request, Response
from openucwa.model.world import World
from openucwa.server.control import ProcessControl
from openucwa.server.listeners import Listener, bind
from openucwa.server.process import serve
from tests.world import FakeWorld, until

#: Seconds of real time that a test waits for anything.
LIMIT = 60.0

FAULTS = {BodyFault.TOO_LARGE: 413, BodyFault.TOO_SLOW: 408, BodyFault.NO_ROOM: 503}


def text(status: int, body: bytes) -> Response:
    """A response with a text."""
    return Response(status=status, headers=((b"Content-Type", b"text/plain"),), body=body)


def plain_refusal(status: int, message: str) -> Response:
    """A refusal in plain text."""
    headers = [(b"Content-Type", b"text/plain; charset=utf-8")]
    if status == 503:
        headers.append((b"Retry-After", b"5"))
    return Response(status=status, headers=tuple(headers), body=message.encode())


class Echo:
    """A handler that says what it was asked: method, path, query, Host, and the length of the body.

    `/wait` is answered when the test sets `go`, or when the client is gone, which `gone` tells. `/large/N` has a body
    of N bytes. `/now...` is answered without a task.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.go = asyncio.Event()
        self.waits = asyncio.Event()
        self.gone = asyncio.Event()

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        if request.path.startswith(b"/now"):
            return self._answer(request)
        return self._later(request)

    async def _later(self, request: Request) -> Response:
        if request.path == b"/wait":
            await self._wait(request)
        return self._answer(request)

    def _answer(self, request: Request) -> Response:
        self.requests.append(request)
        if request.fault is not None:
            return text(FAULTS[request.fault], request.fault.name.encode())
        if request.path.startswith(b"/large/"):
            return text(200, b"x" * int(request.path[7:]))
        host = request.headers.get(b"host", b"-")
        said = [request.method.encode(), request.path, request.query, host, str(len(request.body)).encode()]
        return text(200, b" ".join(said))

    async def _wait(self, request: Request) -> None:
        assert request.connection is not None
        done = asyncio.Event()
        request.connection.park(done.set)
        waits = [asyncio.create_task(each.wait()) for each in (self.go, done)]
        self.waits.set()
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for each in waits:
            each.cancel()
        request.connection.park(None)
        if done.is_set():
            self.gone.set()


@dataclass
class SmallService:
    """What `serve` serves, and the order in which its methods were called."""

    handler: Handler
    world: World = field(default_factory=FakeWorld)
    limit: int = 1_048_576
    calls: list[str] = field(default_factory=list)
    refused: Callable[[int, str], Response] = plain_refusal

    def body_limit(self, request: Request) -> int:
        return self.limit

    def status(self, connections: Callable[[], int]) -> Handler:
        raise AssertionError("it has no status address")

    async def start(self) -> None:
        self.calls.append("start")

    async def release(self) -> None:
        self.calls.append("release")

    async def stop(self) -> None:
        self.calls.append("stop")


@dataclass(frozen=True)
class Answer:
    """One response off the wire. `headers`: names as they were sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        return self.headers.get("Connection") == "close"


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def get(self, target: str = "/", *headers: str) -> None:
        await self.send(
            f"GET {target} HTTP/1.1\r\nHost: a\r\n{''.join(h + chr(13) + chr(10) for h in headers)}\r\n".encode()
        )

    async def answer(self, *, head: bool = False) -> Answer:
        async with asyncio.timeout(LIMIT):
            first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().splitlines()[:-1]
            headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
            length = 0 if head else int(headers.get("Content-Length", "0"))
            return Answer(int(first.split()[1]), headers, await self.reader.readexactly(length))

    async def rest(self) -> bytes:
        """All that comes until the server closes."""
        async with asyncio.timeout(LIMIT):
            try:
                return await self.reader.read()
            except ConnectionResetError:
                return b""

    def drop(self) -> None:
        """Goes away without a word."""
        self.writer.transport.abort()


class Recorder:
    """Records each response: method, path, status (None: the client had gone)."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, bytes, int | None]] = []

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        self.entries.append((request.method, request.path, None if response is None else response.status))


class RunningServer:
    """`serve` in a task."""

    def __init__(
        self,
        service: SmallService,
        config: Config,
        listeners: tuple[Listener, ...] | None = None,
    ) -> None:
        self.service = service
        self.control = ProcessControl()
        self.urls: list[str] = []
        self.recorder = Recorder()
        self.plain = 0  # the index of a listener without TLS
        self.clients: list[Client] = []
        self.task = asyncio.create_task(
            serve(
                service,
                config,
                listeners=listeners,
                control=self.control,
                observer=self.recorder,
                ready=self.urls.extend,
            )
        )

    @property
    def world(self) -> FakeWorld:
        assert isinstance(self.service.world, FakeWorld)
        return self.service.world

    async def ready(self) -> None:
        await until(lambda: self.urls or self.task.done())
        if self.task.done():
            await self.task

    def port(self, index: int = 0) -> int:
        return int(self.urls[index].rpartition(":")[2])

    async def connect(
        self, host: str = "127.0.0.1", index: int = 0, tls: ssl.SSLContext | None = None, limit: int = 2**16
    ) -> Client:
        client = Client(*await asyncio.open_connection(host, self.port(index), ssl=tls, limit=limit))
        self.clients.append(client)
        return client

    async def settle(self) -> None:
        """Returns when the server has read everything that was sent to it before."""
        client = await self.connect(index=self.plain)
        await client.get("/now/settle")
        assert (await client.answer()).status == 200
        client.drop()
        await self.world.settle()

    async def pass_time(self, seconds: float) -> None:
        """Lets `seconds` pass, once the server has read everything that was sent to it before."""
        await self.settle()
        await self.world.advance(seconds)

    async def end(self) -> int:
        for client in self.clients:
            client.drop()
        self.control.stop.set()
        async with asyncio.timeout(LIMIT):
            return await self.task


@asynccontextmanager
async def serving(handler: Handler, *, limit: int = 1_048_576, **settings: Any) -> AsyncIterator[RunningServer]:
    """`handler` on a free port, in a world whose clock the test moves. `limit`: of bodies."""
    config = Config(**{"listen": ("http://127.0.0.1:0",), **settings})
    running = RunningServer(SmallService(handler, limit=limit), config)
    try:
        await running.ready()
        yield running
    finally:
        running.control.force.set()
        await running.end()


__all__ = ["Answer", "Client", "Echo", "RunningServer", "SmallService", "bind", "serving", "text"]
