"""The whole store: the statements of `store/sql/` on a PostgreSQL database, and how it is opened and closed."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

import asyncpg

from openucwa.model.measures import Measures
from openucwa.store.announcements import Announcements
from openucwa.store.contract import Outdated, Store
from openucwa.store.engine import Announcer, Row
from openucwa.store.postgres.change_order import SETTLE
from openucwa.store.postgres.connection import Connection, Database
from openucwa.store.postgres.errors import unavailable
from openucwa.store.postgres.invalidation import Invalidation
from openucwa.store.postgres.reader import Reader
from openucwa.store.postgres.schema import MIGRATIONS, Schema, version
from openucwa.store.postgres.statements import findable, finding
from openucwa.store.postgres.writer import Writer
from openucwa.store.read_cache import ReadCache
from openucwa.store.snapshots import Snapshot
from openucwa.store.sql import SqlStore, contents
from openucwa.store.sql.change_rows import LogLimits
from openucwa.store.sql.part import MAX_USER_BYTES

_ROW_COUNTS = """
    select relname::text, greatest(reltuples, 0)::bigint from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace order by relname
"""

#: Between two pages it may take its reader any time.
_SNAPSHOT = """
    begin isolation level repeatable read, read only;
    set local idle_in_transaction_session_timeout = 0;
"""

#: Default numbers of connections that read, and of lanes that write.
CONNECTIONS = 4
LANES = 4


class PostgresStore(SqlStore):
    """`store.contract.Store` in the database at `url`; any number of servers may share it.

    `timeout`: of a call, in seconds. `connections`: how many read; `lanes`: how many write. `migrations`: the folder of
    numbered SQL files that make the schema; the newest is the version of the store that this server knows. `measures`:
    where commits are counted. `max_user_bytes`: how much may be stored for a user. `log`: the limits of the change log.
    """

    def __init__(
        self,
        url: str,
        timeout: float,
        connections: int = CONNECTIONS,
        lanes: int = LANES,
        migrations: Traversable = MIGRATIONS,
        measures: Measures | None = None,
        max_user_bytes: int = MAX_USER_BYTES,
        log: LogLimits = LogLimits(),  # noqa: B008  # frozen
    ) -> None:
        self._schema = Schema(migrations)
        self._database = Database(url, timeout, self._schema.known)
        self._announcements = Announcements()
        self._reader = Reader(self._database, connections)
        self._invalidation = Invalidation(self._database, self._reader)
        self._writer = Writer(self._database, self._invalidation, lanes, self._announcements, measures or Measures())
        super().__init__(self._reader, self._writer, ReadCache(self._invalidation), max_user_bytes, log)
        self._server = ""

    async def open(self) -> None:
        """As `Store.open`."""
        async with self._connection() as connection:
            self._server = connection.server_version
            await self._schema.migrate(self._database, connection)
            await connection.execute(SETTLE)
        await self.change_log.open()

    async def is_there(self) -> bool:
        """Whether a store was made already. InvalidExchangeServerVersion, ServiceUnavailable."""
        async with self._connection() as connection:
            return await version(self._database, connection) > 0

    async def inspect(self) -> Mapping[str, str]:
        """What `describe` says, of a store that is there and not open: it is left as it is, whatever its version.

        InvalidExchangeServerVersion, ServiceUnavailable.
        """
        async with self._connection() as connection:
            self._server = connection.server_version
        try:
            return await self.describe()
        finally:
            await self.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        """A connection for one use. Its errors name the database's address."""
        connection = await self._database.connect()
        try:
            yield connection
        except asyncpg.PostgresError as error:
            if refusal := unavailable(error, self._database.place):
                raise refusal from error
            raise
        finally:
            connection.end()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """The store as it is now, to be read as a whole."""
        async with self._connection() as connection:
            await connection.execute(_SNAPSHOT)
            yield _Snapshot(self._database, connection)

    async def close(self) -> None:
        """As `Store.close`."""
        await self._writer.close()
        await self._invalidation.close()
        await self._reader.close()

    def announce_by(self, announcer: Announcer) -> None:
        """As `Store.announce_by`."""
        self._announcements.announcer = announcer

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """As `Store.on_commit`."""
        self._writer.on_commit(listener)

    def on_invalidate(self, listener: Callable[[frozenset[Outdated] | None], None]) -> None:
        """As `Store.on_invalidate`."""
        self._invalidation.invalidations.on_invalidate(listener)

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """As `Store.refresh`."""
        return self._invalidation.refresh(owner)

    @property
    def waiting(self) -> int:
        """As `Store.waiting`."""
        return self._writer.waiting

    async def row_counts(self) -> Mapping[str, int]:
        """As `Store.row_counts`: what PostgreSQL's statistics say."""
        return {name: count for name, count in await self._reader.rows(_ROW_COUNTS)}  # noqa: C416  # rows are no pairs

    async def describe(self) -> Mapping[str, str]:
        """As `Store.describe`."""
        return {
            "engine": f"PostgreSQL {self._server}",
            "place": self._database.place,
            **await contents(self._reader, self._schema.known),
        }


class _Snapshot:
    """`snapshots.Snapshot` on a connection in a transaction."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        ((oldest, rows),) = await self._connection.ask(finding(sql), [findable(parameters)])
        self._database.check(oldest)
        return rows  # type: ignore[no-any-return]  # asyncpg's records are untyped


if TYPE_CHECKING:

    def _fits(store: PostgresStore) -> Store:
        return store
