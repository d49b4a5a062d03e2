"""Memberships: which contact is in which group of the signed-in user."""

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.config import Config
from openucwa.model.contact import DEFAULT_GROUP, SYSTEM_GROUPS, ContactCard, Group, GroupKind, Membership
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    Forbidden,
    InvalidExchangeServerVersion,
    LimitExceeded,
    OperationNotSupported,
    ResourceNotFound,
    TooManyDelegates,
)
from openucwa.model.user import user_uri
from openucwa.model.world import World
from openucwa.people.address_book import AddressBook
from openucwa.representation.document import Document
from openucwa.representation.parameters import Parameter
from openucwa.resources.contacts import CONTACT_SCOPES
from openucwa.resources.groups import MAX_GROUP_ID
from openucwa.resources.rendering.contacts import ContactRenderer, group_href, memberships_href
from openucwa.store import contract
from openucwa.store.contract import ContactLimits

#: UCWA: contactUri of myGroupMemberships2.
MAX_CONTACT_URI = 250

#: UCWA: myGroupMemberships, GET, Query parameters.
MEMBERSHIPS_QUERY = (Parameter("groupId", max_length=MAX_GROUP_ID, description="The group whose members are shown."),)
#: UCWA: myGroupMemberships2, POST.
NEW_MEMBERSHIP = (
    Parameter("contactUri", kind="address", required=True, max_length=MAX_CONTACT_URI),
    Parameter("groupId", max_length=MAX_GROUP_ID),
)
#: UCWA: removeContactFromAllGroups, POST.
CONTACT_URI = (Parameter("contactUri", kind="address", required=True, max_length=MAX_CONTACT_URI),)

#: Groups whose members others decide.
_OF_OTHERS = frozenset({GroupKind.DELEGATORS_GROUP, GroupKind.MY_ORGANIZATION_GROUP})

_READ = (InvalidExchangeServerVersion,)


class MyGroupMemberships(Resource[None]):
    """UCWA: myGroupMemberships and myGroupMemberships2."""

    rel = "myGroupMemberships"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(
        self, contacts: contract.Contacts, book: AddressBook, documents: ContactRenderer, world: World, config: Config
    ) -> None:
        self._contacts = contacts
        self._book = book
        self._documents = documents
        self._world = world
        self._limits = ContactLimits(config.max_contacts, config.max_delegates)

    @Operation(
        "The memberships of contacts in groups.", query=MEMBERSHIPS_QUERY, refuses=(OperationNotSupported, *_READ)
    )
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myGroupMemberships, GET."""
        group_id = call.values.get("groupId")
        embedded = await membership_documents(self._contacts, self._documents, call, group_id)
        return Answer(Document(rel=self.rel, href=memberships_href(call), embedded={"myGroupMembership": embedded}))

    @Operation(
        "Adds a contact to a group.",
        answers=(201,),
        takes=NEW_MEMBERSHIP,
        refuses=(
            AlreadyExists,
            LimitExceeded,
            Forbidden,
            OperationNotSupported,
            TooManyDelegates,
            CallbackChannelError,
        ),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: myGroupMemberships2, POST. Without groupId: to defaultGroup."""
        owner = call.session.application.owner
        uri = user_uri(call.values["contactUri"])
        group_id = call.values.get("groupId") or DEFAULT_GROUP.id
        if group_id in _OF_OTHERS:
            raise OperationNotSupported("the user cannot read or change memberships of this group")
        group = await self._contacts.group(owner, group_id)
        person = await self._book.person(owner, uri)
        card = ContactCard(uri, uri.removeprefix("sip:"))
        if person is not None:
            card = ContactCard(uri, person.user.name, person.user.email)
        await self._contacts.add(owner, card, group_id, self._limits, self._world.now())
        document = self._documents.membership(call, Membership(uri, group_id), group.kind)
        return Answer(document, 201, location=document.href)


class GroupMemberships(Resource[Group]):
    """UCWA: groupMemberships. The memberships in one group."""

    rel = "groupMemberships"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, documents: ContactRenderer) -> None:
        self._contacts = contacts
        self._documents = documents

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        return await self._contacts.group(call.session.application.owner, group)

    @Operation("The memberships in the group.", refuses=(OperationNotSupported, *_READ))
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: groupMemberships, GET."""
        embedded = await membership_documents(self._contacts, self._documents, call, call.target.id)
        href = f"{group_href(call, call.target.id)}/groupMemberships"
        return Answer(Document(rel=self.rel, href=href, embedded={"myGroupMembership": embedded}))


async def membership_documents(
    contacts: contract.Contacts, documents: ContactRenderer, call: Context, group_id: str | None
) -> list[Document]:
    """The user's memberships, or those of a group. ResourceNotFound: no such group. OperationNotSupported: it is
    delegatorsGroup.
    """
    owner = call.session.application.owner
    if group_id in _OF_OTHERS:
        raise OperationNotSupported("the user cannot read or change memberships of this group")
    found = await contacts.memberships(owner, group_id)
    kinds = {group.id: group.kind for group in (*SYSTEM_GROUPS.values(), *await contacts.groups(owner))}
    return [
        documents.membership(call, membership, kinds[membership.group_id])
        for membership in found
        if membership.group_id in kinds
    ]


class MyGroupMembership(Resource[Membership]):
    """UCWA: myGroupMembership and myGroupMembership2. A contact in a group."""

    rel = "myGroupMembership"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, documents: ContactRenderer, world: World) -> None:
        self._contacts = contacts
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, membership: str = "", **_names: str) -> Membership:
        owner = call.session.application.owner
        group_id, _, address = membership.partition(",")
        named = Membership(f"sip:{address.lower()}", group_id)
        if group_id in _OF_OTHERS:
            raise OperationNotSupported("the user cannot read or change memberships of this group")
        if named not in await self._contacts.memberships(owner, named.group_id):
            raise ResourceNotFound("the contact is not in this group")
        return named

    @Operation("One membership.", refuses=(OperationNotSupported, *_READ))
    async def get(self, call: Call[Membership]) -> Answer:
        """UCWA: myGroupMembership, GET."""
        group = await self._contacts.group(call.session.application.owner, call.target.group_id)
        return Answer(self._documents.membership(call, call.target, group.kind))

    @Operation(
        "Removes a contact from a group; from the last one, also from the contacts.",
        answers=(204,),
        produces=(),
        refuses=(ResourceNotFound, CallbackChannelError),
    )
    async def delete(self, call: Call[Membership]) -> Answer:
        """UCWA: myGroupMembership2, DELETE."""
        await self._contacts.remove(
            call.session.application.owner, call.target.uri, call.target.group_id, self._world.now()
        )
        return NO_CONTENT


class RemoveContactFromAllGroups(Resource[None]):
    """UCWA: removeContactFromAllGroups and removeContactFromAllGroups2."""

    rel = "removeContactFromAllGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, world: World) -> None:
        self._contacts = contacts
        self._world = world

    @Operation("Removes a contact.", answers=(204,), takes=CONTACT_URI, produces=(), refuses=(CallbackChannelError,))
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: removeContactFromAllGroups, POST. Somebody who is no contact is ignored."""
        await self._contacts.remove_from_all(
            call.session.application.owner, user_uri(call.values["contactUri"]), self._world.now()
        )
        return NO_CONTENT
