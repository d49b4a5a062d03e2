"""people: links to contacts, groups and presence; and subscriptions to presence, which are not stored."""

import uuid
from typing import NamedTuple
from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.refusals import InvalidExchangeServerVersion, ResourceNotFound
from openucwa.model.scopes import ANY_SCOPE, CONTACTS, USER
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter

_CONTACT_SCOPES = frozenset({CONTACTS})


class Contents(NamedTuple):
    """The content of a collection: the rels of its `links` and `embedded` arrays. `scopes`: as documented."""

    links: tuple[str, ...] = ()
    embedded: tuple[str, ...] = ()
    scopes: frozenset[str] = ANY_SCOPE


#: The collections that are always empty.
COLLECTIONS = {
    "presenceSubscriptions": Contents(embedded=("presenceSubscription",)),
    "subscribedContacts": Contents(links=("contact",)),
}

#: The linked resources, and the last segments of their hrefs.
LINKED = {
    "myContactsAndGroupsSubscription": "contactsAndGroupsSubscription",
    "myContacts": "contacts",
    "myGroupMemberships": "groupMemberships",
    "myGroups": "groups",
    "myPrivacyRelationships": "privacyRelationships",
    "presenceSubscriptions": "presenceSubscriptions",
    "search": "search",
    "subscribedContacts": "subscribedContacts",
}

#: Those for anonymous users, who have no contacts.
FOR_ANONYMOUS = ("presenceSubscriptions", "subscribedContacts")

#: UCWA: presenceSubscriptions, POST, Request body.
SUBSCRIPTION = (
    Parameter("duration", kind="integer", required=True),
    Parameter("uris", kind="sip", many=True, required=True),
)


def people_href(call: Context) -> str:
    """The href of people."""
    return f"{call.application}/people"


def contact_href(call: Context, uri: str) -> str:
    """The href of a user of this server, as a contact."""
    return f"{people_href(call)}/{quote(uri.removeprefix('sip:'), safe='@')}"


class People(Resource[None]):
    """UCWA: people."""

    rel = "people"
    scopes = _CONTACT_SCOPES

    def document(self, call: Context) -> Document:
        """The resource, for the caller's application."""
        href = people_href(call)
        linked = FOR_ANONYMOUS if call.session.application.anonymous else LINKED
        links = {name: Link(f"{href}/{LINKED[name]}") for name in linked}
        return Document(rel=self.rel, href=href, links=links)

    @Operation("Links to contacts, groups and presence.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: people, GET."""
        return Answer(self.document(call))


class EmptyCollection(Resource[None]):
    """A collection below people, which is always empty."""

    def __init__(self, rel: str) -> None:
        self.rel = rel
        self._holds = COLLECTIONS[rel]
        self.scopes = self._holds.scopes

    @Operation("The collection {rel}, which is empty.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: GET of the collection."""
        return Answer(
            Document(
                rel=self.rel,
                href=f"{people_href(call)}/{self.rel}",
                links=dict.fromkeys(self._holds.links, ()),
                embedded=dict.fromkeys(self._holds.embedded, ()),
            )
        )


class PresenceSubscriptions(EmptyCollection):
    """UCWA: presenceSubscriptions. The server stores no presence, so a subscription is granted and never delivers
    anything.
    """

    def __init__(self, world: World) -> None:
        super().__init__("presenceSubscriptions")
        self._world = world

    @Operation("Subscribes to the presence of users.", answers=(201,), takes=SUBSCRIPTION)
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: presenceSubscriptions, POST."""
        subscription = new_uuid(self._world)
        href = f"{people_href(call)}/{self.rel}/{subscription}"
        document = Document(rel="presenceSubscription", href=href, properties={"id": subscription})
        return Answer(document, 201, location=href)


class PresenceSubscription(Resource[str]):
    """UCWA: presenceSubscription. It was granted, delivers nothing, and can be deleted."""

    rel = "presenceSubscription"
    scopes = frozenset({USER})

    async def locate(self, call: Context, subscription: str = "", **_names: str) -> str:
        try:
            return str(uuid.UUID(subscription))
        except ValueError:
            raise ResourceNotFound("no such subscription") from None

    @Operation("One subscription.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[str]) -> Answer:
        """UCWA: presenceSubscription, GET."""
        href = f"{people_href(call)}/presenceSubscriptions/{call.target}"
        return Answer(Document(rel=self.rel, href=href, properties={"id": call.target}))

    @Operation("Deletes the subscription.", answers=(204,), produces=())
    async def delete(self, call: Call[str]) -> Answer:
        """UCWA: presenceSubscription, DELETE."""
        return NO_CONTENT
