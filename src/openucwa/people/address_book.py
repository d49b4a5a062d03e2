"""The address book: people and distribution groups of the configured directories, beside the users of this server."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from openucwa.identity.profile import FoundGroup, FoundPeople, user_of
from openucwa.meetings.enterprise import domain_of
from openucwa.model.contact import MY_ORGANIZATION_GROUP, Group, GroupKind, Person
from openucwa.model.refusals import ResourceNotFound, ServiceUnavailable, TooManyContacts
from openucwa.store.contract import Store

if TYPE_CHECKING:
    from openucwa.identity.directories.people import DirectoryPeople


class AddressBook:
    """Looks people up: users and contacts first, then in `directories`.

    `max_members`: of a distribution group that is shown.
    """

    def __init__(self, store: Store, directories: "Sequence[DirectoryPeople]", max_members: int) -> None:
        self._store = store
        self._directories = directories
        self._max_members = max_members

    async def person(self, viewer: str, uri: str) -> Person | None:
        """Somebody as `viewer` sees them. While a directory is unreachable, it knows nobody."""
        found = await self._store.contacts.find(viewer, uri)
        if found is not None:
            return found
        for directory in self._of(uri):
            try:
                profile = await directory.person(uri)
            except ServiceUnavailable:
                continue
            if profile is not None:
                return Person(user_of(profile), None)
        return None

    async def search(self, words: Sequence[str], limit: int, viewer: str) -> tuple[list[Person], list[Group], bool]:
        """People who are no users here, groups, and whether there may be more: also if a directory is unreachable.

        `words`: as typed.
        """
        people: list[Person] = []
        groups: list[Group] = []
        more = False
        for directory in self._directories if words else ():
            try:
                found = await directory.search(words, limit)
            except ServiceUnavailable:
                more = True
                continue
            people += await self._others(found, viewer)
            groups += [group_of(each) for each in found.groups]
            more = more or found.more
        return people, groups, more

    async def group(self, address: str) -> Group | None:
        """The distribution group with this address. ServiceUnavailable."""
        for directory in self._directories:
            if (found := await directory.group(address)) is not None:
                return group_of(found)
        return None

    async def members(self, address: str, viewer: str) -> tuple[list[Person], list[Group]]:
        """The people and groups in a distribution group, by URI and by name.

        ResourceNotFound. TooManyContacts: it has more members than are shown. ServiceUnavailable.
        """
        for directory in self._directories:
            found = await directory.members(address, self._max_members)
            if found is None:
                continue
            if found.more:
                raise TooManyContacts(f"the group has more than {self._max_members} members")
            groups = sorted((group_of(each) for each in found.groups), key=lambda group: group.name)
            return await self._people(found, viewer), groups
        raise ResourceNotFound("no directory has this group")

    @property
    def knows_organizations(self) -> bool:
        """Whether there is a directory that may know who works for whom."""
        return bool(self._directories)

    async def organization(self, viewer: str) -> list[Person]:
        """The manager, peers and direct reports of a user, by URI. ServiceUnavailable."""
        for directory in self._of(viewer):
            if (found := await directory.organization(viewer, self._max_members)).people:
                return await self._people(found, viewer)
        return []

    async def contacts(self, owner: str, group_id: str | None) -> Sequence[Person]:
        """The contacts of a user, or those in a group of any kind, by URI.

        ResourceNotFound: no such group. TooManyContacts, ServiceUnavailable: of distribution groups.
        """
        if group_id is not None and "@" in group_id:
            return (await self.members(group_id.lower(), owner))[0]
        if group_id == MY_ORGANIZATION_GROUP.id and self.knows_organizations:
            return await self.organization(owner)
        return await self._store.contacts.all(owner, group_id)

    async def addresses(self, owner: str, group_id: str) -> Sequence[str]:
        """The URIs of those in a group of any kind; otherwise as `contacts`."""
        return [person.user.uri for person in await self.contacts(owner, group_id)]

    async def _people(self, found: FoundPeople, viewer: str) -> list[Person]:
        uris = [profile.uri for profile in found.people]
        people = {person.user.uri: person for person in await self._store.people.seen(uris, viewer)}
        people |= {person.user.uri: person for person in await self._others(found, viewer)}
        return [people[uri] for uri in sorted(people)]

    async def _others(self, found: FoundPeople, viewer: str) -> list[Person]:
        """Those who are no users here: users are shown as they are known here."""
        uris = [profile.uri for profile in found.people]
        users = {person.user.uri for person in await self._store.people.seen(uris, viewer)}
        return [Person(user_of(profile), None) for profile in found.people if profile.uri not in users]

    def _of(self, uri: str) -> "list[DirectoryPeople]":
        return [directory for directory in self._directories if domain_of(uri) in directory.domains]


def group_of(found: FoundGroup) -> Group:
    """A distribution group of a directory."""
    return Group(found.address, GroupKind.DISTRIBUTION_GROUP, found.name, "0")
