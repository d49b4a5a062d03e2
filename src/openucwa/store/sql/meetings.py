"""Meetings, and the reads that show their extensions too. Single extensions are in `extensions.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby

from openucwa.model.change import SERVER, Author, ChangeKind
from openucwa.model.conversation import conversation_topic
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.model.refusals import (
    AlreadyExists,
    PreconditionFailed,
    ResourceNotFound,
    TooManyOnlineMeetings,
)
from openucwa.store.contract import Match
from openucwa.store.engine import Transaction
from openucwa.store.sql import handing_over, participations, stored_bytes
from openucwa.store.sql.change_rows import NOTHING, SELECT_CHANGES, Log
from openucwa.store.sql.events import continue_topic, end_topic
from openucwa.store.sql.part import Part
from openucwa.store.sql.table import assignments, insert
from openucwa.store.sql.tables import CHANGES, CONFERENCE_IDS, EXTENSIONS, MEETINGS, SETTINGS
from openucwa.telemetry.audit import MeetingHandedOver, Removal

_NO_MEETING = "no such online meeting"
_CHANGED = "the online meeting has changed: its etag does not match If-Match"

_SELECT = f"select {MEETINGS.columns} from meetings "
_MEETING = _SELECT + "where organizer = ? and id = ?"
_MEETINGS = _SELECT + "where organizer = ? order by created, position"
_ASSIGNED = _SELECT + "where organizer = ? and rel = 'myAssignedOnlineMeeting'"

_EXTENSIONS_OF_MEETING = (
    f"select {EXTENSIONS.columns} from extensions where organizer = ? and meeting_id = ? order by position"
)

_EXTENSIONS_OF_ORGANIZER = (
    f"select {EXTENSIONS.columns}, meeting_id from extensions where organizer = ? order by meeting_id, position"
)

#: How many meetings an organizer has, the assigned one not counted, and the last one's position.
_FILLED = """
    select coalesce(sum(case when rel = 'myAssignedOnlineMeeting' then 0 else 1 end), 0), coalesce(max(position), 0)
    from meetings where organizer = ?
"""

_ADD = MEETINGS.insert + " on conflict do nothing"

_ADD_CONFERENCE_ID = insert("conference_ids", CONFERENCE_IDS) + " on conflict do nothing"

_REPLACE = f"""
    update meetings set {assignments(SETTINGS)}, etag = ?, changed = ? where organizer = ? and id = ? and etag = ?
"""

_REMOVE = "delete from meetings where organizer = ? and id = ? and etag = ?"

#: Past their expirationTime, and neither they nor any of their extensions changed since.
_UNCHANGED = """
    m.changed < ?1 and not exists (
        select 1 from extensions e where e.organizer = m.organizer and e.meeting_id = m.id and e.changed >= ?1
    )
"""
_EXPIRED = (
    "select m.organizer, m.id from meetings m where m.expiration_time < ?1 and"
    + _UNCHANGED
    + "order by m.expiration_time limit ?2"
)
_IS_EXPIRED = (
    f"select {MEETINGS.columns_of('m')} from meetings m"
    " where m.organizer = ?2 and m.id = ?3 and m.expiration_time < ?1 and" + _UNCHANGED
)
_EXTENSION_SIZES = (
    "select count(*), coalesce(sum(length(properties)), 0) from extensions where organizer = ? and meeting_id = ?"
)

_REMOVAL = SELECT_CHANGES + "where organizer = ? and number = ? and extension_id = '' and kind = 'removed'"
_REMOVED_WITH = (
    SELECT_CHANGES
    + "where organizer = ? and change_set = ? and extension_id <> '' and kind = 'removed' order by number"
)


class Meetings(Part):
    """`store.contract.Meetings`, where each method is described."""

    async def add(self, meeting: Meeting, limit: int, by: Author = SERVER) -> None:
        async def work(transaction: Transaction) -> None:
            await add(transaction, self._log, meeting, limit, self._max_user_bytes, by)

        await self._writer.change(work, meeting.organizer, scope=meeting.id)
        if self._log.full(meeting.organizer, settings_size(meeting.settings)):
            await self._log.shrink(meeting.organizer)

    async def assigned(self, draft: Meeting) -> Meeting:
        async def work(transaction: Transaction) -> Meeting:
            row = await transaction.row(_ASSIGNED, draft.organizer)
            if row is not None:
                return MEETINGS.record(row)
            ((_, position),) = await transaction.rows(_FILLED, draft.organizer)
            await _add(transaction, draft, position + 1, draft.created)
            await self._log.record_meeting(transaction, ChangeKind.ADDED, None, draft, draft.created, SERVER)
            return draft

        # It is there but for the first time, and reading it then costs nobody a transaction.
        row = await self._reader.row(_ASSIGNED, draft.organizer)
        if row is not None:
            return MEETINGS.record(row)
        return await self._writer.change(work, draft.organizer, scope=draft.id)

    async def get(self, organizer: str, meeting_id: str) -> Meeting:
        return await self._cache.read("meeting", self._get, organizer, meeting_id)

    async def _get(self, organizer: str, meeting_id: str) -> Meeting:
        row = await self._reader.row(_MEETING, organizer, meeting_id)
        if row is None:
            raise ResourceNotFound(_NO_MEETING)
        return MEETINGS.record(row)

    async def find(self, organizer: str, meeting_id: str) -> Meeting:
        try:
            return await self.get(organizer, meeting_id)
        except ResourceNotFound:
            row = await self._reader.row(handing_over.SUCCESSOR, organizer, meeting_id)
            if row is None:
                raise
        return await self.get(row[0], meeting_id)

    async def hand_over(
        self,
        organizer: str,
        meeting_id: str,
        successor: str,
        limit: int,
        new_etag: Callable[[], str],
        at: int,
        by: Author = SERVER,
    ) -> Meeting:
        async def work(transaction: Transaction) -> tuple[Meeting, int]:
            was = await current(transaction, organizer, meeting_id, None)
            await handing_over.check(transaction, was, successor)
            rows = await transaction.rows(_EXTENSIONS_OF_MEETING, organizer, meeting_id)
            size, _ = await _take_away(transaction, self._log, was, at, by)
            transaction.acts.append(MeetingHandedOver(meeting_id, organizer, successor, len(rows)))
            meeting = replace(
                was, organizer=successor, etag=new_etag(), settings=handing_over.without(was.settings, successor)
            )
            await _add_within(transaction, meeting, limit, self._max_user_bytes, at)
            await continue_topic(transaction, conversation_topic(successor, meeting_id))
            change = await self._log.record_meeting(transaction, ChangeKind.ADDED, None, meeting, at, by)
            extensions = [replace(EXTENSIONS.record(row), etag=new_etag()) for row in rows]
            await _add_extensions(
                transaction, self._log, meeting, extensions, self._max_user_bytes, ChangeKind.ADDED, at, by, change
            )
            await handing_over.remember(transaction, organizer, meeting_id, successor)
            return meeting, size

        meeting, size = await self._writer.change(work, organizer, successor, must_notify=False)
        for owner in (organizer, successor):
            if self._log.full(owner, size):
                await self._log.shrink(owner)
        return meeting

    async def all(self, organizer: str) -> Sequence[tuple[Meeting, Sequence[Extension]]]:
        meetings, extensions = await self._reader.read(
            (_MEETINGS, (organizer,)),
            (_EXTENSIONS_OF_ORGANIZER, (organizer,)),
        )
        of_meeting = {
            meeting_id: [EXTENSIONS.record(row) for row in rows]
            for meeting_id, rows in groupby(extensions, key=lambda row: row[EXTENSIONS.width])
        }
        return [(meeting, of_meeting.get(meeting.id, ())) for meeting in map(MEETINGS.record, meetings)]

    async def replace(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        settings: MeetingSettings,
        etag: str,
        at: int,
        by: Author = SERVER,
        kind: ChangeKind = ChangeKind.REPLACED,
    ) -> Meeting:
        async def work(transaction: Transaction) -> Meeting:
            was = await current(transaction, organizer, meeting_id, match)
            more = settings_size(settings) - settings_size(was.settings)
            await stored_bytes.check(transaction, organizer, more, self._max_user_bytes)
            await replace_settings(transaction, self._log, was, settings, etag, at, by, kind)
            await participations.notify_of_meeting(transaction, organizer, meeting_id, at)
            return replace(was, settings=settings, etag=etag)

        meeting = await self._writer.change(work, organizer)
        if self._log.full(organizer, settings_size(settings)):
            await self._log.shrink(organizer)
        return meeting

    async def remove(self, organizer: str, meeting_id: str, match: Match, at: int, by: Author = SERVER) -> None:
        async def work(transaction: Transaction) -> int:
            was = await current(transaction, organizer, meeting_id, match)
            return await _remove(transaction, self._log, was, at, by, "deleted")

        size = await self._writer.change(work, organizer, must_notify=False)
        if self._log.full(organizer, size):
            await self._log.shrink(organizer)

    async def restore(
        self,
        organizer: str,
        removal: int,
        limit: int,
        new_etag: Callable[[], str],
        at: int,
        by: Author = SERVER,
    ) -> Meeting:
        async def work(transaction: Transaction) -> Meeting:
            limits = (limit, self._max_user_bytes)
            return await _restore(transaction, self._log, limits, (organizer, removal), new_etag, at, by)

        meeting = await self._writer.change(work, organizer)
        if self._log.full(organizer, 0):
            await self._log.shrink(organizer)
        return meeting

    async def remove_expired(self, before: int, limit: int, at: int) -> int:
        async def work(transaction: Transaction) -> int:
            removed = 0
            for organizer, meeting_id in sorted(tuple(row) for row in await transaction.rows(_EXPIRED, before, limit)):
                await transaction.lock(organizer)
                row = await transaction.row(_IS_EXPIRED, before, organizer, meeting_id)
                if row is not None:
                    meeting = MEETINGS.record(row)
                    reason = f"expired at {_time(meeting.settings.expiration_time or 0)}"
                    await _remove(transaction, self._log, meeting, at, SERVER, reason)
                    removed += 1
            return removed

        if not await self._reader.rows(_EXPIRED, before, 1):
            return 0
        return await self._writer.change(work, owners=(), must_notify=False)

    async def get_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        name, load = "meeting with extensions", self._get_with_extensions
        return await self._cache.read(name, load, organizer, meeting_id, scope=meeting_id)

    async def _get_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        key = (organizer, meeting_id)
        meetings, extensions = await self._reader.read((_MEETING, key), (_EXTENSIONS_OF_MEETING, key))
        if not meetings:
            raise ResourceNotFound(_NO_MEETING)
        return MEETINGS.record(meetings[0]), [EXTENSIONS.record(row) for row in extensions]


async def add(
    transaction: Transaction, log: Log, meeting: Meeting, limit: int, max_user_bytes: int, by: Author
) -> None:
    """Adds a meeting to those of its organizer, whose key the change holds. As `Meetings.add`."""
    await _add_within(transaction, meeting, limit, max_user_bytes)
    await log.record_meeting(transaction, ChangeKind.ADDED, None, meeting, meeting.created, by)


async def _add_within(
    transaction: Transaction, meeting: Meeting, limit: int, max_user_bytes: int, changed: int | None = None
) -> None:
    ((count, position),) = await transaction.rows(_FILLED, meeting.organizer)
    await stored_bytes.check(transaction, meeting.organizer, settings_size(meeting.settings), max_user_bytes)
    if count >= limit:
        raise TooManyOnlineMeetings(f"the organizer has {count} online meetings, which is the maximum")
    await _add(transaction, meeting, position + 1, meeting.created if changed is None else changed)


async def _add(transaction: Transaction, meeting: Meeting, position: int, changed: int) -> None:
    """AlreadyExists: its id or its conference id is taken."""
    key = (meeting.organizer, meeting.id)
    added = await transaction.run(
        _ADD,
        *MEETINGS.values(meeting),
        position,
        changed,
    )
    if not added or not await transaction.run(_ADD_CONFERENCE_ID, meeting.conference_id, *key):
        raise AlreadyExists("an online meeting with that id or conference id already exists")


async def replace_settings(
    transaction: Transaction,
    log: Log,
    was: Meeting,
    settings: MeetingSettings,
    etag: str,
    at: int,
    by: Author,
    kind: ChangeKind,
) -> int:
    """Replaces the settings and etag of a meeting whose size was checked; returns the number of the change in the log.

    Nobody is notified. PreconditionFailed: the meeting is not `was` any more.
    """
    key = (was.organizer, was.id, was.etag)
    if not await transaction.run(_REPLACE, *SETTINGS.values(settings), etag, at, *key):
        raise PreconditionFailed(_CHANGED)
    return await log.record_meeting(transaction, kind, was, replace(was, settings=settings, etag=etag), at, by)


async def _restore(
    transaction: Transaction,
    log: Log,
    limits: tuple[int, int],
    removal: tuple[str, int],
    new_etag: Callable[[], str],
    at: int,
    by: Author,
) -> Meeting:
    """As `Meetings.restore`. `limits`: the number of meetings, and the bytes stored for a user. `removal`: organizer
    and number.
    """
    row = await transaction.row(_REMOVAL, *removal)
    was = None if row is None else CHANGES.record(row).meeting
    if was is None:
        raise ResourceNotFound("no such removed meeting, or the change log has forgotten it")
    await handing_over.check_restored(transaction, was)
    meeting = replace(was, etag=new_etag())
    limit, max_user_bytes = limits
    await _add_within(transaction, meeting, limit, max_user_bytes, at)
    change = await log.record_meeting(transaction, ChangeKind.RESTORED, None, meeting, at, by)
    rows = await transaction.rows(_REMOVED_WITH, *removal)
    removed = [each for each in (CHANGES.record(row).extension for row in rows) if each is not None]
    extensions = [replace(each, etag=new_etag()) for each in removed]
    await _add_extensions(transaction, log, meeting, extensions, max_user_bytes, ChangeKind.RESTORED, at, by, change)
    return meeting


async def _add_extensions(
    transaction: Transaction,
    log: Log,
    meeting: Meeting,
    extensions: Sequence[Extension],
    max_user_bytes: int,
    kind: ChangeKind,
    at: int,
    by: Author,
    change: int,
) -> None:
    """Adds `extensions` to a meeting that has none. EntityTooLarge: beyond the bytes stored for its organizer."""
    size = sum(len(each.properties) for each in extensions)
    await stored_bytes.check(transaction, meeting.organizer, size, max_user_bytes)
    key = (meeting.organizer, meeting.id)
    for position, extension in enumerate(extensions, 1):
        await transaction.run(EXTENSIONS.insert, *key, *EXTENSIONS.values(extension), position, at)
        await log.record_extension(transaction, kind, *key, NOTHING, extension, at, by, change)


async def current(transaction: Transaction, organizer: str, meeting_id: str, match: Match) -> Meeting:
    """ResourceNotFound, PreconditionFailed."""
    row = await transaction.row(_MEETING, organizer, meeting_id)
    if row is None:
        raise ResourceNotFound(_NO_MEETING)
    meeting = MEETINGS.record(row)
    if match is not None and meeting.etag not in match:
        raise PreconditionFailed(_CHANGED)
    return meeting


async def _remove(transaction: Transaction, log: Log, was: Meeting, at: int, by: Author, reason: str) -> int:
    """Removes a meeting. Returns the bytes of its extensions. `reason`: for the audit log."""
    size, extensions = await _take_away(transaction, log, was, at, by)
    if not log.enabled:
        # Otherwise it may be restored, and the links with it.
        await handing_over.forget(transaction, was.organizer, was.id)
    transaction.acts.append(Removal.of_meeting(was.id, was.organizer, reason, extensions))
    return size


async def _take_away(transaction: Transaction, log: Log, was: Meeting, at: int, by: Author) -> tuple[int, int]:
    """Removes a meeting, after the conversations in it, which refer to it. Bytes and number of its extensions."""
    organizer, meeting_id = was.organizer, was.id
    there = await participations.find(transaction, "organizer = ? and meeting_id = ?", organizer, meeting_id)
    await participations.end(transaction, there, at, "Ended")
    ((extensions, size),) = await transaction.rows(_EXTENSION_SIZES, organizer, meeting_id)
    change = await log.record_meeting(transaction, ChangeKind.REMOVED, was, None, at, by)
    await log.record_removed_extensions(transaction, organizer, meeting_id, at, by, change)
    if not await transaction.run(_REMOVE, organizer, meeting_id, was.etag):
        raise PreconditionFailed(_CHANGED)
    await end_topic(transaction, conversation_topic(organizer, meeting_id), at)
    return int(size), int(extensions)


def settings_size(settings: MeetingSettings) -> int:
    """What a meeting adds to `stored_bytes`, as the triggers count it."""
    stored = dict(zip(SETTINGS.names, SETTINGS.values(settings), strict=True))
    return sum(len(str(stored[name]).encode()) for name in ("subject", "description", "attendees", "leaders"))


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
