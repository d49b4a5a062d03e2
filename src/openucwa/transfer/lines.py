"""The lines of an export: one JSON object each, whose `kind` says what it is."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from openucwa.model.change import Change, ChangeKind
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel, MeetingSettings
from openucwa.model.schema import SchemaVersion
from openucwa.model.user import User

#: The version of the format; it is raised when older servers cannot read it.
VERSION = 1


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", tag_field="kind"):
    """A line."""


class Header(Line, frozen=True, tag="openucwa"):
    """The first line. `version`: that of the format. `user`: whose data it is; None: everyone's."""

    version: int
    server: str
    exported: datetime
    user: str | None = None


class UserLine(Line, frozen=True, tag="user", omit_defaults=True):
    """A user. `password_hash`: absent: it was not exported, and the user cannot sign in by password."""

    uri: str
    name: str
    email: str | None = None
    pool: str | None = None
    source: str | None = None
    password_hash: str = ""
    generation: int = 1
    title: str | None = None
    department: str | None = None
    company: str | None = None
    office: str | None = None
    work_phone: str | None = None
    mobile_phone: str | None = None
    home_phone: str | None = None
    other_phone: str | None = None
    disabled: bool = False


class RemovedUserLine(Line, frozen=True, tag="removedUser"):
    """A user who was removed, whom issuers and directories do not add again."""

    uri: str


class SchemaLine(Line, frozen=True, tag="schema"):
    """The JSON Schema of a user for the extensions with an id."""

    owner: str
    extension_id: str
    etag: str
    schema: msgspec.Raw


class MeetingLine(Line, frozen=True, tag="meeting"):
    """A meeting, with the names of UCWA's myOnlineMeeting. `expiration_time`: None: never, of an assigned meeting."""

    organizer: str
    online_meeting_id: str
    created: datetime
    conference_id: str
    conversation_id: str
    etag: str
    access_level: str
    automatic_leader_assignment: str
    entry_exit_announcement: str
    lobby_bypass_for_phone_users: str
    phone_user_admission: str
    expiration_time: datetime | None
    online_meeting_rel: MeetingRel = MeetingRel.MY_ONLINE_MEETINGS
    subject: str = ""
    description: str = ""
    attendees: list[str] = []
    leaders: list[str] = []
    audience_messaging: bool = True


class HandoverLine(Line, frozen=True, tag="handover"):
    """A meeting that got another organizer: links that name `organizer`, a former one, lead to that of `successor`."""

    organizer: str
    online_meeting_id: str
    successor: str


class ExtensionLine(Line, frozen=True, tag="extension"):
    """An extension. `properties`: its programmer-defined ones, with dates as UCWA writes them."""

    organizer: str
    online_meeting_id: str
    id: str
    type: ExtensionType
    etag: str
    properties: msgspec.Raw


class ChangeLine(Line, frozen=True, tag="change", omit_defaults=True):
    """An entry of the change log. `number`: its place in the log; `change_set`: that of the first entry of the same
    request. `extension_id`: absent: the meeting itself. `contents`: absent: the log has forgotten them.
    """

    organizer: str
    online_meeting_id: str
    number: int
    change: ChangeKind
    at: datetime
    change_set: int
    extension_id: str = ""
    actor: str = ""
    application: str = ""
    user_agent: str = ""
    etag_before: str = ""
    etag: str = ""
    type_before: str = ""
    type: str = ""
    contents: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class DataLine(Line, frozen=True, tag="data"):
    """What else is stored of a user, as the store has it: for the user to read. An import passes over it."""

    table: str
    row: dict[str, Any]


AnyLine = (
    Header
    | UserLine
    | RemovedUserLine
    | SchemaLine
    | MeetingLine
    | HandoverLine
    | ExtensionLine
    | ChangeLine
    | DataLine
)

_decoder = msgspec.json.Decoder(AnyLine)


def read(line: bytes) -> AnyLine:
    """msgspec.MsgspecError: it is not such a line."""
    found: AnyLine = _decoder.decode(line)
    return found


def write(line: Line) -> bytes:
    """The line with its end."""
    return msgspec.json.encode(line) + b"\n"


def moment(ms: int) -> datetime:
    """`ms`: since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def ms_of(time: datetime) -> int:
    """ms since 1970. Without an offset it is UTC."""
    aware = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def line_of_user(user: User, *, password: bool) -> UserLine:
    """`password`: whether the hash is in it."""
    values = {name: getattr(user, name) for name in UserLine.__struct_fields__}
    return UserLine(**(values if password else values | {"password_hash": ""}))


def user_of(line: UserLine) -> User:
    return User(**{name: getattr(line, name) for name in UserLine.__struct_fields__} | {"uri": line.uri.lower()})


def lines_of_schema(owner: str, version: SchemaVersion) -> list[Line]:
    """None if the schema was removed."""
    if version.schema is None:
        return []
    return [SchemaLine(owner, version.extension_id, version.etag, msgspec.Raw(version.schema))]


def line_of_meeting(meeting: Meeting) -> MeetingLine:
    settings = meeting.settings
    ends = settings.expiration_time
    return MeetingLine(
        organizer=meeting.organizer,
        online_meeting_id=meeting.id,
        created=moment(meeting.created),
        conference_id=meeting.conference_id,
        conversation_id=meeting.conversation_id,
        etag=meeting.etag,
        access_level=settings.access_level,
        automatic_leader_assignment=settings.automatic_leader_assignment,
        entry_exit_announcement=settings.entry_exit_announcement,
        lobby_bypass_for_phone_users=settings.lobby_bypass_for_phone_users,
        phone_user_admission=settings.phone_user_admission,
        expiration_time=None if ends is None else moment(ends),
        online_meeting_rel=meeting.rel,
        subject=settings.subject,
        description=settings.description,
        attendees=list(settings.attendees),
        leaders=list(settings.leaders),
        audience_messaging=meeting.audience_messaging,
    )


def meeting_of(line: MeetingLine) -> Meeting:
    return Meeting(
        organizer=line.organizer.lower(),
        id=line.online_meeting_id,
        rel=line.online_meeting_rel,
        etag=line.etag,
        conference_id=line.conference_id,
        conversation_id=line.conversation_id,
        created=ms_of(line.created),
        settings=MeetingSettings(
            access_level=line.access_level,
            attendees=tuple(line.attendees),
            automatic_leader_assignment=line.automatic_leader_assignment,
            description=line.description,
            entry_exit_announcement=line.entry_exit_announcement,
            expiration_time=None if line.expiration_time is None else ms_of(line.expiration_time),
            leaders=tuple(line.leaders),
            lobby_bypass_for_phone_users=line.lobby_bypass_for_phone_users,
            phone_user_admission=line.phone_user_admission,
            subject=line.subject,
        ),
        audience_messaging=line.audience_messaging,
    )


def line_of_extension(organizer: str, meeting_id: str, extension: Extension) -> ExtensionLine:
    properties = msgspec.Raw(extension.properties)
    return ExtensionLine(organizer, meeting_id, extension.id, extension.type, extension.etag, properties)


def line_of_change(change: Change) -> ChangeLine:
    return ChangeLine(
        organizer=change.organizer,
        online_meeting_id=change.meeting_id,
        number=change.number,
        change=change.kind,
        at=moment(change.at),
        change_set=change.change_set or change.number,
        extension_id=change.extension_id,
        actor=change.actor,
        application=change.application,
        user_agent=change.user_agent,
        etag_before=change.etag_before,
        etag=change.etag,
        type_before=change.type_before,
        type=change.type,
        contents=msgspec.UNSET if change.contents is None else msgspec.Raw(change.contents),
    )


def change_of(line: ChangeLine) -> Change:
    return Change(
        organizer=line.organizer.lower(),
        meeting_id=line.online_meeting_id,
        extension_id=line.extension_id,
        number=line.number,
        transaction_id=0,
        kind=line.change,
        at=ms_of(line.at),
        actor=line.actor,
        application=line.application,
        user_agent=line.user_agent,
        change_set=line.change_set,
        etag_before=line.etag_before,
        etag=line.etag,
        type_before=line.type_before,
        type=line.type,
        contents=None if isinstance(line.contents, msgspec.UnsetType) else bytes(line.contents),
    )
