"""Writing: all changes that wait in one transaction, which is committed in a thread of its own.

A commit is durable, so it costs a visit to the disk; changes that come while one is under way share the next. The
statements before it take microseconds, and are run in the event loop: handing each of them to a thread and its result
back would take longer than they do.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import suppress
from itertools import chain
from queue import SimpleQueue
from typing import Any, Protocol, TypeVar, cast

import msgspec

from openucwa.model.measures import Measures
from openucwa.model.refusals import CallbackChannelError
from openucwa.store.announcements import Announcements
from openucwa.store.contract import Outdated
from openucwa.store.engine import UNCACHED, Query, Work
from openucwa.store.frames import without_frames
from openucwa.store.sqlite.cursor import Cursor
from openucwa.store.sqlite.database import Database, Row
from openucwa.store.sqlite.errors import unavailable
from openucwa.store.sqlite.invalidation import Invalidation
from openucwa.store.sqlite.thread import WriterThread
from openucwa.telemetry import audit
from openucwa.telemetry.audit import Act

T = TypeVar("T")

#: Changes in a commit; more wait for the next, so that the event loop is not kept from everything else. Of as many
#: polls as that, released by one change, none has to wait until others have been answered and have come back.
MAX_IN_A_COMMIT = 1_000
#: The name of the task that commits, while there is anything to commit.
COMMITS = "store commits"


class Transaction:
    """`store.engine.Transaction`. Its methods never suspend."""

    def __init__(self, cursor: sqlite3.Cursor, announcements: Announcements | None = None) -> None:
        self._cursor = cursor
        self._announcements = announcements
        self.moved: set[str] = set()
        self.locked: set[str] = set()
        self.acts: list[Act] = []

    def add(self, part: "Transaction") -> None:
        """Adds what a change of the same commit did."""
        self.moved |= part.moved
        self.locked |= part.locked
        self.acts += part.acts

    def announce(self, topic: str) -> None:
        """As `Transaction.announce`."""
        if self._announcements is not None:
            self._announcements.check()
        self.moved.add(topic)

    async def lock(self, *keys: str) -> None:
        """As `Transaction.lock`: SQLite lets one write at a time, so this only names whose rows are changed."""
        self.locked.update(keys)

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """As `Transaction.row`."""
        rows = self._cursor.execute(sql, parameters).fetchall()
        return rows[0] if rows else None

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        """As `Transaction.rows`."""
        return self._cursor.execute(sql, parameters).fetchall()

    async def run(self, sql: str, *parameters: object, then: Query | None = None) -> int:
        """As `Transaction.run`."""
        written = self._cursor.execute(sql, parameters).rowcount
        if written and then is not None:
            self._cursor.execute(*then)
        return written


class _Queued(msgspec.Struct, frozen=True):
    """A change that waits. `work`: None where one statement, `sql` with `parameters`, is all of it.

    `keys`, `scope`, `must_notify`, `owners`: those of `Writer.change`; `renew`, `then`: those of `Writer.run`.
    """

    work: Work[Any] | None
    sql: str
    parameters: Sequence[object]
    keys: tuple[str, ...]
    scope: str | None
    must_notify: bool
    answer: "asyncio.Future[Any]"
    renew: Callable[[], None] | None = None
    owners: Collection[str] | None = None
    then: Query | None = None


class _Outcome(msgspec.Struct, frozen=True):
    """The outcome of one change: `error`, or else `result`."""

    result: Any = None
    error: Exception | None = None


class _PartialWrite(Exception):
    """A change was refused after it had written, and what it wrote has to be undone."""


class Notice(Protocol):
    """Notified of commits that move topics."""

    def number(self, connection: sqlite3.Connection, topics: frozenset[str]) -> int:
        """Is called last in a transaction of `connection` that moved `topics`; gives the commit's number."""
        ...

    def committed(self, number: int, topics: frozenset[str]) -> None:
        """Is called in the event loop after that commit, before the callers of its changes go on."""
        ...


class Writer:
    """`store.engine.Writer`, on the connection that writes."""

    def __init__(
        self,
        database: Database,
        invalidation: Invalidation,
        notice: Notice,
        announcements: Announcements,
        measures: Measures,
    ) -> None:
        self._database = database
        self._announcements = announcements
        self._invalidation = invalidation
        self._notice = notice
        self._measures = measures
        self._thread = WriterThread()
        self._waiting: list[_Queued] = []
        self._commits: asyncio.Task[None] | None = None

    async def open(self) -> sqlite3.Connection:
        """The connection, as `Database.connect_writer`."""
        try:
            self._connection = await self._thread.run(self._database.connect_writer)
        except BaseException:
            self._thread.stop()
            raise
        self._cursor = self._connection.cursor(Cursor)
        return self._connection

    @property
    def waiting(self) -> int:
        """The number of changes that wait for a transaction."""
        return len(self._waiting)

    async def finish(self) -> None:
        """Returns when nothing waits any more."""
        while self._commits is not None and not self._commits.done():
            await asyncio.wait({self._commits})  # awaiting it would hand a cancellation on to it

    async def close(self) -> None:
        """Closes the connection. Nothing may wait any more."""
        await self._thread.run(self._connection.close)
        self._thread.stop()

    async def change(
        self,
        work: Work[T],
        *keys: str,
        scope: str | None = None,
        owners: Collection[str] | None = None,
        must_notify: bool = True,
    ) -> T:
        """As `Writer.change`. All changes are made one after the other, whatever their keys."""
        try:
            return await self._submit(work, keys, scope, owners, must_notify)
        except CallbackChannelError:
            await self._announcements.wait(self._database.timeout)
        return await self._submit(work, keys, scope, owners, must_notify)

    # No caller's variable holds the future: a refusal that it raises would hold it, too, and neither would be freed.
    def _submit(
        self,
        work: Work[T],
        keys: tuple[str, ...],
        scope: str | None,
        owners: Collection[str] | None,
        must_notify: bool,
    ) -> "asyncio.Future[T]":
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._queue(_Queued(work, "", (), keys, scope, must_notify, answer, owners=owners))
        return answer

    async def run(
        self,
        key: str,
        sql: str,
        *parameters: object,
        scope: str | None = None,
        renew: Callable[[], None] | None = None,
        then: Query | None = None,
    ) -> int:
        """As `Writer.run`."""
        return await self._submit_statement(sql, parameters, key, scope, renew, then)

    def _submit_statement(
        self,
        sql: str,
        parameters: Sequence[object],
        key: str,
        scope: str | None,
        renew: Callable[[], None] | None,
        then: Query | None,
    ) -> "asyncio.Future[int]":
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue(
            _Queued(None, sql, parameters, (key,), scope, must_notify=False, answer=answer, renew=renew, then=then)
        )
        return answer

    def _queue(self, change: _Queued) -> None:
        self._waiting.append(change)
        if self._commits is None or self._commits.done():
            # A task begins in the loop's next round, so that all who ask in this one share the first commit.
            self._commits = asyncio.get_running_loop().create_task(self._commit_all(), name=COMMITS)

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting[:MAX_IN_A_COMMIT], self._waiting[MAX_IN_A_COMMIT:]
            group = [change for change in waiting if not change.answer.cancelled()]
            began = loop.time()
            outcomes = await self._commit(group)
            self._measures.commit(len(group), loop.time() - began)
            for change, outcome in zip(group, outcomes, strict=True):
                if change.answer.cancelled():
                    continue
                if outcome.error is None:
                    change.answer.set_result(outcome.result)
                else:
                    change.answer.set_exception(unavailable(outcome.error) or outcome.error)

    async def _commit(self, group: Sequence[_Queued]) -> Sequence[_Outcome]:
        """Makes the changes of `group` in one transaction."""
        try:
            try:
                return await self._make_all(group, self._make)
            except _PartialWrite:
                # Seldom, because a change checks before it writes. Savepoints for all would cost each of them.
                return await self._make_all(group, self._make_undoably)
        except Exception as error:  # noqa: BLE001  # whatever it is, each caller of the group has to learn of it
            return [_Outcome(error=_freed(error))] * len(group)

    async def _make_all(
        self, group: Sequence[_Queued], make: Callable[[_Queued, Transaction], _Outcome]
    ) -> Sequence[_Outcome]:
        await self._begin()
        try:
            self._database.schema.check(self._connection)
            before = self._connection.total_changes
            whole = Transaction(self._cursor)
            outcomes = [make(change, whole) for change in group]
            topics = frozenset(whole.moved)
            number = self._notice.number(self._connection, topics) if topics else 0
            returned: SimpleQueue[None] = SimpleQueue()
            self._invalidation.committing(_outdated(group, whole.locked), returned)
            if self._connection.total_changes == before:
                self._end_transaction(returned)  # nothing was written, so there is no disk to wait for
            else:
                await self._thread.run(self._end_transaction, returned)
        except BaseException:
            with suppress(sqlite3.Error):
                self._connection.execute("rollback")
            self._invalidation.failed()
            raise
        if self._invalidation.committed():
            _renew(group, outcomes)
        audit.log(*whole.acts)
        if topics:
            self._notice.committed(number, topics)
        return outcomes

    def _end_transaction(self, returned: "SimpleQueue[None]") -> None:
        self._connection.commit()
        returned.put(None)

    async def _begin(self) -> None:
        """Begins the transaction, in the thread if another process writes just now."""
        self._database.check_file()
        try:
            self._connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            await self._thread.run(self._database.begin_waiting, self._connection)

    def _make(self, change: _Queued, whole: Transaction) -> _Outcome:
        """Makes one change as part of `whole`. _PartialWrite: it was refused when it had written already."""
        if change.work is None:
            return self._run(change)
        before = self._connection.total_changes
        transaction = Transaction(self._cursor, self._announcements if change.must_notify else None)
        try:
            result = _done(change.work(transaction))
        except Exception as error:
            if not self._connection.in_transaction:
                raise  # SQLite itself gave up the whole transaction, as it does when a disk fails
            if self._connection.total_changes != before:
                raise _PartialWrite from error
            return _Outcome(error=_freed(error))
        whole.add(transaction)
        return _Outcome(result)

    def _run(self, change: _Queued) -> _Outcome:
        """Runs the one statement that is all of a change; one that is refused has written nothing."""
        try:
            written = self._cursor.execute(change.sql, change.parameters).rowcount
        except sqlite3.Error as error:
            if not self._connection.in_transaction:
                raise
            return _Outcome(error=_freed(error))
        if written and change.then is not None:
            self._cursor.execute(*change.then)
        return _Outcome(written)

    def _make_undoably(self, change: _Queued, whole: Transaction) -> _Outcome:
        """Makes one change; if it is refused when it had written already, it alone is undone."""
        self._connection.execute("savepoint change")
        try:
            outcome = self._make(change, whole)
        except _PartialWrite as partial_write:
            self._connection.execute("rollback to change")
            outcome = _Outcome(error=_freed(cast("Exception", partial_write.__cause__)))
        self._connection.execute("release change")
        return outcome


def _freed(error: Exception) -> Exception:
    """As `without_frames`; SQLite's own errors have no use for their frames either."""
    return error.with_traceback(None) if isinstance(error, sqlite3.Error) else without_frames(error)


def _renew(group: Sequence[_Queued], outcomes: Sequence[_Outcome]) -> None:
    """Renews what the changes wrote, if each of them is a statement for a scope of its own: else one may be outdated by
    another. A client that changes the same resource again finds it in the cache: a tenth of the cost of its PUT."""
    if len({(change.keys, change.scope) for change in group if change.renew is not None}) < len(group):
        return
    for change, outcome in zip(group, outcomes, strict=True):
        if change.renew is not None and outcome.result:
            change.renew()


def _outdated(group: Sequence[_Queued], locked: Iterable[str]) -> frozenset[Outdated] | None:
    """What a group of changes makes outdated. `locked`: the keys that they found on their way."""
    if any(not change.keys and change.owners is None for change in group):
        return None
    known = {(key, change.scope) for change in group if change.scope != UNCACHED for key in change.keys}
    owners = (owner for change in group for owner in change.owners or ())
    return frozenset(known.union((owner, None) for owner in chain(owners, locked)))


def _done(work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns. There is nothing to wait for: a transaction's methods never suspend."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    work.close()
    raise RuntimeError(f"{work} awaits something other than its transaction")
