"""Groups of the signed-in user, and who is in them."""

from contextlib import suppress
from dataclasses import replace

import msgspec

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Precondition, Resource
from openucwa.model.contact import (
    MY_ORGANIZATION_GROUP,
    SYSTEM_GROUPS,
    Group,
    GroupKind,
)
from openucwa.model.names import visible_name
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    InvalidExchangeServerVersion,
    MethodNotAllowed,
    ParameterValidationFailure,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyContacts,
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
)
from openucwa.store import contract

#: UCWA: group2, name; groupId of myGroupMemberships2.
MAX_NAME = 256
MAX_GROUP_ID = 256

#: UCWA: myGroups, GET, Query parameters.
GROUPS_QUERY = (Parameter("expand", kind="boolean", description="Whether groups are embedded; otherwise only linked."),)
#: UCWA: myGroups2, POST, Request body.
NEW_GROUP = (Parameter("displayName", required=True, max_length=MAX_NAME),)
#: UCWA: group2, PUT, Request body.
GROUP = (Parameter("name", required=True, max_length=MAX_NAME),)
_READ = (InvalidExchangeServerVersion,)


class MyGroups(Resource[None]):
    """UCWA: myGroups and myGroups2."""

    rel = "myGroups"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(
        self, contacts: contract.Contacts, book: AddressBook, documents: ContactRenderer, world: World, max_groups: int
    ) -> None:
        self._contacts = contacts
        self._book = book
        self._documents = documents
        self._world = world
        self._max = max_groups

    @Operation("The user's groups.", query=GROUPS_QUERY, refuses=_READ)
    async def get(self, call: Call[None]) -> Answer:
        """UCWA: myGroups, GET."""
        own = await self._contacts.groups(call.session.application.owner)
        several = {
            kind.value: [group for group in own if group.kind == kind]
            for kind in (GroupKind.DISTRIBUTION_GROUP, GroupKind.GROUP)
        }
        links: dict[str, Link | list[Link]] = {
            rel: [Link(group_href(call, group.id)) for group in groups] for rel, groups in several.items()
        }
        others = dict(SYSTEM_GROUPS)
        if self._book.knows_organizations:
            others[MY_ORGANIZATION_GROUP.id] = MY_ORGANIZATION_GROUP
        links |= {rel: Link(group_href(call, rel)) for rel in sorted(others)}
        embedded: dict[str, Document | list[Document]] = {}
        if call.values.get("expand", True):
            embedded = {
                rel: [self._documents.group(call, group) for group in groups] for rel, groups in several.items()
            }
            embedded |= {rel: self._documents.group(call, others[rel]) for rel in sorted(others)}
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
        await self._contacts.add_group(call.session.application.owner, group, self._max, self._world.now())
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


class MyOrganizationGroup(SystemGroup):
    """UCWA: myOrganizationGroup. Manager, peers and direct reports, where a directory knows them."""

    def __init__(self, book: AddressBook, documents: ContactRenderer) -> None:
        super().__init__(MY_ORGANIZATION_GROUP, documents)
        self._book = book

    @Operation("The user's manager, peers and direct reports.", refuses=_READ)
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: myOrganizationGroup, GET."""
        if not self._book.knows_organizations:
            raise ResourceNotFound("no directory of this server has managers and reports")
        return Answer(self._documents.group(call, MY_ORGANIZATION_GROUP))


class GroupResource(Resource[Group]):
    """UCWA: group and group2. A group that the user made."""

    rel = "group"
    scopes = CONTACT_SCOPES
    anonymous = False
    conditional = True

    def __init__(
        self, contacts: contract.Contacts, book: AddressBook, documents: ContactRenderer, world: World
    ) -> None:
        self._contacts = contacts
        self._book = book
        self._documents = documents
        self._world = world

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        found = await find_group(self._contacts, self._book, call, group)
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
        await self._contacts.rename_group(call.session.application.owner, call.if_match, renamed, self._world.now())
        return Answer(self._documents.group(call, renamed), etag=renamed.etag)

    @Operation(
        "Deletes the group; members who are in no other one go to defaultGroup.",
        answers=(204,),
        produces=(),
        refuses=(CallbackChannelError,),
    )
    async def delete(self, call: Call[Group]) -> Answer:
        """UCWA: group2, DELETE."""
        await self._contacts.remove_group(
            call.session.application.owner, call.target.id, call.if_match, self._world.now()
        )
        return NO_CONTENT


async def find_group(contacts: contract.Contacts, book: AddressBook, call: Context, group_id: str) -> Group:
    """A group of the user's, one that every user has, or a distribution group of a directory. ResourceNotFound."""
    try:
        return await contacts.group(call.session.application.owner, group_id)
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
