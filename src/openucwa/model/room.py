"""A meeting while people are in it: who takes part, through which conversation, and how they came in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Role(StrEnum):
    """UCWA: Role. What a participant may do."""

    LEADER = "Leader"
    ATTENDEE = "Attendee"


class MessagingState(StrEnum):
    """UCWA: messaging, state; the states that this server's messaging has."""

    DISCONNECTED = "Disconnected"
    CONNECTED = "Connected"


class InvitationKind(StrEnum):
    """The operation resources that are invitations, by their rel."""

    ONLINE_MEETING = "onlineMeetingInvitation"
    MESSAGING = "messagingInvitation"
    PARTICIPANT = "participantInvitation"


class InvitationState(StrEnum):
    """UCWA: InvitationState; the states that an invitation of this server has."""

    CONNECTING = "Connecting"
    CONNECTED = "Connected"
    DECLINED = "Declined"
    CANCELLED = "Cancelled"
    FAILED = "Failed"


#: A span of a topic's events: the number before its first event, and that of its last; None: it goes on.
Span: TypeAlias = tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Participation:
    """One application's part in a live meeting: what its owner has as a conversation.

    `organizer`, `meeting_id`: the meeting. `id`: the conversation's id, opaque, unique for the meeting.
    `owner`, `application_id`: whose conversation it is. One owner may take part through several applications; to the
    others that is one participant, known by `uri`, with one name, role, and place (lobby or room).
    `uri`: the participant's SIP URI. `joined`: ms since 1970. `since`: the number of the last event of the meeting's
    topic that is not this conversation's business.
    `invitation`: the id of the invitation that it began with. `hears`: the spans of the meeting's topic in which
    messaging was connected, oldest first.
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
    hears: tuple[Span, ...] = ()

    @property
    def topic(self) -> str:
        """The topic of what happens in the meeting."""
        return conversation_topic(self.organizer, self.meeting_id)

    def hears_message(self, number: int) -> bool:
        """Whether messaging was connected when the message with this number was sent."""
        return any(before < number and (last is None or number <= last) for before, last in self.hears)


@dataclass(frozen=True, slots=True)
class Participant:
    """Somebody who is in the meeting or waits in its lobby, as the others see it: one for each `uri`."""

    uri: str
    name: str
    anonymous: bool
    role: Role
    in_lobby: bool
    messaging: MessagingState
    organizer: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """An operation of one application that brings somebody, or a modality, into a conversation.

    `owner`, `application_id`: whose operation it is. `outgoing`: whether that application began it.
    `organizer`, `meeting_id`: the meeting it is about. `conversation`: the id of the application's conversation, of an
    incoming one the id that it gets when the invitation is accepted; None: there is none. `by_leader`: whether the
    one who invites is a leader of the meeting. `from_uri`, `from_name`: who invites. `to_uri`: who is invited.
    `thread_id` is the same on both sides of an invitation, and by it they find each other. `expires`: ms since
    1970 when an answer is overdue; None: none is waited for. `reason`: the subcode of a failure.
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


@dataclass(frozen=True, slots=True)
class FirstMessage:
    """A message that comes along with addMessaging. `content_type`: text/plain or text/html."""

    content_type: str
    text: str


def conversation_topic(organizer: str, meeting_id: str) -> str:
    """The topic of what happens in a live meeting."""
    return f"conversation/{organizer}/{meeting_id}"
