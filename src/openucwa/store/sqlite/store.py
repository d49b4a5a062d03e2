"""The whole store: the statements of `store/sql/` on a SQLite file, with its beginning and its end."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from openucwa.model.measures import Measures
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.announcements import Announcements
from openucwa.store.contract import Outdated, Store
from openucwa.store.engine import Announcer, Row
from openucwa.store.read_cache import ReadCache
from openucwa.store.snapshots import Snapshot
from openucwa.store.sql import SqlStore, contents
from openucwa.store.sql.change_rows import LogLimits
from openucwa.store.sql.part import MAX_USER_BYTES
from openucwa.store.sqlite.cursor import Cursor
from openucwa.store.sqlite.database import Database
from openucwa.store.sqlite.errors import unavailable
from openucwa.store.sqlite.invalidation import Invalidation
from openucwa.store.sqlite.notices import Notices
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.schema import MIGRATIONS, Schema
from openucwa.store.sqlite.writer import Writer


class SqliteStore(SqlStore):
    """`store.contract.Store` in the file `openucwa.sqlite3` of `folder`; several processes may share it.

    `timeout`: seconds to wait while another process writes. `migrations`: the folder of numbered SQL files that make
    the schema; the newest is the version of the store that this server knows. `measures`: where commits are counted.
    `max_user_bytes`: how much may be stored for a user. `log`: the limits of the change log.
    """

    def __init__(
        self,
        folder: Path,
        timeout: float,
        migrations: Traversable = MIGRATIONS,
        measures: Measures | None = None,
        max_user_bytes: int = MAX_USER_BYTES,
        log: LogLimits = LogLimits(),  # noqa: B008  # frozen
    ) -> None:
        self._database = Database(folder, timeout, Schema(migrations))
        self._invalidation = Invalidation(self._database.check_file)
        self._announcements = Announcements()
        self._reader = Reader(self._database, self._invalidation)
        self._notices = Notices(self._reader)
        self._writer = Writer(
            self._database, self._invalidation, self._notices, self._announcements, measures or Measures()
        )
        super().__init__(self._reader, self._writer, ReadCache(self._invalidation), max_user_bytes, log)

    async def open(self) -> None:
        """As `Store.open`."""
        writer = await self._writer.open()
        try:
            self._invalidation.open(self._reader.open(), writer)
            await self._notices.open()
            await self.change_log.open()
        except BaseException:
            await self._writer.close()
            raise

    async def is_there(self) -> bool:
        """Whether a store was made already. InvalidExchangeServerVersion, ServiceUnavailable."""
        return self._database.version() > 0

    async def inspect(self) -> Mapping[str, str]:
        """What `describe` says, of a store that is there and not open: it is left as it is, whatever its version.

        InvalidExchangeServerVersion, ServiceUnavailable.
        """
        reader = self._reader.open()
        try:
            self._invalidation.open(reader, reader)
            return await self.describe()
        finally:
            self._reader.close()

    @property
    def waiting(self) -> int:
        """As `Store.waiting`."""
        return self._writer.waiting

    async def row_counts(self) -> Mapping[str, int]:
        """As `Store.row_counts`. It reads every table from end to end, so not in the event loop."""
        return await asyncio.to_thread(self._database.row_counts)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """The store as it is now, to be read as a whole. Until the end of the block its file grows with each change."""
        with closing(self._database.connect_reader()) as connection:
            connection.execute("begin")
            yield _Snapshot(connection)

    async def settled(self) -> None:
        """Returns when no change waits to be committed."""
        await self._writer.finish()

    async def close(self) -> None:
        """As `Store.close`."""
        await self._writer.finish()
        self._reader.close()
        # Last, because whoever closes last puts the write-ahead log's contents in their place.
        await self._writer.close()

    def announce_by(self, announcer: Announcer) -> None:
        """As `Store.announce_by`."""
        self._announcements.announcer = announcer

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """As `Store.on_commit`."""
        self._notices.on_commit(listener)

    def on_invalidate(self, listener: Callable[[frozenset[Outdated] | None], None]) -> None:
        """As `Store.on_invalidate`."""
        self._invalidation.invalidations.on_invalidate(listener)

    def refresh(self, owner: str) -> bool:
        """As `Store.refresh`."""
        try:
            return self._invalidation.refresh(owner)
        except ServiceUnavailable:
            return False

    async def foreign_topics(self) -> frozenset[str]:
        """The topics that other processes moved since it was last asked, as `Notices.foreign_topics`."""
        return await self._notices.foreign_topics()

    async def describe(self) -> Mapping[str, str]:
        """As `Store.describe`."""
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "place": str(self._database.path),
            **await contents(self._reader, self._database.schema.known),
        }


class _Snapshot:
    """`snapshots.Snapshot` on a connection in a transaction, which its first read begins."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._cursor = connection.cursor(Cursor)

    async def rows(self, sql: str, *parameters: object) -> Sequence[Row]:
        try:
            return self._cursor.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise (unavailable(error) or error) from error


if TYPE_CHECKING:

    def _fits(store: SqliteStore) -> Store:
        return store
