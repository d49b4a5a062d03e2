"""Renders rows of the event log for one application, with its own hrefs and only what it may see.

An embedded resource shows its state at the time of delivery, not that of the event.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.meetings.admission import leads
from openucwa.model import conversation_events
from openucwa.model.conversation import (
    Invitation,
    InvitationState,
    MessagingState,
    Participant,
    Participation,
    Role,
)
from openucwa.model.event import Event, application_topic
from openucwa.model.meeting import meeting_uri
from openucwa.model.refusals import ConversationNotFound, ResourceNotFound
from openucwa.representation.document import Document, EventEntry, Link, Reason
from openucwa.resources.communication import communication_document
from openucwa.resources.me import me_href
from openucwa.resources.rendering.conversations import (
    ConversationRenderer,
    conversation_href,
    is_own,
    messaging_href,
    participant_href,
)
from openucwa.store.contract import Store

#: Sentences for subcodes (UCWA: ErrorSubcode).
REASONS = {
    "Ended": "the meeting has ended",
    "Ejected": "a leader removed the participant from the meeting",
    "Denied": "a leader did not admit the participant",
    "Declined": "the invitation was declined",
    "Canceled": "the invitation was cancelled",
    "Timeout": "the invitation was not answered in time",
    "TooManyParticipants": "the meeting is full",
}


class EventRenderer:
    """Renders events for one application, during one poll."""

    def __init__(self, call: Context, store: Store, documents: ConversationRenderer) -> None:
        self._call = call
        self._store = store
        self._documents = documents
        application = call.session.application
        self._owner = application.owner
        self._application = application.id
        self._own_topic = application_topic(application.owner, application.id)
        self._communication = f"{call.application}/communication"
        self._conversations: dict[str, Participation] | None = None

    async def topics(self) -> Mapping[str, int]:
        """The application's own topic, and those of the meetings that it is in, from the time it joined."""
        self._conversations = None
        topics = {topic: own.since for topic, own in (await self._current_conversations()).items()}
        # The events will be read later than this, and must not be shown to somebody who was promoted in between.
        self._conversations = None
        return {self._own_topic: 0} | topics

    async def _current_conversations(self) -> Mapping[str, Participation]:
        """The application's conversations, by topic, since `topics` was called, or before that, for a set that is
        delivered again."""
        if self._conversations is None:
            own = await self._store.conversations.all(self._owner, self._application)
            self._conversations = {each.topic: each for each in own if not each.in_lobby}
        return self._conversations

    async def render(self, event: Event) -> Sequence[Notification]:
        """The notifications for an event; none if it does not concern the application, or is obsolete."""
        try:
            if event.topic == self._own_topic:
                return [notification async for notification in self._of_application(event)]
            own = (await self._current_conversations()).get(event.topic)
            if own is None or event.number <= own.since:
                return ()
            return [notification async for notification in self._of_meeting(event, own)]
        except (ConversationNotFound, ResourceNotFound):
            return ()

    # The application's own topic

    async def _of_application(self, event: Event) -> AsyncIterator[Notification]:
        match event.kind:
            case conversation_events.CONVERSATION_WAITING | conversation_events.CONVERSATION_BEGUN:
                async for notification in self._begin(event):
                    yield notification
            case conversation_events.CONVERSATION_ADMITTED:
                own = await self._own(event)
                yield self._participant(own, _as_participant(own), "updated")
                async for notification in self._entered(own, event):
                    yield notification
            case conversation_events.CONVERSATION_ENDED:
                href = conversation_href(self._call, str(event.facts["conversation"]))
                yield self._of_communication("deleted", "conversation", Link(href), reason=_reason(event))
            case conversation_events.MESSAGING_CONNECTED:
                own = await self._own(event)
                invitation = await self._invitation(event)
                yield self._invited(replace(invitation, state=InvitationState.CONNECTING), "started")
                yield self._invited(invitation, "completed")
                yield self._messaging(own)
            case conversation_events.MESSAGING_DISCONNECTED:
                yield self._messaging(await self._own(event))
            case conversation_events.ORGANIZER_DATA_CHANGED:
                own = await self._own(event)
                if not own.in_lobby:
                    yield await self._online_meeting(own, "updated")
            case conversation_events.INVITATION_STARTED:
                invitation = await self._invitation(event)
                yield self._invited(replace(invitation, state=InvitationState.CONNECTING), "started")
            case conversation_events.INVITATION_ENDED:
                yield self._invited(await self._invitation(event), "completed")
            case "communication updated":
                yield await self._communication_updated()
            case _:
                yield self._of_me(event)

    async def _begin(self, event: Event) -> AsyncIterator[Notification]:
        invitation = await self._invitation(event)
        if invitation.outgoing:
            # An accepted incoming invitation was started when it arrived.
            yield self._invited(replace(invitation, state=InvitationState.CONNECTING), "started")
        try:
            own = await self._own(event)
        except ConversationNotFound:
            # It has ended, which the next event says; but whatever ends must have started.
            over = self._documents.unjoined_conversation(self._call, str(event.facts["conversation"]), invitation)
            yield self._of_communication("added", "conversation", Link(over.href), over)
            if event.kind == conversation_events.CONVERSATION_BEGUN:
                yield self._invited(invitation, "completed")
            return
        yield await self._conversation(own, "added")
        yield self._participant(own, _as_participant(own), "added")
        if event.kind == conversation_events.CONVERSATION_WAITING:
            yield await self._conversation(own, "updated")
            return
        async for notification in self._entered(own, event):
            yield notification

    async def _entered(self, own: Participation, event: Event) -> AsyncIterator[Notification]:
        """The notifications for a participant who enters the meeting: everything that is there."""
        since = event.facts["since"]
        present = await self._store.conversations.participants_as_of(
            own.organizer, own.meeting_id, since if isinstance(since, int) else own.since
        )
        yield await self._conversation(own, "updated")
        yield await self._online_meeting(own, "added")
        for each in present:
            if each.uri != own.uri and not each.in_lobby:
                for notification in self._joined(own, each):
                    yield notification
        if leads(own):
            for each in present:
                if each.in_lobby:
                    yield self._participant(own, each, "added", within="lobby")
        yield self._messaging(own)
        invitation = await self._store.invitations.get(self._owner, self._application, own.invitation)
        yield self._invited(replace(invitation, state=InvitationState.CONNECTED, reason=None), "completed")

    # The meeting's topic

    async def _of_meeting(self, event: Event, own: Participation) -> AsyncIterator[Notification]:
        facts = event.facts
        match event.kind:
            case conversation_events.PARTICIPANT_JOINED:
                for notification in self._joined(own, conversation_events.participant(event, in_lobby=False)):
                    yield notification
            case conversation_events.PARTICIPANT_LEFT:
                who = conversation_events.participant(event, in_lobby=False)
                yield self._participant(own, who, "deleted", within=_group(who.role))
                yield self._participant(own, who, "deleted")
            case conversation_events.LOBBY_JOINED | conversation_events.LOBBY_LEFT if leads(own):
                relation = "added" if event.kind == conversation_events.LOBBY_JOINED else "deleted"
                yield self._participant(
                    own, conversation_events.participant(event, in_lobby=True), relation, within="lobby"
                )
            case conversation_events.ROLE_CHANGED:
                async for notification in self._role_changed(event, own):
                    yield notification
            case conversation_events.MESSAGING_CHANGED if facts["uri"] != own.uri:
                who = conversation_events.participant(event, in_lobby=False)
                relation = "added" if who.messaging == MessagingState.CONNECTED else "deleted"
                yield self._participant_messaging(own, who, relation)
            case conversation_events.TYPING_CHANGED if facts["uri"] != own.uri:
                yield self._typing(own, event)
            case conversation_events.MESSAGE:
                if await self._hears(own, event):
                    yield self._message(own, event)
            case conversation_events.EXTENSION_CHANGED | conversation_events.MEETING_CHANGED:
                yield await self._online_meeting(own, "updated")

    def _joined(self, own: Participation, who: Participant) -> Sequence[Notification]:
        notifications = [
            self._participant(own, who, "added"),
            self._participant(own, who, "added", within=_group(who.role)),
        ]
        if who.messaging == MessagingState.CONNECTED:
            notifications.append(self._participant_messaging(own, who, "added"))
        return notifications

    async def _role_changed(self, event: Event, own: Participation) -> AsyncIterator[Notification]:
        who = conversation_events.participant(event, in_lobby=False)
        was = Role(str(event.facts["was"]))
        yield self._participant(own, who, "updated")
        yield self._participant(own, who, "deleted", within=_group(was))
        yield self._participant(own, who, "added", within=_group(who.role))
        if who.uri == own.uri:
            yield await self._conversation(own, "updated")
            for each in await self._store.conversations.participants_as_of(own.organizer, own.meeting_id, event.number):
                if not each.in_lobby and each.uri != own.uri:
                    # The links of the other participants depend on the role, so they are different now.
                    yield self._participant(own, each, "updated")
                elif each.in_lobby and leads(own) and who.role == Role.LEADER:
                    yield self._participant(own, each, "added", within="lobby")

    # The entries

    async def _own(self, event: Event) -> Participation:
        return await self._store.conversations.get(self._owner, self._application, str(event.facts["conversation"]))

    async def _invitation(self, event: Event) -> Invitation:
        return await self._store.invitations.get(self._owner, self._application, str(event.facts["invitation"]))

    def _of_communication(
        self,
        relation: str,
        rel: str,
        link: Link,
        embedded: Document | None = None,
        *,
        status: str | None = None,
        reason: Reason | None = None,
    ) -> Notification:
        entry = EventEntry(relation, rel, link, embedded=embedded, status=status, reason=reason)
        resource = link.href if relation not in {"started", "completed"} else None
        return Notification("communication", self._communication, entry, Priority.HIGH, resource=resource)

    def _of_conversation(
        self,
        own: Participation,
        relation: str,
        rel: str,
        link: Link,
        embedded: Document | None = None,
        *,
        within: tuple[str, str] | None = None,
        status: str | None = None,
    ) -> Notification:
        entry = EventEntry(relation, rel, link, embedded=embedded, within=within, status=status)
        resource = f"{within[1] if within else ''} {link.href}"
        href = conversation_href(self._call, own.id)
        return Notification("conversation", href, entry, Priority.HIGH, resource=resource)

    async def _conversation(self, own: Participation, relation: str) -> Notification:
        present = await self._store.conversations.participants(own.organizer, own.meeting_id)
        document = self._documents.conversation(self._call, own, present)
        return self._of_communication(relation, "conversation", Link(document.href), document)

    def _invited(self, invitation: Invitation, relation: str) -> Notification:
        uri = meeting_uri(invitation.organizer, invitation.meeting_id)
        document = self._documents.invitation(self._call, invitation, uri)
        status, reason = None, None
        if relation == "completed":
            status = "Success" if invitation.state == InvitationState.CONNECTED else "Failure"
            reason = _shown(invitation.reason)
        link = Link(document.href)
        return self._of_communication(relation, invitation.kind, link, document, status=status, reason=reason)

    async def _online_meeting(self, own: Participation, relation: str) -> Notification:
        meeting, extensions = await self._store.meetings.get_with_extensions(own.organizer, own.meeting_id)
        organizer = await self._store.users.get(own.organizer)
        document = self._documents.online_meeting(self._call, own, meeting, extensions, organizer)
        within = ("conversation", conversation_href(self._call, own.id))
        return self._of_conversation(own, relation, "onlineMeeting", Link(document.href), document, within=within)

    def _participant(
        self, own: Participation, who: Participant, relation: str, within: str | None = None
    ) -> Notification:
        """`within`: the collection of the event; None: the participant itself, whose event has no `in`."""
        document = self._documents.participant(self._call, own, who)
        inside = None if within is None else (within, f"{conversation_href(self._call, own.id)}/{within}")
        embedded = document if relation != "deleted" and within in {None, "lobby"} else None
        rel = "participant" if within is not None else document.rel
        link = Link(document.href, title=who.name)
        return self._of_conversation(own, relation, rel, link, embedded, within=inside)

    def _participant_messaging(self, own: Participation, who: Participant, relation: str) -> Notification:
        document = self._documents.participant_messaging(self._call, own, who.uri, who.name)
        within = ("participant", participant_href(self._call, own.id, who.uri))
        embedded = document if relation == "added" else None
        return self._of_conversation(
            own, relation, "participantMessaging", Link(document.href), embedded, within=within
        )

    def _messaging(self, own: Participation) -> Notification:
        formats = self._call.session.application.communication.supported_message_formats
        document = self._documents.messaging(self._call, own, formats)
        return self._of_conversation(own, "updated", "messaging", Link(document.href), document)

    def _typing(self, own: Participation, event: Event) -> Notification:
        link = Link(participant_href(self._call, own.id, str(event.facts["uri"])), title=str(event.facts["name"]))
        within = ("typingParticipants", f"{messaging_href(self._call, own.id)}/typingParticipants")
        relation = "added" if event.facts["typing"] else "deleted"
        return self._of_conversation(own, relation, "participant", link, within=within)

    async def _hears(self, own: Participation, message: Event) -> bool:
        """Whether messaging was connected when the message was sent."""
        if own.hears_message(message.number):
            return True
        # It may have been connected after this poll read the participation.
        now = await self._store.conversations.get(self._owner, self._application, own.id)
        if self._conversations is not None:
            self._conversations[own.topic] = now
        return now.hears_message(message.number)

    def _message(self, own: Participation, event: Event) -> Notification:
        shown = self._documents.sent_message if is_own(event, own) else self._documents.message
        document = shown(self._call, own, event)
        return self._of_conversation(own, "completed", "message", Link(document.href), document, status="Success")

    async def _communication_updated(self) -> Notification:
        session = await self._store.applications.session(self._owner, self._application)
        document = communication_document(self._call, session.application.communication)
        entry = EventEntry("updated", "communication", Link(document.href), embedded=document)
        return Notification("communication", document.href, entry, Priority.MEDIUM, resource=document.href)

    def _of_me(self, event: Event) -> Notification:
        rel, _, relation = event.kind.partition(" ")
        me = me_href(self._call)
        href = me if rel == "me" else f"{me}/{rel}"
        return Notification("me", me, EventEntry(relation, rel, Link(href)), Priority.MEDIUM, resource=href)


def _as_participant(own: Participation) -> Participant:
    return Participant(
        uri=own.uri,
        name=own.name,
        anonymous=own.anonymous,
        role=own.role,
        in_lobby=own.in_lobby,
        messaging=own.messaging,
        organizer=own.owner == own.organizer,
    )


def _group(role: Role) -> str:
    return "leaders" if role == Role.LEADER else "attendees"


def _reason(event: Event) -> Reason | None:
    reason = event.facts.get("reason")
    return _shown(reason if isinstance(reason, str) else None)


def _shown(reason: str | None) -> Reason | None:
    if reason is None:
        return None
    code = "Informational" if reason in {"Ended", "Ejected"} else "RemoteFailure"
    return Reason(code=code, subcode=reason, message=REASONS[reason])
