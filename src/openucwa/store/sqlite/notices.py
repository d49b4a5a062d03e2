"""Commit numbers per topic, by which processes sharing the file notice each other's events."""

import asyncio
import sqlite3
from collections.abc import Callable

from openucwa.store.sqlite.reader import Reader


class Notices:
    """Numbers the commits that append events, and tracks the last one whose topics this process knows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._seen = 0

    async def open(self) -> None:
        """Starts: earlier commits are not reported."""
        ((self._seen,),) = await self._reader.rows("select number from commits")

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """As `Store.on_commit`."""
        self._listeners.append(listener)

    def number(self, connection: sqlite3.Connection, topics: frozenset[str]) -> int:
        """Numbers the commit that `connection` is about to make, and writes that number to `topics`."""
        connection.execute("update commits set number = number + 1")
        number: int
        ((number,),) = connection.execute("select number from commits").fetchall()
        connection.executemany("update topics set moved = ? where topic = ?", [(number, topic) for topic in topics])
        return number

    def committed(self, number: int, topics: frozenset[str]) -> None:
        """Calls the listeners: commit `number` moved `topics`.

        Each is called by the loop, so that one that fails stops neither the others nor the writer.
        """
        if number == self._seen + 1:
            self._seen = number
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.call_soon(listener, topics)

    async def foreign_topics(self) -> frozenset[str]:
        """The topics that other processes moved since the previous call, or since the store was opened.

        For buses, which poll it: it costs as much as reading a row. It may include topics that this process moved in
        the meantime. InvalidExchangeServerVersion, ServiceUnavailable.
        """
        moved = await self._reader.rows("select topic, moved from topics where moved > ?", self._seen)
        self._seen = max((number for _, number in moved), default=self._seen)
        return frozenset(topic for topic, _ in moved)
