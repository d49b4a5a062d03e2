"""conversations, conversation, and the meeting as a participant sees it: onlineMeeting, organizer, and the read-only
onlineMeetingExtensions."""

from dataclasses import replace
from typing import TypeVar

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.identity.rate import Rate, act_key
from openucwa.model.conversation import Form, Invitation, InvitationState, Participation
from openucwa.model.meeting import Extension, Meeting
from openucwa.model.refusals import (
    NO_SUCH_EXTENSION,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    ConversationNotFound,
    InvalidExchangeServerVersion,
    ResourceNotFound,
)
from openucwa.model.scopes import CONVERSATION_SCOPES, RECEIVE
from openucwa.model.world import World
from openucwa.representation.document import Document, Link
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.rendering.conversations import ConversationRenderer, conversation_href, may_see
from openucwa.resources.rendering.invitations import unjoined_conversation
from openucwa.store import contract
from openucwa.store.contract import Store

T = TypeVar("T")

READ = (InvalidExchangeServerVersion, ConversationNotFound, CannotRedirect)
CHANGE = (ConversationNotFound, CannotRedirect, CallbackChannelError)
_RECEIVE_SCOPES = frozenset({RECEIVE})
#: The conversations that a resource is in: meetings; these and conversations of two; also those that are Connecting.
MEETINGS = frozenset({Form.MEETING})
BEGUN = frozenset({Form.MEETING, Form.TWO_PARTY})
ANY_FORM = frozenset(Form)


class InConversation(Resource[T]):
    """A resource below one of the application's conversations."""

    scopes = CONVERSATION_SCOPES
    #: Whether it is available while the participant is in the lobby.
    in_lobby = False
    #: The kinds of conversation that have it.
    forms = MEETINGS

    def __init__(self, store: Store, documents: ConversationRenderer, world: World, acts: Rate) -> None:
        self._store = store
        self._documents = documents
        self._world = world
        self._acts = acts

    async def own(self, call: Context, conversation: str) -> Participation:
        """The conversation. ConversationNotFound; ResourceNotFound: it is not available from the lobby, or not in this
        kind of conversation.
        """
        application = call.session.application
        own = await self._store.conversations.get(application.owner, application.id, conversation)
        if own.in_lobby and not self.in_lobby:
            raise ResourceNotFound(f"{self.rel} is available once the participant has been admitted")
        if own.form not in self.forms:
            raise ResourceNotFound(f"this conversation has no {self.rel}")
        return own

    def count(self, own: Participation) -> None:
        """Counts an action that other participants are notified of. TooManyRequests: over the rate limit."""
        self._acts.take(act_key(own.owner, own.topic))


async def meeting_of(meetings: contract.Meetings, own: Participation) -> Meeting | None:
    """The meeting that the conversation is in; None: it is one of two users."""
    return await meetings.get(own.organizer, own.meeting_id) if own.form == Form.MEETING else None


class ConversationPart(InConversation[Participation]):
    """A resource that each conversation has once."""

    async def locate(self, call: Context, conversation: str = "", **_names: str) -> Participation:
        return await self.own(call, conversation)


class Conversations(Resource[None]):
    """UCWA: conversations. All conversations of the application."""

    rel = "conversations"
    scopes = CONVERSATION_SCOPES

    def __init__(self, conversations: contract.Conversations) -> None:
        self._conversations = conversations

    @Operation("Links to all conversations.", refuses=READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: conversations, GET."""
        application = call.session.application
        own = await self._conversations.all(application.owner, application.id)
        return Answer(
            Document(
                rel=self.rel,
                href=f"{call.application}/communication/conversations",
                links={"conversation": [Link(conversation_href(call, each.id)) for each in own]},
            )
        )


class Conversation(InConversation[Participation | Invitation]):
    """UCWA: conversation; also one that an incoming invitation offers and that the application has not joined."""

    rel = "conversation"
    scopes = _RECEIVE_SCOPES
    in_lobby = True
    forms = ANY_FORM

    async def locate(self, call: Context, conversation: str = "", **_names: str) -> Participation | Invitation:
        try:
            return await self.own(call, conversation)
        except ConversationNotFound:
            application = call.session.application
            return await self._store.invitations.offered(application.owner, application.id, conversation)

    @Operation("One conversation.", refuses=READ)
    async def get(self, call: Call[Participation | Invitation]) -> Answer:
        """UCWA: conversation, GET."""
        own = call.target
        if isinstance(own, Invitation):
            return Answer(unjoined_conversation(call, own.conversation or "", own))
        present = await self._store.conversations.participants(own.organizer, own.meeting_id)
        return Answer(self._documents.conversation(call, own, present, await meeting_of(self._store.meetings, own)))

    @Operation("Leaves the meeting.", answers=(204,), produces=(), refuses=(ConversationNotFound, CannotRedirect))
    async def delete(self, call: Call[Participation | Invitation]) -> Answer:
        """UCWA: conversation, DELETE. Declines the invitation if the conversation is only offered."""
        own = call.target
        if isinstance(own, Invitation):
            declined = replace(own, state=InvitationState.DECLINED, reason="Declined")
            try:
                await self._store.invitations.end(declined, self._world.now())
            except Conflict:
                raise ConversationNotFound("the conversation is no longer offered") from None
        else:
            await self._store.conversations.leave(own.owner, own.application_id, own.id, self._world.now())
        return NO_CONTENT


class OnlineMeeting(ConversationPart):
    """UCWA: onlineMeeting. The meeting as a participant sees it."""

    rel = "onlineMeeting"

    @Operation("The meeting, with the extensions that this participant may see.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: onlineMeeting, GET."""
        meeting, extensions = await self._store.meetings.get_with_extensions(
            call.target.organizer, call.target.meeting_id
        )
        organizer = await self._store.users.get(call.target.organizer)
        return Answer(self._documents.online_meeting(call, call.target, meeting, extensions, organizer))


class Organizer(ConversationPart):
    """UCWA: organizer. The organizer of the meeting, as a contact."""

    rel = "organizer"

    def __init__(
        self, store: Store, documents: ConversationRenderer, world: World, acts: Rate, contacts: ContactRenderer
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._contacts = contacts

    @Operation("The organizer, as a contact.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: organizer, GET."""
        people = await self._store.people.seen([call.target.organizer], call.session.application.owner)
        if not people:
            raise ResourceNotFound("the organizer is no longer a user of this server")
        document = self._contacts.contact(call, people[0])
        return Answer(document, etag=str(document.tail["etag"]))


class ParticipantExtensions(ConversationPart):
    """UCWA: onlineMeetingExtensions, below the participant's onlineMeeting: read-only."""

    rel = "onlineMeetingExtensions"

    @Operation("The extensions that this participant may see.", refuses=READ)
    async def get(self, call: Call[Participation]) -> Answer:
        """UCWA: onlineMeetingExtensions, GET."""
        _, extensions = await self._store.meetings.get_with_extensions(call.target.organizer, call.target.meeting_id)
        return Answer(self._documents.extensions(call, call.target, extensions))


class ParticipantExtension(InConversation[tuple[Participation, Extension]]):
    """UCWA: onlineMeetingExtension, below the participant's onlineMeeting: read-only.

    An extension that the participant may not see is answered like one that does not exist.
    """

    rel = "onlineMeetingExtension"
    conditional = True

    async def locate(
        self, call: Context, conversation: str = "", extension_id: str = "", **_names: str
    ) -> tuple[Participation, Extension]:
        own = await self.own(call, conversation)
        extension = await self._store.extensions.get(own.organizer, own.meeting_id, extension_id)
        if not may_see(own, extension):
            raise ResourceNotFound(NO_SUCH_EXTENSION)
        return own, extension

    def etag(self, call: Context, target: tuple[Participation, Extension]) -> str:
        return target[1].etag

    @Operation("One extension that this participant may see.", refuses=READ)
    async def get(self, call: Call[tuple[Participation, Extension]]) -> Answer:
        """UCWA: onlineMeetingExtension, GET."""
        own, extension = call.target
        return Answer(self._documents.extension(call, own, extension), etag=extension.etag)
