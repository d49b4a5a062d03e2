"""What a database offers to the statements of `store/sql/`: reading, and changes that are made whole or not at all.

The statements are the same for every engine; `sqlite/` and `postgres/` each run them in their own way. They are written
with `?`, or `?1` and so on where a parameter stands twice, and hold only what both engines know.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from openucwa.store.audit import Removal

T = TypeVar("T")

#: A row, to be indexed or unpacked; an engine may give something of its own that can be.
Row: TypeAlias = Sequence[Any]

#: `scope` of a change that writes only rows that no cache holds.
UNCACHED = ""

#: A constant statement and its parameters.
Query: TypeAlias = tuple[str, Sequence[object]]


class Reader(Protocol):
    """Reads outside of changes. Each call sees the store as of one moment.

    InvalidExchangeServerVersion, ServiceUnavailable.
    """

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """The one row that the statement finds, if it finds one."""
        ...

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows that the statement finds."""
        ...

    async def read(self, *queries: Query) -> Sequence[Sequence[Row]]:
        """The rows of each query, all of them as of the same moment."""
        ...


class Announcer(Protocol):
    """The way to those who wait for events; an event bus is one."""

    @property
    def reachable(self) -> bool:
        """Whether they would hear of an event now."""
        ...

    async def wait_reachable(self, seconds: float) -> bool:
        """Waits until they would, for so many seconds at most; whether they do now."""
        ...


class Transaction(Protocol):
    """What a change does its work with.

    It may await nothing else: an engine may run it where there is no event loop. It may be run again from its
    beginning, where the engine had to take it back; so it keeps nothing from one run for the next.
    """

    #: The topics that it appends events to.
    moved: set[str]
    #: What it removes, for the audit log.
    removals: list[Removal]

    def announce(self, topic: str) -> None:
        """Is called before an event is appended to `topic`.

        CallbackChannelError: those who wait for it could not be reached, and the change `must_notify`.
        """
        ...

    async def lock(self, *keys: str) -> None:
        """Makes sure that no other change of the same `keys` is under way until this one is committed.

        For what a change finds out on its way; what it knows before it names to `Writer.change`.
        """
        ...

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """The one row that the statement finds or returns, if there is one."""
        ...

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """All rows that the statement finds or returns."""
        ...

    async def run(self, sql: str, *parameters: object) -> int:
        """How many rows the statement wrote or removed, without those that went with them."""
        ...


#: The work of a change: refuses by raising, and then nothing of it stays.
Work: TypeAlias = Callable[[Transaction], Coroutine[Any, Any, T]]


class Writer(Protocol):
    """Makes changes."""

    async def change(self, work: Work[T], *keys: str, scope: str | None = None, must_notify: bool = True) -> T:
        """What `work` returns, once it is committed and durable, or what it raises.

        `keys`: on whose rows it decides, as the URI (lower case) or anonymous identity of their owner or organizer.
        Changes with a key in common are made one after the other, by whichever server, so that each finds what the
        one before left. Where one key leads, as the organizer does for a meeting, it comes first.
        `scope`: the meeting (its id) that the rows which it writes are extensions of, or UNCACHED; what was cached of
        its owner outside of it stays valid. Events don't count: no cache holds them.
        `must_notify`: whether a change with events is refused while the event bus can't be reached. What only ends
        things that nobody uses is made all the same; those who wait find its events by polling.

        CallbackChannelError: so it was. InvalidExchangeServerVersion, ServiceUnavailable. A caller that is cancelled
        leaves its change to be made or not made; the others don't notice.
        """
        ...

    async def run(self, key: str, sql: str, *parameters: object, scope: str | None = None) -> int:
        """How many rows a statement wrote that is the whole of a change; `key` and `scope` as in `change`.

        It decides all by itself, so that an engine may run what comes at the same time one right behind the other.
        """
        ...


class Cache(Protocol):
    """Where results of reads are cached until rows that they show are changed."""

    async def read(
        self, name: str, load: Callable[..., Awaitable[T]], owner: str, *rest: str, scope: str | None = None
    ) -> T:
        """What `load(owner, *rest)` returns, or has returned. `name` tells it from other reads with these arguments.

        `owner`: whose rows it reads. `scope`: the meeting (its id), where it reads extensions of one alone.
        """
        ...
