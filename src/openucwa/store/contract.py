"""What every store does, method by method. `tests/contract` runs one suite against each engine.

One method is one atomic change or one consistent read. A change has happened, durably, when its method returns,
and has not when the method raises; the events given with it are rows of the same transaction.
Limits (`most`) are checked and conflicts decided inside that transaction, so two writers can't disagree,
in whatever process or on whatever machine they are.

Times are ms since 1970, always given by the caller: a store has no clock. Etags are made by the caller too.
Every method raises `InvalidExchangeServerVersion` when the store has moved on to a version that this server may not
use, and `ServiceUnavailable` when the engine can't be reached or does not answer in time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

from openucwa.model.application import Application, Communication, Session
from openucwa.model.event import ChannelState, Event, NewEvent
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.model.user import SigningKey, User
from openucwa.store.rooms import Rooms

#: The etags that a change accepts (If-Match); None accepts any.
Match: TypeAlias = frozenset[str] | None

#: What a commit changed: rows of this owner or organizer, and of them only extensions of this meeting (None: any).
Changed: TypeAlias = tuple[str, str | None]


class Users(Protocol):
    """Users and signing keys."""

    async def add_user(self, user: User) -> None:
        """Adds `user`. AlreadyExists: the URI is taken."""
        ...

    async def admit_user(self, user: User, *, create: bool) -> User | None:
        """The user of this URI, whom an issuer or a directory vouches for.

        One who is there, from the same `source`, is given the name, address and numbers of `user`. Where there is none,
        `user` is added if `create` is set and no user of this URI was removed. None: there is no such user.
        """
        ...

    async def user(self, uri: str) -> User | None:
        """The user with this URI (in lower case)."""
        ...

    async def users_with_local_part(self, local_part: str) -> Sequence[User]:
        """The users whose address begins with `local_part` and `@`, by URI."""
        ...

    async def users(self) -> Sequence[User]:
        """All users, by URI."""
        ...

    async def change_password(self, uri: str, password_hash: str) -> None:
        """Sets the hash and adds one to `generation`. ResourceNotFound: no such user."""
        ...

    async def remove_user(self, uri: str, at: int) -> None:
        """Removes the user with all applications, channels, meetings and extensions; conversations end as they do with
        those. ResourceNotFound: no such user."""
        ...

    async def signing_keys(self) -> Sequence[SigningKey]:
        """All keys, the newest first."""
        ...

    async def add_first_signing_key(self, key: SigningKey) -> None:
        """Adds `key` where there is none yet; else changes nothing. So servers that start together agree on one."""
        ...

    async def add_signing_key(self, key: SigningKey) -> None:
        """Adds `key`. AlreadyExists: its id is taken."""
        ...

    async def remove_signing_key(self, key_id: str) -> None:
        """Removes the key. ResourceNotFound: there is none with this id. Conflict: it is the only one."""
        ...


class Applications(Protocol):
    """Applications, their event channels, and when they were last heard of."""

    async def open_application(
        self, draft: Application, instance: str | None, now: int, most: int
    ) -> tuple[Application, bool]:
        """The application of `draft.owner` and `draft.endpoint_id`, made from `draft` where there is none.

        `instance`: the instanceId to add to its instances, if any. The second value tells whether something is new:
        the instance where one is given, else the application. An existing application keeps its id; its culture, user
        agent and type become the draft's; `last_request` becomes `now`.
        When the owner then has more than `most` applications, those not heard of for longest (`max(last_poll,
        last_request)`) end, never the one just opened, and are remembered as replaced.
        AlreadyExists: `draft.id` is taken by the application of another endpoint (the caller draws a new one).
        """
        ...

    async def session(self, owner: str, application_id: str) -> Session:
        """The application with what belongs to it, in one read.

        TooManyApplications: it was ended by `open_application`. ApplicationNotFound: there is none.
        """
        ...

    async def close_application(self, owner: str, application_id: str, at: int) -> None:
        """Removes the application, its channels and invitations; its participants leave their meetings. No error where
        there is none."""
        ...

    async def close_instance(self, owner: str, application_id: str, instance: str, at: int) -> None:
        """Ends one instance and its channel; with the last one the application ends.

        ResourceNotFound: no such instance.
        """
        ...

    async def make_available(
        self,
        owner: str,
        application_id: str,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
    ) -> None:
        """Marks the application as available, and replaces its communication and its own etag.

        `events` are appended with `at`. ApplicationNotFound.
        """
        ...

    async def replace_communication(
        self,
        owner: str,
        application_id: str,
        match: Match,
        communication: Communication,
        etag: str,
        at: int,
        events: Sequence[NewEvent],
    ) -> None:
        """Replaces it if its etag is in `match`, and the application's own etag by `etag`; appends `events`.

        ApplicationNotFound, PreconditionFailed.
        """
        ...

    async def touch(self, requests: Mapping[tuple[str, str], int], polls: Mapping[tuple[str, str], int]) -> None:
        """Writes down when applications (owner, id) were last heard of; a time never goes back.

        Unknown ones are ignored.
        """
        ...

    async def remove_idle_applications(
        self, polled_before: int, replaced_before: int, at: int
    ) -> Sequence[tuple[str, str]]:
        """Ends applications that were last heard of before `polled_before` and names them (owner, id).

        Last heard of: the last poll if it ever polled, else the last request. Also forgets the applications that were
        ended as too many before `replaced_before`.
        """
        ...

    async def channel(self, owner: str, application_id: str, instance: str) -> ChannelState:
        """Where a channel stands; a fresh `ChannelState` where nothing was written. `instance` '' is the only channel
        of an application without instances."""
        ...

    async def write_channel(
        self, owner: str, application_id: str, instance: str, expected_served: int, state: ChannelState
    ) -> bool:
        """Writes `state` if the channel still stands at `expected_served`; False: another poll was faster.

        ApplicationNotFound: the application is gone.
        """
        ...


class Meetings(Protocol):
    """Meetings and extensions. `organizer` is always the organizer's SIP URI, first in every key.

    Who takes part in a meeting is told of its changes, in the same transaction (`model/room_events.py`): of the
    meeting's and of those of extensions that participants can see, or could, everybody by one event of the meeting's
    topic; of other extensions the organizer's own conversations alone. Where nobody takes part there is no event.
    """

    async def add_meeting(self, meeting: Meeting, most: int) -> None:
        """Adds `meeting`. TooManyOnlineMeetings: the organizer has `most` already (assigned ones don't count).

        AlreadyExists: its id or its conference id is taken (the caller draws new ones and tries again).
        """
        ...

    async def assigned_meeting(self, draft: Meeting) -> Meeting:
        """The organizer's assigned meeting; on first look `draft` is stored and returned. AlreadyExists as above."""
        ...

    async def meeting(self, organizer: str, meeting_id: str) -> Meeting:
        """ResourceNotFound: this organizer has no such meeting."""
        ...

    async def meetings(self, organizer: str) -> Sequence[tuple[Meeting, Sequence[Extension]]]:
        """All the organizer's meetings, the assigned one included, oldest first, each with its extensions."""
        ...

    async def replace_meeting(
        self, organizer: str, meeting_id: str, match: Match, settings: MeetingSettings, etag: str, at: int
    ) -> Meeting:
        """Replaces the settings if the meeting's etag is in `match`; the new meeting.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def remove_meeting(self, organizer: str, meeting_id: str, match: Match, at: int) -> None:
        """Removes the meeting with its extensions; conversations in it end with the reason Ended.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def remove_expired_meetings(self, before: int, most: int, at: int) -> int:
        """Removes up to `most` meetings whose expirationTime is before `before`, with their extensions; how many."""
        ...

    async def meeting_with_extensions(self, organizer: str, meeting_id: str) -> tuple[Meeting, Sequence[Extension]]:
        """A meeting and its extensions, oldest first, in one consistent read. ResourceNotFound."""
        ...

    async def extension(self, organizer: str, meeting_id: str, extension_id: str) -> Extension:
        """ResourceNotFound: no such meeting of this organizer, or no such extension in it."""
        ...

    async def add_extension(self, organizer: str, meeting_id: str, extension: Extension, most: int, at: int) -> None:
        """Adds `extension` behind the meeting's others.

        ResourceNotFound: no such meeting. AlreadyExists: its id is taken in this meeting. TooManyGroups: the meeting
        has `most` already.
        """
        ...

    async def replace_extension(
        self, organizer: str, meeting_id: str, match: Match, extension: Extension, at: int
    ) -> None:
        """Replaces type, properties and etag of the extension with `extension.id`; its place among the others stays.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def remove_extension(self, organizer: str, meeting_id: str, extension_id: str, match: Match, at: int) -> None:
        """ResourceNotFound, PreconditionFailed."""
        ...


class EventLog(Protocol):
    """The log of what happened, read by topic."""

    async def append_events(self, at: int, events: Sequence[NewEvent]) -> None:
        """Appends events that no other change brings with it."""
        ...

    async def events_after(self, positions: Mapping[str, int], most: int) -> Sequence[Event]:
        """For each topic of `positions` the events behind that number, in order; at most `most` a topic."""
        ...

    async def last_event_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        """For each topic the number of its last event ever; 0 where there was none."""
        ...

    async def forget_events(self, before: int, most: int) -> int:
        """Removes the oldest events of before `before`, at most `most`; how many. Numbers are not used again."""
        ...


class Store(Users, Applications, Meetings, Rooms, EventLog, Protocol):
    """All of it, with a beginning and an end."""

    async def open(self) -> None:
        """Opens the store, brings its schema up to date, and refuses one that is newer than this server may use
        (`InvalidExchangeServerVersion`) or that can't be read or written (`ServiceUnavailable`)."""
        ...

    async def close(self) -> None:
        """Finishes what is under way and closes. Nothing may be called afterwards."""
        ...

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """From now on calls `listener` in the event loop, after each commit of this process that moved topics, with
        their names. There may be several listeners."""
        ...

    def on_change(self, listener: Callable[[frozenset[Changed] | None], None]) -> None:
        """From now on calls `listener` in the event loop whenever rows were changed, before anybody learns that his
        change was made; None: anybody's.

        Of other processes' changes it is told in `look`. There may be several listeners.
        """
        ...

    def look(self) -> bool:
        """Tells the listeners of `on_change` what other processes have changed, at the latest, when this turn of the
        event loop began to read. False: here that can't be told in time, so nothing that was read may be kept."""
        ...

    async def describe(self) -> Mapping[str, str]:
        """What `openucwa check` prints of the store: engine, place, version, counts."""
        ...
