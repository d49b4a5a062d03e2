"""A way to PostgreSQL that can be stalled and cut."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes between clients and the server of `url`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.port is not None
        self._port = parts.port
        self._parts = parts
        self._open = asyncio.Event()
        self._open.set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._held: bytes | None = None
        #: How many messages came from clients.
        self.messages = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        port = self._listener.sockets[0].getsockname()[1]
        self.url = self._parts._replace(netloc=f"openucwa@127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.resume()
        self._listener.close()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)

    def stall(self) -> None:
        """From now on nothing comes through, though connections stay."""
        self._open.clear()

    def hold_answer_to(self, text: bytes) -> None:
        """The next message with `text` in it comes through, but nothing comes back from then on."""
        self._held = text

    def resume(self) -> None:
        """From now on everything comes through again."""
        self._held = None
        self._open.set()
        self._answers.set()

    def cut(self) -> None:
        """Ends all connections."""
        for writer in self._writers:
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._copy(reader, back), self._copy(there, writer, self._answers))
        finally:
            self._writers -= {writer, back}
            self._tasks.discard(task)

    async def _copy(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, gate: asyncio.Event | None = None
    ) -> None:
        """Passes bytes on while the proxy, and `gate` for answers, are open."""
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._open.wait()
                if gate is not None:
                    await gate.wait()
                else:
                    self.messages += 1
                    if self._held is not None and self._held in data:
                        self._answers.clear()
                target.write(data)
                await target.drain()
        target.close()
