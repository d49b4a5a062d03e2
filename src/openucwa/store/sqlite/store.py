"""The whole store: the statements of `store/sql/` on a SQLite file, with its beginning and its end."""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from openucwa.model.application import Session
from openucwa.model.measures import Measures
from openucwa.model.meeting import Extension, Meeting
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.announcements import Announcements
from openucwa.store.contract import Store
from openucwa.store.copying import copy_rows
from openucwa.store.engine import Announcer
from openucwa.store.sql import SqlStore
from openucwa.store.sql.part import MAX_USER_BYTES
from openucwa.store.sqlite.changes import Changes
from openucwa.store.sqlite.database import Database
from openucwa.store.sqlite.kept import KeptReads
from openucwa.store.sqlite.notices import Notices
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.schema import MIGRATIONS, Schema
from openucwa.store.sqlite.writer import Writer


class SqliteStore(SqlStore):
    """`store.contract.Store` in the file `openucwa.sqlite3` of `folder`; several processes may share it.

    `timeout`: seconds to wait while another process writes. `migrations`: the folder of numbered SQL files that make
    the schema; the newest is the version of the store that this server knows. `measures`: where commits are counted.
    `max_user_bytes`: how much may be stored for a user.
    """

    _reader: Reader
    _writer: Writer

    def __init__(
        self,
        folder: Path,
        timeout: float,
        migrations: Traversable = MIGRATIONS,
        measures: Measures | None = None,
        max_user_bytes: int = MAX_USER_BYTES,
    ) -> None:
        self._database = Database(folder, timeout, Schema(migrations))
        self._changes = Changes(self._database.check_file)
        self._kept = KeptReads(self._changes)
        reader = Reader(self._database, self._changes)
        self._notices = Notices(reader)
        self._announcements = Announcements()
        writer = Writer(self._database, self._changes, self._notices, self._announcements, measures or Measures())
        super().__init__(reader, writer, max_user_bytes)
        self.on_change = self._changes.on_change
        self.on_commit = self._notices.on_commit
        self.moved_elsewhere = self._notices.moved_elsewhere

    async def open(self) -> None:
        """As `Store.open`."""
        writer = await self._writer.open()
        try:
            self._changes.open(self._reader.open(), writer)
            await self._notices.open()
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
            self._changes.open(reader, reader)
            return await self.describe()
        finally:
            self._reader.close()

    async def copy_to(self, other: SqlStore, told: Callable[[str, int], None]) -> None:
        """Copies all that is in here to `other`, which is open and new, as `copy_rows` says."""
        await copy_rows(self._reader, other._reader, other._writer, told)

    async def close(self) -> None:
        """As `Store.close`."""
        await self._writer.finish()
        self._reader.close()
        # Last, because whoever closes last puts the write-ahead log's contents in their place.
        await self._writer.close()

    def announce_by(self, announcer: Announcer) -> None:
        """As `Store.announce_by`."""
        self._announcements.announcer = announcer

    def look(self) -> bool:
        """As `Store.look`."""
        try:
            return self._changes.look_in_turn()
        except ServiceUnavailable:
            return False

    async def session(self, owner: str, application_id: str) -> Session:
        """As `Applications.session`."""
        return await self._kept.read("session", super().session, owner, application_id)

    async def meeting(self, organizer: str, meeting_id: str) -> Meeting:
        """As `Meetings.meeting`."""
        return await self._kept.read("meeting", super().meeting, organizer, meeting_id)

    async def meeting_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        """As `Meetings.meeting_with_extensions`."""
        method = super().meeting_with_extensions
        return await self._kept.read("extensions", method, organizer, meeting_id, within=meeting_id)

    async def extension(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        """As `Meetings.extension`."""
        method = super().extension
        return await self._kept.read("extension", method, organizer, meeting_id, extension_id, within=meeting_id)

    async def describe(self) -> Mapping[str, str]:
        """As `Store.describe`."""
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "place": str(self._database.path),
            **await self._contents(self._database.schema.known),
        }


if TYPE_CHECKING:

    def _fits(store: SqliteStore) -> Store:
        return store
