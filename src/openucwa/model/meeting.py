"""Scheduled online meetings and their extensions."""

import re
from dataclasses import dataclass
from enum import StrEnum

_MEETING_URI = re.compile(
    r"(?P<organizer>sip:[^;@]+@[^;@]+);gruu;opaque=app:conf:focus:id:(?P<id>[^;?]+)", re.IGNORECASE
)


class ExtensionType(StrEnum):
    """UCWA: OnlineMeetingExtensionType. Decides who can see an extension."""

    UNDEFINED = "Undefined"
    ROAMED_ORGANIZER_DATA = "RoamedOrganizerData"
    ROAMED_PARTICIPANT_DATA = "RoamedParticipantData"


class MeetingRel(StrEnum):
    """UCWA: OnlineMeetingRel. The kind of a meeting."""

    MY_ONLINE_MEETINGS = "myOnlineMeetings"
    MY_ASSIGNED_ONLINE_MEETING = "myAssignedOnlineMeeting"


@dataclass(frozen=True, slots=True)
class MeetingSettings:
    """The organizer's settings of a meeting; a PUT replaces all of them.

    Names and values are those of UCWA's myOnlineMeeting. `attendees`, `leaders`: SIP URIs. `expiration_time`: ms since
    1970; None: never (an assigned meeting only).
    """

    access_level: str
    attendees: tuple[str, ...]
    automatic_leader_assignment: str
    description: str
    entry_exit_announcement: str
    expiration_time: int | None
    leaders: tuple[str, ...]
    lobby_bypass_for_phone_users: str
    phone_user_admission: str
    subject: str


@dataclass(frozen=True, slots=True)
class Meeting:
    """UCWA: myOnlineMeeting.

    `organizer`: the organizer's SIP URI. `id`: the onlineMeetingId, 8 characters `[A-Z0-9]`.
    `conference_id`: digits, unique on the server. `conversation_id`: a UUID, in legacyOnlineMeetingUri.
    `created`: ms since 1970. `etag` changes with `settings`, never with an extension. `audience_messaging`: whether
    attendees of the live meeting may send messages (UCWA: conversation, audienceMessaging).
    """

    organizer: str
    id: str
    rel: MeetingRel
    etag: str
    conference_id: str
    conversation_id: str
    created: int
    settings: MeetingSettings
    audience_messaging: bool = True

    @property
    def uri(self) -> str:
        """The onlineMeetingUri."""
        return meeting_uri(self.organizer, self.id)


def meeting_uri(organizer: str, meeting_id: str) -> str:
    """The onlineMeetingUri of a meeting."""
    return f"{organizer};gruu;opaque=app:conf:focus:id:{meeting_id}"


def parse_meeting_uri(uri: str) -> tuple[str, str] | None:
    """Organizer (a SIP URI in lower case) and onlineMeetingId of an onlineMeetingUri; None: `uri` is not one."""
    found = _MEETING_URI.fullmatch(uri)
    return None if found is None else (found["organizer"].lower(), found["id"])


@dataclass(frozen=True, slots=True)
class Extension:
    """UCWA: onlineMeetingExtension: an application's own data on a meeting.

    `id`: user-defined, unique in its meeting. `properties`: the programmer-defined properties as one compact JSON
    object in UTF-8, always in the form that `meetings/extension.py` produces.
    """

    id: str
    type: ExtensionType
    etag: str
    properties: bytes
