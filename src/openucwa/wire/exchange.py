"""One request on a connection, and its answer: uvicorn's cycle, but that an answer is written whole and at once.

uvicorn's own looks at every header by itself and writes head and body apart, which is a third of what a request costs
below the application. Whatever this server answers is whole when it is sent.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from openucwa.wire.asgi import Message, Scope

_LOGGER = logging.getLogger("openucwa.http")

#: Answers that never have a body.
_WITHOUT_BODY = frozenset({204, 304})


def head(status: int, *groups: list[tuple[bytes, bytes]]) -> bytes:
    """Status line and headers, without the empty line behind them. ValueError: a line would end where it may not."""
    lines = [b"%b: %b\r\n" % header for group in groups for header in group]
    joined = b"".join(lines)
    if joined.count(b"\n") != len(lines) or joined.count(b"\r") != len(lines):
        raise ValueError("a header holds the end of a line")
    return STATUS_LINE[status] + joined


class Signal:
    """asyncio.Event for one who waits, without the queue for many, which takes most of a kilobyte."""

    __slots__ = ("_set", "_waiter")

    def __init__(self) -> None:
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        self._set = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def clear(self) -> None:
        self._set = False

    async def wait(self) -> None:
        if not self._set:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None


class Exchange(RequestResponseCycle):
    """A request that is answered by an ASGI application. `on_response` is called when its answer is written."""

    def __init__(
        self, scope: Scope, protocol: Any, transport: asyncio.Transport, *, expect_100_continue: bool, keep_alive: bool
    ) -> None:
        super().__init__(
            cast("Any", scope),
            transport,
            protocol.flow,
            _LOGGER,
            _LOGGER,
            access_log=False,
            default_headers=protocol.server_state.default_headers,
            message_event=cast("Any", Signal()),
            expect_100_continue=expect_100_continue,
            keep_alive=keep_alive,
            on_response=protocol.on_response_complete,
        )
        self._start: Message = {}
        self._let_go = protocol.let_go
        self._gone: Callable[[], object] | None = None

    def arrived(self) -> bytes | None:
        """The body, if all of it is there already."""
        if self.more_body or self.waiting_for_100_continue or self.disconnected:
            return None
        body, self.body = bytes(self.body), bytearray()
        self.message_event.clear()
        self.flow.resume_reading()
        return body

    def park(self, gone: Callable[[], object] | None) -> None:
        """As `connection.PARK` says; None: the wait is over, and nobody is to be told any more."""
        self._gone = gone
        if gone is not None:
            self._let_go()
            if self.disconnected:
                gone()

    def lose(self) -> None:
        """The client is gone."""
        self.disconnected = not self.response_complete
        self.message_event.set()
        if self._gone is not None:
            self._forget()
            self._gone()

    def _forget(self) -> None:
        # The scope knows methods of this exchange: a circle, which would be there until the garbage is collected.
        self.scope = cast("Any", None)

    async def send(self, message: Any) -> None:
        """ASGI's `send`, for an answer of one `http.response.start` and one `http.response.body`."""
        if message["type"] == "http.response.start":
            if self.response_started:
                raise RuntimeError("an answer begins once")
            self.response_started = True
            self.waiting_for_100_continue = False
            self._start = message
            return
        if not self.response_started or self.response_complete or message.get("more_body"):
            raise RuntimeError("an answer is one head and one body")
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self._write(self._start["status"], self._start["headers"], message.get("body", b""))

    def _write(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        more: list[tuple[bytes, bytes]] = []
        length = None
        for name, value in headers:
            if name == b"content-length":
                length = int(value)
            elif name == b"connection" and value == b"close":
                self.keep_alive = False
        if not self.keep_alive and (b"connection", b"close") not in headers:
            more.append((b"connection", b"close"))
        if self.scope["method"] == "HEAD":
            body = b""
        elif length is None and status not in _WITHOUT_BODY:
            more.append((b"content-length", b"%d" % len(body)))
        elif body and length != len(body):
            raise RuntimeError("the answer's body is not as long as its head says")
        self.transport.write(head(status, self.default_headers, headers, more) + b"\r\n" + body)
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self._forget()
        self.on_response()
