"""conversations, conversation, and the meeting as a participant sees it: onlineMeeting, organizer, and the read-only
onlineMeetingExtensions."""

from dataclasses import replace
from typing import TypeVar

from openucwa.model.meeting import Extension
from openucwa.model.refusals import (
    CallbackChannelError,
    CannotRedirect,
    ConversationNotFound,
    InvalidExchangeServerVersion,
    ResourceNotFound,
)
from openucwa.model.room import Invitation, InvitationState, Participation
from openucwa.model.world import World
from openucwa.representation.document import Document, Link
from openucwa.resources.people import contact_document
from openucwa.resources.room import RoomDocuments, conversation_href, may_see
from openucwa.store.contract import Store
from openucwa.wire.resource import CONVERSATION_SCOPES, RECEIVE, Call, Request, Resource, Response, operation

T = TypeVar("T")

READ = (InvalidExchangeServerVersion, ConversationNotFound, CannotRedirect)
CHANGE = (ConversationNotFound, CannotRedirect, CallbackChannelError)
_RECEIVE_SCOPES = frozenset({RECEIVE})


class InConversation(Resource[T]):
    """A resource below one of the application's conversations."""

    scopes = CONVERSATION_SCOPES
    #: Whether it is there while the participant waits in the lobby.
    in_lobby = False

    def __init__(self, store: Store, documents: RoomDocuments, world: World) -> None:
        self._store = store
        self._documents = documents
        self._world = world

    async def own(self, call: Call, conversation: str) -> Participation:
        """The conversation. ConversationNotFound; ResourceNotFound: it is not to be seen from the lobby."""
        application = call.here.application
        own = await self._store.participation(application.owner, application.id, conversation)
        if own.in_lobby and not self.in_lobby:
            raise ResourceNotFound(f"{self.rel} is there once the participant is admitted")
        return own


class ConversationPart(InConversation[Participation]):
    """A resource of which a conversation has exactly one."""

    async def locate(self, call: Call, conversation: str = "", **_names: str) -> Participation:
        return await self.own(call, conversation)


class Conversations(Resource[None]):
    """UCWA: conversations. All conversations of the application."""

    rel = "conversations"
    scopes = CONVERSATION_SCOPES

    def __init__(self, store: Store) -> None:
        self._store = store

    @operation("Links to all conversations.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: conversations, GET."""
        call = req.call
        application = call.here.application
        own = await self._store.participations(application.owner, application.id)
        resp.media = Document(
            rel=self.rel,
            href=f"{call.application}/communication/conversations",
            links={"conversation": [Link(conversation_href(call, each.id)) for each in own]},
        )


class Conversation(InConversation[Participation | Invitation]):
    """UCWA: conversation; also one that an incoming invitation offers and that is not joined yet."""

    rel = "conversation"
    scopes = _RECEIVE_SCOPES
    in_lobby = True

    async def locate(self, call: Call, conversation: str = "", **_names: str) -> Participation | Invitation:
        try:
            return await self.own(call, conversation)
        except ConversationNotFound:
            application = call.here.application
            return await self._store.offered_conversation(application.owner, application.id, conversation)

    @operation("One conversation.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation | Invitation) -> None:
        """UCWA: conversation, GET."""
        if isinstance(target, Invitation):
            resp.media = self._documents.unjoined_conversation(req.call, target.conversation or "", target)
            return
        present = await self._store.participants(target.organizer, target.meeting_id)
        resp.media = self._documents.conversation(req.call, target, present)

    @operation("Leaves the meeting.", answers=(204,), produces=(), refuses=(ConversationNotFound, CannotRedirect))
    async def on_delete(self, req: Request, resp: Response, target: Participation | Invitation) -> None:
        """UCWA: conversation, DELETE. One that is only offered is declined by it."""
        resp.status = 204
        if isinstance(target, Invitation):
            declined = replace(target, state=InvitationState.DECLINED, reason="Declined")
            await self._store.end_invitation(declined, self._world.now())
            return
        await self._store.leave(target.owner, target.application_id, target.id, self._world.now())


class OnlineMeeting(ConversationPart):
    """UCWA: onlineMeeting. The meeting as a participant sees it."""

    rel = "onlineMeeting"

    @operation("The meeting, with the extensions that this participant may see.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: onlineMeeting, GET."""
        meeting, extensions = await self._store.meeting_with_extensions(target.organizer, target.meeting_id)
        organizer = await self._store.user(target.organizer)
        resp.media = self._documents.online_meeting(req.call, target, meeting, extensions, organizer)


class Organizer(ConversationPart):
    """UCWA: organizer. Who organizes the meeting, as a contact."""

    rel = "organizer"

    @operation("The organizer, as a contact.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: organizer, GET."""
        user = await self._store.user(target.organizer)
        if user is None:
            raise ResourceNotFound("the organizer is no user of this server any more")
        resp.media = contact_document(req.call, user)


class ParticipantExtensions(ConversationPart):
    """UCWA: onlineMeetingExtensions, below the participant's onlineMeeting: read-only."""

    rel = "onlineMeetingExtensions"

    @operation("The extensions that this participant may see.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: Participation) -> None:
        """UCWA: onlineMeetingExtensions, GET."""
        _, extensions = await self._store.meeting_with_extensions(target.organizer, target.meeting_id)
        resp.media = self._documents.extensions(req.call, target, extensions)


class ParticipantExtension(InConversation[tuple[Participation, Extension]]):
    """UCWA: onlineMeetingExtension, below the participant's onlineMeeting: read-only.

    One that the participant may not see is answered as one that never was.
    """

    rel = "onlineMeetingExtension"
    conditional = True

    async def locate(
        self, call: Call, conversation: str = "", extension_id: str = "", **_names: str
    ) -> tuple[Participation, Extension]:
        own = await self.own(call, conversation)
        extension = await self._store.extension(own.organizer, own.meeting_id, extension_id)
        if not may_see(own, extension):
            raise ResourceNotFound("this meeting has no such extension")
        call.etag = extension.etag
        return own, extension

    @operation("One extension that this participant may see.", refuses=READ)
    async def on_get(self, req: Request, resp: Response, target: tuple[Participation, Extension]) -> None:
        """UCWA: onlineMeetingExtension, GET."""
        own, extension = target
        resp.set_header("ETag", f'"{extension.etag}"')
        resp.media = self._documents.extension(req.call, own, extension)
