"""Extensions of meetings, one at a time. All of a meeting's at once are read in `meetings.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from functools import partial

from openucwa.model.change import SERVER, Author, ChangeKind
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import (
    EXTENSION_CHANGED,
    NO_SUCH_EXTENSION,
    AlreadyExists,
    PreconditionFailed,
    ResourceNotFound,
    TooManyGroups,
)
from openucwa.store.contract import Match
from openucwa.store.engine import Transaction
from openucwa.store.sql import stored_bytes
from openucwa.store.sql.change_rows import NOTHING, State
from openucwa.store.sql.part import Part
from openucwa.store.sql.participations import notify_of_extension
from openucwa.store.sql.stored_bytes import STORED
from openucwa.store.sql.tables import EXTENSIONS
from openucwa.telemetry.audit import Removal

_EXTENSION = f"select {EXTENSIONS.columns} from extensions where organizer = ? and meeting_id = ? and id = ?"

#: What a change needs to know of an extension, and whether the meeting has participants.
_CURRENT = """
    select type, etag, length(properties),
        exists (select 1 from participations where organizer = ?1 and meeting_id = ?2)
    from extensions where organizer = ?1 and meeting_id = ?2 and id = ?3
"""

#: Of a meeting: whether it exists, whether it has participants, the number of its extensions, and the last position.
_FILLED = """
    select exists (select 1 from meetings where organizer = ?1 and id = ?2),
        exists (select 1 from participations where organizer = ?1 and meeting_id = ?2),
        count(*), coalesce(max(position), 0)
    from extensions where organizer = ?1 and meeting_id = ?2
"""

_ADD = EXTENSIONS.insert + " on conflict do nothing"

REPLACE = """
    update extensions set type = ?, etag = ?, properties = ?, changed = ?
    where organizer = ? and meeting_id = ? and id = ? and etag = ?
"""

# Without participants there is no one to notify, and a change is one statement. If that writes nothing, the statements
# above find out why, or what else is to be done. What changes the type is left to them: the change log has to know what
# it was.
_ADD_UNNOTIFIED = f"""
    insert into extensions ({", ".join(EXTENSIONS.all_columns)})
    select ?1, ?2, ?3, ?4, ?5, ?6, last + 1, cast(?7 as bigint)
    from (
        select count(*) as filled, coalesce(max(position), 0) as last from extensions
        where organizer = ?1 and meeting_id = ?2
    ) as others
    where filled < ?8 and {STORED} + ?9 <= ?10
        and exists (select 1 from meetings where organizer = ?1 and id = ?2)
        and not exists (select 1 from participations where organizer = ?1 and meeting_id = ?2)
    on conflict do nothing
"""

_REPLACE_UNNOTIFIED = f"""
    update extensions set etag = ?5, properties = ?6, changed = ?7
    where organizer = ?1 and meeting_id = ?2 and id = ?3 and type = ?4 and etag = ?8
        and (?9 <= length(properties) or {STORED} + ?9 - length(properties) <= ?10)
        and not exists (select 1 from participations where organizer = ?1 and meeting_id = ?2)
"""

MEETING_CHANGED = "update meetings set changed = ? where organizer = ? and id = ?"

REMOVE = "delete from extensions where organizer = ? and meeting_id = ? and id = ? and etag = ?"


class Extensions(Part):
    """`store.contract.Extensions`, where each method is described."""

    async def get(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        key = (organizer, meeting_id, extension_id)
        return await self._cache.read("extension", self._get, *key, scope=meeting_id)

    async def _get(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        row = await self._reader.row(_EXTENSION, organizer, meeting_id, extension_id)
        if row is None:
            raise ResourceNotFound(NO_SUCH_EXTENSION)
        return EXTENSIONS.record(row)

    async def add(
        self,
        organizer: str,
        meeting_id: str,
        extension: Extension,
        limit: int,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.ADDED,
    ) -> None:
        row = (organizer, meeting_id, *EXTENSIONS.values(extension))
        size = len(extension.properties)
        limits = (limit, size, self._max_user_bytes)
        logged = self._log.extension_changed(kind, organizer, meeting_id, NOTHING, extension, at, by)

        async def work(transaction: Transaction) -> None:
            ((exists, anybody, count, position),) = await transaction.rows(_FILLED, organizer, meeting_id)
            if not exists:
                raise ResourceNotFound("no such online meeting")
            # Before it writes: a refusal is cheaper then.
            if count >= limit and not await transaction.row(_EXTENSION, organizer, meeting_id, extension.id):
                raise TooManyGroups(f"this meeting has {count} extensions, which is the maximum")
            await stored_bytes.check(transaction, organizer, size, self._max_user_bytes)
            added = await transaction.run(_ADD, *row, position + 1, at, then=logged)
            if not added:
                raise AlreadyExists("this meeting already has an extension with that id")
            if anybody:
                await notify_of_extension(transaction, organizer, meeting_id, at, extension.type)

        if not await self._writer.run(organizer, _ADD_UNNOTIFIED, *row, at, *limits, scope=meeting_id, then=logged):
            await self._writer.change(work, organizer, scope=meeting_id)
        if self._log.full(organizer, size):
            await self._log.shrink(organizer)

    async def replace(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        extension: Extension,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.REPLACED,
    ) -> None:
        key = (organizer, meeting_id, extension.id)
        values = (str(extension.type), extension.etag, extension.properties, at)
        size = len(extension.properties)

        async def work(transaction: Transaction) -> None:
            old_type, etag, old_size, anybody = await _current(transaction, key, match)
            await stored_bytes.check(transaction, organizer, size - old_size, self._max_user_bytes)
            before = State(etag, str(old_type))
            logged = self._log.extension_changed(kind, organizer, meeting_id, before, extension, at, by)
            if not await transaction.run(REPLACE, *values, *key, etag, then=logged):
                raise PreconditionFailed(EXTENSION_CHANGED)
            if anybody:
                await notify_of_extension(transaction, organizer, meeting_id, at, old_type, extension.type)

        if not await self._replace_unnotified(organizer, meeting_id, match, extension, at, by, kind):
            await self._writer.change(work, organizer, scope=meeting_id)
        if self._log.full(organizer, size):
            await self._log.shrink(organizer)

    async def _replace_unnotified(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        extension: Extension,
        at: int,
        by: Author,
        kind: ChangeKind,
    ) -> bool:
        """As `replace`, if one statement can do it; returns whether it did."""
        if match is None or len(match) != 1:
            return False
        (etag,) = match
        key = (organizer, meeting_id, extension.id)
        values = (str(extension.type), extension.etag, extension.properties, at)
        parameters = (*key, *values, etag, len(extension.properties), self._max_user_bytes)
        renew = partial(self._cache.put, "extension", extension, *key, scope=meeting_id)
        before = State(etag, values[0])
        logged = self._log.extension_changed(kind, organizer, meeting_id, before, extension, at, by)
        written = await self._writer.run(
            organizer, _REPLACE_UNNOTIFIED, *parameters, scope=meeting_id, renew=renew, then=logged
        )
        return bool(written)

    async def remove(
        self, organizer: str, meeting_id: str, extension_id: str, match: Match, at: int, by: Author = SERVER
    ) -> None:
        key = (organizer, meeting_id, extension_id)

        async def work(transaction: Transaction) -> int:
            old_type, etag, size, anybody = await _current(transaction, key, match)
            await self._log.record_removed_extensions(
                transaction, organizer, meeting_id, at, by, extension_id=extension_id
            )
            if not await transaction.run(REMOVE, *key, etag):
                raise PreconditionFailed(EXTENSION_CHANGED)
            await transaction.run(MEETING_CHANGED, at, organizer, meeting_id)
            transaction.acts.append(Removal.of_extension(extension_id, meeting_id, organizer))
            if anybody:
                await notify_of_extension(transaction, organizer, meeting_id, at, old_type)
            return size

        size = await self._writer.change(work, organizer, scope=meeting_id, must_notify=False)
        if self._log.full(organizer, size):
            await self._log.shrink(organizer)


async def _current(
    transaction: Transaction, key: tuple[str, str, str], match: Match
) -> tuple[ExtensionType, str, int, object]:
    """Type, etag, bytes of properties, and whether the meeting has participants.

    ResourceNotFound, PreconditionFailed.
    """
    row = await transaction.row(_CURRENT, *key)
    if row is None:
        raise ResourceNotFound(NO_SUCH_EXTENSION)
    extension_type, etag, size, anybody = row
    if match is not None and etag not in match:
        raise PreconditionFailed(EXTENSION_CHANGED)
    return ExtensionType(extension_type), etag, size, anybody
