"""What all connections of a server share: its handler, its limits, and what they hold together."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Protocol

from openucwa.config import Config
from openucwa.http.message import BodyLimit, Handler, Refused, Request, Response
from openucwa.model.world import World
from openucwa.server.proxies import Proxies

#: Random bytes that are fetched at a time for request ids, and those of one id.
_POOL = 4096
_ID = 8

logger = logging.getLogger("openucwa.server")


class Observer(Protocol):
    """Is notified of every response."""

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        """A request was answered after `seconds`. `response`: None: the client went away before that."""
        ...


class Application(Protocol):
    """What is served."""

    @property
    def handler(self) -> Handler:
        """Answers requests."""
        ...

    @property
    def body_limit(self) -> BodyLimit:
        """Says how large a request's body may be."""
        ...

    @property
    def refused(self) -> Refused:
        """Makes the response to what the connection itself refuses."""
        ...

    @property
    def world(self) -> World:
        """Its clocks and its chance."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may take: sizes in bytes, times in seconds."""

    header_bytes: int
    pipelined: int
    header_timeout: float
    body_timeout: float
    keep_alive: float
    write_timeout: float

    @classmethod
    def of(cls, config: Config) -> "Limits":
        """The limits that the settings say."""
        return cls(
            config.max_header_bytes,
            config.max_pipelined,
            config.header_timeout,
            config.body_timeout,
            config.keep_alive,
            config.write_timeout,
        )


class Connection(Protocol):
    """A connection, as those see it that have to do with all of them."""

    def shut_down(self) -> None:
        """Ends it if it is idle; else what is in flight is the last."""
        ...

    def cut_off(self) -> None:
        """Answers at once what is still in flight."""
        ...

    def abort(self) -> None:
        """Closes it at once."""
        ...

    def drop(self, why: str) -> None:
        """Closes it at once. `why`: for the log."""
        ...


class OpenConnections:
    """Those that are open. `limit`: more than these are refused. `none_left`: whether there is none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._all: set[Connection] = set()
        self.none_left = asyncio.Event()
        self.none_left.set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

    def add(self, connection: Connection) -> bool:
        """A connection was opened. False: it is one too many."""
        self._all.add(connection)
        self.none_left.clear()
        return len(self._all) <= self._limit

    def discard(self, connection: Connection) -> None:
        """A connection has ended."""
        self._all.discard(connection)
        if not self._all:
            self.none_left.set()


class Budget:
    """A number of bytes for all connections together."""

    def __init__(self, limit: int) -> None:
        self.taken = 0
        self._limit = limit

    def take(self, size: int) -> bool:
        """Takes `size` bytes; False: they are not there, and nothing is taken."""
        if self.taken + size > self._limit:
            return False
        self.taken += size
        return True

    def give_back(self, size: int) -> None:
        """Gives back what was taken."""
        self.taken -= size


class Unsent:
    """The responses that clients have not read to their end, in bytes.

    Each counts whole until then, because it is held whole: a transport does not free what it has sent of it. Beyond
    the limit the connection is dropped that has waited longest.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._held: dict[Connection, int] = {}
        self._left: dict[Connection, int] = {}  # of those, what was not sent yet when that was last checked

    def add(self, connection: Connection, size: int, left: int) -> None:
        """A connection's client has not taken `left` bytes of a response of `size` bytes."""
        self.total += size - self._held.get(connection, 0)
        self._held[connection] = size
        self._left[connection] = left
        while self.total > self._limit:
            oldest = next(iter(self._held))
            self.remove(oldest)
            oldest.drop("too many responses wait to be read, this one longest")

    def progress(self, connection: Connection, left: int) -> bool:
        """Whether the client has taken anything since this was last asked; `left`: what it has not taken now."""
        before = self._left.get(connection, 0)
        if left >= before:
            return False
        self._left[connection] = left
        return True

    def remove(self, connection: Connection) -> None:
        """The client took everything, or is gone."""
        self.total -= self._held.pop(connection, 0)
        self._left.pop(connection, None)


class Shared:
    """Of one server. `observer`: None: nobody is notified."""

    def __init__(self, application: Application, config: Config, observer: Observer | None = None) -> None:
        self.handler = application.handler
        self.body_limit = application.body_limit
        self.refused = application.refused
        self.world = application.world
        self.limits = Limits.of(config)
        self.proxies = Proxies(config.trusted_proxies)
        self.open = OpenConnections(config.max_connections)
        self.bodies = Budget(config.max_body_bytes_in_flight)
        self.unsent = Unsent(config.max_unsent_bytes)
        self.observer = observer
        self.stopping = False
        #: How many requests have begun.
        self.begun = 0
        self.loop = asyncio.get_running_loop()
        self._second = -1
        self._date = b""
        self._pool = b""
        self._used = 0

    def date(self) -> bytes:
        """The header line with the time of day."""
        second = self.world.now() // 1000
        if second != self._second:
            self._second = second
            self._date = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    def new_id(self) -> str:
        """A request id."""
        used = self._used
        if used >= len(self._pool):
            self._pool, used = self.world.random_bytes(_POOL), 0
        self._used = used + _ID
        return self._pool[used : used + _ID].hex()
