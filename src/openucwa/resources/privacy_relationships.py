"""Privacy relationships of the signed-in user: what the user lets other people see."""

from collections.abc import Sequence

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.pass_through import PASS_THROUGH_VALUE, pass_through_name
from openucwa.api.resource import Operation, Precondition, Resource
from openucwa.model.contact import Relationship
from openucwa.model.presence import relationship_changed
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import (
    CallbackChannelError,
    Conflict,
    InvalidExchangeServerVersion,
    LimitExceeded,
    ResourceNotFound,
)
from openucwa.model.scopes import ANY_SCOPE, CONTACTS
from openucwa.model.world import World, new_etag
from openucwa.people.address_book import AddressBook
from openucwa.people.privacy import Privacy
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.contacts import find_person
from openucwa.resources.people import contact_href, people_href
from openucwa.resources.rendering.contacts import relationship_href
from openucwa.store import contract
from openucwa.store.contract import Store

#: UCWA: contactPrivacyRelationship2, PUT, Request body.
RELATIONSHIP = (Parameter("relationshipLevel", choices=tuple(PrivacyLevel)),)

_READ = (InvalidExchangeServerVersion,)
_RELATIONSHIP_REL = "contactPrivacyRelationship"


class MyPrivacyRelationships(Resource[None]):
    """UCWA: myPrivacyRelationships. The levels that the user has set."""

    rel = "myPrivacyRelationships"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, contacts: contract.Contacts) -> None:
        self._contacts = contacts

    @Operation("The privacy relationships that the user has set, by level.", refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myPrivacyRelationships, GET."""
        own = await self._contacts.own_relationships(call.session.application.owner)
        levels = [level for level in PrivacyLevel if any(each.level == level for each in own)]
        return Answer(
            Document(
                rel=self.rel,
                href=_relationships_href(call),
                embedded={"myPrivacyRelationship": [_level_document(call, level, own) for level in levels]},
            )
        )


class MyPrivacyRelationship(Resource[PrivacyLevel]):
    """UCWA: myPrivacyRelationship. The people for whom the user has set one level."""

    rel = "myPrivacyRelationship"
    scopes = ANY_SCOPE
    anonymous = False

    def __init__(self, contacts: contract.Contacts) -> None:
        self._contacts = contacts

    async def locate(self, call: Context, level: str = "", **_names: str) -> PrivacyLevel:
        try:
            return PrivacyLevel(level)
        except ValueError:
            raise ResourceNotFound("no such privacy relationship level") from None

    @Operation("The people for whom the user has set one level.", refuses=_READ)
    async def get(self, call: Call[PrivacyLevel]) -> Answer:
        """UCWA: myPrivacyRelationship, GET."""
        own = await self._contacts.own_relationships(call.session.application.owner)
        return Answer(_level_document(call, call.target, own))


def _relationships_href(call: Context) -> str:
    return f"{people_href(call)}/privacyRelationships"


def _level_document(call: Context, level: PrivacyLevel, own: Sequence[Relationship]) -> Document:
    return Document(
        rel="myPrivacyRelationship",
        href=f"{_relationships_href(call)}/{level}",
        properties={"relationshipLevel": level.value},
        links={"contact": [Link(contact_href(call, each.uri)) for each in own if each.level == level]},
    )


class RelationshipResource(Resource[Relationship]):
    """A resource of the privacy relationship between the user and a person."""

    scopes = frozenset({CONTACTS})
    conditional = True
    anonymous = False

    def __init__(self, store: Store, book: AddressBook, world: World, max_relationships: int) -> None:
        self._store = store
        self._book = book
        self._world = world
        self._max = max_relationships

    async def locate(self, call: Context, address: str = "", **_names: str) -> Relationship:
        person = await find_person(self._store, self._book, call, address)
        return await self._store.contacts.own_relationship(call.session.application.owner, person.user.uri)

    def etag(self, call: Context, target: Relationship) -> str:
        return target.etag

    async def change(self, call: Call[Relationship], level: PrivacyLevel | None) -> Relationship:
        """Sets the level, or resets it (None)."""
        owner = call.session.application.owner
        if call.target.uri == owner:
            raise Conflict("users have no privacy relationship with themselves")
        changed = Relationship(call.target.uri, level, new_etag(self._world))
        # Those who subscribe to the user's presence see more or less of it.
        events = (relationship_changed(owner, changed.uri),)
        await self._store.contacts.set_relationship(owner, call.if_match, changed, self._max, self._world.now(), events)
        return changed


class ContactPrivacyRelationship(RelationshipResource):
    """UCWA: contactPrivacyRelationship and contactPrivacyRelationship2. What the user lets a person see."""

    rel = _RELATIONSHIP_REL

    def __init__(
        self,
        store: Store,
        book: AddressBook,
        world: World,
        max_relationships: int,
        privacy: Privacy,
    ) -> None:
        super().__init__(store, book, world, max_relationships)
        self._privacy = privacy

    @Operation("The privacy relationship with a person.", refuses=_READ)
    async def get(self, call: Call[Relationship]) -> Answer:
        """UCWA: contactPrivacyRelationship, GET."""
        return self._answer(call, call.target)

    @Operation(
        "Sets the privacy relationship with a person.",
        takes=RELATIONSHIP,
        precondition=Precondition.REQUIRED,
        pass_through=True,
        refuses=(Conflict, LimitExceeded, CallbackChannelError, InvalidExchangeServerVersion),
    )
    async def put(self, call: Call[Relationship]) -> Answer:
        """UCWA: contactPrivacyRelationship2, PUT. Unknown, or no level, resets the relationship."""
        level = PrivacyLevel(call.values.get("relationshipLevel", PrivacyLevel.UNKNOWN))
        return self._answer(call, await self.change(call, None if level == PrivacyLevel.UNKNOWN else level))

    def _answer(self, call: Call[Relationship], relationship: Relationship) -> Answer:
        href = relationship_href(call, relationship.uri)
        level = self._privacy.of(call.session.application.owner, relationship.uri, relationship.level)
        document = Document(
            rel=_RELATIONSHIP_REL,
            href=href,
            properties={"relationshipLevel": level.value},
            links={"resetContactPrivacyRelationship": Link(f"{href}/resetContactPrivacyRelationship")},
            tail={pass_through_name(_RELATIONSHIP_REL): PASS_THROUGH_VALUE, "etag": relationship.etag},
        )
        return Answer(document, etag=relationship.etag)


class ResetContactPrivacyRelationship(RelationshipResource):
    """UCWA: resetContactPrivacyRelationship."""

    rel = "resetContactPrivacyRelationship"

    @Operation(
        "Resets the privacy relationship with a person.",
        answers=(204,),
        produces=(),
        refuses=(Conflict, LimitExceeded, CallbackChannelError),
    )
    async def post(self, call: Call[Relationship]) -> Answer:
        """UCWA: resetContactPrivacyRelationship, POST."""
        await self.change(call, None)
        return NO_CONTENT
