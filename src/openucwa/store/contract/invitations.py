"""Invitations: operations that bring somebody, or a modality, into a conversation."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.conversation import Invitation


class Invitations(Protocol):
    """Invitations, under the promises of `Conversations`."""

    async def get(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        """ResourceNotFound: no such invitation of this application, or it ended and was forgotten."""
        ...

    async def add(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        """Stores both sides of an invitation of a user, all Connecting; applications that have ended are not asked.

        Events, each to its application: `invitation_started`. ApplicationNotFound: the inviting one has ended.
        """
        ...

    async def refuse(self, refused: Invitation, at: int) -> None:
        """Stores an invitation that failed at once. Events: `invitation_started`, `invitation_ended`.

        ApplicationNotFound: the application has ended.
        """
        ...

    async def end(self, ended: Invitation, at: int) -> None:
        """Writes an invitation's end: `state`, `reason`, `conversation`; and that of its other side: the outgoing one
        takes the same end, further incoming ones of the same operation become Cancelled.

        Events, each to its application: `invitation_ended`. ResourceNotFound: it is not under way any more.
        """
        ...

    async def overdue(self, now: int, limit: int) -> Sequence[Invitation]:
        """Outgoing invitations under way whose `expires` is before `now`."""
        ...

    async def was_invited_by_leader(self, owner: str, organizer: str, meeting_id: str) -> bool:
        """Whether a leader invited `owner` into the meeting, and did not take it back; as long as one of the
        applications that were asked is open."""
        ...

    async def offered(self, owner: str, application_id: str, conversation_id: str) -> Invitation:
        """The incoming invitation under way that would begin this conversation. ConversationNotFound."""
        ...
