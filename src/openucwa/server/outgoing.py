"""The response that a connection is sending, counted until its client has taken all of it."""

import socket
import struct
from collections.abc import Callable
from typing import Any

from openucwa.http.message import Delivery
from openucwa.model.world import Timer, World
from openucwa.server.encoding import delivered
from openucwa.server.shared import Connection, Unsent
from openucwa.server.streaming import Streaming

#: Bytes that are handed to TLS at a time. TLS passes on whatever it is given, and does not count that, before the
#: transport below can say that it has enough.
PIECE = 65_536
#: The number of pieces of a response that is sent slowly.
SLOW_PIECES = 20


class Outgoing:
    """Of one connection, `owner`. `blocked`: the client has not taken all bytes.

    A response counts whole until its last byte is taken: that is how long it is held whole, here or by the transport.
    """

    __slots__ = ("_left", "_owner", "_rest", "_secure", "_size", "_slow", "_stream", "_transport", "_unsent", "blocked")

    def __init__(self, transport: Any, owner: Connection, unsent: Unsent, *, secure: bool) -> None:
        # So that it is known of nearly every byte whether it was taken. At 0, TLS would pause when nothing waits.
        transport.set_write_buffer_limits(high=1, low=0)
        self._transport = transport
        self._owner: Connection | None = owner
        self._unsent = unsent
        self._secure = secure
        self._rest: memoryview | None = None
        self._size = 0  # of what is being sent
        self._left = 0  # how much of it the client had not taken when that was last checked
        self.blocked = False
        self._slow: _Slow | None = None
        self._stream: Streaming | None = None

    def put(self, data: bytes) -> None:
        """Sends all of `data`. To be called only while nothing is blocked."""
        self._size = len(data)
        if self._secure and len(data) > PIECE:
            self._rest = memoryview(data)
            self._put_pieces()
        else:
            self._transport.write(data)

    def put_slowly(self, data: bytes, body: int, seconds: float, world: World, done: Callable[[], object]) -> None:
        """Sends `data`, the last `body` bytes of it within `seconds`, and then calls `done`; it is blocked until then.

        To be called only while nothing is blocked.
        """
        self._size = len(data)
        self.blocked = True
        self._transport.write(data[: len(data) - body])
        self._slow = _Slow(self._transport, data[len(data) - body :], seconds / SLOW_PIECES, world, done)

    def deliver(self, data: bytes, body: int, delivery: Delivery, world: World, done: Callable[[], object]) -> None:
        """Sends of an encoded response, the last `body` bytes of which are its body, what `delivery` says, and as it
        says. To be called only while nothing is blocked; `done` is called unless it is unblocked at once.
        """
        if delivery.stream is not None:
            self.put(data)
            self.blocked = True
            self._stream = Streaming(self._transport, delivery.stream, done)
            return
        data, kept = delivered(data, body, delivery)
        if delivery.seconds and kept:
            self.put_slowly(data, kept, delivery.seconds, world, done)
        else:
            self.put(data)
        if delivery.reset:
            bound = self._transport.get_extra_info("socket")
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def pause(self) -> None:
        """The client does not take more for now."""
        self.blocked = True
        if self._stream is not None:
            self._stream.pause()
        self._count()

    def resume(self) -> bool:
        """The client took all that it was given. What is returned is whether that was all there is."""
        if self._slow is not None:
            if self._slow.rest:
                return False
            self._slow = None
        if self._owner is not None:
            self._unsent.remove(self._owner)
        if self._stream is not None:
            self._stream.resume()
            if not self._stream.over:
                return False
            self._stream = None
        self.blocked = False
        self._put_pieces()
        return not self.blocked

    def progressed(self) -> bool:
        """Whether the client took any bytes since this was asked last, or since they were sent."""
        if self._owner is None:
            return False
        if self._stream is not None and not self._transport.get_write_buffer_size():
            return True  # there is nothing to take
        before = self._left
        self._count()
        return self._left < before

    def end(self) -> None:
        """The connection has ended."""
        if self._owner is not None:
            self._unsent.remove(self._owner)
        if self._slow is not None:
            self._slow.end()
        if self._stream is not None:
            self._stream.end()
            self._stream = None
        self._transport = self._owner = self._rest = self._slow = None

    def _put_pieces(self) -> None:
        while self._rest and not self.blocked:
            piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
            self._transport.write(piece)
        if self.blocked:
            self._count()
        else:
            self._rest = None

    def _count(self) -> None:
        if self._owner is not None:
            rest = len(self._rest) if self._rest is not None else 0
            if self._slow is not None:
                rest += len(self._slow.rest)
            self._left = self._transport.get_write_buffer_size() + rest
            self._unsent.add(self._owner, self._size)


class _Slow:
    """A body that is sent piece by piece. `rest`: what is not sent yet."""

    __slots__ = ("_done", "_pause", "_size", "_timer", "_transport", "_world", "rest")

    def __init__(self, transport: Any, body: bytes, pause: float, world: World, done: Callable[[], object]) -> None:
        self.rest = memoryview(body)
        self._size = max(1, -(-len(body) // SLOW_PIECES))
        self._transport = transport
        self._pause = pause
        self._world = world
        self._done: Callable[[], object] | None = done
        self._timer: Timer = world.call_later(pause, self._send)

    def end(self) -> None:
        """Sends nothing more."""
        self._timer.cancel()
        self._done = self._transport = None

    def _send(self) -> None:
        if self._transport is None:
            return
        piece, self.rest = self.rest[: self._size], self.rest[self._size :]
        self._transport.write(bytes(piece))
        if self.rest:
            self._timer = self._world.call_later(self._pause, self._send)
        elif self._done is not None:
            self._done()
