"""Writing: lanes, each with a connection, in which all waiting changes share a transaction.

A change goes to the lane of its first key, so changes that would wait for each other anyway share a transaction, and
others run beside them. A transaction starts with locks on the keys of all its changes, in one order for all servers.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import TypeAlias, TypeVar

from openucwa.model.measures import Measures
from openucwa.model.refusals import CallbackChannelError, ServiceUnavailable
from openucwa.store.announcements import Announcements
from openucwa.store.contract import Outdated
from openucwa.store.engine import Query, Work
from openucwa.store.postgres.change import Change, LockUnavailable, lock_of, make
from openucwa.store.postgres.connection import Answer, Connection, Database, Link, answered
from openucwa.store.postgres.errors import session_lost, transient, unavailable
from openucwa.store.postgres.invalidation import MARKS, Invalidation
from openucwa.store.postgres.statements import STORE_LOCK
from openucwa.telemetry import audit

T = TypeVar("T")

#: Maximum number of changes in a transaction.
MAX_TOGETHER = 100
#: Maximum number of attempts at a change that conflicts with others.
MAX_ATTEMPTS = 20

#: Called after each commit with the topics that have new events.
CommitListener: TypeAlias = Callable[[frozenset[str]], None]


class Writer:
    """`store.engine.Writer` on `lanes` connections, which are made on first use."""

    def __init__(
        self,
        database: Database,
        invalidation: Invalidation,
        lanes: int,
        announcements: Announcements,
        measures: Measures,
    ) -> None:
        self._announcements = announcements
        self._database = database
        self._commit_listeners: list[CommitListener] = []
        self._lanes = [_Lane(database, invalidation, self._committed, measures) for _ in range(lanes)]

    def on_commit(self, listener: CommitListener) -> None:
        """As `Store.on_commit`."""
        self._commit_listeners.append(listener)

    async def change(
        self,
        work: Work[T],
        *keys: str,
        scope: str | None = None,
        owners: Collection[str] | None = None,
        must_notify: bool = True,
    ) -> T:
        """As `store.engine.Writer.change`."""
        announcements = self._announcements if must_notify else None
        try:
            return await self._make(work, keys, announcements, scope=scope, owners=owners)
        except CallbackChannelError:
            await self._announcements.wait(self._database.timeout)
        return await self._make(work, keys, announcements, scope=scope, owners=owners)

    async def run(
        self,
        key: str,
        sql: str,
        *parameters: object,
        scope: str | None = None,
        renew: Callable[[], None] | None = None,
        then: Query | None = None,
    ) -> int:
        """As `store.engine.Writer.run`."""
        return await self._make(
            lambda transaction: transaction.run(sql, *parameters, then=then),
            (key,),
            one_statement=True,
            scope=scope,
            renew=renew,
        )

    async def _make(
        self,
        work: Work[T],
        keys: Sequence[str],
        announcements: Announcements | None = None,
        *,
        one_statement: bool = False,
        scope: str | None,
        owners: Collection[str] | None = None,
        renew: Callable[[], None] | None = None,
    ) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        lane = self._lanes[lock_of(keys[0]) % len(self._lanes) if keys else 0]
        lane.add(
            Change(
                work,
                keys,
                answer,
                announcements,
                one_statement=one_statement,
                scope=scope,
                owners=owners,
                renew=renew,
            )
        )
        try:
            return await answered(answer, self._database.timeout)
        finally:
            del answer  # a refusal that it raised holds this frame

    @property
    def waiting(self) -> int:
        """The number of changes that wait for a transaction."""
        return sum(lane.waiting for lane in self._lanes)

    async def close(self) -> None:
        """Finishes what is in progress, and closes the connections."""
        for lane in self._lanes:
            await lane.close()

    def _committed(self, group: Sequence[Change]) -> None:
        for change in group:
            audit.log(*change.acts)
        if topics := _all(change.moved for change in group):
            loop = asyncio.get_running_loop()
            for listener in self._commit_listeners:
                # By the loop, so that one that fails stops neither the others nor the lane.
                loop.call_soon(listener, topics)


class _SessionLost(Exception):
    """The session ended, or became read-only, before anything was committed."""


class _Lane:
    """One connection that makes changes, one transaction after the other."""

    def __init__(
        self,
        database: Database,
        invalidation: Invalidation,
        committed: Callable[[Sequence[Change]], None],
        measures: Measures,
    ) -> None:
        self._database = database
        self._invalidation = invalidation
        self._committed = committed
        self._measures = measures
        self._link = Link(database)
        self._waiting: list[Change] = []
        self._working: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def add(self, change: Change) -> None:
        self._waiting.append(change)
        if self._working is None or self._working.done():
            # A task begins in the loop's next round, so that all who ask in this one share the first transaction.
            self._working = asyncio.get_running_loop().create_task(self._work_off())

    async def close(self) -> None:
        while self._working is not None and not self._working.done():
            await asyncio.wait({self._working})
        self._link.end()

    async def _work_off(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MAX_TOGETHER], self._waiting[MAX_TOGETHER:]
            if group := [change for change in group if not change.given_up]:
                began = time.monotonic()
                await self._make(group)
                self._measures.commit(len(group), time.monotonic() - began)

    async def _make(self, group: Sequence[Change]) -> None:
        """Makes the changes of a group together, or else one by one, and answers their callers."""
        if len(group) > 1:
            try:
                await self._commit(group)
            except Exception as error:  # noqa: BLE001  # whatever it is, each caller has to learn of it
                if refusal := unavailable(error):
                    for change in group:
                        change.fail(refusal)
                    return
            else:
                return
        for change in group:
            await self._make_alone(change)

    async def _make_alone(self, change: Change) -> None:
        for _ in range(MAX_ATTEMPTS):
            if change.given_up:
                return
            try:
                await self._commit((change,))
            except Exception as error:  # noqa: BLE001
                if not (isinstance(error, LockUnavailable) or transient(error)):
                    change.fail(await self._link.reason(error))
                    return
            else:
                return
        change.fail(ServiceUnavailable("the store is busy with other changes", 1))

    async def _commit(self, group: Sequence[Change]) -> None:
        """As `_commit_once`, and once more in a new session if the session was lost."""
        try:
            await self._commit_once(group)
        except _SessionLost:
            await self._commit_once(group, last=True)

    async def _commit_once(self, group: Sequence[Change], *, last: bool = False) -> None:
        """Makes the changes of a group in one transaction, and answers their callers.

        If it raises, none of them was made, unless the connection was lost during the commit.
        _SessionLost: the session was lost before the commit; not raised if this is the `last` attempt.
        """
        connection = await self._link.connection()

        async def ask(statement: str, parameters: Iterable[Sequence[object]]) -> Sequence[Answer]:
            answers = await connection.ask(statement, parameters)
            self._database.check(answers[0][0])
            return answers

        committing = False
        try:
            await connection.execute(_begin(sorted(_all(change.locks for change in group))))
            await make(group, ask)
            outdated = _outdated(group)
            committing = True
            nothing_since = await self._execute_commit(connection, outdated)
        except BaseException as error:
            if session_lost(error):
                connection.end()
                if not committing and not last:
                    raise _SessionLost from error
            await _roll_back(connection)
            raise
        if nothing_since:
            _renew(group)
        self._committed(group)
        for change in group:
            change.finish()

    async def _execute_commit(self, connection: Connection, outdated: frozenset[Outdated] | None) -> bool:
        """Commits, and marks in the same transaction what it makes outdated.

        Returns whether no other commit of this process has made the same outdated since.
        """
        if outdated is not None and not outdated:
            await connection.execute("commit")
            return False
        number, statement = self._invalidation.committing(outdated)
        try:
            await connection.execute(f"{statement}; commit")
        except BaseException:
            self._invalidation.failed(number)
            raise
        return self._invalidation.committed(number)


def _outdated(group: Iterable[Change]) -> frozenset[Outdated] | None:
    """What a group of changes makes outdated."""
    outdated: set[Outdated] = set()
    for change in group:
        if (of_change := change.outdated) is None:
            return None
        outdated |= of_change
    return frozenset(outdated)


def _renew(group: Sequence[Change]) -> None:
    """Renews what the changes wrote, where no other change of the group wrote the same."""
    if not any(change.renew for change in group):
        return
    count: Counter[Outdated] = Counter()
    for change in group:
        count.update(change.outdated or ())
    for change in group:
        written = change.outdated
        if change.renew is None or not written:
            continue
        if all(count[each] == 1 and (each[0], None) not in count for each in written):
            change.renew()


def _all(sets: Iterable[Collection[T]]) -> frozenset[T]:
    """What is in any of them."""
    return frozenset(chain.from_iterable(sets))


def _begin(locks: Sequence[int]) -> str:
    """Begins a transaction that marks itself what it makes outdated, with these locks.

    Several statements in one message: what comes after the locks sees all that was committed before they were free.
    The setting ends with the transaction, so that no pooler can pass it on.
    """
    taken = "".join(f", pg_advisory_xact_lock({lock})" for lock in locks)
    return (
        "begin isolation level read committed;"
        f" select set_config('{MARKS}', 'on', true), pg_advisory_xact_lock_shared({STORE_LOCK}){taken}"
    )


async def _roll_back(connection: Connection) -> None:
    try:
        if not connection.closed:
            await connection.execute("rollback")
    except Exception:  # noqa: BLE001  # PostgreSQL rolls back what a lost connection leaves
        connection.end()
