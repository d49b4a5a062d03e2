"""Renders rows of the event log for one application, with its own hrefs and only what it may see.

An embedded resource shows its state at the time of delivery, not that of the event.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.meetings.admission import leads
from openucwa.model import contact, conversation_events
from openucwa.model.conversation import (
    Form,
    Invitation,
    InvitationState,
    MessagingState,
    Participant,
    Participation,
    Role,
)
from openucwa.model.event import Event, application_topic
from openucwa.model.meeting import Meeting
from openucwa.model.presence import is_person_topic
from openucwa.model.refusals import ConversationNotFound, ResourceNotFound
from openucwa.people.privacy import Privacy
from openucwa.representation.document import EventEntry, Link
from openucwa.resources.communication import communication_document
from openucwa.resources.me import me_href
from openucwa.resources.rendering.contact_events import ContactEvents
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.rendering.conversations import ConversationRenderer, conversation_href
from openucwa.resources.rendering.entries import Entries
from openucwa.resources.rendering.history import missed_items_document
from openucwa.resources.rendering.invitations import unjoined_conversation
from openucwa.resources.rendering.people import PeopleRenderer
from openucwa.resources.rendering.two_party import TwoPartyEvents
from openucwa.store.contract import Store


class EventRenderer:
    """Renders events for one application, during one poll."""

    def __init__(
        self,
        call: Context,
        store: Store,
        documents: ConversationRenderer,
        privacy: Privacy,
        contacts: ContactRenderer,
    ) -> None:
        self._contacts = ContactEvents(call, store.contacts, contacts)
        self._call = call
        self._people = PeopleRenderer(call, store, privacy)
        self._store = store
        self._documents = documents
        application = call.session.application
        self._owner = application.owner
        self._application = application.id
        self._own_topic = application_topic(application.owner, application.id)
        self._entries = Entries(call, documents)
        self._two_party = TwoPartyEvents(call, documents, self._entries)
        self._conversations: dict[str, Participation] | None = None

    async def topics(self) -> Mapping[str, int]:
        """The application's own topic, those of the meetings that it is in, from the time it joined, and the topics
        that it subscribes to.
        """
        self._conversations = None
        joined = {topic: own.since for topic, own in (await self._current_conversations()).items()}
        # The events will be read later than this, and must not be shown to somebody who was promoted in between.
        self._conversations = None
        return {self._own_topic: 0, **joined, **await self._contacts.topics(), **await self._people.topics()}

    async def _current_conversations(self) -> Mapping[str, Participation]:
        """The application's conversations, by topic, since `topics` was called, or before that, for a set that is
        delivered again."""
        if self._conversations is None:
            own = await self._store.conversations.including_ended(self._owner, self._application)
            self._conversations = {each.topic: each for each in own if each.admitted}
        return self._conversations

    async def render(self, event: Event) -> Sequence[Notification]:
        """The notifications for an event; none if it does not concern the application, or is obsolete."""
        try:
            if event.topic == self._own_topic:
                of_people = self._people.of_subscriptions(event)
                return [notification async for notification in of_people or self._of_application(event)]
            if event.topic == self._contacts.topic:
                return [notification async for notification in self._contacts.render(event)]
            if is_person_topic(event.topic):
                return await self._people.of_person(event)
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
                async for notification in self._admitted(event):
                    yield notification
            case conversation_events.CONVERSATION_ENDED:
                conversation, reason = str(event.facts["conversation"]), event.facts.get("reason")
                if event.facts.get("form", Form.MEETING) != Form.MEETING:
                    yield self._two_party.disconnected(conversation)
                yield self._entries.deleted(conversation, reason if isinstance(reason, str) else None)
            case conversation_events.MESSAGING_CONNECTED:
                own = await self._own(event)
                invitation = await self._invitation(event)
                yield self._entries.invited(replace(invitation, state=InvitationState.CONNECTING), "started")
                yield self._entries.invited(invitation, "completed")
                yield self._entries.messaging(own, await self._meeting(own))
            case conversation_events.MESSAGING_DISCONNECTED:
                yield self._entries.messaging(await self._own(event))
            case conversation_events.ORGANIZER_DATA_CHANGED:
                own = await self._own(event)
                if not own.in_lobby:
                    yield await self._online_meeting(own, "updated")
            case kind if kind in conversation_events.ABOUT_INVITATIONS:
                async for notification in self._of_invitation(event):
                    yield notification
            case "missedItems updated":
                items = missed_items_document(self._call, await self._store.history.counts(self._owner))
                yield self._entries.of_communication("updated", items.rel, Link(items.href), items)
            case "communication updated":
                yield await self._communication_updated()
            case contact.SUBSCRIPTION_UPDATED:
                yield await self._contacts.subscription_expires(event)
            case _:
                yield self._of_me(event)

    async def _of_invitation(self, event: Event) -> AsyncIterator[Notification]:
        invitation = await self._invitation(event)
        if event.kind == conversation_events.INVITATION_REPLAYED:
            if invitation.state == InvitationState.CONNECTING:
                yield self._entries.invited(invitation, "started")
            return
        offer = invitation.two_party and not invitation.outgoing and invitation.conversation is not None
        if event.kind == conversation_events.INVITATION_STARTED:
            yield self._entries.invited(replace(invitation, state=InvitationState.CONNECTING), "started")
            if offer:
                own, present = await self._accepted(invitation)
                for notification in self._two_party.offered(invitation, own, present):
                    yield notification
            return
        yield self._entries.invited(invitation, "completed")
        if offer:
            yield self._entries.deleted(invitation.conversation or "", invitation.reason)

    async def _admitted(self, event: Event) -> AsyncIterator[Notification]:
        own = await self._own(event)
        if event.facts.get("form") == Form.TWO_PARTY:
            present, invitation = await self._present(own, event), await self._invitation(event)
            for notification in self._two_party.connected(own, present, invitation):
                yield notification
            return
        yield self._entries.participant(own, _as_participant(own), "updated")
        async for notification in self._entered(own, event):
            yield notification

    async def _begin(self, event: Event) -> AsyncIterator[Notification]:
        invitation = await self._invitation(event)
        if invitation.outgoing:
            # An accepted incoming invitation was started when it arrived.
            yield self._entries.invited(replace(invitation, state=InvitationState.CONNECTING), "started")
        try:
            own = await self._own(event)
        except ConversationNotFound:
            # It has ended, which the next event says; but whatever ends must have started.
            over = unjoined_conversation(self._call, str(event.facts["conversation"]), invitation)
            yield self._entries.of_communication("added", "conversation", Link(over.href), over)
            if event.kind == conversation_events.CONVERSATION_BEGUN:
                yield self._entries.invited(invitation, "completed")
            return
        yield await self._conversation(own, "added")
        yield self._entries.participant(own, _as_participant(own), "added")
        if event.facts.get("form", Form.MEETING) != Form.MEETING:
            yield self._entries.messaging(own)
            return
        if event.kind == conversation_events.CONVERSATION_WAITING:
            yield await self._conversation(own, "updated")
            return
        async for notification in self._entered(own, event):
            yield notification

    async def _entered(self, own: Participation, event: Event) -> AsyncIterator[Notification]:
        """The notifications for a participant who enters the meeting: everything that is there."""
        present = await self._present(own, event)
        yield await self._conversation(own, "updated")
        yield await self._online_meeting(own, "added")
        for each in present:
            if each.uri != own.uri and not each.in_lobby:
                for notification in self._joined(own, each):
                    yield notification
        if leads(own):
            for each in present:
                if each.in_lobby:
                    yield self._entries.participant(own, each, "added", within="lobby")
        yield self._entries.messaging(own, await self._meeting(own))
        invitation = await self._store.invitations.get(self._owner, self._application, own.invitation)
        yield self._entries.invited(replace(invitation, state=InvitationState.CONNECTED, reason=None), "completed")

    # The meeting's topic

    async def _of_meeting(self, event: Event, own: Participation) -> AsyncIterator[Notification]:
        facts = event.facts
        match event.kind:
            case conversation_events.PARTICIPANT_JOINED:
                for notification in self._joined(own, conversation_events.participant(event, in_lobby=False)):
                    yield notification
            case conversation_events.PARTICIPANT_LEFT:
                for notification in await self._left(event, own):
                    yield notification
            case conversation_events.LOBBY_JOINED | conversation_events.LOBBY_LEFT if leads(own):
                relation = "added" if event.kind == conversation_events.LOBBY_JOINED else "deleted"
                yield self._entries.participant(
                    own, conversation_events.participant(event, in_lobby=True), relation, within="lobby"
                )
            case conversation_events.ROLE_CHANGED:
                async for notification in self._role_changed(event, own):
                    yield notification
            case conversation_events.MESSAGING_CHANGED if facts["uri"] != own.uri:
                who = conversation_events.participant(event, in_lobby=False)
                relation = "added" if who.messaging == MessagingState.CONNECTED else "deleted"
                yield self._entries.participant_messaging(own, who, relation)
            case conversation_events.TYPING_CHANGED if facts["uri"] != own.uri:
                yield self._entries.typing(own, event)
            case conversation_events.MESSAGE:
                if await self._receives(own, event):
                    yield self._entries.message(own, event)
            case conversation_events.CONVERSATION_ESCALATED:
                async for notification in self._escalated(event, own):
                    yield notification
            case conversation_events.AUDIENCE_MESSAGING_CHANGED:
                yield await self._conversation(own, "updated")
                yield self._entries.messaging(own, await self._meeting(own))
            case conversation_events.EXTENSION_CHANGED | conversation_events.MEETING_CHANGED:
                yield await self._online_meeting(own, "updated")

    async def _left(self, event: Event, own: Participation) -> Sequence[Notification]:
        who = conversation_events.participant(event, in_lobby=False)
        if own.form != Form.MEETING and (await self._by_id(own.id)).form != Form.MEETING:
            return tuple(self._two_party.left(own, who))
        return (
            self._entries.participant(own, who, "deleted", within=_group(who.role)),
            self._entries.participant(own, who, "deleted"),
        )

    async def _escalated(self, event: Event, own: Participation) -> AsyncIterator[Notification]:
        now = await self._by_id(own.id)
        present = await self._store.conversations.participants_as_of(own.organizer, own.meeting_id, event.number)
        yield await self._conversation(now, "updated")
        yield await self._online_meeting(now, "added")
        for each in present:
            yield self._entries.participant(now, each, "updated")
            yield self._entries.participant(now, each, "added", within=_group(each.role))

    def _joined(self, own: Participation, who: Participant) -> Sequence[Notification]:
        notifications = [
            self._entries.participant(own, who, "added"),
            self._entries.participant(own, who, "added", within=_group(who.role)),
        ]
        if who.messaging == MessagingState.CONNECTED:
            notifications.append(self._entries.participant_messaging(own, who, "added"))
        return notifications

    async def _role_changed(self, event: Event, own: Participation) -> AsyncIterator[Notification]:
        who = conversation_events.participant(event, in_lobby=False)
        was = Role(str(event.facts["was"]))
        yield self._entries.participant(own, who, "updated")
        yield self._entries.participant(own, who, "deleted", within=_group(was))
        yield self._entries.participant(own, who, "added", within=_group(who.role))
        if who.uri == own.uri:
            yield await self._conversation(own, "updated")
            if (meeting := await self._meeting(own)) is not None and not meeting.audience_messaging:
                yield self._entries.messaging(own, meeting)
            for each in await self._store.conversations.participants_as_of(own.organizer, own.meeting_id, event.number):
                if not each.in_lobby and each.uri != own.uri:
                    # The links of the other participants depend on the role, so they are different now.
                    yield self._entries.participant(own, each, "updated")
                elif each.in_lobby and leads(own) and who.role == Role.LEADER:
                    yield self._entries.participant(own, each, "added", within="lobby")

    # The entries

    async def _own(self, event: Event) -> Participation:
        return await self._by_id(str(event.facts["conversation"]))

    async def _by_id(self, conversation: str) -> Participation:
        """The conversation as it is now, even if the other one has left. ConversationNotFound."""
        for each in await self._store.conversations.including_ended(self._owner, self._application):
            if each.id == conversation:
                return each
        raise ConversationNotFound("the application has no such conversation")

    async def _present(self, own: Participation, event: Event) -> Sequence[Participant]:
        """The participants when the application came to them."""
        since = event.facts["since"]
        return await self._store.conversations.participants_as_of(
            own.organizer, own.meeting_id, since if isinstance(since, int) else own.since
        )

    async def _accepted(self, invitation: Invitation) -> tuple[Participation | None, Sequence[Participant]]:
        """The conversation of an invitation that this application has accepted by now, with its participants."""
        if invitation.state != InvitationState.CONNECTED or invitation.conversation is None:
            return None, ()
        try:
            own = await self._by_id(invitation.conversation)
        except ConversationNotFound:
            return None, ()
        return own, await self._store.conversations.participants(own.organizer, own.meeting_id)

    async def _invitation(self, event: Event) -> Invitation:
        return await self._store.invitations.get(self._owner, self._application, str(event.facts["invitation"]))

    async def _conversation(self, own: Participation, relation: str) -> Notification:
        present = await self._store.conversations.participants(own.organizer, own.meeting_id)
        return self._entries.conversation(own, present, relation, await self._meeting(own))

    async def _meeting(self, own: Participation) -> Meeting | None:
        """The meeting; None: it is a conversation of two users."""
        if own.form != Form.MEETING:
            return None
        return await self._store.meetings.get(own.organizer, own.meeting_id)

    async def _online_meeting(self, own: Participation, relation: str) -> Notification:
        meeting, extensions = await self._store.meetings.get_with_extensions(own.organizer, own.meeting_id)
        organizer = await self._store.users.get(own.organizer)
        document = self._documents.online_meeting(self._call, own, meeting, extensions, organizer)
        within = ("conversation", conversation_href(self._call, own.id))
        return self._entries.of_conversation(
            own, relation, "onlineMeeting", Link(document.href), document, within=within
        )

    async def _receives(self, own: Participation, message: Event) -> bool:
        """Whether messaging was connected when the message was sent."""
        if own.receives_message(message.number):
            return True
        # It may have been connected after this poll read the participation.
        now = await self._by_id(own.id)
        if self._conversations is not None:
            self._conversations[own.topic] = now
        return now.receives_message(message.number)

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
