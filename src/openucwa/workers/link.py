"""Messages between a supervisor and its workers, over a socket pair; either side sees the other's end as EOF."""

import asyncio
import socket
from typing import Self, TypeAlias

import msgspec

from openucwa.config import Config

#: Unsent bytes beyond which topics are dropped, which costs delay and no event.
MAX_UNSENT = 1_048_576
#: Maximum size of a message; settings and topics stay far below it.
MAX_MESSAGE = 16_777_216


class InheritedListener(msgspec.Struct, frozen=True):
    """A listener's URL, and the file descriptors of its sockets."""

    url: str
    descriptors: tuple[int, ...]


class Start(msgspec.Struct, frozen=True, tag=True):
    """To a worker, first of all: its number (0, 1, ...), its settings, and its listeners."""

    worker: int
    config: Config
    listeners: tuple[InheritedListener, ...]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """To a worker: stop. `force`: at once."""

    force: bool = False


class Reload(msgspec.Struct, frozen=True, tag=True):
    """To a worker: reloaded settings."""

    config: Config


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From a worker: it accepts connections."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """From a worker: it cannot serve. `why`: a sentence for the operator."""

    why: str


class TopicsChanged(msgspec.Struct, frozen=True, tag=True):
    """From a worker, and on to all others: these topics have new events."""

    topics: frozenset[str]


Message: TypeAlias = Start | Stop | Reload | Ready | Failed | TopicsChanged


class Link:
    """One end of the link."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Message)

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """The link over one end of a socket pair."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=MAX_MESSAGE))

    def send(self, message: Message) -> None:
        """Sends `message`; no effect if the other side has ended."""
        if not self._writer.is_closing():
            self._writer.write(self._encoder.encode(message) + b"\n")

    def pass_on(self, moved: TopicsChanged) -> None:
        """As `send`, for a message that may be dropped if the other side does not keep up."""
        if self._writer.transport.get_write_buffer_size() < MAX_UNSENT:
            self.send(moved)

    async def receive(self) -> Message | None:
        """The next message; None: the other side has ended."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return self._decoder.decode(line) if line.endswith(b"\n") else None

    async def drain(self) -> None:
        """Returns when all messages have been sent, or the other side has ended."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        """Ends it."""
        self._writer.close()
