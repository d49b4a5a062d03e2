"""joinOnlineMeeting and startOnlineMeeting: how an application joins a meeting."""

from dataclasses import replace
from typing import Any

from openucwa.api.answer import Answer, created
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.identity.rate import Rate, act_key
from openucwa.meetings.admission import Candidate, role_at_joining, waits_in_lobby
from openucwa.meetings.enterprise import Enterprise
from openucwa.meetings.meeting import MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.model.conversation import (
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
    conversation_topic,
)
from openucwa.model.meeting import Meeting, parse_meeting_uri
from openucwa.model.names import visible_name
from openucwa.model.refusals import (
    AlreadyExists,
    AlreadyJoined,
    AlreadyStarted,
    AnonymousNotAllowed,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    DestinationNotFound,
    Forbidden,
    PreconditionFailed,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyParticipants,
)
from openucwa.model.scopes import INITIATE, MEETINGS
from openucwa.model.world import World, new_uuid
from openucwa.representation.parameters import Parameter
from openucwa.resources.me import display_name, sip_uri
from openucwa.resources.rendering.conversations import (
    conversation_href,
    invitation_href,
)
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
#: UCWA: joinOnlineMeeting, POST, Request body; anonymousDisplayName is the name of an anonymous participant.
JOIN = (
    Parameter("onlineMeetingUri", max_length=1000),
    Parameter("anonymousDisplayName", max_length=250),
    *_BEGIN,
)
#: How often joining is retried if the meeting changes concurrently.
_TRIES = 5


class JoinService:
    """Joins applications to meetings."""

    def __init__(
        self, store: Store, pools: Pools, rules: MeetingRules, rate: Rate, world: World, config: Config
    ) -> None:
        self._store = store
        self._pools = pools
        self._rules = rules
        self._rate = rate
        self._world = world
        self._limit = config.meeting_size
        self._max_meetings = config.max_meetings
        self._enterprise = Enterprise(config.enterprise_domains)

    async def join(
        self,
        call: Call[Any],
        organizer: str,
        meeting_id: str,
        invitation: Invitation | None = None,
        *,
        once: bool = False,
    ) -> str:
        """Starts the application's conversation; returns the id of its invitation.

        `invitation`: an incoming one that is accepted by this; None: a new one, from the call's input. `once`:
        AlreadyStarted, if the application is in another meeting of its user's by the same operation.
        DestinationNotFound: no such meeting. AlreadyJoined: the application takes part in it already. CannotRedirect:
        its organizer is homed in another pool, which has no backup. TooManyRequests.
        """
        self._rate.take(act_key(call.session.application.owner, conversation_topic(organizer, meeting_id)))
        await self._check_pool(organizer)
        for _ in range(_TRIES):
            meeting = await self._meeting(organizer, meeting_id)
            participation, begun = await self._draft(call, meeting, invitation)
            try:
                now = self._world.now()
                await self._store.conversations.join(participation, begun, meeting.etag, self._limit, now, once=once)
            except PreconditionFailed:
                continue
            except AlreadyJoined as refusal:
                location = conversation_href(call, refusal.conversation)
                raise AlreadyJoined(str(refusal), refusal.conversation, location) from None
            except TooManyParticipants:
                failed = replace(begun, state=InvitationState.FAILED, reason="TooManyParticipants", conversation=None)
                # An incoming invitation exists already, and has another side; a new one starts and completes at once.
                end = self._store.invitations.refuse if invitation is None else self._store.invitations.end
                await end(failed, self._world.now())
            return begun.id
        raise ServiceUnavailable("the meeting is changing too quickly; try again", retry_after=1)

    async def present(self, organizer: str, meeting_id: str) -> tuple[str, str]:
        """Organizer and id of the meeting that this was once the key of: it may have been handed over since."""
        try:
            meeting = await self._store.meetings.find(organizer, meeting_id)
        except ResourceNotFound:
            return organizer, meeting_id
        return meeting.organizer, meeting.id

    async def start(self, call: Call[None]) -> str:
        """Creates a meeting of the caller's and joins it; returns the id of the invitation.

        A call with the operationId of one that the application still takes part in creates none. Raises what `join`
        raises, and TooManyOnlineMeetings.
        """
        organizer = call.caller.identity
        await self._check_pool(organizer)
        if (earlier := await self._repeated(call)) is not None:
            return earlier
        settings = self._rules.settings({"subject": call.values.get("subject", "")}, organizer)
        meeting = self._rules.schedule(organizer, settings)
        await self._store.meetings.add(meeting, self._max_meetings, call.author)
        try:
            return await self.join(call, organizer, meeting.id, once=True)
        except AlreadyStarted as repeated:
            # Both were on their way at the same time.
            await self._store.meetings.remove(organizer, meeting.id, None, self._world.now(), call.author)
            return repeated.invitation

    async def _repeated(self, call: Call[None]) -> str | None:
        """The invitation of a meeting of the caller's with this subject that was started by the same operation."""
        operation = call.values.get("operationId")
        if operation is None:
            return None
        application, kind = call.session.application, InvitationKind.ONLINE_MEETING
        for each in await self._store.invitations.started(application.owner, application.id, operation, kind):
            if each.organizer == application.owner and call.values.get("subject") in {None, "", each.subject}:
                return each.id
        return None

    async def _check_pool(self, organizer: str) -> None:
        """CannotRedirect: the organizer is homed in another pool, which has no backup."""
        user = await self._store.users.get(organizer)
        self._pools.require_backup(user.pool if user is not None else None)

    async def _meeting(self, organizer: str, meeting_id: str) -> Meeting:
        try:
            return await self._store.meetings.get(organizer, meeting_id)
        except ResourceNotFound:
            raise DestinationNotFound("no such online meeting") from None

    async def _draft(
        self, call: Call[Any], meeting: Meeting, incoming: Invitation | None
    ) -> tuple[Participation, Invitation]:
        session = call.session
        application = session.application
        values = call.values
        owner = application.owner
        candidate = Candidate(None, self._enterprise)
        if not application.anonymous:
            invited_by_leader = await self._store.invitations.was_invited_by_leader(
                owner, meeting.organizer, meeting.id
            )
            candidate = Candidate(owner, self._enterprise, invited_by_leader)
        uri = sip_uri(session)
        name = display_name(session) or visible_name(values.get("anonymousDisplayName")) or "Anonymous"
        conversation = (incoming.conversation if incoming is not None else None) or new_uuid(self._world)
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
        "Joins a meeting; events report the outcome.",
        answers=(201,),
        produces=(),
        takes=JOIN,
        refuses=(Forbidden, DestinationNotFound, AlreadyExists, Conflict, CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: joinOnlineMeeting, POST.

        An anonymous token is valid for its own meeting only; without a URI a new meeting of the caller's is created.
        """
        invitation = await self._join(call, call.values.get("onlineMeetingUri"))
        return created(invitation_href(call, invitation, InvitationKind.ONLINE_MEETING))

    async def _join(self, call: Call[None], uri: str | None) -> str:
        if uri is None:
            if call.caller.anonymous:
                raise AnonymousNotAllowed("the onlineMeetingUri is missing, and anonymous users cannot start a meeting")
            return await self._joins.start(call)
        found = parse_meeting_uri(uri)
        if found is None:
            raise DestinationNotFound("no such online meeting")
        own = call.session.application.meeting
        present = await self._joins.present(*found)
        if own is not None and await self._joins.present(*(parse_meeting_uri(own) or found)) != present:
            raise Forbidden("this token is for another meeting")
        return await self._joins.join(call, *present)


class StartOnlineMeeting(Resource[None]):
    """UCWA: startOnlineMeeting. Creates an unscheduled meeting and joins it."""

    rel = "startOnlineMeeting"
    scopes = frozenset({MEETINGS})
    anonymous = False

    def __init__(self, joins: JoinService) -> None:
        self._joins = joins

    @Operation(
        "Creates an unscheduled meeting and joins it.",
        answers=(201,),
        produces=(),
        takes=START,
        refuses=(Conflict, CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: startOnlineMeeting, POST."""
        invitation = await self._joins.start(call)
        return created(invitation_href(call, invitation, InvitationKind.ONLINE_MEETING))
