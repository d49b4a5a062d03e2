"""Documents of the history of conversations of two, as one of the two users sees them; for resources and events."""

from openucwa.api.call import Context
from openucwa.model.history import ConversationLog, LogMessage, MissedItems
from openucwa.model.values import Instant
from openucwa.representation.document import Document, Link, Property
from openucwa.resources.people import contact_href
from openucwa.resources.rendering.conversations import message_content


def logs_href(call: Context) -> str:
    """The href of the application's conversation logs."""
    return f"{call.application}/communication/conversationLogs"


def log_href(call: Context, log: str) -> str:
    """The href of one of them."""
    return f"{logs_href(call)}/{log}"


def transcripts_href(call: Context, log: str) -> str:
    """The href of the messages of a log."""
    return f"{log_href(call, log)}/conversationLogTranscripts"


def next_transcripts_href(call: Context, log: str, after: int) -> str:
    """The href of those after a number."""
    return f"{transcripts_href(call, log)}/{after}/nextConversationLogTranscripts"


def missed_items_document(call: Context, counts: MissedItems) -> Document:
    """UCWA: missedItems."""
    return Document(
        rel="missedItems",
        href=f"{call.application}/communication/missedItems",
        properties={
            "conversationLogsCount": counts.logs,
            "conversationLogsNotifications": "Enabled",
            "missedConversationsCount": counts.missed,
            "unreadMissedConversationsCount": counts.unread,
            "unreadVoicemailsCount": 0,
            "voiceMailsCount": 0,
        },
    )


def log_document(call: Context, log: ConversationLog) -> Document:
    """UCWA: conversationLog."""
    href = log_href(call, log.id)
    properties: dict[str, Property] = {
        "creationTime": Instant(log.created),
        "direction": "Outgoing" if log.outgoing else "Incoming",
        "importance": log.importance,
        "modalities": ["Messaging"],
        "previewMessage": log.preview,
        "status": "Missed" if log.missed else "Archived",
        "subject": log.subject,
        "threadId": log.thread_id,
        "totalRecipientsCount": 1,
        "type": "MessageLog",
    }
    links = {
        "continueMessaging": Link(f"{href}/continueMessaging"),
        "conversationLogTranscripts": Link(transcripts_href(call, log.id)),
        "markAsRead": Link(f"{href}/markAsRead"),
    }
    embedded = {"conversationLogRecipient": [recipient_document(call, log)]}
    return Document(rel="conversationLog", href=href, properties=properties, links=links, embedded=embedded)


def recipient_document(call: Context, log: ConversationLog) -> Document:
    """UCWA: conversationLogRecipient."""
    return Document(
        rel="conversationLogRecipient",
        href=f"{log_href(call, log.id)}/conversationLogRecipient",
        properties={"displayName": log.other_name, "sipUri": log.other_uri},
        links={"contact": Link(contact_href(call, log.other_uri), title=log.other_name)},
    )


def transcript_document(call: Context, message: LogMessage) -> Document:
    """UCWA: conversationLogTranscript. It links the sender."""
    own = message.from_uri == message.owner
    sender = {"me": Link(f"{call.application}/me")} if own else {"contact": Link(contact_href(call, message.from_uri))}
    return Document(
        rel="conversationLogTranscript",
        href=_transcript_href(call, message),
        properties={"timeStamp": Instant(message.at)},
        links=sender,
        embedded={"messageTranscript": message_transcript_document(call, message)},
    )


def message_transcript_document(call: Context, message: LogMessage) -> Document:
    """UCWA: messageTranscript."""
    href = f"{_transcript_href(call, message)}/messageTranscript"
    return Document(rel="messageTranscript", href=href, links=message_content(message.content))


def _transcript_href(call: Context, message: LogMessage) -> str:
    return f"{transcripts_href(call, message.log_id)}/{message.number}"
