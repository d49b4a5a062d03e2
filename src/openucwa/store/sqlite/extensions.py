"""Extensions of meetings, one at a time. All of a meeting's at once are read in `meetings.py`."""

from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import AlreadyExists, PreconditionFailed, ResourceNotFound, TooManyGroups
from openucwa.store.contract import Match
from openucwa.store.sqlite import columns
from openucwa.store.sqlite.database import Row
from openucwa.store.sqlite.participations import tell_of_extension
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

_NO_EXTENSION = "this meeting has no such extension"
_CHANGED = "the extension is no longer what If-Match says"

#: A look-up here takes a tenth of the time that the enumeration takes for its own.
_TYPES = {member.value: member for member in ExtensionType}

_EXTENSION = """
    select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? and id = ?
"""

#: Of a meeting: whether it is there, how many extensions it has, and the last one's position.
_FILLED = """
    select exists (select 1 from meetings where organizer = ?1 and id = ?2), count(*), coalesce(max(position), 0)
    from extensions where organizer = ?1 and meeting_id = ?2
"""

_ADD = """
    insert into extensions (organizer, meeting_id, id, position, type, etag, properties) values (?, ?, ?, ?, ?, ?, ?)
    on conflict do nothing
"""

_REPLACE = """
    update extensions set type = ?1, etag = ?2, properties = ?3
    where organizer = ?4 and meeting_id = ?5 and id = ?6
        and (?7 is null or etag in (select value from json_each(?7)))
"""

_REMOVE = """
    delete from extensions
    where organizer = ?1 and meeting_id = ?2 and id = ?3
        and (?4 is null or etag in (select value from json_each(?4)))
"""


def extension_of(row: Row) -> Extension:
    """From the columns id, type, etag, properties."""
    extension_id, extension_type, etag, properties = row
    return Extension(extension_id, _TYPES[extension_type], etag, properties)


class Extensions:
    """The extensions of `store.contract.Meetings`; each method is described there."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def extension(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        row = self._reader.row(_EXTENSION, organizer, meeting_id, extension_id)
        if row is None:
            raise ResourceNotFound(_NO_EXTENSION)
        return extension_of(row)

    async def add_extension(self, organizer: str, meeting_id: str, extension: Extension, most: int, at: int) -> None:
        def work(transaction: Transaction) -> None:
            ((exists, count, position),) = transaction.rows(_FILLED, organizer, meeting_id)
            if not exists:
                raise ResourceNotFound("there is no such online meeting")
            added = transaction.run(
                _ADD,
                organizer,
                meeting_id,
                extension.id,
                position + 1,
                extension.type,
                extension.etag,
                extension.properties,
            )
            if not added:
                raise AlreadyExists("this meeting has an extension with that id already")
            if count >= most:
                raise TooManyGroups(f"this meeting has {count} extensions already, and may have {most}")
            tell_of_extension(transaction, organizer, meeting_id, at, extension.type)

        await self._writer.change(work)

    async def replace_extension(
        self, organizer: str, meeting_id: str, match: Match, extension: Extension, at: int
    ) -> None:
        key = (organizer, meeting_id, extension.id)

        def work(transaction: Transaction) -> None:
            was = transaction.row(_EXTENSION, *key)
            if was is None:
                raise ResourceNotFound(_NO_EXTENSION)
            if not transaction.run(
                _REPLACE, extension.type, extension.etag, extension.properties, *key, columns.matching(match)
            ):
                raise PreconditionFailed(_CHANGED)
            tell_of_extension(transaction, organizer, meeting_id, at, extension_of(was).type, extension.type)

        await self._writer.change(work)

    async def remove_extension(self, organizer: str, meeting_id: str, extension_id: str, match: Match, at: int) -> None:
        key = (organizer, meeting_id, extension_id)

        def work(transaction: Transaction) -> None:
            was = transaction.row(_EXTENSION, *key)
            if was is None:
                raise ResourceNotFound(_NO_EXTENSION)
            if not transaction.run(_REMOVE, *key, columns.matching(match)):
                raise PreconditionFailed(_CHANGED)
            tell_of_extension(transaction, organizer, meeting_id, at, extension_of(was).type)

        await self._writer.change(work)
