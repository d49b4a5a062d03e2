"""The shared state of a server's connections: handler, limits, and totals."""

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

#: Random bytes to fetch at a time for request ids, and those of one id.
_POOL = 4096
_ID = 8

logger = logging.getLogger("openucwa.server")


class Observer(Protocol):
    """Is notified of every response."""

    def answered(self, request: Request, response: Response | None, seconds: float) -> None:
        """A request was answered after `seconds`. `response`: None: the client disconnected before it."""
        ...


class Application(Protocol):
    """The application that is served."""

    @property
    def handler(self) -> Handler:
        """Answers requests."""
        ...

    @property
    def body_limit(self) -> BodyLimit:
        """The maximum size of a request's body."""
        ...

    @property
    def refused(self) -> Refused:
        """Builds the response to a request that the connection itself refuses."""
        ...

    @property
    def world(self) -> World:
        """Clock and randomness."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a connection: sizes in bytes, times in seconds."""

    header_bytes: int
    pipelined: int
    header_timeout: float
    body_timeout: float
    keep_alive: float
    write_timeout: float

    @classmethod
    def of(cls, config: Config) -> "Limits":
        """The limits in the settings."""
        return cls(
            config.max_header_bytes,
            config.max_pipelined,
            config.header_timeout,
            config.body_timeout,
            config.keep_alive,
            config.write_timeout,
        )


class Connection(Protocol):
    """A connection, as the shared state sees it."""

    def shut_down(self) -> None:
        """Ends it if it is idle; otherwise requests in flight are the last."""
        ...

    def cut_off(self) -> None:
        """Answers requests in flight at once."""
        ...

    def abort(self) -> None:
        """Closes it at once."""
        ...

    def drop(self, why: str) -> None:
        """Closes it at once. `why`: for the log."""
        ...


class OpenConnections:
    """The open connections. `limit`: their maximum number. `none_left`: set while there are none."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        #: Connections so far that exceeded the limit.
        self.refused = 0
        self._all: set[Connection] = set()
        self.none_left = asyncio.Event()
        self.none_left.set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._all))

    def add(self, connection: Connection) -> bool:
        """Adds a connection. False: it exceeds the limit."""
        self._all.add(connection)
        self.none_left.clear()
        if len(self._all) <= self.limit:
            return True
        self.refused += 1
        return False

    def discard(self, connection: Connection) -> None:
        """Removes a connection."""
        self._all.discard(connection)
        if not self._all:
            self.none_left.set()


class Budget:
    """A budget of bytes, shared by all connections."""

    def __init__(self, limit: int) -> None:
        self.taken = 0
        self.limit = limit

    def take(self, size: int) -> bool:
        """Takes `size` bytes; False: there are not enough, and nothing is taken."""
        if self.taken + size > self.limit:
            return False
        self.taken += size
        return True

    def give_back(self, size: int) -> None:
        """Returns bytes to the budget."""
        self.taken -= size


class Unsent:
    """The sizes of the responses that clients have not read to the end. Over the limit the connection is dropped that
    has waited longest.
    """

    def __init__(self, limit: int) -> None:
        self.total = 0
        self.limit = limit
        self._sizes: dict[Connection, int] = {}

    def add(self, connection: Connection, size: int) -> None:
        """A connection has an unread response of `size` bytes."""
        self.total += size - self._sizes.get(connection, 0)
        self._sizes[connection] = size
        while self.total > self.limit:
            oldest = next(iter(self._sizes))
            self.remove(oldest)
            oldest.drop("too many unread responses, of which this is the oldest")

    def remove(self, connection: Connection) -> None:
        """The client has read everything, or disconnected."""
        self.total -= self._sizes.pop(connection, 0)


class Shared:
    """The shared state of one server. `observer`: None: no one is notified."""

    def __init__(self, application: Application, config: Config, observer: Observer | None = None) -> None:
        self.handler = application.handler
        self.body_limit = application.body_limit
        self.refused = application.refused
        self.world = application.world
        self.monotonic = application.world.monotonic
        self.limits = Limits.of(config)
        self.proxies = Proxies(config.trusted_proxies)
        self.open = OpenConnections(config.max_connections)
        self.bodies = Budget(config.max_body_bytes_in_flight)
        self.unsent = Unsent(config.max_unsent_bytes)
        self.observer = observer
        self.stopping = False
        #: The number of requests so far.
        self.begun = 0
        self.loop = asyncio.get_running_loop()
        self._date = b""
        self._second = -1
        self._ids: list[str] = []

    def date(self) -> bytes:
        """The header line with the current time."""
        second = self.world.now() // 1000  # the clock may be set, so a timer cannot say when a second is over
        if second != self._second:
            self._second = second
            self._date = f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    def new_id(self) -> str:
        """A new request id."""
        if not self._ids:
            pool = self.world.random_bytes(_POOL)
            self._ids = [pool[at : at + _ID].hex() for at in range(0, _POOL, _ID)]
        return self._ids.pop()
