"""Several changes of one meeting in one transaction. Single ones are in `extensions.py` and `meetings.py`."""

from typing import NamedTuple

from openucwa.model.change import SERVER, Author, ChangeKind
from openucwa.model.change_set import (
    ChangeSet,
    ExtensionAdded,
    ExtensionChange,
    ExtensionExpected,
    ExtensionRemoved,
    ExtensionReplaced,
)
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import (
    EXTENSION_CHANGED,
    NO_SUCH_EXTENSION,
    AlreadyExists,
    PreconditionFailed,
    Refusal,
    ResourceNotFound,
    TooManyGroups,
    of_part,
)
from openucwa.store.engine import Transaction
from openucwa.store.sql import extensions, meetings, stored_bytes
from openucwa.store.sql.change_rows import NOTHING, State
from openucwa.store.sql.part import Part
from openucwa.store.sql.participations import notify_of_extension, notify_of_meeting
from openucwa.store.sql.tables import EXTENSIONS
from openucwa.telemetry.audit import Removal

_THERE = """
    select id, type, etag, length(properties), position from extensions where organizer = ? and meeting_id = ?
"""
_ANYBODY = "select 1 from participations where organizer = ? and meeting_id = ? limit 1"


class _There(NamedTuple):
    """An extension as it is before the changes. `size`: of its properties, in bytes."""

    type: str
    etag: str
    size: int
    position: int


class ChangeSets(Part):
    """`store.contract.ChangeSets`, where the method is described."""

    async def apply(
        self, organizer: str, meeting_id: str, change_set: ChangeSet, limit: int, at: int, by: Author = SERVER
    ) -> None:
        async def work(transaction: Transaction) -> None:
            await self._apply(transaction, (organizer, meeting_id), change_set, limit, at, by)

        settings, written = change_set.settings, change_set.written
        scope = meeting_id if settings is None else None
        must_notify = settings is not None or bool(written)
        await self._writer.change(work, organizer, scope=scope, must_notify=must_notify)
        size = sum(len(each.properties) for each in written)
        if self._log.full(organizer, size):
            await self._log.shrink(organizer)

    async def _apply(
        self,
        transaction: Transaction,
        key: tuple[str, str],
        change_set: ChangeSet,
        limit: int,
        at: int,
        by: Author,
    ) -> None:
        # Everything is checked before anything is written: a refusal is cheaper then.
        settings = change_set.settings
        try:
            meeting = await meetings.current(transaction, *key, change_set.match)
        except PreconditionFailed as refusal:
            raise of_part(refusal, "/meeting", "meeting") from None
        there = {name: _There(*row) for name, *row in await transaction.rows(_THERE, *key)}
        more = (
            0
            if settings is None
            else meetings.settings_size(settings.settings) - meetings.settings_size(meeting.settings)
        )
        removed = sum(isinstance(each, ExtensionRemoved) for each in change_set.changes)
        room = limit - len(there) + removed
        for number, change in enumerate(change_set.changes):
            try:
                room -= _check(change, there.get(change.id), room, limit)
            except Refusal as refusal:
                raise of_part(refusal, f"/changes/{number}", f"change {number} ({change.id})") from None
            more += _growth(change, there.get(change.id))
        await stored_bytes.check(transaction, key[0], more, self._max_user_bytes)

        first: int | None = None
        if settings is not None:
            first = await meetings.replace_settings(
                transaction, self._log, meeting, settings.settings, settings.etag, at, by, settings.kind
            )
        position = max((each.position for each in there.values()), default=0)
        for change in change_set.changes:
            if isinstance(change, ExtensionExpected):
                continue
            position += 1
            number = await self._make(transaction, key, change, there.get(change.id), position, at, by, first or None)
            first = first or number
        if removed and settings is None:
            await transaction.run(extensions.MEETING_CHANGED, at, *key)
        await _notify(transaction, key, change_set, there, at)

    async def _make(
        self,
        transaction: Transaction,
        key: tuple[str, str],
        change: ExtensionAdded | ExtensionReplaced | ExtensionRemoved,
        before: _There | None,
        position: int,
        at: int,
        by: Author,
        change_set: int | None,
    ) -> int:
        """Makes and logs a change that was checked; returns its number in the log."""
        if isinstance(change, ExtensionAdded):
            await transaction.run(EXTENSIONS.insert, *key, *EXTENSIONS.values(change.extension), position, at)
            return await self._log.record_extension(
                transaction, ChangeKind.ADDED, *key, NOTHING, change.extension, at, by, change_set
            )
        if before is None:
            raise ResourceNotFound(NO_SUCH_EXTENSION)
        if isinstance(change, ExtensionReplaced):
            extension = change.extension
            values = (str(extension.type), extension.etag, extension.properties, at)
            if not await transaction.run(extensions.REPLACE, *values, *key, extension.id, before.etag):
                raise PreconditionFailed(EXTENSION_CHANGED)
            state = State(before.etag, before.type)
            return await self._log.record_extension(
                transaction, change.kind, *key, state, extension, at, by, change_set
            )
        number = await self._log.record_removed_extensions(transaction, *key, at, by, change_set, change.id)
        if not await transaction.run(extensions.REMOVE, *key, change.id, before.etag):
            raise PreconditionFailed(EXTENSION_CHANGED)
        transaction.acts.append(Removal.of_extension(change.id, key[1], key[0]))
        return number


def _check(change: ExtensionChange, before: _There | None, room: int, limit: int) -> int:
    """The number of extensions that the change adds. `room`: how many may be added.

    AlreadyExists, TooManyGroups, ResourceNotFound, PreconditionFailed.
    """
    if isinstance(change, ExtensionAdded):
        if before is not None:
            raise AlreadyExists("this meeting already has an extension with that id")
        if room <= 0:
            raise TooManyGroups(f"this meeting would have more than {limit} extensions, which is the maximum")
        return 1
    if before is None:
        raise ResourceNotFound(NO_SUCH_EXTENSION)
    if change.match is not None and before.etag not in change.match:
        raise PreconditionFailed(EXTENSION_CHANGED)
    return 0


def _growth(change: ExtensionChange, before: _There | None) -> int:
    """The bytes by which the stored properties grow."""
    if isinstance(change, ExtensionExpected):
        return 0
    size = 0 if isinstance(change, ExtensionRemoved) else len(change.extension.properties)
    return size - (0 if before is None else before.size)


async def _notify(
    transaction: Transaction, key: tuple[str, str], change_set: ChangeSet, there: dict[str, _There], at: int
) -> None:
    """One event for all changes."""
    if change_set.settings is not None:
        await notify_of_meeting(transaction, *key, at)
        return
    changed = [each.id for each in change_set.changes if not isinstance(each, ExtensionExpected)]
    if changed and await transaction.row(_ANYBODY, *key):
        types = {ExtensionType(there[name].type) for name in changed if name in there}
        types |= {each.type for each in change_set.written}
        await notify_of_extension(transaction, *key, at, *types)
