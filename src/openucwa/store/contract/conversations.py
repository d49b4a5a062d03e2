"""Conversations: the participation of applications in live meetings.

The events of a change depend on its result (who else is present, through how many applications), so these methods
create them, with the constructors of `model/conversation_events.py`, as rows of the same transaction. Permissions are
checked before these methods are called.
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
    """Participations and participants. In all rows of a meeting the organizer comes first in the key."""

    async def join(
        self,
        draft: Participation,
        invitation: Invitation,
        meeting_etag: str,
        limit: int,
        at: int,
        *,
        once: bool = False,
    ) -> Participation:
        """Adds an application to a meeting, in the lobby if `draft.in_lobby` says so.

        If the owner takes part already, through another application, role and lobby are those of that one. The result
        has `since` set to the number of the topic's last event after this change, its own included.

        Events: to the meeting's topic `participant_joined` (or `lobby_joined`) if that URI was not present before; to
        the application's `conversation_begun`, or `conversation_waiting` in the lobby. `invitation` is stored as well,
        Connected, or Connecting in the lobby. An existing invitation is an incoming one that is accepted by this; its
        other sides end with it, the outgoing one Connected, further ones Cancelled.

        DestinationNotFound: no such meeting. PreconditionFailed: its etag is no longer `meeting_etag`, so admission
        must be decided again. AlreadyJoined: the application takes part already. Conflict: the invitation is no longer
        pending. TooManyParticipants: there are `limit` participants in the meeting, and this is not one of them.
        ApplicationNotFound: the application has ended. AlreadyStarted: `once`, and the application takes part in a
        meeting of its owner's with the same subject that it joined by the same operation id.
        """
        ...

    async def get(self, owner: str, application_id: str, conversation_id: str) -> Participation:
        """ConversationNotFound: the application has no such conversation."""
        ...

    async def all(self, owner: str, application_id: str) -> Sequence[Participation]:
        """All conversations of an application, oldest first."""
        ...

    async def including_ended(self, owner: str, application_id: str) -> Sequence[Participation]:
        """All conversations of an application, oldest first, and those of two that the other one has left, whose last
        events may not have been delivered yet.
        """
        ...

    async def participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        """The participants in the meeting and in the lobby, in the order of joining."""
        ...

    async def participants_as_of(self, organizer: str, meeting_id: str, number: int) -> Sequence[Participant]:
        """The participants when event `number` of the meeting's topic was the last: the present ones with later events
        undone, in one consistent read, as far as the log has these events.
        """
        ...

    async def leave(self, owner: str, application_id: str, conversation_id: str, at: int) -> None:
        """Ends one conversation.

        Events: `participant_left` (or `lobby_left`) if it was the participant's last application; to the application
        `conversation_ended`. Pending invitations end. A conversation of two ends for the other one too, whose
        participation remains as `ended`; one that is Connecting is cancelled. ConversationNotFound.
        """
        ...

    async def idle(self, polled_before: int) -> Sequence[Participation]:
        """The conversations of applications that have not polled since `polled_before`, or never and were opened before
        it.
        """
        ...

    async def overdue_in_lobby(self, joined_before: int, limit: int) -> Sequence[Participation]:
        """Up to `limit` conversations waiting in a lobby since before `joined_before`, the oldest first."""
        ...

    async def lobbies(self, organizer: str, limit: int) -> Lobbies:
        """Those who wait in the lobbies of the organizer's meetings, the first to come first, up to `limit`."""
        ...

    async def admit(self, organizer: str, meeting_id: str, uri: str, at: int) -> None:
        """Admits a participant from the lobby.

        `in_lobby` becomes False and `since` the topic's last number after this change, for all its applications; their
        invitations become Connected. Events: `lobby_left`, `participant_joined`; to each of its applications
        `conversation_admitted`. ResourceNotFound: no participant with that URI is waiting.
        """
        ...

    async def remove_participant(
        self, organizer: str, meeting_id: str, uri: str, reason: str, at: int, *, in_lobby: bool
    ) -> None:
        """Ends all conversations of a participant in the lobby (reject), or in the meeting (eject).

        `reason`: Denied, Ejected, Timeout, ...: the subcode. Events: `participant_left` or `lobby_left`; to each of its
        applications `conversation_ended` with the reason; pending invitations become Failed with it. ResourceNotFound:
        no participant with that URI is there.
        """
        ...

    async def change_role(self, organizer: str, meeting_id: str, uri: str, role: Role, at: int) -> None:
        """Promotes or demotes. Event: `role_changed`, if it changes. ResourceNotFound: no participant with that URI."""
        ...

    async def set_audience_messaging(self, organizer: str, meeting_id: str, enabled: bool, at: int) -> None:
        """Allows attendees to send messages, or forbids it; attendees who type stop then.

        Event: `audience_messaging_changed`, if it changes. ResourceNotFound: no such meeting.
        """
        ...

    async def change_messaging(
        self,
        participation: Participation,
        state: MessagingState,
        invitation: Invitation | None,
        at: int,
        first: FirstMessage | None = None,
    ) -> None:
        """Connects or disconnects messaging of a conversation. The participation receives messages while connected.

        `invitation`: that of addMessaging, stored Connected. Events, if the state changes: `messaging_changed` to the
        meeting's topic when the participant's first application connects or its last one disconnects; to the
        application `messaging_connected` (with the invitation) or `messaging_disconnected`. `first`: a message that is
        sent after these events. ConversationNotFound. AttendeeNotAllowed: as for `send_message`, if there is `first`.
        """
        ...

    async def send_message(
        self, participation: Participation, content_type: str, text: str, operation_id: str | None, at: int
    ) -> int:
        """Appends `message` to the meeting's topic; returns its number, which is the message's id.

        Conflict: the conversation's messaging is not connected. AttendeeNotAllowed: the participant is an attendee of a
        meeting whose `audience_messaging` is False. ConversationNotFound.
        """
        ...

    async def set_typing(self, participation: Participation, typing: bool, at: int) -> None:
        """Appends `typing_changed` if the participant's state changes. ConversationNotFound. AttendeeNotAllowed: as for
        `send_message`, if `typing`.
        """
        ...

    async def typing_participants(self, organizer: str, meeting_id: str) -> Sequence[Participant]:
        """The participants who are typing."""
        ...
