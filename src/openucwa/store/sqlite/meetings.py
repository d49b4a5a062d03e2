"""Meetings, and the reads that show their extensions too. Single extensions are in `extensions.py`."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from itertools import groupby

from openucwa.model.meeting import Extension, Meeting, MeetingRel, MeetingSettings
from openucwa.model.refusals import (
    AlreadyExists,
    PreconditionFailed,
    Refusal,
    ResourceNotFound,
    TooManyOnlineMeetings,
)
from openucwa.store.contract import Match
from openucwa.store.sqlite import columns, participations
from openucwa.store.sqlite.database import Row
from openucwa.store.sqlite.extensions import extension_of
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

_NO_MEETING = "there is no such online meeting"

_COLUMNS = """
    organizer, id, rel, etag, conference_id, conversation_id, created, access_level, attendees,
    automatic_leader_assignment, description, entry_exit_announcement, expiration_time, leaders,
    lobby_bypass_for_phone_users, phone_user_admission, subject
"""

_MEETING = "select" + _COLUMNS + "from meetings where organizer = ? and id = ?"
_MEETINGS = "select" + _COLUMNS + "from meetings where organizer = ? order by created, position"
_ASSIGNED = "select" + _COLUMNS + "from meetings where organizer = ? and rel = 'myAssignedOnlineMeeting'"

_EXTENSIONS_OF_MEETING = """
    select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? order by position
"""

_EXTENSIONS_OF_ORGANIZER = """
    select meeting_id, id, type, etag, properties from extensions where organizer = ? order by meeting_id, position
"""

_ADD = (
    "insert into meetings (" + _COLUMNS + ", position) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
    " (select coalesce(max(position), 0) + 1 from meetings where organizer = ?1)) on conflict do nothing"
)

_ADD_CONFERENCE_ID = "insert into conference_ids (id, organizer, meeting_id) values (?, ?, ?) on conflict do nothing"

_REPLACE = (
    "update meetings set access_level = ?, attendees = ?, automatic_leader_assignment = ?, description = ?,"
    " entry_exit_announcement = ?, expiration_time = ?, leaders = ?, lobby_bypass_for_phone_users = ?,"
    " phone_user_admission = ?, subject = ?, etag = ? where organizer = ?12 and id = ?13"
    " and (?14 is null or etag in (select value from json_each(?14))) returning" + _COLUMNS
)

_REMOVE = """
    delete from meetings
    where organizer = ?1 and id = ?2 and (?3 is null or etag in (select value from json_each(?3)))
"""

_EXPIRED = "select organizer, id from meetings where expiration_time < ? order by expiration_time limit ?"


class Meetings:
    """`store.contract.Meetings` but for single extensions; each method is described there."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def add_meeting(self, meeting: Meeting, most: int) -> None:
        def work(transaction: Transaction) -> None:
            ((count,),) = transaction.rows(
                "select count(*) from meetings where organizer = ? and rel <> 'myAssignedOnlineMeeting'",
                meeting.organizer,
            )
            if count >= most:
                raise TooManyOnlineMeetings(f"the organizer has {count} online meetings already, and may have {most}")
            _add(transaction, meeting)

        await self._writer.change(work)

    async def assigned_meeting(self, draft: Meeting) -> Meeting:
        def work(transaction: Transaction) -> Meeting:
            row = transaction.row(_ASSIGNED, draft.organizer)
            if row is not None:
                return _meeting(row)
            _add(transaction, draft)
            return draft

        # It is there but for the first time, and reading it then costs nobody a transaction.
        row = self._reader.row(_ASSIGNED, draft.organizer)
        return await self._writer.change(work) if row is None else _meeting(row)

    async def meeting(self, organizer: str, meeting_id: str) -> Meeting:
        row = self._reader.row(_MEETING, organizer, meeting_id)
        if row is None:
            raise ResourceNotFound(_NO_MEETING)
        return _meeting(row)

    async def meetings(self, organizer: str) -> Sequence[tuple[Meeting, Sequence[Extension]]]:
        meetings, extensions = self._reader.read(
            (_MEETINGS, (organizer,)),
            (_EXTENSIONS_OF_ORGANIZER, (organizer,)),
        )
        of_meeting = {
            meeting_id: [extension_of(row[1:]) for row in rows]
            for meeting_id, rows in groupby(extensions, key=lambda row: row[0])
        }
        return [(meeting, of_meeting.get(meeting.id, ())) for meeting in map(_meeting, meetings)]

    async def replace_meeting(
        self,
        organizer: str,
        meeting_id: str,
        match: Match,
        settings: MeetingSettings,
        etag: str,
        at: int,
    ) -> Meeting:
        def work(transaction: Transaction) -> Meeting:
            row = transaction.row(
                _REPLACE, *_settings_columns(settings), etag, organizer, meeting_id, columns.matching(match)
            )
            if row is None:
                raise _unmatched(transaction, organizer, meeting_id)
            participations.tell_of_meeting(transaction, organizer, meeting_id, at)
            return _meeting(row)

        return await self._writer.change(work)

    async def remove_meeting(self, organizer: str, meeting_id: str, match: Match, at: int) -> None:
        def work(transaction: Transaction) -> None:
            # First the conversations, which refer to the meeting; where it stays, all of this is undone.
            end_conversations(transaction, organizer, meeting_id, at)
            if not transaction.run(_REMOVE, organizer, meeting_id, columns.matching(match)):
                raise _unmatched(transaction, organizer, meeting_id)

        await self._writer.change(work)

    async def remove_expired_meetings(self, before: int, most: int, at: int) -> int:
        def work(transaction: Transaction) -> int:
            expired = transaction.rows(_EXPIRED, before, most)
            for organizer, meeting_id in expired:
                end_conversations(transaction, organizer, meeting_id, at)
                transaction.run(_REMOVE, organizer, meeting_id, None)
            return len(expired)

        return await self._writer.change(work)

    async def meeting_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        key = (organizer, meeting_id)
        meetings, extensions = self._reader.read((_MEETING, key), (_EXTENSIONS_OF_MEETING, key))
        if not meetings:
            raise ResourceNotFound(_NO_MEETING)
        return _meeting(meetings[0]), [extension_of(row) for row in extensions]


def end_conversations(transaction: Transaction, organizer: str, meeting_id: str, at: int) -> None:
    """Ends all conversations in a meeting that is about to go."""
    there = participations.find(transaction, "organizer = ? and meeting_id = ?", organizer, meeting_id)
    participations.end(transaction, there, at, "Ended")


def _meeting(row: Row) -> Meeting:
    """From `_COLUMNS`."""
    settings = MeetingSettings(
        access_level=row[7],
        attendees=columns.strings(row[8]),
        automatic_leader_assignment=row[9],
        description=row[10],
        entry_exit_announcement=row[11],
        expiration_time=row[12],
        leaders=columns.strings(row[13]),
        lobby_bypass_for_phone_users=row[14],
        phone_user_admission=row[15],
        subject=row[16],
    )
    return Meeting(
        organizer=row[0],
        id=row[1],
        rel=MeetingRel(row[2]),
        etag=row[3],
        conference_id=row[4],
        conversation_id=row[5],
        created=row[6],
        settings=settings,
    )


def _settings_columns(settings: MeetingSettings) -> tuple[object, ...]:
    """The columns of `settings` in the order of `_COLUMNS`."""
    return (
        settings.access_level,
        columns.json(settings.attendees),
        settings.automatic_leader_assignment,
        settings.description,
        settings.entry_exit_announcement,
        settings.expiration_time,
        columns.json(settings.leaders),
        settings.lobby_bypass_for_phone_users,
        settings.phone_user_admission,
        settings.subject,
    )


def _add(transaction: Transaction, meeting: Meeting) -> None:
    """Adds a meeting behind the organizer's others. AlreadyExists: its id or its conference id is taken."""
    key = (meeting.organizer, meeting.id)
    added = transaction.run(
        _ADD,
        *key,
        meeting.rel,
        meeting.etag,
        meeting.conference_id,
        meeting.conversation_id,
        meeting.created,
        *_settings_columns(meeting.settings),
    )
    if not added or not transaction.run(_ADD_CONFERENCE_ID, meeting.conference_id, *key):
        raise AlreadyExists("there is an online meeting with that id or conference id already")


def _unmatched(transaction: Transaction, organizer: str, meeting_id: str) -> Refusal:
    """Why a change of this meeting found nothing to change."""
    if transaction.row(_MEETING, organizer, meeting_id):
        return PreconditionFailed("the online meeting is no longer what If-Match says")
    return ResourceNotFound(_NO_MEETING)
