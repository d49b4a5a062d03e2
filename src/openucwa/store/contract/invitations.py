"""Invitations: operations that bring a user, or a modality, into a conversation."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.conversation import Invitation, InvitationKind
from openucwa.model.history import NO_HISTORY, HistoryLimits


class Invitations(Protocol):
    """Invitations, with the guarantees of `Conversations`."""

    async def get(self, owner: str, application_id: str, invitation_id: str) -> Invitation:
        """ResourceNotFound: no such invitation of this application, or it ended and was forgotten."""
        ...

    async def add(self, outgoing: Invitation, incoming: Sequence[Invitation], at: int) -> None:
        """Stores both sides of a user's invitation, all Connecting; applications that have ended are skipped.

        Events, to each application: `invitation_started`. ApplicationNotFound: the inviting one has ended.
        AlreadyStarted: it has an invitation of this kind to the same user, and into the same meeting, with the same
        operation id, that is pending, or by which the user takes part.
        """
        ...

    async def refuse(self, refused: Invitation, at: int, missed: HistoryLimits = NO_HISTORY) -> None:
        """Stores an invitation that failed at once.

        `missed`: the invited user gets a log of it, within these limits. Events: `invitation_started`,
        `invitation_ended`. ApplicationNotFound, AlreadyStarted: as for `add`.
        """
        ...

    async def end(
        self, ended: Invitation, at: int, *, elsewhere_goes_on: bool = False, missed: HistoryLimits = NO_HISTORY
    ) -> None:
        """Stores the end of an invitation: `state`, `reason`, `conversation`.

        Its other sides end too: the outgoing one in the same way; further incoming ones of the same operation become
        Cancelled. So does the inviter's conversation, if it is an invitation to one of two. Events, to each
        application: `invitation_ended`, `conversation_ended`. `elsewhere_goes_on`: the other sides end only if no
        further application is asked. `missed`: as in `refuse`. Conflict: it is no longer pending.
        """
        ...

    async def replay(self, owner: str, application_id: str, at: int) -> None:
        """Notifies an application once more of its pending incoming invitations. Events: `invitation_replayed`."""
        ...

    async def overdue(self, now: int, limit: int) -> Sequence[Invitation]:
        """Pending outgoing invitations whose `expires` is before `now`."""
        ...

    async def pending(self, owner: str, application_id: str) -> Sequence[Invitation]:
        """The pending invitations of an application, incoming and outgoing."""
        ...

    async def started(
        self, owner: str, application_id: str, operation_id: str, kind: InvitationKind
    ) -> Sequence[Invitation]:
        """The invitations that an application has started under an operation id: pending, or of a conversation that
        lasts.
        """
        ...

    async def was_invited_by_leader(self, owner: str, organizer: str, meeting_id: str) -> bool:
        """Whether a leader invited `owner` into the meeting and did not cancel it; as long as one of the notified
        applications is open.
        """
        ...

    async def offered(self, owner: str, application_id: str, conversation_id: str) -> Invitation:
        """The pending incoming invitation that offers this conversation. ConversationNotFound."""
        ...
