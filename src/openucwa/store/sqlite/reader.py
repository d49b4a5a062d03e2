"""Reading, in the event loop: a read takes microseconds, going to a thread for it would take hundreds."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

from openucwa.store.sqlite.database import Database, Row
from openucwa.store.sqlite.errors import unavailable

#: A constant statement and its parameters.
Query: TypeAlias = tuple[str, Sequence[object]]


class Reader:
    """The connection that reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schema = database.schema
        self._data_version = -1

    def open(self) -> None:
        """ServiceUnavailable: it can't be read."""
        self._connection = self._database.connect_reader()
        self._cursor = self._connection.cursor()

    def close(self) -> None:
        self._connection.close()

    def row(self, sql: str, *parameters: object) -> Row | None:
        """The one row that the statement finds, if it finds one."""
        rows = self.read((sql, parameters))[0]
        return rows[0] if rows else None

    def rows(self, sql: str, *parameters: object) -> list[Row]:
        """All rows that the statement finds."""
        return self.read((sql, parameters))[0]

    def read(self, *queries: Query) -> list[list[Row]]:
        """The rows of each query, all of them as of one moment.

        InvalidExchangeServerVersion, ServiceUnavailable.
        """
        execute = self._cursor.execute
        try:
            execute("begin")
            try:
                results = [execute(sql, parameters).fetchall() for sql, parameters in queries]
                self._check_version()
            finally:
                if self._connection.in_transaction:
                    execute("rollback")
        except sqlite3.Error as error:
            self._check_schema()
            if (refusal := unavailable(error)) is None:
                raise
            raise refusal from error
        return results

    def _check_version(self) -> None:
        """Looks again whether this server may use the store, if anything was committed since the last look."""
        ((data_version,),) = self._cursor.execute("pragma data_version").fetchall()
        if data_version != self._data_version:
            self._schema.check(self._connection)
            self._data_version = data_version

    def _check_schema(self) -> None:
        """Whether it is because the store has moved on that a statement failed: InvalidExchangeServerVersion."""
        with suppress(sqlite3.Error):
            self._schema.check(self._connection)
