"""What a supervisor and its workers say to each other, over a pair of sockets; whose end closes when either is gone."""

import asyncio
import socket
from typing import Self, TypeAlias

import msgspec

from openucwa.config import Config

#: Bytes that may wait for the other side before the word of topics is dropped, which costs delay and no event.
MOST_WAITING = 1_048_576
#: Bytes of the longest message; settings and topics stay far below it.
LONGEST = 16_777_216


class Place(msgspec.Struct, frozen=True):
    """A listener's URL, and the file descriptors of its sockets."""

    url: str
    descriptors: tuple[int, ...]


class Start(msgspec.Struct, frozen=True, tag=True):
    """To a worker, first of all: which one it is (0, 1, ...), by what settings it serves, and where."""

    worker: int
    config: Config
    places: tuple[Place, ...]


class Stop(msgspec.Struct, frozen=True, tag=True):
    """To a worker: stop. `force`: without waiting for anything."""

    force: bool = False


class Reload(msgspec.Struct, frozen=True, tag=True):
    """To a worker: the settings were read again."""

    config: Config


class Ready(msgspec.Struct, frozen=True, tag=True):
    """From a worker: it accepts connections."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """From a worker: it can't serve. `why`: a sentence for the operator."""

    why: str


class Moved(msgspec.Struct, frozen=True, tag=True):
    """From a worker, and on to all others: these topics moved."""

    topics: frozenset[str]


Message: TypeAlias = Start | Stop | Reload | Ready | Failed | Moved


class Link:
    """One side's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._encoder = msgspec.json.Encoder()
        self._decoder = msgspec.json.Decoder(Message)

    @classmethod
    async def over(cls, end: socket.socket) -> Self:
        """The link over one end of a pair of sockets."""
        return cls(*await asyncio.open_unix_connection(sock=end, limit=LONGEST))

    def say(self, message: Message) -> None:
        """Sends `message`; to one who is gone it says nothing."""
        if not self._writer.is_closing():
            self._writer.write(self._encoder.encode(message) + b"\n")

    def pass_on(self, moved: Moved) -> None:
        """As `say`, of what may be lost where the other side does not keep up."""
        if self._writer.transport.get_write_buffer_size() < MOST_WAITING:
            self.say(moved)

    async def hear(self) -> Message | None:
        """The next message; None: the other side is gone."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        return self._decoder.decode(line) if line.endswith(b"\n") else None

    async def said(self) -> None:
        """Returns when what was said is on its way, or nobody is there to hear it."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        """Ends it."""
        self._writer.close()
