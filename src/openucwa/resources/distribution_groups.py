"""Distribution groups: their members, and which of them are in the user's contact list."""

from dataclasses import replace

from openucwa.api.answer import NO_CONTENT, Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation, Resource
from openucwa.model.contact import Group, GroupKind
from openucwa.model.refusals import (
    AlreadyExists,
    CallbackChannelError,
    InvalidExchangeServerVersion,
    ResourceNotFound,
    TooManyContacts,
    TooManyGroups,
)
from openucwa.model.world import World, new_etag
from openucwa.people.address_book import AddressBook
from openucwa.representation.parameters import Parameter
from openucwa.resources.contacts import CONTACT_SCOPES
from openucwa.resources.groups import MAX_GROUP_ID, MAX_NAME, expanded, find_group
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.store import contract

#: UCWA: addToContactList, POST.
LISTED = (
    Parameter("displayName", required=True, max_length=MAX_NAME),
    Parameter("smtpAddress", required=True, max_length=MAX_GROUP_ID),
)
#: UCWA: removeFromContactList, POST.
UNLISTED = (Parameter("groupId", required=True, max_length=MAX_GROUP_ID),)

_NO_GROUP = "no such distribution group"


class ExpandDistributionGroup(Resource[Group]):
    """UCWA: expandDistributionGroup."""

    rel = "expandDistributionGroup"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, book: AddressBook, documents: ContactRenderer) -> None:
        self._contacts = contacts
        self._book = book
        self._documents = documents

    async def locate(self, call: Context, group: str = "", **_names: str) -> Group:
        return await find_group(self._contacts, self._book, call, group)

    @Operation("The members of a distribution group.", refuses=(TooManyContacts, InvalidExchangeServerVersion))
    async def get(self, call: Call[Group]) -> Answer:
        """UCWA: expandDistributionGroup, GET."""
        if call.target.kind != GroupKind.DISTRIBUTION_GROUP:
            raise ResourceNotFound(_NO_GROUP)
        return Answer(await expanded(self._book, self._documents, call, call.target))


class AddToContactList(Resource[None]):
    """UCWA: addToContactList."""

    rel = "addToContactList"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, book: AddressBook, world: World, max_groups: int) -> None:
        self._contacts = contacts
        self._book = book
        self._world = world
        self._max = max_groups

    @Operation(
        "Adds a distribution group to the contact list.",
        answers=(204,),
        takes=LISTED,
        produces=(),
        refuses=(ResourceNotFound, AlreadyExists, TooManyGroups, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: addToContactList, POST. It must be a group of a directory."""
        group = await self._book.group(call.values["smtpAddress"].strip().lower())
        if group is None:
            raise ResourceNotFound(_NO_GROUP)
        named = replace(group, name=call.values["displayName"], etag=new_etag(self._world))
        await self._contacts.add_group(call.session.application.owner, named, self._max, self._world.now())
        return NO_CONTENT


class RemoveFromContactList(Resource[None]):
    """UCWA: removeFromContactList."""

    rel = "removeFromContactList"
    scopes = CONTACT_SCOPES
    anonymous = False

    def __init__(self, contacts: contract.Contacts, world: World) -> None:
        self._contacts = contacts
        self._world = world

    @Operation(
        "Removes a distribution group from the contact list.",
        answers=(204,),
        takes=UNLISTED,
        produces=(),
        refuses=(ResourceNotFound, CallbackChannelError),
    )
    async def post(self, call: Call[None]) -> Answer:
        """UCWA: removeFromContactList, POST."""
        owner = call.session.application.owner
        group = await self._contacts.group(owner, call.values["groupId"].strip().lower())
        if group.kind != GroupKind.DISTRIBUTION_GROUP:
            raise ResourceNotFound(_NO_GROUP)
        await self._contacts.remove_group(owner, group.id, None, self._world.now())
        return NO_CONTENT
