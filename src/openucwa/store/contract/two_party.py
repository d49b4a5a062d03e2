"""Conversations of two users, without a meeting: how they begin, and how one becomes a meeting.

Everything else is as in meetings (`Conversations`, `Invitations`); what differs at the end is said there.
"""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.change import SERVER, Author
from openucwa.model.conversation import Invitation, Participation
from openucwa.model.history import NO_HISTORY, HistoryLimits
from openucwa.model.meeting import Meeting


class TwoParty(Protocol):
    """Conversations of two. The inviter comes first in every key, as the organizer of a meeting does."""

    async def start(
        self, draft: Participation, outgoing: Invitation, incoming: Sequence[Invitation], limit: int, at: int
    ) -> bool:
        """Starts the inviter's conversation, Connecting, and asks the other user's applications.

        Events: to each application that is asked `invitation_started`; to the inviter's `conversation_waiting`. False:
        none of the asked applications is open any more, and nothing is stored. TooManyConversations: the inviter's
        application has `limit` conversations. ApplicationNotFound, AlreadyStarted: as for `Invitations.add`.
        """
        ...

    async def accept(
        self, incoming: Invitation, draft: Participation, limit: int, at: int, history: HistoryLimits = NO_HISTORY
    ) -> Participation:
        """Adds the invited user's application, and connects messaging on both sides; the first one to accept has it.

        Both sides of the invitation become Connected; other applications' become Cancelled, with the reason
        ConnectedElsewhere. A log begins for each side whose application has conversationHistory Enabled, within the
        limits of `history`. Events: `participant_joined` to the conversation's topic, `conversation_admitted` to both
        applications; then the message that came along. Conflict: the invitation is no longer pending.
        TooManyConversations, ApplicationNotFound as above.
        """
        ...

    async def escalate(self, own: Participation, meeting: Meeting, limit: int, at: int, by: Author = SERVER) -> None:
        """Makes a meeting of the conversation: `meeting`, under its key, led by both.

        Event: `conversation_escalated`. Does nothing if it is one already. ConversationNotFound. Conflict: the invited
        user has not accepted yet. Raises what `Meetings.add` raises.
        """
        ...

    async def forget_ended(self, before: int, limit: int) -> int:
        """Removes up to `limit` participations whose conversation the other one left before `before`; their number."""
        ...
