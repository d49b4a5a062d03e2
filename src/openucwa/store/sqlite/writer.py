"""Writing: one thread with the one connection that writes, and all changes that wait in one transaction.

A commit is durable, so it costs a visit to the disk; changes that come while one is under way share the next.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from openucwa.store.sqlite.database import Database, Row
from openucwa.store.sqlite.errors import unavailable

T = TypeVar("T")


class Transaction:
    """What a change does its work with, in the writer's thread. `moved`: the topics that it appends events to."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.moved: set[str] = set()

    def row(self, sql: str, *parameters: object) -> Row | None:
        """The one row that the statement finds or returns, if there is one."""
        rows = self.rows(sql, *parameters)
        return rows[0] if rows else None

    def rows(self, sql: str, *parameters: object) -> list[Row]:
        """All rows that the statement finds or returns."""
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, *parameters: object) -> int:
        """How many rows the statement wrote or removed, without those that went with them."""
        return self._connection.execute(sql, parameters).rowcount


#: The work of a change: refuses by raising, and then nothing of it stays.
Work: TypeAlias = Callable[[Transaction], T]


class _Waiting(NamedTuple):
    work: Work[Any]
    answer: "asyncio.Future[Any]"


class _Outcome(NamedTuple):
    """What came of one change: `error`, or else `result`."""

    result: Any = None
    error: Exception | None = None


class _Committed(NamedTuple):
    """What came of a group: of each change, and which topics it moved in commit `number`."""

    outcomes: Sequence[_Outcome]
    topics: frozenset[str] = frozenset()
    number: int = 0


class Notice(Protocol):
    """Who is to know of the commits that move topics."""

    def number(self, transaction: Transaction, topics: frozenset[str]) -> int:
        """Is called last in a transaction that moved `topics`; gives the commit's number."""
        ...

    def committed(self, number: int, topics: frozenset[str]) -> None:
        """Is called in the event loop after that commit, before the callers of its changes go on."""
        ...


class Writer:
    """The connection that writes."""

    def __init__(self, database: Database, notice: Notice) -> None:
        self._database = database
        self._notice = notice
        self._thread = ThreadPoolExecutor(1, "store-writer")
        self._waiting: list[_Waiting] = []
        self._commits: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """As `Database.connect_writer`."""
        connect = self._database.connect_writer
        try:
            self._connection = await asyncio.get_running_loop().run_in_executor(self._thread, connect)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    async def finish(self) -> None:
        """Returns when nothing waits any more."""
        while self._commits is not None and not self._commits.done():
            await asyncio.wait({self._commits})  # awaiting it would hand a cancellation on to it

    async def close(self) -> None:
        """Closes the connection. Nothing may wait any more."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def change(self, work: Work[T]) -> T:
        """What `work` returns, once its transaction is committed, or what it raises.

        InvalidExchangeServerVersion, ServiceUnavailable. A caller that is cancelled leaves its change to be made or
        not made; the others don't notice.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Waiting(work, answer))
        if self._commits is None or self._commits.done():
            # A task begins in the loop's next round, so that all who ask in this one share the first commit.
            self._commits = loop.create_task(self._commit_all())
        return await answer

    async def _commit_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group = [change for change in self._waiting if not change.answer.cancelled()]
            self._waiting = []
            made = await loop.run_in_executor(self._thread, self._commit, [change.work for change in group])
            if made.topics:
                self._notice.committed(made.number, made.topics)
            for change, outcome in zip(group, made.outcomes, strict=True):
                if change.answer.cancelled():
                    continue
                if outcome.error is None:
                    change.answer.set_result(outcome.result)
                else:
                    change.answer.set_exception(unavailable(outcome.error) or outcome.error)

    def _commit(self, group: Sequence[Work[Any]]) -> _Committed:
        """Makes the changes of `group` in one transaction."""
        connection = self._connection
        try:
            connection.execute("begin immediate")
            self._database.schema.check(connection)
            moved: set[str] = set()
            outcomes = [self._make(work, moved) for work in group]
            topics = frozenset(moved)
            number = self._notice.number(Transaction(connection), topics) if topics else 0
            connection.execute("commit")
        except Exception as error:  # noqa: BLE001  # whatever it is, each caller of the group has to learn of it
            with suppress(sqlite3.Error):
                connection.execute("rollback")
            return _Committed([_Outcome(error=error)] * len(group))
        return _Committed(outcomes, topics, number)

    def _make(self, work: Work[Any], moved: set[str]) -> _Outcome:
        """Makes one change within the group's transaction; if it raises, it alone is undone."""
        connection = self._connection
        transaction = Transaction(connection)
        connection.execute("savepoint change")
        try:
            result = work(transaction)
        except Exception as error:
            if not connection.in_transaction:
                raise  # SQLite itself gave up the whole transaction, as it does when a disk fails
            connection.execute("rollback to change")
            connection.execute("release change")
            return _Outcome(error=error)
        connection.execute("release change")
        moved |= transaction.moved
        return _Outcome(result)
