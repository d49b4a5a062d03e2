"""The schema in SQLite: its version, and migrations.

The schema itself is in `migrations/`, one numbered file per version.
"""

import sqlite3
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from openucwa.model.refusals import InvalidExchangeServerVersion, ServiceUnavailable
from openucwa.store.migrations import migrations_in

MIGRATIONS = files(__package__) / "migrations"


class StoreVersion(NamedTuple):
    """The store's row of `store_version`; 0 and 0 before the first migration."""

    version: int
    oldest: int


class Schema:
    """The migrations in a folder, named `0001_what_it_does.sql` and so on."""

    def __init__(self, folder: Traversable = MIGRATIONS) -> None:
        self._migrations = migrations_in(folder)
        self.known = self._migrations[-1].number

    def check(self, connection: sqlite3.Connection) -> StoreVersion:
        """The version of the store. InvalidExchangeServerVersion: this server may not use it."""
        found = StoreVersion(*connection.execute("select version, oldest from store_version").fetchone())
        if found.oldest > self.known:
            raise InvalidExchangeServerVersion(
                f"the store has version {found.version} and requires a server that supports version {found.oldest}; "
                f"this one supports version {self.known}"
            )
        return found

    def check_or_empty(self, connection: sqlite3.Connection) -> StoreVersion:
        """As `check`, but the database may be empty. ServiceUnavailable: it is not a store."""
        tables = {name for (name,) in connection.execute("select name from sqlite_schema where type = 'table'")}
        if "store_version" in tables:
            return self.check(connection)
        if tables:
            raise ServiceUnavailable("the database belongs to another application", 60)
        return StoreVersion(0, 0)

    def migrate(self, connection: sqlite3.Connection) -> None:
        """Applies the missing migrations in order, each in one transaction.

        If several processes migrate at the same time, each migration is applied once.
        """
        for migration in self._migrations:
            connection.execute("begin immediate")
            try:
                if self.check_or_empty(connection).version < migration.number:
                    for statement in _statements(migration.script):
                        connection.execute(statement)
                    connection.execute("update store_version set version = ?", (migration.number,))
                connection.execute("commit")
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")


def _statements(script: str) -> Iterator[str]:
    """The statements of a script. (`executescript` would commit the transaction that they belong in.)"""
    *parts, rest = script.split(";")
    statement = ""
    for part in parts:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement + rest
