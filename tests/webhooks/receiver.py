"""A receiver of webhooks in this process, over a socket."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.streams import serving

#: The usual answer.
OK = b"HTTP/1.1 204 No Content\r\n\r\n"

#: Returns what is answered to the request with this number, from 0; None: nothing, ever.
Answers = Callable[[int], bytes | None]


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A whole answer."""
    lines = [f"HTTP/1.1 {status} Any", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Received:
    """One message."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What was received, and what is answered. `answers` may be replaced at any time."""

    port: int = 0
    answers: Answers = lambda _number: OK
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.received]


@asynccontextmanager
async def receiving(answers: Answers | None = None, context: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own, until the end of the block."""
    receiver = Receiver(scheme="http" if context is None else "https")
    if answers is not None:
        receiver.answers = answers

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receiver.connections += 1
        while await _one(receiver, reader, writer):
            pass

    async with serving(serve, context) as receiver.port:
        yield receiver


async def _one(receiver: Receiver, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    number = len(receiver.received)
    receiver.received.append(Received(first.split(" ")[1], headers, body))
    answered = receiver.answers(number)
    if answered is None:
        await asyncio.Event().wait()
        return False
    writer.write(answered)
    await writer.drain()
    return True
