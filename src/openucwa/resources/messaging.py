"""messaging and message: instant messages between participants."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer, created
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.channel.typing_timeouts import TypingTimeouts
from openucwa.identity.rate import Rate
from openucwa.meetings.admission import leads
from openucwa.meetings.messages import MESSAGE_TYPES, MessageRules
from openucwa.model.conversation import (
    FirstMessage,
    Form,
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
)
from openucwa.model.conversation_events import MESSAGE
from openucwa.model.event import Event
from openucwa.model.meeting import meeting_uri
from openucwa.model.refusals import AttendeeNotAllowed, Conflict, ConversationNotFound, Forbidden, ResourceNotFound
from openucwa.model.scopes import RECEIVE
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.conversations import ANY_FORM, BEGUN, CHANGE, READ, ConversationPart, InConversation, meeting_of
from openucwa.resources.rendering.conversations import (
    ConversationRenderer,
    invitation_href,
    messaging_href,
    participant_href,
    unjoined_messaging,
)
from openucwa.resources.rendering.invitations import FIRST_MESSAGE, first_message_document
from openucwa.store import contract
from openucwa.store.contract import Store

#: UCWA: addMessaging, POST, Request body.
ADD_MESSAGING = (Parameter("operationId", max_length=50), Parameter("message"))
#: UCWA: sendMessage, POST, Query parameters.
SEND_MESSAGE = (Parameter("operationId", max_length=50),)

_NUMBER = re.compile("[0-9]{1,18}")

#: The description of a POST that sends a message, wherever it is accepted.
SENDING = Operation(
    "Sends a message.",
    answers=(201,),
    produces=(),
    query=SEND_MESSAGE,
    consumes=MESSAGE_TYPES,
    refuses=(*CHANGE, Conflict, AttendeeNotAllowed),
)

#: The number of messages that `messages` links to: the latest ones.
MAX_MESSAGES = 500


class MessageService:
    """Sends messages from requests."""

    def __init__(self, conversations: contract.Conversations, rules: MessageRules, world: World) -> None:
        self._conversations = conversations
        self._rules = rules
        self._world = world

    async def send(self, call: Call[Any], own: Participation) -> Answer:
        """UCWA: sendMessage, POST. Conflict: messaging is not connected."""
        self._rules.check(call.text)
        content_type = (call.request.header(b"content-type") or "text/plain").partition(";")[0].strip().lower()
        operation = call.values.get("operationId")
        number = await self._conversations.send_message(own, content_type, call.text, operation, self._world.now())
        return created(f"{messaging_href(call, own.id)}/messages/{number}")

    def first(self, call: Call[Any]) -> FirstMessage | None:
        """The message sent with addMessaging, as a link or as a property; None: there is none."""
        uri = _external(call, "message")
        return self._rules.first_message(uri) if uri else None

    def custom_content(self, call: Call[Any]) -> str | None:
        """The data URI sent with startMessaging2, in the same ways; None: there is none."""
        uri = _external(call, "customContent")
        return self._rules.custom_content(uri) if uri else None


def _external(call: Call[Any], name: str) -> str | None:
    """The URI of an external resource in the body: that of the link, or else of the property, of this name."""
    links = call.given.get("_links")
    link = links.get(name) if isinstance(links, dict) else None
    href = link.get("href") if isinstance(link, dict) else None
    return href if isinstance(href, str) else call.values.get(name)


class Messaging(InConversation[Participation | Invitation]):
    """UCWA: messaging. The conversation's instant messaging; also of a conversation of two that is offered."""

    rel = "messaging"
    forms = ANY_FORM

    async def locate(self, call: Context, conversation: str = "", **_names: str) -> Participation | Invitation:
        try:
            return await self.own(call, conversation)
        except ConversationNotFound:
            return await offered_two_party(self._store.invitations, call, conversation)

    @Operation("The state of messaging.", refuses=READ)
    async def get(self, call: Call[Participation | Invitation]) -> Answer:
        """UCWA: messaging, GET."""
        if isinstance(call.target, Invitation):
            return Answer(unjoined_messaging(call, call.target.conversation or "", call.target.state))
        formats = call.session.application.communication.supported_message_formats
        meeting = await meeting_of(self._store.meetings, call.target)
        return Answer(self._documents.messaging(call, call.target, meeting, formats))


class AddMessaging(ConversationPart):
    """UCWA: addMessaging. From then on the participant sends and receives messages."""

    rel = "addMessaging"
    forms = BEGUN

    def __init__(
        self, store: Store, documents: ConversationRenderer, world: World, acts: Rate, messages: MessageService
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._messages = messages

    @Operation(
        "Connects messaging.",
        answers=(201,),
        produces=(),
        takes=ADD_MESSAGING,
        refuses=(*CHANGE, Conflict, AttendeeNotAllowed),
    )
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: addMessaging, POST. A first message in the body is sent."""
        self.count(call.target)
        first = self._messages.first(call)
        if call.target.messaging == MessagingState.CONNECTED:
            raise Conflict("messaging is already connected")
        invitation = Invitation(
            owner=call.target.owner,
            application_id=call.target.application_id,
            id=new_uuid(self._world),
            kind=InvitationKind.MESSAGING,
            outgoing=True,
            state=InvitationState.CONNECTING,
            organizer=call.target.organizer,
            meeting_id=call.target.meeting_id,
            conversation=call.target.id,
            operation_id=call.values.get("operationId"),
            thread_id=call.target.thread_id,
            subject=call.target.subject,
            importance=call.target.importance,
            from_uri=call.target.uri,
            from_name=call.target.name,
            to_uri=meeting_uri(call.target.organizer, call.target.meeting_id),
        )
        now = self._world.now()
        await self._store.conversations.change_messaging(call.target, MessagingState.CONNECTED, invitation, now, first)
        return created(invitation_href(call, invitation.id, invitation.kind))


class StopMessaging(ConversationPart):
    """UCWA: stopMessaging. Ends a conversation of two, which has nothing but messaging."""

    rel = "stopMessaging"
    forms = ANY_FORM

    @Operation("Disconnects messaging.", answers=(204,), produces=(), refuses=CHANGE)
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: stopMessaging, POST."""
        own, now = call.target, self._world.now()
        if own.form != Form.MEETING:
            await self._store.conversations.leave(own.owner, own.application_id, own.id, now)
            return NO_CONTENT
        self.count(own)
        await self._store.conversations.change_messaging(own, MessagingState.DISCONNECTED, None, now)
        return NO_CONTENT


class SetIsTyping(ConversationPart):
    """UCWA: setIsTyping. Lasts until the participant sends a message, or for a while (setting)."""

    rel = "setIsTyping"
    forms = BEGUN

    def __init__(
        self, store: Store, documents: ConversationRenderer, world: World, acts: Rate, typing_timeouts: TypingTimeouts
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._typing_timeouts = typing_timeouts

    @Operation(
        "Reports that the participant is typing.",
        answers=(204,),
        produces=(),
        refuses=(*CHANGE, Conflict, AttendeeNotAllowed),
    )
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: setIsTyping, POST."""
        self.count(call.target)
        if call.target.messaging != MessagingState.CONNECTED:
            raise Conflict("messaging is not connected: POST addMessaging first")
        await self._typing_timeouts.start(call.target)
        return NO_CONTENT


class TypingParticipants(ConversationPart):
    """UCWA: typingParticipants."""

    rel = "typingParticipants"
    forms = BEGUN
    scopes = frozenset({RECEIVE})

    @Operation("Links to the participants who are typing.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: typingParticipants."""
        typing = await self._store.conversations.typing_participants(call.target.organizer, call.target.meeting_id)
        links = [Link(participant_href(call, call.target.id, each.uri), title=each.name) for each in typing]
        href = f"{messaging_href(call, call.target.id)}/typingParticipants"
        return Answer(Document(rel=self.rel, href=href, links={"participant": links}))


class Messages(ConversationPart):
    """UCWA: messages; sendMessage, as a POST to it."""

    rel = "messages"
    forms = BEGUN

    def __init__(
        self, store: Store, documents: ConversationRenderer, world: World, acts: Rate, messages: MessageService
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._messages = messages

    @Operation("Links to the latest messages since the participant joined.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: messages, GET."""
        own = call.target
        href = f"{messaging_href(call, own.id)}/messages"
        numbers = await self._store.events.numbers(own.topic, MESSAGE, own.since, MAX_MESSAGES)
        links = [Link(f"{href}/{number}") for number in numbers if own.receives_message(number)]
        return Answer(Document(rel=self.rel, href=href, links={"message": links}))

    @SENDING
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: sendMessage, POST."""
        self.count(call.target)
        return await self._messages.send(call, call.target)


class Message(InConversation[tuple[Participation, Event] | Invitation]):
    """UCWA: message. Also accepts sendMessage. An incoming invitation has the message that came along."""

    rel = "message"
    forms = BEGUN

    def __init__(
        self, store: Store, documents: ConversationRenderer, world: World, acts: Rate, messages: MessageService
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._messages = messages

    async def locate(
        self, call: Context, conversation: str = "", message: str = "", **_names: str
    ) -> tuple[Participation, Event] | Invitation:
        number = int(message) if _NUMBER.fullmatch(message) else 0
        try:
            own = await self.own(call, conversation)
        except ConversationNotFound:
            offered = await offered_two_party(self._store.invitations, call, conversation)
            if number != FIRST_MESSAGE or offered.first_message is None:
                raise ResourceNotFound("no such message") from None
            return offered
        if own.receives_message(number):
            event = await self._store.events.get(own.topic, number)
            if event.kind == MESSAGE:
                return own, event
        raise ResourceNotFound("no such message")

    @Operation("One message.", refuses=READ)
    async def get(self, call: Call[tuple[Participation, Event] | Invitation]) -> Answer:
        """UCWA: message, GET."""
        if isinstance(call.target, Invitation):
            return Answer(first_message_document(call, call.target))
        own, event = call.target
        return Answer(self._documents.message(call, own, event))

    @replace(SENDING, summary="Sends a message, by a POST to another message.")
    async def post(self, call: Call[tuple[Participation, Event] | Invitation]) -> Answer:
        """UCWA: sendMessage, POST."""
        if isinstance(call.target, Invitation):
            raise Conflict("accept the invitation first")
        self.count(call.target[0])
        return await self._messages.send(call, call.target[0])


class AudienceMessaging(ConversationPart):
    """UCWA: enableAudienceMessaging; disableAudienceMessaging. Whether attendees may send messages to the meeting."""

    #: What it sets.
    enabled = True

    @Operation("{rel}: for leaders.", answers=(204,), produces=(), refuses=(*CHANGE, Forbidden, ResourceNotFound))
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: enableAudienceMessaging, POST; disableAudienceMessaging, POST."""
        own = call.target
        if not leads(own):
            raise Forbidden("only leaders can enable and disable messaging for attendees")
        self.count(own)
        await self._store.conversations.set_audience_messaging(
            own.organizer, own.meeting_id, self.enabled, self._world.now()
        )
        return NO_CONTENT


class EnableAudienceMessaging(AudienceMessaging):
    rel = "enableAudienceMessaging"


class DisableAudienceMessaging(AudienceMessaging):
    rel = "disableAudienceMessaging"
    enabled = False


async def offered_two_party(invitations: contract.Invitations, call: Context, conversation: str) -> Invitation:
    """The incoming invitation to a conversation of two. ConversationNotFound: there is none."""
    application = call.session.application
    offered = await invitations.offered(application.owner, application.id, conversation)
    if not offered.two_party:
        raise ConversationNotFound("the application has no such conversation")
    return offered


def routes(
    root: str,
    inside: tuple[Store, ConversationRenderer, World, Rate],
    messages: MessageService,
    typing_timeouts: TypingTimeouts,
) -> Sequence[tuple[str, Resource[Any]]]:
    """The routes of messaging. `root`: its template. `inside`: what every resource of a conversation is made with."""
    return (
        (root, Messaging(*inside)),
        (f"{root}/addMessaging", AddMessaging(*inside, messages)),
        (f"{root}/enableAudienceMessaging", EnableAudienceMessaging(*inside)),
        (f"{root}/disableAudienceMessaging", DisableAudienceMessaging(*inside)),
        (f"{root}/terminate", StopMessaging(*inside)),
        (f"{root}/typing", SetIsTyping(*inside, typing_timeouts)),
        (f"{root}/typingParticipants", TypingParticipants(*inside)),
        (f"{root}/messages", Messages(*inside, messages)),
        (f"{root}/messages/{{message}}", Message(*inside, messages)),
    )
