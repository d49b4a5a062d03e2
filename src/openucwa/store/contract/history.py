"""The history of conversations of two, as far as it is stored."""

from collections.abc import Sequence
from typing import Protocol

from openucwa.model.history import ConversationLog, LogMessage, MissedItems


class History(Protocol):
    """Conversation logs. `TwoParty.accept` begins one, and `Conversations.send_message` adds to it. `Invitations.end`
    and `refuse` add invitations that were missed.

    These, `mark_read` and `remove` raise `missedItems updated` to all applications of the user.
    """

    async def all(self, owner: str, limit: int) -> Sequence[ConversationLog]:
        """The logs of a user, the latest first."""
        ...

    async def get(self, owner: str, log_id: str) -> ConversationLog:
        """ResourceNotFound: the user has no such log."""
        ...

    async def messages(self, owner: str, log_id: str, after: int, limit: int) -> Sequence[LogMessage]:
        """The messages of a log after number `after`, in order, at most `limit`."""
        ...

    async def message(self, owner: str, log_id: str, number: int) -> LogMessage:
        """ResourceNotFound: the log has no such message."""
        ...

    async def counts(self, owner: str) -> MissedItems:
        """The numbers of logs: all, missed, and missed and unread."""
        ...

    async def mark_read(self, owner: str, log_id: str, at: int) -> None:
        """ResourceNotFound: the user has no such log."""
        ...

    async def remove(self, owner: str, log_id: str, at: int) -> None:
        """ResourceNotFound: the user has no such log."""
        ...

    async def forget(self, before: int, limit: int) -> int:
        """Removes up to `limit` logs whose last message is from before `before`; their number."""
        ...
