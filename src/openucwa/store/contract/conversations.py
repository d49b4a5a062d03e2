"""Conversations: applications' parts in live meetings.

The events that a change raises depend on what it finds (who else is there, through how many applications), so these
methods make them, with the constructors of `model/conversation_events.py`, as rows of the same transaction.
Who may do what to whom is decided before these are called.
"""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.conversation import (
    FirstMessage,
    Invitation,
    Lobbies,
    MessagingState,
    Participant,
    Participation,
    Role,
)


class Conversations(Protocol):
    """Participations and participants. All rows of a meeting carry the organizer first in their keys."""

    async def join(
        self, draft: Participation, invitation: Invitation, meeting_etag: str, limit: int, at: int
    ) -> Participation:
        """Adds an application's part in a meeting, in its room or in its lobby as `draft.in_lobby` says.

        Where the owner takes part already, through another application, role and place are those that it has.
        The result has `since` set to the number of the topic's last event after this change, its own included.
        Events: to the meeting's topic `participant_joined` (or `lobby_joined`) when nobody with that URI was there
        before; to the application's `conversation_begun`, or `conversation_waiting` in the lobby.
        `invitation` is stored with it, Connected, or Connecting in the lobby. One that is there already is an incoming
        one that is accepted by this; its other sides end with it, the outgoing one Connected, further ones Cancelled.

        DestinationNotFound: no such meeting. PreconditionFailed: its etag is not `meeting_etag` any more, so who may
        come in has to be decided again. AlreadyJoined: the application takes part already. Conflict: the invitation
        is not under way any more. TooManyParticipants: `limit` different participants are in
        the room, and this one is not among them. ApplicationNotFound: the application has ended.
        """
        ...

    async def get(self, owner: str, application_id: str, conversation_id: str) -> Participation:
        """ConversationNotFound: the application has no such conversation."""
        ...

    async def all(self, owner: str, application_id: str) -> Sequence[Participation]:
        """All conversations of an application, oldest first."""
        ...

    async def participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        """Everybody in the room and in the lobby, in the order in which they came."""
        ...

    async def participants_as_of(self, organizer: str, meeting_id: str, number: int) -> Sequence[Participant]:
        """Everybody who was there when event `number` of the meeting's topic was the last: the present undone by the
        log, in one consistent read. As far as the log still has the events since."""
        ...

    async def leave(self, owner: str, application_id: str, conversation_id: str, at: int) -> None:
        """Ends one conversation. Events: `participant_left` (or `lobby_left`) when it was the participant's last
        application; to the application `conversation_ended`. Invitations under way end. ConversationNotFound."""
        ...

    async def idle(self, polled_before: int) -> Sequence[Participation]:
        """The conversations of applications that polled, but not since `polled_before`, or never and were opened
        before it."""
        ...

    async def overdue_in_lobby(self, joined_before: int, limit: int) -> Sequence[Participation]:
        """Up to `limit` conversations that wait in a lobby since before `joined_before`, the oldest first."""
        ...

    async def lobbies(self, organizer: str, limit: int) -> Lobbies:
        """Those who wait in the lobbies of the organizer's meetings, the first to come first, up to `limit`."""
        ...

    async def admit(self, organizer: str, meeting_id: str, uri: str, at: int) -> None:
        """Lets a participant out of the lobby into the room: `in_lobby` becomes False and `since` the topic's last
        number after this change, for all its applications; their invitations become Connected.

        Events: `lobby_left`, `participant_joined`; to each of its applications `conversation_admitted`.
        ResourceNotFound: nobody with that URI waits.
        """
        ...

    async def remove_participant(
        self, organizer: str, meeting_id: str, uri: str, reason: str, at: int, *, in_lobby: bool
    ) -> None:
        """Ends all conversations of a participant in the lobby (reject), or in the room (eject).

        `reason`: Denied, Ejected, Timeout, ...: the subcode.

        Events: `participant_left` or `lobby_left`; to each of its applications `conversation_ended` with the reason;
        invitations under way become Failed with it. ResourceNotFound: nobody with that URI is in that place.
        """
        ...

    async def change_role(self, organizer: str, meeting_id: str, uri: str, role: Role, at: int) -> None:
        """Promotes or demotes. Event: `role_changed`, if it does change. ResourceNotFound: nobody with that URI."""
        ...

    async def change_messaging(
        self,
        participation: Participation,
        state: MessagingState,
        invitation: Invitation | None,
        at: int,
        first: FirstMessage | None = None,
    ) -> None:
        """Connects or disconnects messaging of a conversation. The participation `hears` messages while connected.

        `invitation`: that of addMessaging, stored Connected. Events, if the state changes: `messaging_changed` to the
        meeting's topic when the participant's first application connects or its last one disconnects; to the
        application `messaging_connected` (with the invitation) or `messaging_disconnected`. `first`: a message that is
        sent with it, behind these events. ConversationNotFound.
        """
        ...

    async def send_message(
        self, participation: Participation, content_type: str, text: str, operation_id: str | None, at: int
    ) -> int:
        """Appends `message` to the meeting's topic; its number, which is the message's id.

        Conflict: the conversation's messaging is not connected. ConversationNotFound.
        """
        ...

    async def set_typing(self, participation: Participation, typing: bool, at: int) -> None:
        """Appends `typing_changed` if the participant's state changes. ConversationNotFound."""
        ...

    async def typing_participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        """Those of the participants who type."""
        ...
