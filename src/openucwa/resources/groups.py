"""Groups of the signed-in user, and who is in them."""

import re
from contextlib import suppress
from dataclasses import replace

import msgspec

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Precondition, Resource
from openucwa.config import Config
from openucwa.model.contact import (
    DEFAULT_GROUP,
    SYSTEM_GROUPS,
    ContactCard,
    Group,
    GroupKind,
    Membership,
)
from openucwa.model.names import visible_name
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    Forbidden,
    InvalidExchangeServerVersion,
    LimitExceeded,
    MethodNotAllowed,
    OperationNotSupported,
    ParameterValidationFailure,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyContacts,
    TooManyDelegates,
    TooManyGroups,
)
from openucwa.model.world import World, new_etag
from openucwa.people.address_book import AddressBook
from openucwa.representation.document import Document, Link
from openucwa.representation.parameters import Parameter
from openucwa.resources.contacts import CONTACT_SCOPES
from openucwa.resources.rendering.contacts import (
    ContactRenderer,
    group_href,
    groups_href,
    memberships_href,
)
from openucwa.store.contract import ContactLimits, Store

#: UCWA: group2, name; groupId and contactUri of myGroupMemberships2.
MAX_NAME = 256
MAX_GROUP_ID = 256
MAX_CONTACT_URI = 250

#: UCWA: myGroups, GET, Query parameters.
GROUPS_QUERY = (Parameter("expand", kind="boolean", description="Whether groups are embedded; otherwise only linked."),)
#: UCWA: myGroups2, POST, Request body.
NEW_GROUP = (Parameter("displayName", required=True, max_length=MAX_NAME),)
#: UCWA: group2, PUT, Request body.
GROUP = (Parameter("name", required=True, max_length=MAX_NAME),)
#: UCWA: myGroupMemberships, GET, Query parameters.
MEMBERSHIPS_QUERY = (Parameter("groupId", max_length=MAX_GROUP_ID, description="The group whose members are shown."),)
#: UCWA: myGroupMemberships2, POST.
NEW_MEMBERSHIP = (
    Parameter("contactUri", kind="sip", required=True, max_length=MAX_CONTACT_URI),
    Parameter("groupId", max_length=MAX_GROUP_ID),
)
#: UCWA: removeContactFromAllGroups, POST.
CONTACT_URI = (Parameter("contactUri", kind="sip", required=True, max_length=MAX_CONTACT_URI),)

_READ = (InvalidExchangeServerVersion,)


class MyGroups(Resource[None]):
    """UCWA: myGroups and myGroups2."""

    rel = "myGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, store: Store, documents: ContactRenderer, world: World, config: Config) -> None:
        self._store = store
        self._documents = documents
        self._world = world
        self._max = config.max_groups

    @Operation("The user's groups.", query=GROUPS_QUERY, refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myGroups, GET."""
        own = await self._store.contacts.groups(call.session.application.owner)
        several = {
            kind.value: [group for group in own if group.kind == kind]
            for kind in (GroupKind.DISTRIBUTION_GROUP, GroupKind.GROUP)
        }
        links: dict[str, Link | list[Link]] = {
            rel: [Link(group_href(call, group.id)) for group in groups] for rel, groups in several.items()
        }
        links |= {rel: Link(group_href(call, rel)) for rel in sorted(SYSTEM_GROUPS)}
        embedded: dict[str, Document | list[Document]] = {}
        if call.values.get("expand", True):
            embedded = {
                rel: [self._documents.group(call, group) for group in groups] for rel, groups in several.items()
            }
            embedded |= {rel: self._documents.group(call, SYSTEM_GROUPS[rel]) for rel in sorted(SYSTEM_GROUPS)}
        return Answer(Document(rel=self.rel, href=groups_href(call), links=links, embedded=embedded))

    @Operation(
        "Creates a group.",
        answers=(204,),
        takes=NEW_GROUP,
        produces=(),
        refuses=(AlreadyExists, TooManyGroups, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: myGroups2, POST. The answer has no body; its `Location` is the group."""
        name = visible_name(call.values["displayName"])
        if name is None:
            raise ParameterValidationFailure({"displayName": "must contain a visible character"})
        group = Group(new_etag(self._world), GroupKind.GROUP, name, new_etag(self._world))
        await self._store.contacts.add_group(call.session.application.owner, group, self._max, self._world.now())
        return Answer(status=204, location=group_href(call, group.id))


class SystemGroup(Resource[Group]):
    """UCWA: defaultGroup, pinnedGroup, delegatesGroup, delegatorsGroup. Groups that every user has."""

    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, group: Group, documents: ContactRenderer) -> None:
        self.rel = group.kind.value
        self._group = group
        self._documents = documents

    @Operation("The group {rel} of the user.", refuses=_READ)
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: GET of the group."""
        return Answer(self._documents.group(call, self._group))


class GroupResource(Resource[Group]):
    """UCWA: group and group2. A group that the user made."""

    rel = "group"
    scopes = CONTACT_SCOPES
    anonymous = False
    conditional = True

    def __init__(self, store: Store, book: AddressBook, documents: ContactRenderer, world: World) -> None:
        self._store = store
        self._book = book
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        found = await find_group(self._store, self._book, call, group)
        if found.kind != GroupKind.GROUP and call.method != "GET":
            raise MethodNotAllowed("a distribution group supports GET", ("GET",))
        return found

    def etag(self, call: Context, target: Group) -> str | None:
        return target.etag if target.kind == GroupKind.GROUP else None

    @Operation("One group.", refuses=_READ)
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: group, GET; distributionGroup, GET, with its members as far as they can be shown."""
        document = self._documents.group(call, call.target)
        if call.target.kind == GroupKind.DISTRIBUTION_GROUP:
            with suppress(ResourceNotFound, ServiceUnavailable, TooManyContacts):
                document = await expanded(self._book, self._documents, call, call.target)
        return Answer(document, etag=call.etag)

    @Operation(
        "Renames the group.",
        takes=GROUP,
        precondition=Precondition.REQUIRED,
        pass_through=True,
        refuses=(AlreadyExists, CallbackChannelError, InvalidExchangeServerVersion),
    )
    async def put(self, call: Call[Group]) -> Answer:
        """UCWA: group2, PUT. The server chose the id: what is sent of it is ignored."""
        name = visible_name(call.values["name"])
        if name is None:
            raise ParameterValidationFailure({"name": "must contain a visible character"})
        renamed = replace(call.target, name=name, etag=new_etag(self._world))
        await self._store.contacts.rename_group(
            call.session.application.owner, call.if_match, renamed, self._world.now()
        )
        return Answer(self._documents.group(call, renamed), etag=renamed.etag)

    @Operation(
        "Deletes the group; members who are in no other one go to defaultGroup.",
        answers=(204,),
        produces=(),
        refuses=(CallbackChannelError,),
    )
    async def delete(self, call: Call[Group]) -> Answer:
        """UCWA: group2, DELETE."""
        await self._store.contacts.remove_group(
            call.session.application.owner, call.target.id, call.if_match, self._world.now()
        )
        return NO_CONTENT


async def find_group(store: Store, book: AddressBook, call: Context, group_id: str) -> Group:
    """A group of the user's, one that every user has, or a distribution group of a directory. ResourceNotFound."""
    try:
        return await store.contacts.group(call.session.application.owner, group_id)
    except ResourceNotFound:
        group = await book.group(group_id.lower()) if "@" in group_id else None
        if group is None:
            raise
        return group


async def expanded(book: AddressBook, documents: ContactRenderer, call: Context, group: Group) -> Document:
    """UCWA: distributionGroup, with its members. ResourceNotFound, ServiceUnavailable, TooManyContacts."""
    people, groups = await book.members(group.id, call.session.application.owner)
    return msgspec.structs.replace(
        documents.group(call, group),
        embedded={
            "contact": [documents.contact(call, person) for person in people],
            "distributionGroup": [documents.group(call, each) for each in groups],
        },
    )


class MyGroupMemberships(Resource[None]):
    """UCWA: myGroupMemberships and myGroupMemberships2."""

    rel = "myGroupMemberships"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(
        self, store: Store, book: AddressBook, documents: ContactRenderer, world: World, config: Config
    ) -> None:
        self._store = store
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
        embedded = await membership_documents(self._store, self._documents, call, group_id)
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
        uri = _address(call.values["contactUri"])
        group_id = call.values.get("groupId") or DEFAULT_GROUP.id
        group = await self._store.contacts.group(owner, group_id)
        person = await self._book.person(owner, uri)
        card = ContactCard(uri, uri.removeprefix("sip:"))
        if person is not None:
            card = ContactCard(uri, person.user.name, person.user.email)
        await self._store.contacts.add(owner, card, group_id, self._limits, self._world.now())
        document = self._documents.membership(call, Membership(uri, group_id), group.kind)
        return Answer(document, 201, location=document.href)


class GroupMemberships(Resource[Group]):
    """UCWA: groupMemberships. The memberships in one group."""

    rel = "groupMemberships"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, store: Store, documents: ContactRenderer) -> None:
        self._store = store
        self._documents = documents

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        return await self._store.contacts.group(call.session.application.owner, group)

    @Operation("The memberships in the group.", refuses=(OperationNotSupported, *_READ))
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: groupMemberships, GET."""
        embedded = await membership_documents(self._store, self._documents, call, call.target.id)
        href = f"{group_href(call, call.target.id)}/groupMemberships"
        return Answer(Document(rel=self.rel, href=href, embedded={"myGroupMembership": embedded}))


async def membership_documents(
    store: Store, documents: ContactRenderer, call: Context, group_id: str | None
) -> list[Document]:
    """The user's memberships, or those of a group. ResourceNotFound: no such group. OperationNotSupported: it is
    delegatorsGroup.
    """
    owner = call.session.application.owner
    if group_id == GroupKind.DELEGATORS_GROUP:
        raise OperationNotSupported("the delegators group has no memberships: its members choose their delegates")
    found = await store.contacts.memberships(owner, group_id)
    kinds = {group.id: group.kind for group in (*SYSTEM_GROUPS.values(), *await store.contacts.groups(owner))}
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

    def __init__(self, store: Store, documents: ContactRenderer, world: World) -> None:
        self._store = store
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, membership: str = "", **_names: str) -> Membership:
        owner = call.session.application.owner
        group_id, _, address = membership.partition(",")
        named = Membership(f"sip:{address.lower()}", group_id)
        if group_id == GroupKind.DELEGATORS_GROUP:
            raise OperationNotSupported("the delegators group cannot be changed: its members choose their delegates")
        if named not in await self._store.contacts.memberships(owner, named.group_id):
            raise ResourceNotFound("the contact is not in this group")
        return named

    @Operation("One membership.", refuses=(OperationNotSupported, *_READ))
    async def get(self, call: Call[Membership]) -> Answer:
        """UCWA: myGroupMembership, GET."""
        group = await self._store.contacts.group(call.session.application.owner, call.target.group_id)
        return Answer(self._documents.membership(call, call.target, group.kind))

    @Operation(
        "Removes a contact from a group; from the last one, also from the contacts.",
        answers=(204,),
        produces=(),
        refuses=(ResourceNotFound, CallbackChannelError),
    )
    async def delete(self, call: Call[Membership]) -> Answer:
        """UCWA: myGroupMembership2, DELETE."""
        await self._store.contacts.remove(
            call.session.application.owner, call.target.uri, call.target.group_id, self._world.now()
        )
        return NO_CONTENT


class RemoveContactFromAllGroups(Resource[None]):
    """UCWA: removeContactFromAllGroups and removeContactFromAllGroups2."""

    rel = "removeContactFromAllGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, store: Store, world: World) -> None:
        self._store = store
        self._world = world

    @Operation("Removes a contact.", answers=(204,), takes=CONTACT_URI, produces=(), refuses=(CallbackChannelError,))
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: removeContactFromAllGroups, POST. Somebody who is no contact is ignored."""
        await self._store.contacts.remove_from_all(
            call.session.application.owner, _address(call.values["contactUri"]), self._world.now()
        )
        return NO_CONTENT


def _address(uri: str) -> str:
    """A SIP URI in lower case and without parameters."""
    return re.split("[;?]", uri.lower(), maxsplit=1)[0]
