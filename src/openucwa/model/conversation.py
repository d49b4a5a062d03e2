"""Conversations, of live meetings and of two users: participants, and the invitations by which they joined."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from openucwa.model.meeting import MeetingRel, parse_meeting_uri


class Role(StrEnum):
    """UCWA: Role. A participant's permissions."""

    LEADER = "Leader"
    ATTENDEE = "Attendee"


class MessagingState(StrEnum):
    """UCWA: messaging, state; the ones that this server uses."""

    DISCONNECTED = "Disconnected"
    CONNECTED = "Connected"


class Form(StrEnum):
    """What kind of conversation a participation is in.

    MEETING: a live meeting. TWO_PARTY: two users without a meeting. CONNECTING: the same before the invited user has
    accepted; only the inviter takes part.
    """

    MEETING = "meeting"
    TWO_PARTY = "two-party"
    CONNECTING = "connecting"


class InvitationKind(StrEnum):
    """The operation resources that are invitations, by their rel."""

    ONLINE_MEETING = "onlineMeetingInvitation"
    MESSAGING = "messagingInvitation"
    PARTICIPANT = "participantInvitation"


class InvitationState(StrEnum):
    """UCWA: InvitationState; the ones that this server uses."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DECLINED = "Declined"
    CANCELLED = "Cancelled"
    FAILED = "Failed"


#: A span of a topic's events: the number before its first event, and that of its last; None: it is open.
Span: TypeAlias = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Participation:
    """One application's participation in a live meeting, or in a conversation of two, which its owner sees as a
    conversation.

    `organizer`, `meeting_id`: the meeting; of two users the inviter, and the id that the meeting gets if it becomes
    one. `id`: the conversation's id, opaque, unique for the meeting. `owner`,
    `application_id`: whose conversation it is. An owner may join with several applications; others see one participant,
    identified by `uri`, with one name, role, and place (lobby or meeting). `uri`: the participant's SIP URI. `joined`:
    ms since 1970. `since`: the number of the last event of the meeting's topic before this conversation. `invitation`:
    the id of the invitation that it began with. `messaging_spans`: the spans of the meeting's topic in which messaging
    was connected, oldest first. `form`: meeting or conversation of two. `ended`: ms since 1970 when the other one left
    a conversation of two; it remains so that its last events can be delivered. None: it goes on.
    """

    organizer: str
    meeting_id: str
    id: str
    owner: str
    application_id: str
    uri: str
    name: str
    anonymous: bool
    role: Role
    in_lobby: bool
    messaging: MessagingState
    joined: int
    since: int
    invitation: str
    thread_id: str
    subject: str
    importance: str
    messaging_spans: tuple[Span, ...] = ()
    form: Form = Form.MEETING
    ended: int | None = None

    @property
    def topic(self) -> str:
        """The topic of the conversation's events."""
        return conversation_topic(self.organizer, self.meeting_id)

    @property
    def admitted(self) -> bool:
        """Whether it has come to the others: neither in the lobby nor before the invited user has accepted."""
        return not self.in_lobby and self.form != Form.CONNECTING

    def receives_message(self, number: int) -> bool:
        """Whether messaging was connected when the message with this number was sent."""
        return any(before < number and (last is None or number <= last) for before, last in self.messaging_spans)


@dataclass(frozen=True, slots=True)
class Participant:
    """A participant in the meeting or its lobby, as the others see it: one for each `uri`."""

    uri: str
    name: str
    anonymous: bool
    role: Role
    in_lobby: bool
    messaging: MessagingState
    organizer: bool


@dataclass(frozen=True, slots=True)
class LobbyEntry:
    """Somebody who waits in a meeting's lobby, as its organizer sees it: one for each `uri` and meeting.

    `meeting_id`, `rel`, `subject`: the meeting. `since`: ms since 1970.
    """

    meeting_id: str
    rel: MeetingRel
    subject: str
    uri: str
    name: str
    anonymous: bool
    since: int


@dataclass(frozen=True, slots=True)
class Lobbies:
    """Those who wait in the lobbies of one organizer's meetings. `total`: how many; `entries`: those who came first."""

    total: int
    entries: tuple[LobbyEntry, ...]


@dataclass(frozen=True, slots=True)
class Invitation:
    """An operation that brings a user, or a modality, into a conversation, as one application sees it.

    `owner`, `application_id`: the application. `outgoing`: whether that application started it. `organizer`,
    `meeting_id`: the meeting. `conversation`: the id of the application's conversation; of an incoming invitation, the
    id that it gets when it is accepted; None: there is none. `by_leader`: whether the inviter is a leader of the
    meeting. `from_uri`, `from_name`: the inviter. `to_uri`, `to_name`: the invited user. `thread_id`: the same on both
    sides of an invitation, which connects them unless it is one to a conversation of two; the sides of that have the
    conversation in common, and the client may have chosen the id. `message_type`, `message_text`: the message that
    comes along. `created`: ms since 1970; 0: unknown. `expires`: ms since 1970 when it fails unanswered; None: it needs
    no answer. `reason`: the subcode of a failure. `custom_content`: a data URI that comes along, of whatever type.
    """

    owner: str
    application_id: str
    id: str
    kind: InvitationKind
    outgoing: bool
    state: InvitationState
    organizer: str
    meeting_id: str
    conversation: str | None
    operation_id: str | None
    thread_id: str
    subject: str
    importance: str
    from_uri: str
    from_name: str
    to_uri: str
    expires: int | None = None
    reason: str | None = None
    anonymous_display_name: str | None = None
    by_leader: bool = False
    to_name: str = ""
    message_type: str | None = None
    message_text: str | None = None
    created: int = 0
    custom_content: str | None = None

    @property
    def to_user(self) -> bool:
        """Whether a user is invited; otherwise the application itself comes to a meeting."""
        return parse_meeting_uri(self.to_uri) is None

    @property
    def two_party(self) -> bool:
        """Whether it invites to a conversation of two."""
        return self.kind == InvitationKind.MESSAGING and self.to_user

    @property
    def first_message(self) -> "FirstMessage | None":
        """The message that comes along."""
        if self.message_type is None or self.message_text is None:
            return None
        return FirstMessage(self.message_type, self.message_text)


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """A message that was sent with startMessaging or addMessaging. `content_type`: text/plain or text/html."""

    content_type: str
    text: str


def conversation_topic(organizer: str, meeting_id: str) -> str:
    """The topic of a live meeting, or of a conversation of two."""
    return f"conversation/{organizer}/{meeting_id}"
