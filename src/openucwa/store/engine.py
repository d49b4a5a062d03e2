"""The interface between the statements of `store/sql/` and an engine: reads, and atomic changes.

The statements are the same for every engine; `sqlite/` and `postgres/` each run them in their own way. They are written
with `?`, or `?1` and so on if a parameter occurs twice, and use only SQL that both engines support.
"""

from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from openucwa.telemetry.audit import Act

T = TypeVar("T")

#: A row, which can be indexed or unpacked; each engine may have its own type.
Row: TypeAlias = Sequence[Any]

#: `scope` for changes to rows that no cache holds.
UNCACHED = ""

#: A constant statement and its parameters.
Query: TypeAlias = tuple[str, Sequence[object]]


class Reader(Protocol):
    """Reads outside of changes, each of one consistent state. InvalidExchangeServerVersion, ServiceUnavailable."""

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """The single row that the statement finds, if any."""
        ...

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows that the statement finds."""
        ...

    async def read(self, *queries: Query) -> Sequence[Sequence[Row]]:
        """The rows of each query, all of the same state."""
        ...


class Announcer(Protocol):
    """The way to waiting polls, such as an event bus."""

    @property
    def reachable(self) -> bool:
        """Whether they can be notified now."""
        ...

    async def wait_reachable(self, seconds: float) -> bool:
        """Waits until they can be notified, at most `seconds`; returns whether they can."""
        ...


class Transaction(Protocol):
    """The database as a change sees it. A change may await nothing else: an engine may run it without an event loop.

    It may be run again from the beginning if the engine had to roll it back, so it keeps nothing between runs.
    """

    #: The topics that it appends events to.
    moved: set[str]
    #: What it does, for the audit trail.
    acts: list[Act]

    def announce(self, topic: str) -> None:
        """Called before an event is appended to `topic`. CallbackChannelError: waiting polls cannot be notified, and
        the change has `must_notify`.
        """
        ...

    async def lock(self, *keys: str) -> None:
        """Waits until no other change of the same `keys` is in progress, and keeps others out until this one is
        committed.

        For keys that a change learns while it runs; known ones are passed to `Writer.change`.
        """
        ...

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """The single row that the statement finds or returns, if any."""
        ...

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows that the statement finds or returns."""
        ...

    async def run(self, sql: str, *parameters: object, then: Query | None = None) -> int:
        """The number of rows that the statement wrote or removed, without cascades.

        `then`: a statement of the form `insert into ... select ?, ?, ...`, without a source, which is run if any were.
        """
        ...


#: The work of a change; raising an error undoes it.
Work: TypeAlias = Callable[[Transaction], Coroutine[Any, Any, T]]


class Writer(Protocol):
    """Makes changes."""

    async def change(
        self,
        work: Work[T],
        *keys: str,
        scope: str | None = None,
        owners: Collection[str] | None = None,
        must_notify: bool = True,
    ) -> T:
        """The result of `work`, once it is committed and durable, or the error that it raises.

        `keys`: the owners or organizers, as URI (lower case) or anonymous identity, whose rows it depends on. Changes
        with a common key run one after the other, on whatever server, so that each sees the result of the previous one.
        The leading key, such as the organizer of a meeting, comes first. `scope`: the meeting (its id) that is added,
        or to whose extensions the written rows belong, or UNCACHED; cached data of its owner outside of it stays valid.
        Events don't count: no cache holds them. `owners`: for a change without `keys`, whose cached rows it may write,
        besides those of the keys that it locks; None: anybody's. `must_notify`: whether a change with events is refused
        while the event bus is unreachable. Changes that only end unused things are made all the same; polls find their
        events by re-reading the log.

        CallbackChannelError: it was refused for that reason. InvalidExchangeServerVersion, ServiceUnavailable. If the
        caller is cancelled, the change may or may not be made; others are unaffected.
        """
        ...

    async def run(
        self,
        key: str,
        sql: str,
        *parameters: object,
        scope: str | None = None,
        renew: Callable[[], None] | None = None,
        then: Query | None = None,
    ) -> int:
        """The number of rows written by a statement that is a whole change; `key` and `scope` as in `change`.

        The statement decides everything itself, so an engine may run concurrent ones back to back. `then`: as for
        `Transaction.run`.
        `renew`: puts what was written into the cache; called if a row was written, once everything outdated by it was
        dropped, and only if nothing has changed the same scope since.
        """
        ...


class Cache(Protocol):
    """Caches results of reads until their rows change."""

    async def read(
        self, name: str, load: Callable[..., Awaitable[T]], owner: str, *rest: str, scope: str | None = None
    ) -> T:
        """The cached or new result of `load(owner, *rest)`.

        `name` distinguishes it from other reads with these arguments. `owner`: whose rows it reads. `scope`: the
        meeting (its id), if it reads only extensions of that one.
        """
        ...

    def put(self, name: str, result: object, owner: str, *rest: str, scope: str | None = None) -> None:
        """Sets what `read` returns from now on for these arguments."""
        ...
