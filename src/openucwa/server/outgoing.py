"""The response that a connection is sending, counted until its client has taken all of it."""

from typing import Any

from openucwa.server.shared import Connection, Unsent

#: Bytes that are handed to TLS at a time. TLS passes on whatever it is given, and does not count that, before the
#: transport below can say that it has enough.
PIECE = 65_536


class Outgoing:
    """Of one connection, `owner`. `blocked`: the client has not taken all bytes.

    A response counts whole until its last byte is taken: that is how long it is held whole, here or by the transport.
    """

    __slots__ = ("_left", "_owner", "_rest", "_secure", "_size", "_transport", "_unsent", "blocked")

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

    def put(self, data: bytes) -> None:
        """Sends all of `data`. To be called only while nothing is blocked."""
        self._size = len(data)
        if self._secure and len(data) > PIECE:
            self._rest = memoryview(data)
            self._put_pieces()
        else:
            self._transport.write(data)

    def pause(self) -> None:
        """The client does not take more for now."""
        self.blocked = True
        self._count()

    def resume(self) -> bool:
        """The client took all that it was given. What is returned is whether that was all there is."""
        self.blocked = False
        if self._owner is not None:
            self._unsent.remove(self._owner)
        self._put_pieces()
        return not self.blocked

    def progressed(self) -> bool:
        """Whether the client took any bytes since this was asked last, or since they were sent."""
        if self._owner is None:
            return False
        before = self._left
        self._count()
        return self._left < before

    def end(self) -> None:
        """The connection has ended."""
        if self._owner is not None:
            self._unsent.remove(self._owner)
        self._transport = self._owner = self._rest = None

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
            self._left = self._transport.get_write_buffer_size() + rest
            self._unsent.add(self._owner, self._size)
