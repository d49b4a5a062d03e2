"""messaging and message: what participants say to each other."""

import re
from typing import Any

from openucwa.channel.typists import Typists
from openucwa.model.event import Event
from openucwa.model.refusals import Conflict, DeserializationFailure, ParameterValidationFailure, ResourceNotFound
from openucwa.model.room import Invitation, InvitationKind, InvitationState, MessagingState, Participation
from openucwa.model.room_events import MESSAGE
from openucwa.model.values import is_carriable
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.conversations import CHANGE, READ, ConversationPart, InConversation
from openucwa.resources.room import RoomDocuments, invitation_href, messaging_href, participant_href
from openucwa.store.contract import Store
from openucwa.wire.resource import Call, Request, Response, operation

#: UCWA: addMessaging, POST, Request body.
ADD_MESSAGING = (Parameter("operationId", max_length=50), Parameter("message"))
#: UCWA: sendMessage, POST, Query parameters.
SEND_MESSAGE = (Parameter("operationId", max_length=50),)
MESSAGE_TYPES = ("text/plain", "text/html")

_NUMBER = re.compile("[0-9]{1,18}")

#: What a POST that sends a message is, wherever it is accepted.
SENDING: dict[str, Any] = {
    "answers": (201,),
    "produces": (),
    "query": SEND_MESSAGE,
    "consumes": MESSAGE_TYPES,
    "refuses": (*CHANGE, Conflict),
}

#: Messages that are linked to from `messages`: the latest.
MOST_MESSAGES = 500


class Messaging(ConversationPart):
    """UCWA: messaging. The conversation's instant messaging."""

    rel = "messaging"

    @operation("The state of messaging.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: messaging, GET."""
        formats = req.call.here.application.communication.supported_message_formats
        resp.media = self._documents.messaging(req.call, target, formats)


class AddMessaging(ConversationPart):
    """UCWA: addMessaging. From then on the participant sends and gets messages."""

    rel = "addMessaging"

    @operation("Connects messaging.", answers=(201,), produces=(), takes=ADD_MESSAGING, refuses=(*CHANGE, Conflict))
    async def on_post(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: addMessaging, POST. The first message that a client may bring with it is none of a meeting's."""
        call = req.call
        if target.messaging == MessagingState.CONNECTED:
            raise Conflict("messaging is connected already")
        invitation = Invitation(
            owner=target.owner,
            application_id=target.application_id,
            id=new_uuid(self._world),
            kind=InvitationKind.MESSAGING,
            outgoing=True,
            state=InvitationState.CONNECTING,
            organizer=target.organizer,
            meeting_id=target.meeting_id,
            conversation=target.id,
            operation_id=call.values.get("operationId"),
            thread_id=target.thread_id,
            subject=target.subject,
            importance=target.importance,
            from_uri=target.uri,
            from_name=target.name,
            to_uri=f"{target.organizer};gruu;opaque=app:conf:focus:id:{target.meeting_id}",
        )
        await self._store.change_messaging(target, MessagingState.CONNECTED, invitation, self._world.now())
        resp.status = 201
        resp.set_header("Location", invitation_href(call, invitation.id))


class StopMessaging(ConversationPart):
    """UCWA: stopMessaging."""

    rel = "stopMessaging"

    @operation("Disconnects messaging.", answers=(204,), produces=(), refuses=CHANGE)
    async def on_post(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: stopMessaging, POST."""
        await self._store.change_messaging(target, MessagingState.DISCONNECTED, None, self._world.now())
        resp.status = 204


class SetIsTyping(ConversationPart):
    """UCWA: setIsTyping. Holds until the participant says something, or for a while (setting)."""

    rel = "setIsTyping"

    def __init__(self, store: Store, documents: RoomDocuments, world: World, typists: Typists) -> None:
        super().__init__(store, documents, world)
        self._typists = typists

    @operation("Says that the participant types.", answers=(204,), produces=(), refuses=(*CHANGE, Conflict))
    async def on_post(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: setIsTyping, POST."""
        if target.messaging != MessagingState.CONNECTED:
            raise Conflict("messaging is not connected: addMessaging has to come first")
        await self._typists.types(target)
        resp.status = 204


class TypingParticipants(ConversationPart):
    """UCWA: typingParticipants."""

    rel = "typingParticipants"

    @operation("Links to those who type.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: typingParticipants."""
        call = req.call
        typing = await self._store.typing_participants(target.organizer, target.meeting_id)
        links = [Link(participant_href(call, target.id, each.uri), title=each.name) for each in typing]
        href = f"{messaging_href(call, target.id)}/typingParticipants"
        resp.media = Document(rel=self.rel, href=href, links={"participant": links})


class Messages(ConversationPart):
    """UCWA: messages; sendMessage, as the POST on them."""

    rel = "messages"

    @operation("Links to the latest messages since the participant came.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: messages, GET."""
        href = f"{messaging_href(req.call, target.id)}/messages"
        numbers = await self._store.event_numbers(target.topic, MESSAGE, target.since, MOST_MESSAGES)
        links = [Link(f"{href}/{number}") for number in numbers if target.hears_message(number)]
        resp.media = Document(rel=self.rel, href=href, links={"message": links})

    @operation("Sends a message.", **SENDING)
    async def on_post(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: sendMessage, POST."""
        await send(req, resp, target, self._store, self._world)


class Message(InConversation[tuple[Participation, Event]]):
    """UCWA: message. A client may send from here as well."""

    rel = "message"

    async def locate(
        self, call: Call, conversation: str = "", message: str = "", **_names: str
    ) -> tuple[Participation, Event]:
        own = await self.own(call, conversation)
        number = int(message) if _NUMBER.fullmatch(message) else 0
        if own.hears_message(number):
            event = await self._store.event(own.topic, number)
            if event.kind == MESSAGE:
                return own, event
        raise ResourceNotFound("there is no such message")

    @operation("One message.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: tuple[Participation, Event]) -> None:
        """UCWA: message, GET."""
        own, event = target
        resp.media = self._documents.message(req.call, own, event)

    @operation("Sends a message.", **SENDING)
    async def on_post(self, req: Request, resp: Response, target: tuple[Participation, Event]) -> None:
        """UCWA: sendMessage, POST."""
        await send(req, resp, target[0], self._store, self._world)


async def send(req: Request, resp: Response, own: Participation, store: Store, world: World) -> None:
    """UCWA: sendMessage, POST. Conflict: messaging is not connected."""
    call = req.call
    try:
        text = call.body.decode()
    except UnicodeDecodeError as error:
        raise DeserializationFailure("a message has to be in UTF-8") from error
    if not is_carriable(text):
        raise ParameterValidationFailure({"message": "holds a character that XML cannot carry"})
    content_type = (req.get_header("Content-Type") or "text/plain").partition(";")[0].strip().lower()
    number = await store.send_message(own, content_type, text, call.values.get("operationId"), world.now())
    resp.status = 201
    resp.set_header("Location", f"{messaging_href(call, own.id)}/messages/{number}")
