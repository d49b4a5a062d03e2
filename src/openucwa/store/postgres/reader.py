"""Reading: reads with the same statement that are waiting share a round trip."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from openucwa.store.engine import Query, Row
from openucwa.store.frames import without_frames
from openucwa.store.postgres.connection import Answer, Database, Link, answered
from openucwa.store.postgres.errors import session_lost, unavailable
from openucwa.store.postgres.statements import findable, finding

#: Maximum number of reads in a round trip, so that the first of them does not wait long for the last.
MAX_TOGETHER = 64


class _Asked(NamedTuple):
    parameters: Sequence[object]
    answer: "asyncio.Future[Answer]"


class Reader:
    """`store.engine.Reader` on this many `connections`, which are made on first use.

    A read is one statement, whatever it reads, so it sees one state; the answer contains the store's version.
    """

    def __init__(self, database: Database, connections: int) -> None:
        self._database = database
        self._idle = [Link(database) for _ in range(connections)]
        self._waiting: dict[str, list[_Asked]] = {}
        self._working: set[asyncio.Task[None]] = set()

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """As `store.engine.Reader.row`."""
        rows = (await self._read(finding(sql), parameters))[1]
        return rows[0] if rows else None

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        """As `store.engine.Reader.rows`."""
        rows: Sequence[Row] = (await self._read(finding(sql), parameters))[1]
        return rows

    async def read(self, *queries: Query) -> Sequence[Sequence[Row]]:
        """As `store.engine.Reader.read`."""
        statement = finding(*(sql for sql, _ in queries))
        return (await self._read(statement, [value for _, values in queries for value in values]))[1:]

    async def close(self) -> None:
        """Finishes what is in progress, and closes the connections."""
        while self._working:
            await asyncio.wait(self._working)
        for link in self._idle:
            link.end()

    async def _read(self, statement: str, parameters: Sequence[object]) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.setdefault(statement, []).append(_Asked(findable(parameters), answer))
        if self._idle:
            # A task begins in the loop's next round, so that all who ask in this one share the round trip.
            task = loop.create_task(self._work_off(self._idle.pop()))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        try:
            return await answered(answer, self._database.timeout)
        finally:
            del answer  # a refusal that it raised holds this frame

    async def _work_off(self, link: Link) -> None:
        try:
            while self._waiting:
                statement = next(iter(self._waiting))
                waiting = self._waiting.pop(statement)
                if rest := waiting[MAX_TOGETHER:]:
                    self._waiting[statement] = rest
                if asked := [each for each in waiting[:MAX_TOGETHER] if not each.answer.done()]:
                    await self._answer(link, statement, asked)
        finally:
            self._idle.append(link)

    async def _answer(self, link: Link, statement: str, asked: Sequence[_Asked], *, again: bool = True) -> None:
        try:
            answers = await (await link.connection()).ask(statement, [each.parameters for each in asked])
            self._database.check(answers[0][0])
        except Exception as error:  # noqa: BLE001  # whatever it is, each of them has to learn of it
            if again and session_lost(error):
                link.end()
                if left := [each for each in asked if not each.answer.done()]:
                    await self._answer(link, statement, left, again=False)
                return
            if len(asked) > 1 and unavailable(error) is None:
                for each in asked:  # what is wrong with one of them is not the others' affair
                    await self._answer(link, statement, (each,))
                return
            reason = await link.reason(error)
            for each in asked:
                if not each.answer.done():
                    each.answer.set_exception(without_frames(reason))
            return
        for each, found in zip(asked, answers, strict=True):
            if not each.answer.done():
                each.answer.set_result(found)
