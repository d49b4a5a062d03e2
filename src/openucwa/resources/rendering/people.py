"""People as one application sees them: presence, note, location, and the events about them.

What a person lets the caller see is read when it is shown. Whatever the caller may not see is shown as if it were not
there, and raises no events.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from urllib.parse import quote

from openucwa.api.call import Context
from openucwa.channel.notification import Notification, Priority
from openucwa.model.event import Event
from openucwa.model.presence import (
    LOCATION,
    MODALITIES,
    NOTE,
    OFFLINE,
    PERSON_CHANGED,
    PRESENCE,
    RELATIONSHIP_CHANGED,
    SUBSCRIBED_CHANGED,
    SUBSCRIPTION_ADDED,
    SUBSCRIPTION_DELETED,
    SUBSCRIPTION_ENDING,
    UNKNOWN_DEVICE,
    Presence,
    person_topic,
)
from openucwa.model.privacy import Visible, sees
from openucwa.model.values import Instant
from openucwa.people.privacy import Privacy
from openucwa.representation.document import Document, EventEntry, Link, Property
from openucwa.resources.me import me_href
from openucwa.resources.people import contact_href, people_href
from openucwa.store.contract import Store

#: The resources of a contact, by what they show: the rel, and the last segment of the href.
_PLACES = {
    PRESENCE: ("contactPresence", "presence"),
    NOTE: ("contactNote", "note"),
    LOCATION: ("contactLocation", "location"),
    MODALITIES: ("contactSupportedModalities", "supportedMedia"),
}
_OF_SUBSCRIPTIONS = {SUBSCRIPTION_ADDED, SUBSCRIPTION_ENDING, SUBSCRIPTION_DELETED, SUBSCRIBED_CHANGED}


def seen(presence: Presence, visible: Visible) -> Presence:
    """The visible part of a person's presence; the rest is shown as absent."""
    shown = visible.presence
    return Presence(
        presence.owner,
        preferred=presence.preferred if shown else None,
        note=presence.note if visible.note else "",
        location=presence.location if visible.location else "",
        availability=presence.availability if shown else OFFLINE,
        device=presence.device if shown else UNKNOWN_DEVICE,
        modalities=presence.modalities if shown else (),
        last_active=presence.last_active if visible.last_active else None,
    )


def contact_document(call: Context, what: str, person: Presence) -> Document:
    """UCWA: contactPresence, contactNote, contactLocation, contactSupportedModalities.

    `what`: PRESENCE, NOTE, LOCATION or MODALITIES. `person`: as the caller sees it.
    """
    rel, _ = _PLACES[what]
    properties: dict[str, Property]
    match what:
        case "presence":
            properties = {
                "activity": person.activity,
                "availability": person.availability,
                "deviceType": person.device,
            }
            if person.last_active is not None:
                properties["lastActive"] = Instant(person.last_active)
        case "note":
            properties = note_properties(person.note)
        case "location":
            properties = {"location": person.location}
        case _:
            properties = {"modalities": person.modalities}
    return Document(rel=rel, href=_place(call, person.owner, what), properties=properties)


def note_properties(message: str) -> dict[str, Property]:
    """The properties of note and contactNote."""
    return {"message": message, "type": "Personal"}


def subscription_document(call: Context, subscription: str, *, of_group: bool) -> Document:
    """UCWA: presenceSubscription. The members of a group's are those of the group: none can be added."""
    people = people_href(call)
    query = f"presenceSubscriptionId={quote(subscription, safe='@')}"
    memberships = Link(f"{people}/presenceSubscriptionMemberships?{query}")
    links = {"memberships": memberships}
    return Document(
        rel="presenceSubscription",
        href=subscription_href(call, subscription),
        properties={"id": subscription},
        links=links if of_group else {"addToPresenceSubscription": memberships, **links},
    )


def subscription_href(call: Context, subscription: str) -> str:
    """The href of a presenceSubscription."""
    return f"{people_href(call)}/presenceSubscriptions/{quote(subscription, safe='@')}"


def _place(call: Context, uri: str, what: str) -> str:
    return f"{contact_href(call, uri)}/{_PLACES[what][1]}"


class PeopleRenderer:
    """Renders the events of people for one application, during one poll."""

    def __init__(self, call: Context, store: Store, privacy: Privacy) -> None:
        self._call = call
        self._store = store
        self._privacy = privacy
        application = call.session.application
        self._owner = application.owner
        self._application = application.id
        self._anonymous = application.anonymous
        self._since: int | None = None
        self._subscribed: Mapping[str, int] | None = None
        self._visible: dict[str, Visible] = {}

    async def topics(self) -> Mapping[str, int]:
        """Those of the user, if available, and of the subscribed contacts, from the time of the subscription."""
        self._subscribed = None
        if self._anonymous:
            return {}
        topics = {person_topic(uri): since for uri, since in (await self._current()).items()}
        if self._since is not None:
            own = person_topic(self._owner)
            topics[own] = min(self._since, topics.get(own, self._since))
        return topics

    async def _current(self) -> Mapping[str, int]:
        """The subscribed contacts when the poll starts, or starts reading again."""
        if self._subscribed is None:
            self._since = await self._store.presence.since(self._owner, self._application)
            self._subscribed = await self._store.subscriptions.subscribed(self._owner, self._application)
            self._visible = {}
        return self._subscribed

    async def of_person(self, event: Event) -> Sequence[Notification]:
        """The notifications for an event of a person's topic."""
        uri = event.topic.removeprefix(person_topic(""))
        since = (await self._current()).get(uri)
        notifications: list[Notification] = []
        if uri == self._owner and self._since is not None and event.number > self._since:
            notifications += self._of_me(event)
        if since is not None and event.number > since:
            notifications += await self._of_contact(event, uri)
        return notifications

    def of_subscriptions(self, event: Event) -> AsyncIterator[Notification] | None:
        """The notifications for an event of the application's own topic, if it is about subscriptions."""
        return self._of_subscriptions(event) if event.kind in _OF_SUBSCRIPTIONS else None

    def _of_me(self, event: Event) -> list[Notification]:
        me = me_href(self._call)
        changed = _changed(event)
        return [
            Notification("me", me, EventEntry("updated", rel, Link(f"{me}/{rel}")), Priority.MEDIUM, f"{me}/{rel}")
            for rel in (PRESENCE, NOTE, LOCATION)
            if rel in changed
        ]

    async def _of_contact(self, event: Event, uri: str) -> list[Notification]:
        if event.kind == RELATIONSHIP_CHANGED:
            if event.facts["viewer"] != self._owner:
                return []
            return [self._contact_updated(uri, what) for what in _PLACES]
        visible = await self._sees(uri)
        shown = {
            PRESENCE: visible.presence,
            NOTE: visible.note,
            LOCATION: visible.location,
            MODALITIES: visible.presence,
        }
        return [self._contact_updated(uri, what) for what in _changed(event) if shown[what]]

    async def _sees(self, uri: str) -> Visible:
        if uri not in self._visible:
            levels = await self._privacy.levels(sorted({uri, *await self._current()}), self._owner)
            self._visible |= {each: sees(level) for each, level in levels.items()}
        return self._visible[uri]

    async def _of_subscriptions(self, event: Event) -> AsyncIterator[Notification]:
        facts = event.facts
        if event.kind == SUBSCRIBED_CHANGED:
            for notification in self._unsubscribed(facts["removed"]):
                yield notification
            async for notification in self._begin(facts["added"]):
                yield notification
            return
        document = subscription_document(self._call, str(facts["subscription"]), of_group=bool(facts["of_group"]))
        if event.kind == SUBSCRIPTION_DELETED:
            for notification in self._unsubscribed(facts["uris"]):
                yield notification
            yield self._of_people("deleted", document.rel, Link(document.href))
            return
        relation = "added" if event.kind == SUBSCRIPTION_ADDED else "updated"
        yield self._of_people(relation, document.rel, Link(document.href), document)
        async for notification in self._begin(facts["uris"]):
            yield notification

    async def _begin(self, uris: object) -> AsyncIterator[Notification]:
        """Contacts are subscribed to from now on: what there is of them, as far as it is visible."""
        found = await self._store.presence.of(_texts(uris))
        for uri in found:
            yield self._subscribed_contact("added", uri)
        for uri, presence in found.items():
            person = seen(presence, await self._sees(uri))
            there = {PRESENCE: True, NOTE: person.note, LOCATION: person.location, MODALITIES: person.modalities}
            for what, value in there.items():
                if value:
                    yield self._contact_updated(uri, what)

    def _unsubscribed(self, uris: object) -> list[Notification]:
        return [self._subscribed_contact("deleted", uri) for uri in _texts(uris)]

    def _contact_updated(self, uri: str, what: str) -> Notification:
        within = ("contact", contact_href(self._call, uri))
        return self._of_people("updated", _PLACES[what][0], Link(_place(self._call, uri, what)), within=within)

    def _subscribed_contact(self, relation: str, uri: str) -> Notification:
        within = ("subscribedContacts", f"{people_href(self._call)}/subscribedContacts")
        return self._of_people(relation, "contact", Link(contact_href(self._call, uri)), within=within)

    def _of_people(
        self,
        relation: str,
        rel: str,
        link: Link,
        embedded: Document | None = None,
        *,
        within: tuple[str, str] | None = None,
    ) -> Notification:
        entry = EventEntry(relation, rel, link, embedded=embedded, within=within)
        return Notification("people", people_href(self._call), entry, Priority.MEDIUM, resource=link.href)


def _changed(event: Event) -> list[str]:
    return _texts(event.facts["changed"]) if event.kind == PERSON_CHANGED else []


def _texts(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
