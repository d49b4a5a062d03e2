"""Reading, in the event loop: a read takes microseconds, going to a thread for it would take hundreds."""

import sqlite3
from contextlib import suppress

from openucwa.store.engine import Query
from openucwa.store.sqlite.cursor import Cursor
from openucwa.store.sqlite.database import Database, Row
from openucwa.store.sqlite.errors import unavailable
from openucwa.store.sqlite.invalidation import Invalidation


class Reader:
    """`store.engine.Reader`, on the connection that reads. Its methods never suspend."""

    def __init__(self, database: Database, invalidation: Invalidation) -> None:
        self._database = database
        self._schema = database.schema
        self._invalidation = invalidation
        self._checked = -1

    def open(self) -> sqlite3.Connection:
        """The connection. ServiceUnavailable: it can't be read."""
        self._connection = self._database.connect_reader()
        self._cursor = self._connection.cursor(Cursor)
        return self._connection

    def close(self) -> None:
        self._connection.close()

    async def row(self, sql: str, *parameters: object) -> Row | None:
        """As `Reader.row`."""
        rows = await self.rows(sql, *parameters)
        return rows[0] if rows else None

    async def rows(self, sql: str, *parameters: object) -> list[Row]:
        """As `Reader.rows`."""
        try:
            found = self._cursor.execute(sql, parameters).fetchall()
            self._check_version()
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        return found

    async def read(self, *queries: Query) -> list[list[Row]]:
        """As `Reader.read`."""
        execute = self._cursor.execute
        try:
            execute("begin")
            try:
                found = [execute(sql, parameters).fetchall() for sql, parameters in queries]
                self._check_version()
            finally:
                if self._connection.in_transaction:
                    execute("rollback")
        except sqlite3.Error as error:
            raise self._refusal(error) from error
        return found

    def _check_version(self) -> None:
        """Checks again whether this server may use the store, if anything was committed since the last time."""
        self._invalidation.find_commits()
        if self._checked != self._invalidation.invalidations.count:
            self._schema.check(self._connection)
            self._checked = self._invalidation.invalidations.count

    def _refusal(self, error: sqlite3.Error) -> Exception:
        """What to raise for `error`. InvalidExchangeServerVersion: it is because the store has moved on."""
        with suppress(sqlite3.Error):
            self._schema.check(self._connection)
        return unavailable(error) or error
