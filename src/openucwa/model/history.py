"""The history of conversations of two, stored for each of the two users."""

from dataclasses import dataclass

from openucwa.model.conversation import FirstMessage, Invitation


@dataclass(frozen=True, slots=True)
class ConversationLog:
    """UCWA: conversationLog.

    `owner`: the user who sees it. `id`: that of the owner's conversation, or of the invitation that was missed.
    `created`, `changed`: ms since 1970, of its beginning and its last message. `outgoing`: whether the owner started
    the conversation. `missed`: whether it never began, because the owner did not answer. `unread`: until it is
    marked as read. `other_uri`, `other_name`: the other user. `preview`: the beginning of the last message.
    `messages`: how many are stored, of at most `max_messages`.
    """

    owner: str
    id: str
    created: int
    changed: int
    outgoing: bool
    missed: bool
    unread: bool
    importance: str
    subject: str
    thread_id: str
    other_uri: str
    other_name: str
    max_messages: int
    messages: int = 0
    preview: str = ""


@dataclass(frozen=True, slots=True)
class LogMessage:
    """UCWA: conversationLogTranscript. `number`: 1, 2, ... in its log. `at`: ms since 1970. `from_uri`: who said it."""

    owner: str
    log_id: str
    number: int
    at: int
    from_uri: str
    content_type: str
    text: str

    @property
    def content(self) -> FirstMessage:
        """What was said."""
        return FirstMessage(self.content_type, self.text)


@dataclass(frozen=True, slots=True)
class MissedItems:
    """UCWA: missedItems. `logs`: all conversation logs; `missed`: those that were missed; `unread`: these unread."""

    logs: int = 0
    missed: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class HistoryLimits:
    """Limits of the history of a user. `logs`: the latest so many conversations; 0: nothing. `messages`: of each."""

    logs: int = 0
    messages: int = 0


#: Nothing is stored.
NO_HISTORY = HistoryLimits()


def missed_log(invitation: Invitation, limits: HistoryLimits, at: int) -> ConversationLog:
    """The log of the invited user of an outgoing invitation that was not answered."""
    return ConversationLog(
        owner=invitation.to_uri,
        id=invitation.id,
        created=at,
        changed=at,
        outgoing=False,
        missed=True,
        unread=True,
        importance=invitation.importance,
        subject=invitation.subject,
        thread_id=invitation.thread_id,
        other_uri=invitation.from_uri,
        other_name=invitation.from_name,
        max_messages=limits.messages,
    )
