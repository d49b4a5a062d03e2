"""conversationLogs and what is below, missedItems: the history of conversations of two."""

import re
from collections.abc import Sequence
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer, created
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.history import ConversationLog
from openucwa.model.refusals import (
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    InvalidExchangeServerVersion,
    ResourceNotFound,
)
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.world import World
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.messaging import ADD_MESSAGING, MessageService
from openucwa.resources.rendering.conversations import invitation_href
from openucwa.resources.rendering.history import (
    log_document,
    log_href,
    logs_href,
    message_transcript_document,
    missed_items_document,
    next_transcripts_href,
    recipient_document,
    transcript_document,
    transcripts_href,
)
from openucwa.resources.two_party import TwoPartyService
from openucwa.store import contract

READ = (InvalidExchangeServerVersion, CannotRedirect)
CHANGE = (Conflict, CannotRedirect, CallbackChannelError)

_NUMBER = re.compile("[0-9]{1,9}")

#: UCWA: conversationLogs, GET, Query parameters.
LIMIT = (Parameter("limit", kind="integer", minimum=1, maximum=1_000),)
#: The number of logs that are linked without a limit, and of messages that are shown at a time.
LOGS_SHOWN = 100
TRANSCRIPTS_SHOWN = 100


class OfUser(Resource[None]):
    """A resource that each user has once."""

    scopes = CONVERSATION_SCOPES
    anonymous = False

    def __init__(self, history: contract.History) -> None:
        self._history = history


class MissedItems(OfUser):
    """UCWA: missedItems."""

    rel = "missedItems"

    @Operation("How many conversations were missed.", refuses=READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: missedItems, GET."""
        return Answer(missed_items_document(call, await self._history.counts(call.session.application.owner)))


class ConversationLogs(OfUser):
    """UCWA: conversationLogs."""

    rel = "conversationLogs"

    @Operation("Links to the latest conversation logs.", query=LIMIT, refuses=READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: conversationLogs, GET."""
        owner = call.session.application.owner
        logs = await self._history.all(owner, call.values.get("limit", LOGS_SHOWN))
        links = {"conversationLog": [Link(log_href(call, each.id)) for each in logs]}
        return Answer(Document(rel=self.rel, href=logs_href(call), links=links))


class LogPart(Resource[ConversationLog]):
    """A resource that each conversation log has once."""

    scopes = CONVERSATION_SCOPES
    anonymous = False

    def __init__(self, history: contract.History, world: World) -> None:
        self._history = history
        self._world = world

    async def locate(self, call: Context, log: str = "", **_names: str) -> ConversationLog:
        return await self._history.get(call.session.application.owner, log)


class ConversationLogResource(LogPart):
    """UCWA: conversationLog."""

    rel = "conversationLog"

    @Operation("One conversation log.", refuses=READ)
    async def get(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: conversationLog, GET."""
        return Answer(log_document(call, call.target))

    @Operation("Removes a conversation log.", answers=(204,), produces=(), refuses=(CannotRedirect,))
    async def delete(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: conversationLog, DELETE. The other user's log stays."""
        await self._history.remove(call.target.owner, call.target.id, self._world.now())
        return NO_CONTENT


class Recipient(LogPart):
    """UCWA: conversationLogRecipient. The other user."""

    rel = "conversationLogRecipient"

    @Operation("The other user of a conversation log.", refuses=READ)
    async def get(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: conversationLogRecipient, GET."""
        return Answer(recipient_document(call, call.target))


class MarkAsRead(LogPart):
    """UCWA: markAsRead."""

    rel = "markAsRead"

    @Operation("Marks a conversation log as read.", answers=(204,), produces=(), refuses=CHANGE)
    async def post(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: markAsRead, POST."""
        await self._history.mark_read(call.target.owner, call.target.id, self._world.now())
        return NO_CONTENT


class ContinueMessaging(LogPart):
    """UCWA: continueMessaging."""

    rel = "continueMessaging"

    def __init__(
        self, history: contract.History, world: World, two_party: TwoPartyService, messages: MessageService
    ) -> None:
        super().__init__(history, world)
        self._two_party = two_party
        self._messages = messages

    @Operation(
        "Invites the other user to a conversation again.",
        answers=(201,),
        produces=(),
        takes=ADD_MESSAGING,
        refuses=CHANGE,
    )
    async def post(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: continueMessaging, POST. The conversation has the same threadId and subject."""
        log = call.target
        first = self._messages.first(call)
        call.values.setdefault("threadId", log.thread_id)
        call.values.setdefault("subject", log.subject)
        invitation = await self._two_party.start(call, log.other_uri, first)
        return created(invitation_href(call, invitation.id, invitation.kind))


class Transcripts(LogPart):
    """UCWA: conversationLogTranscripts."""

    rel = "conversationLogTranscripts"

    @Operation("The first messages of a conversation log.", refuses=READ)
    async def get(self, call: Call[ConversationLog]) -> Answer:
        """UCWA: conversationLogTranscripts, GET."""
        return await _page(self._history, call, self.rel, call.target, 0)


class _OfMessage(Resource[tuple[ConversationLog, int]]):
    """A resource that is identified by a message's number."""

    scopes = CONVERSATION_SCOPES
    anonymous = False

    def __init__(self, history: contract.History) -> None:
        self._history = history

    async def locate(
        self, call: Context, log: str = "", number: str = "", **_names: str
    ) -> tuple[ConversationLog, int]:
        if not _NUMBER.fullmatch(number):
            raise ResourceNotFound("no such message in this conversation log")
        return await self._history.get(call.session.application.owner, log), int(number)


class NextTranscripts(_OfMessage):
    """UCWA: nextConversationLogTranscripts."""

    rel = "nextConversationLogTranscripts"

    @Operation("Further messages of a conversation log.", refuses=READ)
    async def get(self, call: Call[tuple[ConversationLog, int]]) -> Answer:
        """UCWA: nextConversationLogTranscripts, GET."""
        return await _page(self._history, call, self.rel, *call.target)


class Transcript(_OfMessage):
    """UCWA: conversationLogTranscript."""

    rel = "conversationLogTranscript"

    @Operation("One message of a conversation log.", refuses=READ)
    async def get(self, call: Call[tuple[ConversationLog, int]]) -> Answer:
        """UCWA: conversationLogTranscript, GET."""
        log, number = call.target
        return Answer(transcript_document(call, await self._history.message(log.owner, log.id, number)))


class MessageTranscript(_OfMessage):
    """UCWA: messageTranscript."""

    rel = "messageTranscript"

    @Operation("The text of one message of a conversation log.", refuses=READ)
    async def get(self, call: Call[tuple[ConversationLog, int]]) -> Answer:
        """UCWA: messageTranscript, GET."""
        log, number = call.target
        return Answer(message_transcript_document(call, await self._history.message(log.owner, log.id, number)))


async def _page(history: contract.History, call: Context, rel: str, log: ConversationLog, after: int) -> Answer:
    """The messages after a number, as many as fit."""
    found = await history.messages(log.owner, log.id, after, TRANSCRIPTS_SHOWN + 1)
    shown = found[:TRANSCRIPTS_SHOWN]
    links = {}
    if len(found) > len(shown):
        links["nextConversationLogTranscripts"] = Link(next_transcripts_href(call, log.id, shown[-1].number))
    href = next_transcripts_href(call, log.id, after) if after else transcripts_href(call, log.id)
    embedded = {"conversationLogTranscript": [transcript_document(call, each) for each in shown]}
    return Answer(Document(rel=rel, href=href, links=links, embedded=embedded))


def history_routes(
    root: str, history: contract.History, world: World, two_party: TwoPartyService, messages: MessageService
) -> Sequence[tuple[str, Resource[Any]]]:
    """The routes of all these below `root`, the path of communication."""
    log = f"{root}/conversationLogs/{{log}}"
    message = f"{log}/conversationLogTranscripts/{{number}}"
    return (
        (f"{root}/missedItems", MissedItems(history)),
        (f"{root}/conversationLogs", ConversationLogs(history)),
        (log, ConversationLogResource(history, world)),
        (f"{log}/conversationLogRecipient", Recipient(history, world)),
        (f"{log}/markAsRead", MarkAsRead(history, world)),
        (f"{log}/continueMessaging", ContinueMessaging(history, world, two_party, messages)),
        (f"{log}/conversationLogTranscripts", Transcripts(history, world)),
        (message, Transcript(history)),
        (f"{message}/messageTranscript", MessageTranscript(history)),
        (f"{message}/nextConversationLogTranscripts", NextTranscripts(history)),
    )
