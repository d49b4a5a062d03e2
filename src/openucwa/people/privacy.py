"""The privacy relationship that is in force between two users (UCWA: contactPrivacyRelationship)."""

from collections.abc import Sequence

from openucwa.meetings.enterprise import Enterprise
from openucwa.model.contact import Person
from openucwa.model.privacy import PrivacyLevel
from openucwa.store.contract import Contacts


class Privacy:
    """Levels as set by users; by default Colleagues within an enterprise, and External otherwise."""

    def __init__(self, contacts: Contacts, enterprise: Enterprise) -> None:
        self._contacts = contacts
        self._enterprise = enterprise

    async def level(self, owner: str, viewer: str) -> PrivacyLevel:
        """The level at which `viewer` sees `owner`; users see everything of themselves. Both are SIP URIs in lower
        case, or identities.
        """
        if owner == viewer:
            return PrivacyLevel.FRIENDS_AND_FAMILY
        return await self._contacts.relationship(owner, viewer) or self.default(owner, viewer)

    async def levels(self, owners: Sequence[str], viewer: str) -> dict[str, PrivacyLevel]:
        """The same for many owners."""
        known = await self._contacts.relationships(owners, viewer)
        return {owner: self.of(owner, viewer, known.get(owner)) for owner in owners}

    def of_person(self, person: Person, viewer: str) -> PrivacyLevel:
        """What a person who was read for `viewer` lets the viewer see."""
        return self.of(person.user.uri, viewer, person.level)

    def of(self, owner: str, viewer: str, level: PrivacyLevel | None) -> PrivacyLevel:
        """`level`, if it was set, or the default."""
        if owner == viewer:
            return PrivacyLevel.FRIENDS_AND_FAMILY
        return level or self.default(owner, viewer)

    def default(self, owner: str, viewer: str) -> PrivacyLevel:
        """The level of somebody for whom none was set."""
        shared = self._enterprise.is_shared(owner, viewer)
        return PrivacyLevel.COLLEAGUES if shared else PrivacyLevel.EXTERNAL
