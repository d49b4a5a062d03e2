"""Extensions of meetings, one at a time. All of a meeting's at once are read in `meetings.py`."""

from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import AlreadyExists, PreconditionFailed, ResourceNotFound, TooManyGroups
from openucwa.store.contract import Match
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql.part import Part
from openucwa.store.sql.participations import tell_of_extension

_NO_EXTENSION = "this meeting has no such extension"
_CHANGED = "the extension is no longer what If-Match says"

#: A look-up here takes a tenth of the time that the enumeration takes for its own.
_TYPES = {member.value: member for member in ExtensionType}

_EXTENSION = """
    select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? and id = ?
"""

#: What a change has to know of an extension, and whether anybody takes part in the meeting.
_CURRENT = """
    select type, etag, exists (select 1 from participations where organizer = ?1 and meeting_id = ?2)
    from extensions where organizer = ?1 and meeting_id = ?2 and id = ?3
"""

#: Of a meeting: whether it is there, whether anybody takes part, how many extensions it has, and the last position.
_FILLED = """
    select exists (select 1 from meetings where organizer = ?1 and id = ?2),
        exists (select 1 from participations where organizer = ?1 and meeting_id = ?2),
        count(*), coalesce(max(position), 0)
    from extensions where organizer = ?1 and meeting_id = ?2
"""

_ADD = """
    insert into extensions (organizer, meeting_id, id, position, type, etag, properties) values (?, ?, ?, ?, ?, ?, ?)
    on conflict do nothing
"""

_REPLACE = """
    update extensions set type = ?, etag = ?, properties = ?
    where organizer = ? and meeting_id = ? and id = ? and etag = ?
"""

# Where nobody takes part in the meeting there is nobody to tell, and a change is one statement. Where that writes
# nothing, for whatever reason, the statements above find out why, or what else has to be done.
_ADD_UNTOLD = """
    insert into extensions (organizer, meeting_id, id, position, type, etag, properties)
    select ?1, ?2, ?3, last + 1, ?4, ?5, ?6
    from (
        select count(*) as filled, coalesce(max(position), 0) as last from extensions
        where organizer = ?1 and meeting_id = ?2
    ) as others
    where filled < ?7 and exists (select 1 from meetings where organizer = ?1 and id = ?2)
        and not exists (select 1 from participations where organizer = ?1 and meeting_id = ?2)
    on conflict do nothing
"""

_REPLACE_UNTOLD = """
    update extensions set type = ?1, etag = ?2, properties = ?3
    where organizer = ?4 and meeting_id = ?5 and id = ?6 and etag = ?7
        and not exists (select 1 from participations where organizer = ?4 and meeting_id = ?5)
"""

_REMOVE = "delete from extensions where organizer = ? and meeting_id = ? and id = ? and etag = ?"


def extension_of(row: Row) -> Extension:
    """From the columns id, type, etag, properties."""
    extension_id, extension_type, etag, properties = row
    return Extension(extension_id, _TYPES[extension_type], etag, properties)


class Extensions(Part):
    """The extensions of `store.contract.Meetings`; each method is described there."""

    async def extension(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        row = await self._reader.row(_EXTENSION, organizer, meeting_id, extension_id)
        if row is None:
            raise ResourceNotFound(_NO_EXTENSION)
        return extension_of(row)

    async def add_extension(self, organizer: str, meeting_id: str, extension: Extension, most: int, at: int) -> None:
        values = (extension.type.value, extension.etag, extension.properties)
        row = (organizer, meeting_id, extension.id, *values)
        if await self._writer.run(organizer, _ADD_UNTOLD, *row, most, within=meeting_id):
            return

        async def work(transaction: Transaction) -> None:
            ((exists, anybody, count, position),) = await transaction.rows(_FILLED, organizer, meeting_id)
            if not exists:
                raise ResourceNotFound("there is no such online meeting")
            # Before it writes: a refusal is cheaper then.
            if count >= most and not await transaction.row(_EXTENSION, organizer, meeting_id, extension.id):
                raise TooManyGroups(f"this meeting has {count} extensions already, and may have {most}")
            added = await transaction.run(_ADD, organizer, meeting_id, extension.id, position + 1, *values)
            if not added:
                raise AlreadyExists("this meeting has an extension with that id already")
            if anybody:
                await tell_of_extension(transaction, organizer, meeting_id, at, extension.type)

        await self._writer.change(work, organizer, within=meeting_id)

    async def replace_extension(
        self, organizer: str, meeting_id: str, match: Match, extension: Extension, at: int
    ) -> None:
        key = (organizer, meeting_id, extension.id)
        values = (extension.type.value, extension.etag, extension.properties)
        if match is not None and len(match) == 1:
            (etag,) = match
            if await self._writer.run(organizer, _REPLACE_UNTOLD, *values, *key, etag, within=meeting_id):
                return

        async def work(transaction: Transaction) -> None:
            old_type, etag, anybody = await _current(transaction, key, match)
            if not await transaction.run(_REPLACE, *values, *key, etag):
                raise PreconditionFailed(_CHANGED)
            if anybody:
                await tell_of_extension(transaction, organizer, meeting_id, at, old_type, extension.type)

        await self._writer.change(work, organizer, within=meeting_id)

    async def remove_extension(self, organizer: str, meeting_id: str, extension_id: str, match: Match, at: int) -> None:
        key = (organizer, meeting_id, extension_id)

        async def work(transaction: Transaction) -> None:
            old_type, etag, anybody = await _current(transaction, key, match)
            if not await transaction.run(_REMOVE, *key, etag):
                raise PreconditionFailed(_CHANGED)
            if anybody:
                await tell_of_extension(transaction, organizer, meeting_id, at, old_type)

        await self._writer.change(work, organizer, within=meeting_id)


async def _current(
    transaction: Transaction, key: tuple[str, str, str], match: Match
) -> tuple[ExtensionType, str, object]:
    """Type, etag, and whether anybody takes part in the meeting. ResourceNotFound, PreconditionFailed."""
    row = await transaction.row(_CURRENT, *key)
    if row is None:
        raise ResourceNotFound(_NO_EXTENSION)
    extension_type, etag, anybody = row
    if match is not None and etag not in match:
        raise PreconditionFailed(_CHANGED)
    return _TYPES[extension_type], etag, anybody
