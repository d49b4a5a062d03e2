"""Coming in: joinOnlineMeeting and startOnlineMeeting; inviting others: addParticipant; and the invitations that all of
these begin, with accept, decline and cancel."""

from dataclasses import replace
from typing import Any

from openucwa.api.answer import NO_CONTENT, Answer, created
from openucwa.api.call import Call, Context
from openucwa.api.resource import CONVERSATION_SCOPES, INITIATE, MEETINGS, Operation, Resource
from openucwa.config import Config
from openucwa.meetings.meeting import MeetingRules
from openucwa.meetings.room import Candidate, role_at_joining, waits_in_lobby
from openucwa.model.meeting import Meeting, parse_meeting_uri
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    DestinationNotFound,
    Forbidden,
    InvalidExchangeServerVersion,
    PreconditionFailed,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyParticipants,
)
from openucwa.model.room import (
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
)
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document
from openucwa.representation.parameters import Parameter
from openucwa.resources.conversations import CHANGE, ConversationPart
from openucwa.resources.me import display_name, sip_uri
from openucwa.resources.rendering.conversations import ConversationRenderer, invitation_href
from openucwa.store.contract import Store

IMPORTANCE = ("Normal", "Urgent", "Emergency")

_BEGIN = (
    Parameter("operationId", max_length=50),
    Parameter("importance", choices=IMPORTANCE),
    Parameter("subject", max_length=250),
    Parameter("threadId", max_length=250),
)
#: UCWA: startOnlineMeeting, POST, Request body.
START = _BEGIN
#: UCWA: joinOnlineMeeting, POST, Request body; anonymousDisplayName is what anonymous users are known by.
JOIN = (
    Parameter("onlineMeetingUri", required=True, max_length=1000),
    Parameter("anonymousDisplayName", max_length=250),
    *_BEGIN,
)
#: UCWA: addParticipant, POST, Request body.
ADD_PARTICIPANT = (Parameter("operationId", max_length=50), Parameter("to", kind="sip", required=True))
#: UCWA: decline, POST, Request body.
DECLINE = (Parameter("reason"),)

#: How often it is decided anew who comes in, when the meeting changes meanwhile.
_TRIES = 5


def meeting_uri(organizer: str, meeting_id: str) -> str:
    """The onlineMeetingUri."""
    return f"{organizer};gruu;opaque=app:conf:focus:id:{meeting_id}"


class JoinService:
    """Lets applications into meetings."""

    def __init__(self, store: Store, world: World, meeting_size: int) -> None:
        self._store = store
        self._world = world
        self._limit = meeting_size

    async def join(self, call: Call[Any], organizer: str, meeting_id: str, invitation: Invitation | None = None) -> str:
        """Begins the application's conversation; the id of the invitation that it goes with.

        `invitation`: an incoming one that is accepted by this; None: a new one, from the call's input.
        DestinationNotFound: no such meeting. AlreadyExists: the application takes part in it already.
        """
        for _ in range(_TRIES):
            meeting = await self._meeting(organizer, meeting_id)
            participation, begun = self._draft(call, meeting, invitation)
            try:
                await self._store.join(participation, begun, meeting.etag, self._limit, self._world.now())
            except PreconditionFailed:
                continue
            except TooManyParticipants:
                failed = replace(begun, state=InvitationState.FAILED, reason="TooManyParticipants", conversation=None)
                # An incoming invitation is there already, and has another side; a new one is told of and over at once.
                end = self._store.refuse_invitation if invitation is None else self._store.end_invitation
                await end(failed, self._world.now())
            return begun.id
        raise ServiceUnavailable("the meeting changes too often to come in just now", retry_after=1)

    async def _meeting(self, organizer: str, meeting_id: str) -> Meeting:
        try:
            return await self._store.meeting(organizer, meeting_id)
        except ResourceNotFound:
            raise DestinationNotFound("there is no such online meeting") from None

    def _draft(
        self, call: Call[Any], meeting: Meeting, incoming: Invitation | None
    ) -> tuple[Participation, Invitation]:
        session = call.session
        application = session.application
        values = call.values
        candidate = Candidate(None if application.anonymous else application.owner)
        uri = sip_uri(session)
        name = display_name(session) or values.get("anonymousDisplayName") or "Anonymous"
        conversation = new_uuid(self._world)
        subject = values.get("subject") or meeting.settings.subject
        invitation = incoming or Invitation(
            owner=application.owner,
            application_id=application.id,
            id=new_uuid(self._world),
            kind=InvitationKind.ONLINE_MEETING,
            outgoing=True,
            state=InvitationState.CONNECTING,
            organizer=meeting.organizer,
            meeting_id=meeting.id,
            conversation=conversation,
            operation_id=values.get("operationId"),
            thread_id=values.get("threadId") or new_uuid(self._world).replace("-", ""),
            subject=subject,
            importance=values.get("importance", "Normal"),
            from_uri=uri,
            from_name=name,
            to_uri=meeting.uri,
            anonymous_display_name=name if application.anonymous else None,
        )
        participation = Participation(
            organizer=meeting.organizer,
            meeting_id=meeting.id,
            id=conversation,
            owner=application.owner,
            application_id=application.id,
            uri=uri,
            name=name,
            anonymous=application.anonymous,
            role=role_at_joining(meeting, candidate),
            in_lobby=waits_in_lobby(meeting, candidate),
            messaging=MessagingState.DISCONNECTED,
            joined=self._world.now(),
            since=0,
            invitation=invitation.id,
            thread_id=invitation.thread_id,
            subject=subject,
            importance=invitation.importance,
        )
        return participation, invitation


class JoinOnlineMeeting(Resource[None]):
    """UCWA: joinOnlineMeeting."""

    rel = "joinOnlineMeeting"
    scopes = frozenset({INITIATE})

    def __init__(self, joins: JoinService) -> None:
        self._joins = joins

    @Operation(
        "Joins a meeting; what comes of it is told by events.",
        answers=(201,),
        produces=(),
        takes=JOIN,
        refuses=(Forbidden, DestinationNotFound, AlreadyExists, Conflict, CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: joinOnlineMeeting, POST. An anonymous ticket is good for its own meeting only."""
        uri = call.values["onlineMeetingUri"]
        found = parse_meeting_uri(uri)
        if found is None:
            raise DestinationNotFound("there is no such online meeting")
        own = call.session.application.meeting
        if own is not None and parse_meeting_uri(own) != found:
            raise Forbidden("this ticket is for another meeting")
        invitation = await self._joins.join(call, *found)
        return created(invitation_href(call, invitation))


class StartOnlineMeeting(Resource[None]):
    """UCWA: startOnlineMeeting. An unscheduled meeting: made and joined in one."""

    rel = "startOnlineMeeting"
    scopes = frozenset({MEETINGS})
    anonymous = False

    def __init__(self, joins: JoinService, store: Store, rules: MeetingRules, config: Config) -> None:
        self._joins = joins
        self._store = store
        self._rules = rules
        self._most = config.max_meetings

    @Operation(
        "Makes a meeting and joins it.",
        answers=(201,),
        produces=(),
        takes=START,
        refuses=(Conflict, CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: startOnlineMeeting, POST."""
        settings = self._rules.settings({"subject": call.values.get("subject", "")})
        meeting = self._rules.schedule(call.caller.identity, settings)
        await self._store.add_meeting(meeting, self._most)
        invitation = await self._joins.join(call, meeting.organizer, meeting.id)
        return created(invitation_href(call, invitation))


class Invitations(Resource[None]):
    """UCWA: invitations. The place where invitations are."""

    rel = "invitations"
    scopes = CONVERSATION_SCOPES

    @Operation("The place where invitations are.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: invitations, GET."""
        return Answer(Document(rel=self.rel, href=f"{call.application}/communication/invitations"))


class _OfInvitation(Resource[Invitation]):
    """A resource of one invitation."""

    scopes = CONVERSATION_SCOPES

    def __init__(self, store: Store, documents: ConversationRenderer, world: World) -> None:
        self._store = store
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, invitation: str = "", **_names: str) -> Invitation:
        application = call.session.application
        return await self._store.invitation(application.owner, application.id, invitation)


class InvitationResource(_OfInvitation):
    """UCWA: onlineMeetingInvitation, messagingInvitation, participantInvitation."""

    rel = "invitation"

    @Operation("One invitation.", refuses=(InvalidExchangeServerVersion, CannotRedirect))
    async def get(self, call: Call[Invitation]) -> Answer:
        """UCWA: onlineMeetingInvitation, GET; messagingInvitation, GET; participantInvitation, GET."""
        uri = meeting_uri(call.target.organizer, call.target.meeting_id)
        return Answer(self._documents.invitation(call, call.target, uri))


class _Answer(_OfInvitation):
    """An answer to an invitation that is under way."""

    #: Whether it is the one who invited who does it.
    of_inviter = False

    async def locate(self, call: Context, invitation: str = "", **_names: str) -> Invitation:
        found = await super().locate(call, invitation=invitation)
        if found.outgoing != self.of_inviter:
            raise ResourceNotFound(f"this invitation has no {self.rel}")
        return found

    def check(self, invitation: Invitation) -> None:
        """Conflict: it is not under way any more."""
        if invitation.state != InvitationState.CONNECTING:
            raise Conflict("the invitation is not under way any more")


class Accept(_Answer):
    """UCWA: accept."""

    rel = "accept"

    def __init__(self, store: Store, documents: ConversationRenderer, world: World, joins: JoinService) -> None:
        super().__init__(store, documents, world)
        self._joins = joins

    @Operation("Accepts an invitation, and by that joins.", answers=(204,), produces=(), refuses=(*CHANGE, Conflict))
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: accept, POST."""
        self.check(call.target)
        await self._joins.join(call, call.target.organizer, call.target.meeting_id, call.target)
        return NO_CONTENT


class Decline(_Answer):
    """UCWA: decline."""

    rel = "decline"

    @Operation("Declines an invitation.", answers=(204,), produces=(), takes=DECLINE, refuses=(*CHANGE, Conflict))
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: decline, POST."""
        self.check(call.target)
        declined = replace(call.target, state=InvitationState.DECLINED, reason="Declined")
        await self._store.end_invitation(declined, self._world.now())
        return NO_CONTENT


class Cancel(_Answer):
    """UCWA: cancel. The one who invited takes it back."""

    rel = "cancel"
    of_inviter = True

    @Operation("Takes an invitation back.", answers=(204,), produces=(), refuses=(*CHANGE, Conflict))
    async def post(self, call: Call[Invitation]) -> Answer:
        """UCWA: cancel, POST."""
        self.check(call.target)
        if call.target.kind != InvitationKind.PARTICIPANT:
            raise Conflict("only a participantInvitation can be taken back")
        cancelled = replace(call.target, state=InvitationState.CANCELLED, reason="Canceled")
        await self._store.end_invitation(cancelled, self._world.now())
        return NO_CONTENT


class AddParticipant(ConversationPart):
    """UCWA: addParticipant. Invites a user of this server into the meeting."""

    rel = "addParticipant"
    anonymous = False

    def __init__(self, store: Store, documents: ConversationRenderer, world: World, config: Config) -> None:
        super().__init__(store, documents, world)
        self._patience = config.invitation_timeout

    @Operation(
        "Invites a user.",
        answers=(201,),
        produces=(),
        takes=ADD_PARTICIPANT,
        refuses=(*CHANGE, DestinationNotFound, Conflict),
    )
    async def post(self, call: Call[Participation]) -> Answer:
        """UCWA: addParticipant, POST. All of the user's applications are asked that made the user available."""
        to = call.values["to"].lower()
        if await self._store.user(to) is None:
            raise DestinationNotFound(f"{to} is no user of this server")
        outgoing = self._invitation(call.target, call.values, to)
        incoming = [
            replace(
                outgoing,
                owner=to,
                application_id=application,
                id=new_uuid(self._world),
                kind=InvitationKind.ONLINE_MEETING,
                outgoing=False,
                conversation=None,
                operation_id=None,
                expires=None,
            )
            for application in await self._store.available_applications(to)
        ]
        await self._store.invite(outgoing, incoming, self._world.now())
        return created(invitation_href(call, outgoing.id))

    def _invitation(self, own: Participation, values: dict[str, Any], to: str) -> Invitation:
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
            to_uri=to,
            expires=self._world.now() + self._patience * 1000,
        )
