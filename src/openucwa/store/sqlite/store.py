"""The whole store: its parts put together, its beginning and its end. What it keeps, the files named for it do."""

import sqlite3
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from openucwa.store.contract import Store
from openucwa.store.sqlite.applications import Applications
from openucwa.store.sqlite.channels import Channels
from openucwa.store.sqlite.database import Database
from openucwa.store.sqlite.events import EventLog
from openucwa.store.sqlite.extensions import Extensions
from openucwa.store.sqlite.invitations import Invitations
from openucwa.store.sqlite.meetings import Meetings
from openucwa.store.sqlite.notices import Notices
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.rooms import Rooms
from openucwa.store.sqlite.schema import MIGRATIONS, Schema
from openucwa.store.sqlite.users import Users
from openucwa.store.sqlite.writer import Writer

_COUNTED = ("users", "applications", "meetings", "extensions", "events")
_DESCRIPTION = """
    select version, oldest, (select count(*) from users), (select count(*) from applications),
        (select count(*) from meetings), (select count(*) from extensions), (select count(*) from events)
    from store_version
"""


class SqliteStore:
    """`store.contract.Store` in the file `openucwa.sqlite3` of `folder`; several processes may share it.

    `timeout`: seconds to wait while another process writes. `migrations`: the folder of numbered SQL files that make
    the schema; the newest is the version of the store that this server knows.
    """

    def __init__(  # noqa: PLR0915  # a line for each method of the contract
        self, folder: Path, timeout: float, migrations: Traversable = MIGRATIONS
    ) -> None:
        self._database = Database(folder, timeout, Schema(migrations))
        self._reader = Reader(self._database)
        self._notices = Notices(self._reader)
        self._writer = Writer(self._database, self._notices)

        self.on_commit = self._notices.on_commit
        self.moved_elsewhere = self._notices.moved_elsewhere

        users = Users(self._reader, self._writer)
        self.add_user = users.add_user
        self.user = users.user
        self.users_with_local_part = users.users_with_local_part
        self.users = users.users
        self.change_password = users.change_password
        self.remove_user = users.remove_user
        self.signing_keys = users.signing_keys
        self.add_first_signing_key = users.add_first_signing_key
        self.add_signing_key = users.add_signing_key

        applications = Applications(self._reader, self._writer)
        self.open_application = applications.open_application
        self.session = applications.session
        self.close_application = applications.close_application
        self.close_instance = applications.close_instance
        self.make_available = applications.make_available
        self.replace_communication = applications.replace_communication
        self.touch = applications.touch
        self.remove_idle_applications = applications.remove_idle_applications

        channels = Channels(self._reader, self._writer)
        self.channel = channels.channel
        self.write_channel = channels.write_channel

        meetings = Meetings(self._reader, self._writer)
        self.add_meeting = meetings.add_meeting
        self.assigned_meeting = meetings.assigned_meeting
        self.meeting = meetings.meeting
        self.meetings = meetings.meetings
        self.replace_meeting = meetings.replace_meeting
        self.remove_meeting = meetings.remove_meeting
        self.remove_expired_meetings = meetings.remove_expired_meetings
        self.meeting_with_extensions = meetings.meeting_with_extensions

        extensions = Extensions(self._reader, self._writer)
        self.extension = extensions.extension
        self.add_extension = extensions.add_extension
        self.replace_extension = extensions.replace_extension
        self.remove_extension = extensions.remove_extension

        rooms = Rooms(self._reader, self._writer)
        self.join = rooms.join
        self.participation = rooms.participation
        self.participations = rooms.participations
        self.participants = rooms.participants
        self.participants_as_of = rooms.participants_as_of
        self.typing_participants = rooms.typing_participants
        self.leave = rooms.leave
        self.idle_conversations = rooms.idle_conversations
        self.admit = rooms.admit
        self.remove_participant = rooms.remove_participant
        self.change_role = rooms.change_role
        self.change_messaging = rooms.change_messaging
        self.send_message = rooms.send_message
        self.set_typing = rooms.set_typing
        self.event = rooms.event
        self.event_numbers = rooms.event_numbers

        invitations = Invitations(self._reader, self._writer)
        self.invitation = invitations.invitation
        self.invite = invitations.invite
        self.refuse_invitation = invitations.refuse_invitation
        self.available_applications = invitations.available_applications
        self.end_invitation = invitations.end_invitation
        self.overdue_invitations = invitations.overdue_invitations

        events = EventLog(self._reader, self._writer)
        self.append_events = events.append_events
        self.events_after = events.events_after
        self.last_event_numbers = events.last_event_numbers
        self.forget_events = events.forget_events

    async def open(self) -> None:
        """As `Store.open`."""
        await self._writer.open()
        try:
            self._reader.open()
            self._notices.open()
        except BaseException:
            await self._writer.close()
            raise

    async def close(self) -> None:
        """As `Store.close`."""
        await self._writer.finish()
        self._reader.close()
        # Last, because whoever closes last puts the write-ahead log's contents in their place.
        await self._writer.close()

    async def describe(self) -> Mapping[str, str]:
        """As `Store.describe`."""
        ((version, oldest, *counts),) = self._reader.rows(_DESCRIPTION)
        return {
            "engine": f"SQLite {sqlite3.sqlite_version}",
            "place": str(self._database.path),
            "version": f"{version}, for servers that know version {oldest}",
            **{noun: str(count) for noun, count in zip(_COUNTED, counts, strict=True)},
        }


if TYPE_CHECKING:

    def _fits(store: SqliteStore) -> Store:
        return store
