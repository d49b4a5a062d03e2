"""Groups of the signed-in user, and who is in them."""

import re
from dataclasses import replace

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
    TooManyDelegates,
    TooManyGroups,
)
from openucwa.model.world import World, new_etag
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
            raise ParameterValidationFailure({"displayName": "has no visible character"})
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

    def __init__(self, store: Store, documents: ContactRenderer, world: World) -> None:
        self._store = store
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        found = await self._store.contacts.group(call.session.application.owner, group)
        if found.kind != GroupKind.GROUP and call.method != "GET":
            raise MethodNotAllowed("a distribution group supports GET", ("GET",))
        return found

    def etag(self, call: Context, target: Group) -> str | None:
        return target.etag if target.kind == GroupKind.GROUP else None

    @Operation("One group.", refuses=_READ)
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: group, GET; distributionGroup, GET."""
        return Answer(self._documents.group(call, call.target), etag=call.etag)

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
            raise ParameterValidationFailure({"name": "has no visible character"})
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


class MyGroupMemberships(Resource[None]):
    """UCWA: myGroupMemberships and myGroupMemberships2."""

    rel = "myGroupMemberships"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, store: Store, documents: ContactRenderer, world: World, config: Config) -> None:
        self._store = store
        self._documents = documents
        self._world = world
        self._limits = ContactLimits(config.max_contacts, config.max_delegates)

    @Operation("Who is in which group.", query=MEMBERSHIPS_QUERY, refuses=(OperationNotSupported, *_READ))
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
        person = await self._store.contacts.find(owner, uri)
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

    @Operation("Who is in the group.", refuses=(OperationNotSupported, *_READ))
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
        raise OperationNotSupported("who is in the delegators group is not the user's to say")
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
            raise OperationNotSupported("delegators choose their delegates themselves")
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
