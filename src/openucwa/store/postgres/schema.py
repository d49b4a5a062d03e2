"""The schema in PostgreSQL: its version, and migrations.

The schema itself is in `migrations/`, one numbered file per version; a number means the same as with SQLite.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.migrations import Migration, migrations_in
from openucwa.store.postgres.connection import Connection, Database
from openucwa.store.postgres.statements import STORE_LOCK

MIGRATIONS = files(__package__) / "migrations"

#: Timeout of a migration in seconds, including the wait for changes in progress.
PATIENCE = 3600.0

_LOOK = """
    select to_regclass('store_version') is not null,
        exists (select 1 from pg_catalog.pg_tables where schemaname = current_schema())
"""
_VERSION = "select version, oldest from store_version"

#: Excludes all changes: every change shares this lock.
_BEGIN = f"""
    begin;
    set local statement_timeout = 0;
    set local lock_timeout = 0;
    set local idle_in_transaction_session_timeout = 0;
    select pg_advisory_xact_lock({STORE_LOCK})
"""


class Schema:
    """The migrations in a folder, named `0001_what_it_does.sql` and on."""

    def __init__(self, folder: Traversable = MIGRATIONS) -> None:
        self._migrations = migrations_in(folder)
        self.known = self._migrations[-1].number

    async def migrate(self, database: Database, connection: Connection) -> None:
        """Applies the migrations that the store does not have yet, in order, each in one transaction.

        Where another server does the same at the same time, each migration is applied by one of them.
        InvalidExchangeServerVersion: the store is newer than this server may use. ServiceUnavailable: it is not a
        store.
        """
        for migration in self._migrations:
            if await version(database, connection) < migration.number:
                await _apply(migration, database, connection)


async def _apply(migration: Migration, database: Database, connection: Connection) -> None:
    await connection.execute(_BEGIN, PATIENCE)
    try:
        if await version(database, connection) < migration.number:
            counted = f"update store_version set version = {migration.number}"  # noqa: S608  # a number
            await connection.execute(f"{migration.script};\n{counted}", PATIENCE)
        await connection.execute("commit")
    except BaseException:
        connection.end()
        raise


async def version(database: Database, connection: Connection) -> int:
    """The store's version; 0 of a database that is empty.

    InvalidExchangeServerVersion: this server may not use it. ServiceUnavailable: the database holds something else.
    """
    ((there, others),) = await connection.ask(_LOOK, ((),))
    if there:
        ((found, oldest),) = await connection.ask(_VERSION, ((),))
        database.check(oldest)
        return int(found)
    if others:
        reason = f"the database {database.place} contains tables of another application"
        raise ServiceUnavailable("the database belongs to another application", 60, reason)
    return 0
