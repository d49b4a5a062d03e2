"""people: the contacts of a user. This server keeps none: what is linked answers, and is empty."""

from typing import NamedTuple

from openucwa.model.refusals import InvalidExchangeServerVersion
from openucwa.model.world import World, new_uuid
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.wire.resource import ANY_SCOPE, CONTACTS, Call, Request, Resource, Response, operation

_CONTACT_SCOPES = frozenset({CONTACTS})


class Holds(NamedTuple):
    """What a collection has arrays of: `links`, and `embedded` resources, by rel. `scopes`: as documented."""

    links: tuple[str, ...] = ()
    embedded: tuple[str, ...] = ()
    scopes: frozenset[str] = ANY_SCOPE


#: The linked collections.
COLLECTIONS = {
    "myContacts": Holds(links=("contact",), embedded=("contact",)),
    "myGroupMemberships": Holds(embedded=("myGroupMembership",), scopes=_CONTACT_SCOPES),
    "myGroups": Holds(
        links=("distributionGroup", "group"), embedded=("distributionGroup", "group"), scopes=_CONTACT_SCOPES
    ),
    "presenceSubscriptions": Holds(embedded=("presenceSubscription",)),
    "subscribedContacts": Holds(links=("contact",)),
}

#: UCWA: presenceSubscriptions, POST, Request body.
SUBSCRIPTION = (
    Parameter("duration", kind="integer", required=True),
    Parameter("uris", kind="sip", many=True, required=True),
)
#: UCWA: search, GET, Query parameters.
SEARCH = (Parameter("query", required=True, max_length=256), Parameter("limit", kind="integer"))


def people_href(call: Call) -> str:
    """The href of people."""
    return f"{call.application}/people"


class People(Resource[None]):
    """UCWA: people."""

    rel = "people"
    scopes = _CONTACT_SCOPES

    def document(self, call: Call) -> Document:
        """The resource, for the caller's application."""
        href = people_href(call)
        links = {name: Link(f"{href}/{name}") for name in sorted([*COLLECTIONS, "search"], key=str.lower)}
        return Document(rel=self.rel, href=href, links=links)

    @operation("The links to everything about contacts.", refuses=(InvalidExchangeServerVersion,))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: people, GET."""
        resp.media = self.document(req.call)


class EmptyCollection(Resource[None]):
    """A collection below people, of which this server keeps nothing."""

    def __init__(self, rel: str) -> None:
        self.rel = rel
        self._holds = COLLECTIONS[rel]
        self.scopes = self._holds.scopes

    @operation("An empty collection.", refuses=(InvalidExchangeServerVersion,))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: GET of the collection."""
        resp.media = Document(
            rel=self.rel,
            href=f"{people_href(req.call)}/{self.rel}",
            links=dict.fromkeys(self._holds.links, ()),
            embedded=dict.fromkeys(self._holds.embedded, ()),
        )


class PresenceSubscriptions(EmptyCollection):
    """UCWA: presenceSubscriptions. Nobody's presence is kept, so a subscription is granted and stays silent."""

    def __init__(self, world: World) -> None:
        super().__init__("presenceSubscriptions")
        self._world = world

    @operation("Subscribes to the presence of users.", answers=(201,), takes=SUBSCRIPTION)
    async def on_post(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: presenceSubscriptions, POST."""
        subscription = new_uuid(self._world)
        href = f"{people_href(req.call)}/{self.rel}/{subscription}"
        resp.status = 201
        resp.set_header("Location", href)
        resp.media = Document(rel="presenceSubscription", href=href, properties={"id": subscription})


class Search(Resource[None]):
    """UCWA: search. Finds no contact."""

    rel = "search"
    scopes = _CONTACT_SCOPES

    @operation("Looks for contacts.", query=SEARCH, refuses=(InvalidExchangeServerVersion,))
    async def on_get(self, req: Request, resp: Response, target: None) -> None:
        """UCWA: search, GET."""
        resp.media = Document(
            rel=self.rel,
            href=f"{people_href(req.call)}/search",
            properties={"moreResultsAvailable": False},
            embedded={"contact": (), "distributionGroup": ()},
        )
