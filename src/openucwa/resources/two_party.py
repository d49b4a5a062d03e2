"""startMessaging: conversations of two users, without a meeting."""

from dataclasses import replace
from typing import Any

from openucwa.api.answer import Answer, created
from openucwa.api.call import Call
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.identity.rate import Rate, act_key
from openucwa.meetings.enterprise import Enterprise
from openucwa.meetings.meeting import MeetingRules
from openucwa.meetings.pools import Pools
from openucwa.model.change import Author
from openucwa.model.conversation import (
    FirstMessage,
    Form,
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
    Role,
    conversation_topic,
)
from openucwa.model.history import NO_HISTORY, HistoryLimits
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import (
    AlreadyStarted,
    CallbackChannelError,
    CannotRedirect,
    Conflict,
    Forbidden,
    TooManyConversations,
)
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.user import User, user_uri
from openucwa.model.world import World, new_meeting_id, new_uuid
from openucwa.people.privacy import Privacy
from openucwa.representation.parameters import Parameter
from openucwa.resources.joining import IMPORTANCE
from openucwa.resources.me import display_name, sip_uri
from openucwa.resources.messaging import MessageService
from openucwa.resources.rendering.conversations import invitation_href
from openucwa.store.contract import Store

#: UCWA: startMessaging2, POST, Request body; of startMessaging, without customContent.
START_MESSAGING = (
    Parameter("operationId", max_length=50),
    Parameter("to", kind="address", required=True, max_length=1000),
    Parameter("importance", choices=IMPORTANCE),
    Parameter("subject", max_length=250),
    Parameter("threadId", max_length=250),
    Parameter("message"),
    Parameter("customContent"),
)


#: Who reaches a user who does not want to be disturbed.
_MAY_DISTURB = frozenset({PrivacyLevel.WORKGROUP, PrivacyLevel.FRIENDS_AND_FAMILY})


class TwoPartyService:
    """Starts conversations of two, accepts invitations to them, and makes meetings of them."""

    def __init__(
        self,
        store: Store,
        pools: Pools,
        privacy: Privacy,
        rules: MeetingRules,
        acts: Rate,
        asking: Rate,
        world: World,
        config: Config,
    ) -> None:
        self._store = store
        self._privacy = privacy
        self._pools = pools
        self._rules = rules
        self._acts = acts
        self._asking = asking
        self._world = world
        self._limit = config.max_conversations
        self._max_meetings = config.max_meetings
        self._timeout = config.invitation_timeout
        self._enterprise = Enterprise(config.enterprise_domains)
        kept = config.max_conversation_logs if config.history_kept else 0
        self._history = HistoryLimits(kept, config.max_log_messages)

    async def start(
        self, call: Call[Any], to: str, first: FirstMessage | None, custom_content: str | None = None
    ) -> Invitation:
        """Asks the applications of `to` into a new conversation; the caller's invitation. `first` and `custom_content`
        come along. A call with the operationId of an invitation to the same user that is pending, or whose conversation
        goes on, asks nobody and returns that one.

        It fails at once, by its events, with DestinationNotFound if there is no such user, Unreachable if the user has
        no application that takes messages, DoNotDisturb if that is the user's availability, or Busy if all applications
        have too many conversations. Conflict: the user is the caller. CannotRedirect: the user is homed in another
        pool, which has no backup. TooManyConversations, TooManyRequests.
        """
        application = call.session.application
        if to == application.owner:
            raise Conflict("users cannot start a conversation with themselves")
        self._asking.take(f"{application.owner} {to}")
        user = await self._store.users.get(to)
        self._pools.require_backup(user.pool if user is not None else None)
        outgoing = replace(self._invitation(call, to, user, first), custom_content=custom_content)
        asked, reason = await self._applications(user, application.owner)
        incoming = [self._incoming(outgoing, each) for each in asked]
        now = self._world.now()
        draft = self._draft(call, outgoing, outgoing.conversation or "")
        try:
            if not incoming or not await self._store.two_party.start(draft, outgoing, incoming, self._limit, now):
                failed = replace(outgoing, state=InvitationState.FAILED, reason=reason, conversation=None, expires=None)
                blocked = user is not None and await self.blocks(to, application.owner)
                await self._store.invitations.refuse(failed, now, NO_HISTORY if blocked else self._history)
        except AlreadyStarted as repeated:
            return replace(outgoing, id=repeated.invitation)
        return outgoing

    async def accept(self, call: Call[Any], incoming: Invitation) -> None:
        """Begins the offered conversation. Conflict: the invitation is no longer pending. TooManyConversations,
        TooManyRequests.
        """
        topic = conversation_topic(incoming.organizer, incoming.meeting_id)
        self._acts.take(act_key(call.session.application.owner, topic))
        draft = self._draft(call, incoming, incoming.conversation or new_uuid(self._world))
        await self._store.two_party.accept(incoming, draft, self._limit, self._world.now(), self._history)

    async def escalate(self, own: Participation, by: Author) -> None:
        """Makes a meeting of a conversation of two, led by both. Raises what `TwoParty.escalate` raises."""
        present = await self._store.conversations.participants(own.organizer, own.meeting_id)
        others = [each.uri for each in present if each.uri != own.organizer]
        leaders = [uri for uri in others if self._enterprise.is_shared(uri, own.organizer)]
        values = {"subject": own.subject, "attendees": others, "leaders": leaders}
        drawn = self._rules.schedule(own.organizer, self._rules.settings(values, own.organizer))
        meeting = replace(drawn, id=own.meeting_id)
        await self._store.two_party.escalate(own, meeting, self._max_meetings, self._world.now(), by)

    async def blocks(self, owner: str, inviter: str) -> bool:
        """Whether a user has blocked the inviter, who must not learn of it."""
        return await self._privacy.level(owner, inviter) == PrivacyLevel.BLOCKED

    async def _applications(self, user: User | None, inviter: str) -> tuple[list[str], str]:
        """The applications to ask, and why the invitation fails if there is none."""
        if user is None:
            return [], "DestinationNotFound"
        level = await self._privacy.level(user.uri, inviter)
        if level == PrivacyLevel.BLOCKED:
            return [], "Unreachable"
        presence = await self._store.presence.get(user.uri)
        if presence.availability == "DoNotDisturb" and level not in _MAY_DISTURB:
            return [], "DoNotDisturb"
        there = await self._store.applications.available(user.uri, "Messaging")
        if not there:
            return [], "Unreachable"
        free = [each for each in there if len(await self._store.conversations.all(user.uri, each)) < self._limit]
        return free, "Unreachable" if free else "Busy"

    def _invitation(self, call: Call[Any], to: str, user: User | None, first: FirstMessage | None) -> Invitation:
        application, values, now = call.session.application, call.values, self._world.now()
        return Invitation(
            owner=application.owner,
            application_id=application.id,
            id=new_uuid(self._world),
            kind=InvitationKind.MESSAGING,
            outgoing=True,
            state=InvitationState.CONNECTING,
            organizer=application.owner,
            meeting_id=new_meeting_id(self._world),
            conversation=new_uuid(self._world),
            operation_id=values.get("operationId"),
            thread_id=values.get("threadId") or new_uuid(self._world).replace("-", ""),
            subject=values.get("subject", ""),
            importance=values.get("importance", "Normal"),
            from_uri=sip_uri(call.session),
            from_name=display_name(call.session) or "",
            to_uri=to,
            expires=now + self._timeout * 1000,
            to_name=user.name if user is not None else "",
            message_type=first.content_type if first is not None else None,
            message_text=first.text if first is not None else None,
            created=now,
        )

    def _incoming(self, outgoing: Invitation, application: str) -> Invitation:
        return replace(
            outgoing,
            owner=outgoing.to_uri,
            application_id=application,
            id=new_uuid(self._world),
            outgoing=False,
            conversation=new_uuid(self._world),
            operation_id=None,
            expires=None,
        )

    def _draft(self, call: Call[Any], invitation: Invitation, conversation: str) -> Participation:
        application = call.session.application
        return Participation(
            organizer=invitation.organizer,
            meeting_id=invitation.meeting_id,
            id=conversation,
            owner=application.owner,
            application_id=application.id,
            uri=sip_uri(call.session),
            name=display_name(call.session) or "",
            anonymous=False,
            role=Role.ATTENDEE,
            in_lobby=False,
            messaging=MessagingState.DISCONNECTED,
            joined=self._world.now(),
            since=0,
            invitation=invitation.id,
            thread_id=invitation.thread_id,
            subject=invitation.subject,
            importance=invitation.importance,
            form=Form.CONNECTING if invitation.outgoing else Form.TWO_PARTY,
        )


class StartMessaging(Resource[None]):
    """UCWA: startMessaging; startMessaging2."""

    rel = "startMessaging"
    scopes = CONVERSATION_SCOPES
    anonymous = False

    def __init__(self, two_party: TwoPartyService, messages: MessageService) -> None:
        self._two_party = two_party
        self._messages = messages

    @Operation(
        "Invites a user to a conversation; events report the outcome.",
        answers=(201,),
        produces=(),
        takes=START_MESSAGING,
        refuses=(Forbidden, Conflict, TooManyConversations, CannotRedirect, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: startMessaging, POST; startMessaging2, POST. The message in the body comes along."""
        first = self._messages.first(call)
        content = self._messages.custom_content(call)
        invitation = await self._two_party.start(call, user_uri(call.values["to"]), first, content)
        return created(invitation_href(call, invitation.id, invitation.kind))
