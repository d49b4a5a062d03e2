"""Renders events about contacts and groups, for one application that subscribes to them."""

from collections.abc import AsyncIterator, Mapping

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.model.contact import (
    CONTACT_ADDED,
    CONTACT_DELETED,
    GROUP_ADDED,
    GROUP_DELETED,
    GROUP_UPDATED,
    MEMBER_ADDED,
    MEMBER_DELETED,
    RELATIONSHIP_UPDATED,
    ContactsSubscription,
    GroupKind,
    contacts_topic,
    group_of,
)
from openucwa.model.event import Event
from openucwa.representation.document import Document, EventEntry, Link
from openucwa.resources.contacts import subscription_document
from openucwa.resources.people import contact_href, people_href
from openucwa.resources.rendering.contacts import (
    ContactRenderer,
    contacts_href,
    group_href,
    groups_href,
    relationship_href,
)
from openucwa.store.contract import Contacts

#: The groups whose changes are less urgent (UCWA: delegatesGroup, delegatorsGroup, Events).
_LOW = frozenset({GroupKind.DELEGATES_GROUP, GroupKind.DELEGATORS_GROUP})


class ContactEvents:
    """Renders the topic `contacts/OWNER`, as far as the application's subscription covers it."""

    def __init__(self, call: Context, contacts: Contacts, documents: ContactRenderer) -> None:
        self._call = call
        self._contacts = contacts
        self._documents = documents
        application = call.session.application
        self._owner = application.owner
        self._application = application.id
        self._people = people_href(call)
        self.topic = contacts_topic(application.owner)

    async def topics(self) -> dict[str, int]:
        """The topic, from the time of the subscription; none without one."""
        found = await self._subscription()
        return {} if found is None else {self.topic: found.since}

    async def render(self, event: Event) -> AsyncIterator[Notification]:
        """The notifications for an event of the topic."""
        subscription = await self._subscription()
        if subscription is None or event.number <= subscription.since or event.at >= subscription.expires:
            return
        facts = event.facts
        match event.kind:
            case kind if kind in (CONTACT_ADDED, CONTACT_DELETED):
                within = ("myContacts", contacts_href(self._call))
                yield await self._contact(kind == CONTACT_ADDED, str(facts["uri"]), within, Priority.HIGH)
            case kind if kind in (MEMBER_ADDED, MEMBER_DELETED):
                group = GroupKind(str(facts["kind"]))
                within = (group.value, group_href(self._call, str(facts["group"])))
                priority = Priority.LOW if group in _LOW else Priority.HIGH
                yield await self._contact(kind == MEMBER_ADDED, str(facts["uri"]), within, priority)
            case kind if kind in (GROUP_ADDED, GROUP_UPDATED, GROUP_DELETED):
                yield self._group(kind.partition(" ")[2], facts)
            case kind if kind == RELATIONSHIP_UPDATED:
                uri = str(facts["uri"])
                link = Link(relationship_href(self._call, uri))
                within = ("contact", contact_href(self._call, uri))
                yield self._of_people(
                    EventEntry("updated", "contactPrivacyRelationship", link, within=within), Priority.MEDIUM
                )

    async def subscription_expires(self, event: Event) -> Notification:
        """The event that the subscription expires soon."""
        document = subscription_document(self._call, await self._subscription(), event.at)
        entry = EventEntry("updated", document.rel, Link(document.href), embedded=document)
        return self._of_people(entry, Priority.MEDIUM)

    async def _subscription(self) -> ContactsSubscription | None:
        return await self._contacts.subscription(self._owner, self._application)

    async def _contact(self, added: bool, uri: str, within: tuple[str, str], priority: Priority) -> Notification:
        link = Link(contact_href(self._call, uri))
        embedded: Document | None = None
        if added and (person := await self._contacts.find(self._owner, uri)) is not None:
            embedded = self._documents.contact(self._call, person)
        entry = EventEntry("added" if added else "deleted", "contact", link, embedded=embedded, within=within)
        return self._of_people(entry, priority)

    def _group(self, relation: str, facts: Mapping[str, object]) -> Notification:
        document = self._documents.group(self._call, group_of(facts))
        within = None if relation == "updated" else ("myGroups", groups_href(self._call))
        embedded = None if relation == "deleted" else document
        entry = EventEntry(relation, document.rel, Link(document.href), embedded=embedded, within=within)
        return self._of_people(entry, Priority.HIGH)

    def _of_people(self, entry: EventEntry, priority: Priority) -> Notification:
        resource = entry.link.href if entry.relation == "updated" else None
        return Notification("people", self._people, entry, priority, resource=resource)
