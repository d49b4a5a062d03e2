"""What was committed, by whichever process: who keeps something that was read hears of it before it is used again."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import TypeAlias

from openucwa.store.contract import Changed
from openucwa.store.sqlite.errors import unavailable

#: As `Store.on_change`.
Listener: TypeAlias = Callable[[frozenset[Changed] | None], None]


class Changes:
    """Tells listeners of every commit: of this process' own right away, of others' when somebody looks.

    A look costs what reading a row does. (The header of the WAL index would tell for a thirtieth of that, but whoever
    closes that file gives up all of the process's locks on it, SQLite's own among them.)
    """

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        #: How often anything was changed.
        self.count = 0
        self._looked = False

    def open(self, reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        """Begins with both connections to a database. What was committed before is nobody's news."""
        self._reader = reader.cursor()
        self._writer = writer.cursor()
        self._seen = _version(self._reader)
        self._others = _version(self._writer)

    def on_change(self, listener: Listener) -> None:
        """As `Store.on_change`."""
        self._listeners.append(listener)

    def look(self) -> None:
        """Tells of what others have committed since the last look. ServiceUnavailable."""
        if (version := _version(self._reader)) != self._seen:
            self._seen = version
            self._tell(None)

    def look_in_turn(self) -> None:
        """As `look`, where nobody has looked in this turn of the event loop.

        Requests that one turn reads had been sent when it began, so that nobody knew of anything that is committed
        after the first of them looks; and whatever a request of a later turn may know of, its own look finds.
        """
        if not self._looked:
            self._looked = True
            asyncio.get_running_loop().call_soon(self._begin_turn)
            self.look()

    def committed(self, changed: frozenset[Changed] | None) -> None:
        """Tells of a commit of this process."""
        self._seen = _version(self._reader)
        # In this order: what another process commits from here on makes a new version for the reader again. To the
        # connection that made it, a commit is nothing new, so what is new to the writer is another's.
        if (others := _version(self._writer)) != self._others:
            self._others = others
            changed = None
        self._tell(changed)

    def _begin_turn(self) -> None:
        self._looked = False

    def _tell(self, changed: frozenset[Changed] | None) -> None:
        self.count += 1
        for listener in self._listeners:
            listener(changed)


def _version(cursor: sqlite3.Cursor) -> int:
    """Another number after each commit of another connection. ServiceUnavailable."""
    version: int
    try:
        ((version,),) = cursor.execute("pragma data_version").fetchall()
    except sqlite3.Error as error:
        raise (unavailable(error) or error) from error
    return version
