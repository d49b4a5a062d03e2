"""The changes of one transaction: those without a common key run side by side.

Their next statements are sent together, because a round trip costs more than most statements.
"""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Generator, Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from openucwa.store.announcements import Announcements
from openucwa.store.contract import Outdated
from openucwa.store.engine import UNCACHED, Query, Row, Work
from openucwa.store.frames import without_frames
from openucwa.store.postgres.connection import Answer
from openucwa.store.postgres.statements import TRY_LOCK, counting, findable, finding, writes
from openucwa.telemetry.audit import Act

#: Asks one statement with many sets of parameters, and gives the answer to each.
Ask = Callable[[str, Iterable[Sequence[object]]], Coroutine[Any, Any, Sequence[Answer]]]


class LockUnavailable(Exception):  # it is no error
    """A change needs a lock that another one holds, and has to start again with that lock."""


@lru_cache(maxsize=10_000)
def lock_of(key: str) -> int:
    """The advisory lock of a key, 64 bits. If two keys have the same, their changes wait for each other needlessly."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), signed=True)


class _Request:
    """A statement that a change is waiting for."""

    def __init__(self, statement: str, parameters: Sequence[object], *, writes: bool = False) -> None:
        self.statement = statement
        self.parameters = parameters
        self.writes = writes

    def __await__(self) -> Generator["_Request", Any, Any]:
        return (yield self)


class Transaction:
    """`store.engine.Transaction` of `change`, which runs beside `others`."""

    def __init__(self, change: "Change", others: Sequence["Change"], announcements: Announcements | None) -> None:
        self._announcements = announcements
        self.moved: set[str] = set()
        self.acts: list[Act] = []
        self._change = change
        self._others = others

    def announce(self, topic: str) -> None:
        """As `store.engine.Transaction.announce`."""
        if self._announcements is not None:
            self._announcements.check()
        self.moved.add(topic)

    async def lock(self, *keys: str) -> None:
        """As `store.engine.Transaction.lock`. LockUnavailable: another change has one of them."""
        new = {lock_of(key) for key in keys} - self._change.locks
        self._change.add_keys(keys)
        self._change.found.update(keys)
        beside = any(not new.isdisjoint(other.locks) for other in self._others if other is not self._change)
        for lock in sorted(new):
            if beside or not await _Request(TRY_LOCK, (lock,)):
                # Waiting might deadlock: its holder may be waiting for a lock of this transaction.
                raise LockUnavailable

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """As `store.engine.Transaction.row`."""
        rows = await self.rows(sql, *parameters)
        return rows[0] if rows else None

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """As `store.engine.Transaction.rows`."""
        changes = writes(sql)
        found = _Request(finding(sql), parameters if changes else findable(parameters), writes=changes)
        rows: Sequence[Row] = await found
        return rows

    async def run(self, sql: str, *parameters: object, then: Query | None = None) -> int:
        """As `store.engine.Transaction.run`."""
        if then is None:
            count: int = await _Request(counting(sql), parameters, writes=True)
        else:
            count = await _Request(counting(sql, then[0]), (*parameters, *then[1]), writes=True)
        return count


class Change:
    """One change: its work, the keys whose locks it starts with, and the future of its caller.

    `one_statement`: the work is one statement, which decides all by itself. `announcements`: of those who must be
    notified; None: nobody must. `scope`, `owners`, `renew`: as for `store.engine.Writer`.
    """

    def __init__(
        self,
        work: Work[Any],
        keys: Iterable[str],
        answer: "asyncio.Future[Any]",
        announcements: Announcements | None = None,
        *,
        one_statement: bool = False,
        scope: str | None = None,
        owners: Collection[str] | None = None,
        renew: Callable[[], None] | None = None,
    ) -> None:
        self._announcements = announcements
        self._work = work
        self._answer = answer
        self.one_statement = one_statement
        self.keys: frozenset[str] = frozenset()
        self.locks: frozenset[int] = frozenset()
        self.add_keys(keys)
        self._scope = scope
        self._named = self.keys
        self._owners = owners
        self.renew = renew
        #: The keys that it found on its way.
        self.found: set[str] = set()
        #: Without a key it may depend on any row, so nothing may run beside it.
        self.alone = not self.keys

    def add_keys(self, keys: Iterable[str]) -> None:
        """Its next run starts with the locks of these, too."""
        self.keys |= frozenset(keys)
        self.locks |= {lock_of(key) for key in keys}

    @property
    def given_up(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._answer.done()

    def begin(self, others: Sequence["Change"]) -> _Request | None:
        """Starts the work beside `others`, and forgets an earlier run; returns its first statement, if any."""
        self._result: Any = None
        self._error: Exception | None = None
        self._wrote = False
        # It holds the change, so only the work has it: a circle would be freed by a garbage collection only.
        transaction = Transaction(self, others, self._announcements)
        self._moved, self._acts = transaction.moved, transaction.acts
        self._coroutine = self._work(transaction)
        return self._go_on(None)

    def go_on(self, request: _Request, answer: Any) -> _Request | None:
        """Continues the work with the answer to `request`; returns its next statement, if any.

        Raises what the work raises if something that it wrote has to be rolled back.
        """
        self._wrote = self._wrote or (request.writes and bool(answer))
        return self._go_on(answer)

    def _go_on(self, answer: Any) -> _Request | None:
        try:
            request: _Request = self._coroutine.send(answer)
        except StopIteration as done:
            self._result = done.value
        except Exception as error:
            if self._wrote or isinstance(error, LockUnavailable):
                raise
            self._error = without_frames(error)
        else:
            return request
        return None

    def stop(self) -> None:
        """Ends the work, wherever it is."""
        self._coroutine.close()

    @property
    def moved(self) -> set[str]:
        """The topics that it moved."""
        return set() if self._error else self._moved

    @property
    def acts(self) -> Sequence[Act]:
        """Its acts, for the audit trail."""
        return () if self._error else self._acts

    @property
    def outdated(self) -> frozenset[Outdated] | None:
        """What it makes outdated, as for `Store.on_invalidate`."""
        if not self._wrote:
            return frozenset()
        if self.alone and self._owners is None:
            return None
        named = frozenset() if self._scope == UNCACHED else self._named
        owners = self.found.union(self._owners or ())
        return frozenset((key, self._scope) for key in named).union((owner, None) for owner in owners)

    def finish(self) -> None:
        """Gives the caller the result of the last run."""
        if self._error is not None:
            self.fail(self._error)
        elif not self._answer.done():
            self._answer.set_result(self._result)

    def fail(self, error: Exception) -> None:
        """Gives the caller an error."""
        if not self._answer.done():
            self._answer.set_exception(without_frames(error))


async def make(changes: Sequence[Change], ask: Ask) -> None:
    """Makes the changes of one transaction, those with a common key one after the other.

    Raises what `ask` raises, and what a work raises after it has written; then the transaction has to be rolled back.
    """
    waiting = list(changes)
    while waiting:
        together, waiting = _apart(waiting)
        try:
            await _make_together(together, ask)
        finally:
            for change in together:
                change.stop()


async def _make_together(changes: Sequence[Change], ask: Ask) -> None:
    requests = {change: request for change in changes if (request := change.begin(changes))}
    while requests:
        by_statement: dict[str, list[tuple[Change, _Request]]] = {}
        for change, request in requests.items():
            by_statement.setdefault(request.statement, []).append((change, request))
        requests = {}
        for statement, those in by_statement.items():
            answers = await ask(statement, [request.parameters for _, request in those])
            for (change, request), (_, answer) in zip(those, answers, strict=True):
                if following := change.go_on(request, answer):
                    requests[change] = following


def _apart(waiting: Sequence[Change]) -> tuple[list[Change], list[Change]]:
    """Splits changes into those that can run side by side, and the rest. None overtakes one with a common key.

    Changes of one statement can run side by side even with a common key: they are sent together, and executed in turn.
    """
    first = waiting[0]
    if first.alone:
        return [first], list(waiting[1:])
    together: list[Change] = []
    later: list[Change] = []
    taken: set[int] = set()
    taken_by_statements: set[int] = set()
    for place, change in enumerate(waiting):
        if change.alone:
            later.extend(waiting[place:])
            break
        free = taken.isdisjoint(change.locks)
        if free and change.one_statement:
            together.append(change)
            taken_by_statements |= change.locks
            continue
        (together if free and taken_by_statements.isdisjoint(change.locks) else later).append(change)
        taken |= change.locks
    return together, later
