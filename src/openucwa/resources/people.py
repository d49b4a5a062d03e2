"""people: contacts, groups and presence. The server stores none of them: the resources exist, but are empty."""

import uuid
from typing import NamedTuple
from urllib.parse import quote

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.refusals import InvalidExchangeServerVersion, ResourceNotFound
from openucwa.model.scopes import ANY_SCOPE, CONTACTS, USER
from openucwa.model.user import User
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link, Property
from openucwa.representation.parameters import Parameter
from openucwa.resources.rendering.details import details
from openucwa.store.contract import Store

_CONTACT_SCOPES = frozenset({CONTACTS})


class Contents(NamedTuple):
    """The content of a collection: the rels of its `links` and `embedded` arrays. `scopes`: as documented."""

    links: tuple[str, ...] = ()
    embedded: tuple[str, ...] = ()
    scopes: frozenset[str] = ANY_SCOPE


#: The linked collections.
COLLECTIONS = {
    "myContacts": Contents(links=("contact",), embedded=("contact",)),
    "myGroupMemberships": Contents(embedded=("myGroupMembership",), scopes=_CONTACT_SCOPES),
    "myGroups": Contents(
        links=("distributionGroup", "group"), embedded=("distributionGroup", "group"), scopes=_CONTACT_SCOPES
    ),
    "presenceSubscriptions": Contents(embedded=("presenceSubscription",)),
    "subscribedContacts": Contents(links=("contact",)),
}

#: UCWA: presenceSubscriptions, POST, Request body.
SUBSCRIPTION = (
    Parameter("duration", kind="integer", required=True),
    Parameter("uris", kind="sip", many=True, required=True),
)
#: UCWA: search, GET, Query parameters.
SEARCH = (Parameter("query", required=True, max_length=256), Parameter("limit", kind="integer"))


def people_href(call: Context) -> str:
    """The href of people."""
    return f"{call.application}/people"


def contact_href(call: Context, uri: str) -> str:
    """The href of a user of this server, as a contact."""
    return f"{people_href(call)}/{quote(uri.removeprefix('sip:'), safe='@')}"


def contact_document(call: Context, user: User) -> Document:
    """UCWA: contact, of a user of this server."""
    properties: dict[str, Property] = {}
    if user.email is not None:
        properties["emailAddresses"] = [user.email]
    properties |= details(user)
    properties |= {"name": user.name, "sourceNetwork": "SameEnterprise", "type": "User", "uri": user.uri}
    return Document(rel="contact", href=contact_href(call, user.uri), properties=properties)


class People(Resource[None]):
    """UCWA: people."""

    rel = "people"
    scopes = _CONTACT_SCOPES

    def document(self, call: Context) -> Document:
        """The resource, for the caller's application."""
        href = people_href(call)
        links = {name: Link(f"{href}/{name}") for name in sorted([*COLLECTIONS, "search"], key=str.lower)}
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


class Search(Resource[None]):
    """UCWA: search. Always empty."""

    rel = "search"
    scopes = _CONTACT_SCOPES

    @Operation("Searches for contacts; always empty.", query=SEARCH, refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: search, GET."""
        return Answer(
            Document(
                rel=self.rel,
                href=f"{people_href(call)}/search",
                properties={"moreResultsAvailable": False},
                embedded={"contact": (), "distributionGroup": ()},
            )
        )


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


class Contact(Resource[User]):
    """UCWA: contact. A user of this server, as others see it; anonymous users see only those they meet."""

    rel = "contact"
    scopes = _CONTACT_SCOPES

    def __init__(self, store: Store) -> None:
        self._store = store

    async def locate(self, call: Context, address: str = "", **_names: str) -> User:
        user = await self._store.users.get(f"sip:{address}")
        if user is None or not await self._may_see(call, user):
            raise ResourceNotFound("no such contact")
        return user

    async def _may_see(self, call: Context, user: User) -> bool:
        application = call.session.application
        if not application.anonymous:
            return True
        for own in await self._store.conversations.all(application.owner, application.id):
            if own.in_lobby:
                continue
            present = await self._store.conversations.participants(own.organizer, own.meeting_id)
            if user.uri in {own.organizer, *(each.uri for each in present)}:
                return True
        return False

    @Operation("A user of this server.", refuses=(InvalidExchangeServerVersion,))
    async def get(self, call: Call[User]) -> Answer:
        """UCWA: contact, GET."""
        return Answer(contact_document(call, call.target))
