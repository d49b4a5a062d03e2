"""Invitations, started by joining or inviting: accept, decline, cancel; and addParticipant, which invites."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer, created
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.identity.rate import Rate
from openucwa.meetings.admission import leads
from openucwa.model.conversation import (
    Form,
    Invitation,
    InvitationKind,
    InvitationState,
    Participation,
)
from openucwa.model.meeting import meeting_uri
from openucwa.model.refusals import (
    AlreadyStarted,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    DestinationNotFound,
    InvalidExchangeServerVersion,
    ResourceNotFound,
)
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.user import User, user_uri
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.conversations import BEGUN, CHANGE, ConversationPart
from openucwa.resources.joining import JoinService
from openucwa.resources.rendering.conversations import (
    ConversationRenderer,
    invitation_href,
)
from openucwa.resources.rendering.invitations import invitation_document
from openucwa.resources.two_party import TwoPartyService
from openucwa.store import contract
from openucwa.store.contract import Store

#: UCWA: addParticipant, POST, Request body.
ADD_PARTICIPANT = (Parameter("operationId", max_length=50), Parameter("to", kind="address", required=True))
#: UCWA: decline, POST, Request body.
DECLINE = (Parameter("reason"),)


class Invitations(Resource[None]):
    """UCWA: invitations. Links to those that are pending, by their rel; events deliver their hrefs too."""

    rel = "invitations"
    scopes = CONVERSATION_SCOPES

    def __init__(self, invitations: contract.Invitations) -> None:
        self._invitations = invitations

    @Operation("Links to the pending invitations.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: invitations, GET."""
        application = call.session.application
        links: dict[str, list[Link]] = {}
        for each in await self._invitations.pending(application.owner, application.id):
            links.setdefault(each.kind, []).append(Link(invitation_href(call, each.id, each.kind)))
        return Answer(Document(self.rel, f"{call.application}/communication/invitations", links=links))


class ReplayMessage(Resource[None]):
    """UCWA: replayMessage. Notifies the application once more of the invitations that it has not answered."""

    rel = "replayMessage"
    scopes = CONVERSATION_SCOPES
    anonymous = False

    def __init__(self, invitations: contract.Invitations, asking: Rate, world: World) -> None:
        self._invitations = invitations
        self._asking = asking
        self._world = world

    @Operation(
        "Notifies the application again of the pending invitations.",
        answers=(204,),
        produces=(),
        refuses=(CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: replayMessage, POST."""
        application = call.session.application
        self._asking.take(f"{application.owner} {application.id}")
        await self._invitations.replay(application.owner, application.id, self._world.now())
        return NO_CONTENT


class InvitationPart(Resource[Invitation]):
    """A resource of one invitation."""

    scopes = CONVERSATION_SCOPES

    def __init__(self, store: Store, documents: ConversationRenderer, world: World) -> None:
        self._store = store
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, invitation: str = "", **_names: str) -> Invitation:
        application = call.session.application
        return await self._store.invitations.get(application.owner, application.id, invitation)


class InvitationResource(InvitationPart):
    """UCWA: onlineMeetingInvitation, messagingInvitation, participantInvitation."""

    rel = "invitation"

    @Operation("One invitation.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[Invitation]) -> Answer:
        """UCWA: onlineMeetingInvitation, GET; messagingInvitation, GET; participantInvitation, GET."""
        uri = meeting_uri(call.target.organizer, call.target.meeting_id)
        return Answer(invitation_document(call, call.target, uri))


class _Answer(InvitationPart):
    """An answer to a pending invitation."""

    #: Whether the inviter uses it, not the invited user.
    of_inviter = False

    async def locate(self, call: Context, invitation: str = "", **_names: str) -> Invitation:
        found = await super().locate(call, invitation=invitation)
        if found.outgoing != self.of_inviter:
            raise ResourceNotFound(f"this invitation has no {self.rel}")
        return found

    def check(self, invitation: Invitation) -> None:
        """Conflict: it is no longer pending."""
        if invitation.state != InvitationState.CONNECTING:
            raise Conflict("the invitation is no longer pending")


class Accept(_Answer):
    """UCWA: accept."""

    rel = "accept"

    def __init__(
        self,
        store: Store,
        documents: ConversationRenderer,
        world: World,
        joins: JoinService,
        two_party: TwoPartyService,
    ) -> None:
        super().__init__(store, documents, world)
        self._joins = joins
        self._two_party = two_party

    @Operation(
        "Accepts an invitation, to a meeting or to a conversation of two.",
        answers=(204,),
        produces=(),
        refuses=(*CHANGE, Conflict),
    )
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: accept, POST."""
        self.check(call.target)
        if call.target.two_party:
            await self._two_party.accept(call, call.target)
            return NO_CONTENT
        await self._joins.join(call, call.target.organizer, call.target.meeting_id, call.target)
        return NO_CONTENT


class Decline(_Answer):
    """UCWA: decline. With the reason Local, for this application alone if others are asked too."""

    rel = "decline"

    @Operation("Declines an invitation.", answers=(204,), produces=(), takes=DECLINE, refuses=(*CHANGE, Conflict))
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: decline, POST."""
        self.check(call.target)
        declined = replace(call.target, state=InvitationState.DECLINED, reason="Declined")
        local = call.values.get("reason") == "Local"
        await self._store.invitations.end(declined, self._world.now(), elsewhere_goes_on=local)
        return NO_CONTENT


class Cancel(_Answer):
    """UCWA: cancel. The inviter cancels the invitation."""

    rel = "cancel"
    of_inviter = True

    @Operation("Cancels an invitation.", answers=(204,), produces=(), refuses=(*CHANGE, Conflict))
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: cancel, POST."""
        self.check(call.target)
        if not call.target.to_user:
            raise Conflict("to stop joining, delete the conversation")
        cancelled = replace(call.target, state=InvitationState.CANCELLED, reason="Canceled")
        await self._store.invitations.end(cancelled, self._world.now())
        return NO_CONTENT


class AddParticipant(ConversationPart):
    """UCWA: addParticipant. Invites a user of this server into the meeting; a conversation of two becomes one first."""

    rel = "addParticipant"
    forms = BEGUN
    anonymous = False

    def __init__(
        self,
        store: Store,
        documents: ConversationRenderer,
        world: World,
        acts: Rate,
        invitations: Rate,
        two_party: TwoPartyService,
        timeout: int,
    ) -> None:
        super().__init__(store, documents, world, acts)
        self._invitations = invitations
        self._two_party = two_party
        self._timeout = timeout

    @Operation(
        "Invites a user of this server into the meeting.",
        answers=(201,),
        produces=(),
        takes=ADD_PARTICIPANT,
        refuses=(*CHANGE, DestinationNotFound, Conflict),
    )
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: addParticipant, POST. Notifies all of the user's applications that called makeMeAvailable."""
        to = user_uri(call.values["to"])
        self.count(call.target)
        user = await self._store.users.get(to)
        if user is None:
            raise DestinationNotFound(f"{to} is not a user of this server")
        self._invitations.take(f"{call.target.owner} {to}")
        if call.target.form == Form.TWO_PARTY:
            await self._two_party.escalate(call.target, call.author)
        # Both lead the meeting that a conversation of two becomes.
        by_leader = leads(call.target) or call.target.form == Form.TWO_PARTY
        outgoing = replace(self._invitation(call.target, call.values, user), by_leader=by_leader)
        incoming = [
            replace(
                outgoing,
                owner=to,
                application_id=application,
                id=new_uuid(self._world),
                kind=InvitationKind.ONLINE_MEETING,
                outgoing=False,
                conversation=new_uuid(self._world),
                operation_id=None,
                expires=None,
            )
            for application in await self._asked(to, call.target.owner)
        ]
        started = outgoing.id
        try:
            await self._store.invitations.add(outgoing, incoming, self._world.now())
        except AlreadyStarted as repeated:
            started = repeated.invitation
        return created(invitation_href(call, started, outgoing.kind))

    async def _asked(self, to: str, inviter: str) -> Sequence[str]:
        """The applications that are asked: none of a user who blocks the inviter."""
        return () if await self._two_party.blocks(to, inviter) else await self._store.applications.available(to)

    def _invitation(self, own: Participation, values: dict[str, Any], user: User) -> Invitation:
        return Invitation(
            owner=own.owner,
            application_id=own.application_id,
            id=new_uuid(self._world),
            kind=InvitationKind.PARTICIPANT,
            outgoing=True,
            state=InvitationState.CONNECTING,
            organizer=own.organizer,
            meeting_id=own.meeting_id,
            conversation=own.id,
            operation_id=values.get("operationId"),
            thread_id=new_uuid(self._world).replace("-", ""),
            subject=own.subject,
            importance=own.importance,
            from_uri=own.uri,
            from_name=own.name,
            to_uri=user.uri,
            expires=self._world.now() + self._timeout * 1000,
            to_name=user.name,
        )
