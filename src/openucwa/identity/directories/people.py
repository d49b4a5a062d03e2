"""People and distribution groups of a directory, for the search and for contacts."""

from collections.abc import Sequence

from openucwa.config_identity import Directory, texts
from openucwa.identity.directories.connection import Connection
from openucwa.identity.directories.directory import DirectoryPasswords
from openucwa.identity.directories.entries import (
    DirectoryGroup,
    attributes,
    group_attributes,
    group_by_address,
    group_of,
    groups_filter,
    manager_of,
    organization_filter,
    people_filter,
    person_filter,
    profile,
)
from openucwa.identity.profile import FoundGroup, FoundPeople, Profile


class DirectoryPeople:
    """Looks up people and groups of `directory`.

    Every method refuses with ServiceUnavailable while it is unreachable.
    """

    def __init__(self, directory: Directory, connections: DirectoryPasswords) -> None:
        self._directory = directory
        self._connections = connections
        self._group_base = directory.distribution_base or directory.base
        self.domains = frozenset(texts(directory.domains))

    async def search(self, words: Sequence[str], limit: int) -> FoundPeople:
        """People and groups that match, at most `limit` of each."""
        directory = self._directory

        def work(connection: Connection) -> FoundPeople:
            people, more = connection.find(
                directory.base, people_filter(directory, words), attributes(directory), limit
            )
            groups, others = connection.find(
                self._group_base, groups_filter(directory, words), group_attributes(directory), limit
            )
            found = [group_of(directory, entry) for entry in groups]
            return FoundPeople(
                people=tuple(person for entry in people if (person := profile(directory, entry)) is not None),
                groups=tuple(FoundGroup(group.address, group.name) for group in found if group is not None),
                more=more or others,
            )

        return await self._connections.look_up(work)

    async def person(self, uri: str) -> Profile | None:
        """The person with this SIP URI (in lower case)."""
        directory = self._directory

        def work(connection: Connection) -> Profile | None:
            query = person_filter(directory, uri.removeprefix("sip:"))
            entries, _ = connection.find(directory.base, query, attributes(directory), 2)
            people = [person for entry in entries if (person := profile(directory, entry)) and person.uri == uri]
            return people[0] if len(people) == 1 else None

        return await self._connections.look_up(work)

    async def organization(self, uri: str, limit: int) -> FoundPeople:
        """The manager of a user, and up to `limit` peers and direct reports."""
        directory = self._directory

        def work(connection: Connection) -> FoundPeople:
            query = person_filter(directory, uri.removeprefix("sip:"))
            wanted = [*attributes(directory), directory.manager_attribute]
            entries, _ = connection.find(directory.base, query, wanted, 2)
            own = [entry for entry in entries if (person := profile(directory, entry)) and person.uri == uri]
            if len(own) != 1:
                return FoundPeople()
            manager = manager_of(directory, own[0])
            managers = [own[0].dn] if manager is None else [own[0].dn, manager]
            query = organization_filter(directory, managers)
            found, more = connection.find(directory.base, query, attributes(directory), limit)
            if manager is not None:
                above, _ = connection.find(manager, directory.person_filter, attributes(directory), 1, below=False)
                found += above
            people = [person for entry in found if (person := profile(directory, entry)) is not None]
            return FoundPeople(tuple(person for person in people if person.uri != uri), (), more)

        return await self._connections.look_up(work)

    async def group(self, address: str) -> FoundGroup | None:
        """The group with this address, without its members."""
        found = await self._connections.look_up(lambda connection: self._group(connection, address))
        return None if found is None else FoundGroup(found.address, found.name)

    async def members(self, address: str, limit: int) -> FoundPeople | None:
        """The people and groups in a group. None: no such group.

        `more`: it has over `limit` members, and none of them is here.
        Members who are neither, or outside of the directory's domains, are left out.
        """

        def work(connection: Connection) -> FoundPeople | None:
            group = self._group(connection, address)
            if group is None:
                return None
            if len(group.members) > limit or not group.whole:
                return FoundPeople((), (), True)
            return self._read(connection, group.members)

        return await self._connections.look_up(work)

    def _group(self, connection: Connection, address: str) -> DirectoryGroup | None:
        directory = self._directory
        query = group_by_address(directory, address)
        entries, _ = connection.find(self._group_base, query, group_attributes(directory), 2)
        groups = [group for entry in entries if (group := group_of(directory, entry)) and group.address == address]
        return groups[0] if len(groups) == 1 else None

    def _read(self, connection: Connection, members: Sequence[str]) -> FoundPeople:
        directory = self._directory
        people: list[Profile] = []
        groups: list[FoundGroup] = []
        for dn in members:
            entries, _ = connection.find(dn, directory.person_filter, attributes(directory), 1, below=False)
            if entries:
                people += [person for entry in entries if (person := profile(directory, entry)) is not None]
                continue
            entries, _ = connection.find(dn, directory.distribution_filter, group_attributes(directory), 1, below=False)
            found = [group_of(directory, entry) for entry in entries]
            groups += [FoundGroup(group.address, group.name) for group in found if group is not None]
        return FoundPeople(tuple(people), tuple(groups), False)
