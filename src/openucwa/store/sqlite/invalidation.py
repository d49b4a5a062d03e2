"""Cache invalidation: notifies listeners of every commit, of this and other processes, before a cache is used again."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

from openucwa.store.changes import Invalidations
from openucwa.store.contract import Outdated
from openucwa.store.sqlite.errors import unavailable

#: Seconds between two checks that the file is still there.
FILE_CHECK = 1.0

#: Seconds that a refresh waits for a commit of this process that is visible already.
RETURN_TIMEOUT = 0.001


class Invalidation:
    """Tells listeners of every commit: of this process's own right away, of others' when somebody refreshes.

    While a commit of this process is in flight, a refresh that finds a new version has found at least that commit,
    and reports it. Whether another process committed right behind it is known when the commit has returned, which it
    does at once, unless it moves the log's pages into the database file: so the refresh waits a moment for it. (The
    thread that commits would otherwise wait for the interpreter's lock while the loop answers without any cache: a
    quarter of all CPU time where one request in 20 writes.) Until it has returned, no cache may be used.

    A refresh costs what reading a row does. (The header of the WAL index would show it for a thirtieth of that, but
    whoever closes that file gives up all of the process's locks on it, SQLite's own among them.)
    """

    def __init__(self, check_file: Callable[[], None]) -> None:
        self._check_file = check_file
        self._next_file_check = 0.0
        self.invalidations = Invalidations()
        #: The number of invalidations after the last commit of this process.
        self._last = 0
        self._refreshed = False
        self._in_flight = False
        self._in_flight_outdated: frozenset[Outdated] | None = None
        self._returned: SimpleQueue[None] = SimpleQueue()
        #: A refresh has found the commit that is in flight.
        self._visible = False

    def open(self, reader: sqlite3.Connection, writer: sqlite3.Connection) -> None:
        """Begins with both connections to a database. What was committed before is nobody's news."""
        self._reader = reader.cursor()
        self._writer = writer.cursor()
        self._seen = _version(self._reader)
        self._others = _version(self._writer)

    def follows(self, owner: str) -> bool:
        """As `Freshness.follows`: a refresh costs too little to be left out."""
        return False

    def find_commits(self) -> None:
        """Tells of what was committed since the last time. ServiceUnavailable."""
        if (now := time.monotonic()) >= self._next_file_check:
            self._check_file()
            self._next_file_check = now + FILE_CHECK
        if (version := _version(self._reader)) != self._seen:
            self._seen = version
            if self._in_flight and not self._visible:
                self._visible = True
                self.invalidations.notify(self._in_flight_outdated)
                with suppress(Empty):
                    self._returned.get(timeout=RETURN_TIMEOUT)
                    self.committed()
            else:
                self.invalidations.notify(None)

    def refresh(self, owner: str) -> bool:
        """As `Store.refresh`, whoever `owner` is: once in a turn of the event loop.

        Requests that one turn reads had been sent when it began, so that nobody knew of anything that is committed
        after the first of them refreshes; and whatever a request of a later turn may know of, its own refresh finds.
        """
        if not self._refreshed:
            self._refreshed = True
            asyncio.get_running_loop().call_soon(self._begin_turn)
            self.find_commits()
        return not self._visible

    def committing(self, outdated: frozenset[Outdated] | None, returned: "SimpleQueue[None]") -> None:
        """Is called right before a commit of this process, within its transaction.

        `outdated`: as for `Store.on_invalidate`. `returned`: gets an item, from whatever thread, once the commit has
        returned. What others committed before that transaction is reported now; from here to the commit nobody else
        commits.
        """
        self.find_commits()
        self._others = _version(self._writer)
        self._in_flight_outdated = outdated
        self._returned = returned
        self._in_flight = True

    def committed(self) -> bool:
        """Is called after the commit, before anybody learns that his change was made. A second call only answers.

        Returns whether, as far as is known, nothing was committed since.
        """
        if self._in_flight:
            self._committed()
        return self.invalidations.count == self._last

    def _committed(self) -> None:
        outdated, notified = self._in_flight_outdated, self._visible
        self._end()
        self._seen = _version(self._reader)
        # In this order: what another process commits from here on makes a new version for the reader again. To the
        # connection that made it, a commit is nothing new, so what is new to the writer is another's.
        if (others := _version(self._writer)) != self._others:
            self._others = others
            self._last = self.invalidations.count
            self.invalidations.notify(None)
            return
        if not notified:
            self.invalidations.notify(outdated)
        self._last = self.invalidations.count

    def failed(self) -> None:
        """Is called where the transaction was not committed."""
        if self._visible:
            self.invalidations.notify(None)
        self._end()

    def _end(self) -> None:
        self._in_flight = self._visible = False

    def _begin_turn(self) -> None:
        self._refreshed = False


def _version(cursor: sqlite3.Cursor) -> int:
    """Another number after each commit of another connection. ServiceUnavailable."""
    version: int
    try:
        ((version,),) = cursor.execute("pragma data_version").fetchall()
    except sqlite3.Error as error:
        raise (unavailable(error) or error) from error
    return version
