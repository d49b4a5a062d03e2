"""A server in a thread of its own, behind a proxy that loses and replaces what it is told to."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from openucwa.config import Config
from openucwa.server.control import ProcessControl
from openucwa.server.listeners import bind
from openucwa.server.process import serve
from tests.conftest import make_in_process
from tests.world import FakeWorld

T = TypeVar("T")

#: Nothing wakes up often, so that much time can pass at once.
SETTINGS = {"listen": ("http://127.0.0.1:0",), "bus_poll_interval": 60.0, "application_sweep_interval": 60.0}
#: Seconds of real time that anything may take.
LIMIT = 60.0


@dataclass
class Fault:
    """What happens to the next `times` requests that match. `status`: the proxy answers; None: the connection is cut,
    before the request has reached the server, or, with `lost`, after it was carried out.
    """

    method: str
    path: str
    status: int | None = None
    headers: str = ""
    body: str = ""
    lost: bool = False
    times: int = 1

    def matches(self, line: str) -> bool:
        method, target, _ = line.split(" ")
        return self.times > 0 and method == self.method and self.path in target

    def answer(self) -> bytes:
        head = f"HTTP/1.1 {self.status} Refused\r\nContent-Length: {len(self.body)}\r\n{self.headers}"
        return f"{head}Content-Type: application/json\r\n\r\n{self.body}".encode()


class Stage:
    """A running server. `url`: of the proxy. `requests`: method and target of each that came in."""

    def __init__(self, data: Path, prepared_data: Path, **settings: Any) -> None:
        self._config = Config(data=str(data), **{**SETTINGS, **settings})
        self._prepared = prepared_data
        self.world = FakeWorld()
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.url = ""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(LIMIT)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._control.force.set)
        self._loop.call_soon_threadsafe(self._control.stop.set)
        self._thread.join(LIMIT)
        assert not self._thread.is_alive()

    def call(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Runs a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(LIMIT)

    def advance(self, seconds: float) -> None:
        """Lets the server's time pass."""
        self.call(lambda: self.world.advance(seconds))

    def count(self, method: str, path: str) -> int:
        """How many requests came in, of that method, with that in their target."""
        return sum(line.startswith(f"{method} ") and path in line for line in self.requests)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._control = ProcessControl()
        proxy = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        listeners = bind(self._config.listen)
        self._port = int(listeners[0].url.rpartition(":")[2])
        self.service = make_in_process(replace(self._config, public_url=self.url), self.world, self._prepared)
        try:
            await serve(
                self.service,
                self._config,
                listeners=listeners,
                control=self._control,
                ready=lambda _urls: self._ready.set(),
            )
        finally:
            proxy.close()
            for each in self._connections:
                each.cancel()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._pass_on(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await _message(reader)
                line = asked.partition(b"\r\n")[0].decode()
                self.requests.append(line)
                fault = next((each for each in self.faults if each.matches(line)), None)
                if fault is not None:
                    fault.times -= 1
                    if fault.status is not None:
                        writer.write(fault.answer())
                        continue
                    if fault.lost:
                        await self._ask(asked)
                    return
                writer.write(await self._ask(asked))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _ask(self, asked: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(asked)
            return await _message(reader)
        finally:
            writer.close()


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A request or response with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return head + await reader.readexactly(int(value))
    return head
