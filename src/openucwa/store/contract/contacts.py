"""Contacts, groups, privacy relationships, and subscriptions to them; and the search for people."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from openucwa.model.contact import ContactCard, ContactsSubscription, Group, Membership, Person, Relationship
from openucwa.model.event import NewEvent
from openucwa.model.privacy import PrivacyLevel
from openucwa.store.contract.terms import Match


class ContactLimits(NamedTuple):
    """Limits of one user's contact list. `contacts`: people in it; `delegates`: those in delegatesGroup."""

    contacts: int
    delegates: int


class Contacts(Protocol):
    """Contacts and groups of a user, and privacy relationships.

    A contact is somebody who is in one of the owner's groups at least. Groups are those of the owner, and those that
    everybody has (`model.contact.SYSTEM_GROUPS`); delegatorsGroup holds those who have the owner among their delegates.
    Changes append events to the topic `contacts/OWNER` while an application of the owner subscribes to them.
    """

    async def all(self, owner: str, group_id: str | None = None) -> Sequence[Person]:
        """The owner's contacts, or those in one group, by URI, as the owner sees them.

        One who is no user here is as stored when it was added. ResourceNotFound: no such group.
        """
        ...

    async def find(self, owner: str, uri: str) -> Person | None:
        """A user of this server or contact of the owner's, as the owner sees them."""
        ...

    async def members(self, owner: str, group_id: str) -> Sequence[str]:
        """The URIs in a group, in order. ResourceNotFound: no such group."""
        ...

    async def memberships(self, owner: str, group_id: str | None = None) -> Sequence[Membership]:
        """The members of the owner's groups, or of one of them. ResourceNotFound: no such group."""
        ...

    async def add(self, owner: str, card: ContactCard, group_id: str, limits: ContactLimits, at: int) -> None:
        """Adds somebody to a group, and thereby to the contacts.

        ResourceNotFound: no such group. AlreadyExists: in it already. Forbidden: it is a distribution group.
        OperationNotSupported: it is delegatorsGroup. LimitExceeded, TooManyDelegates.
        """
        ...

    async def remove(self, owner: str, uri: str, group_id: str, at: int) -> None:
        """Removes somebody from a group; from the last one, also from the contacts. ResourceNotFound: not in it."""
        ...

    async def remove_from_all(self, owner: str, uri: str, at: int) -> None:
        """Removes somebody from all groups; no error if in none."""
        ...

    async def groups(self, owner: str) -> Sequence[Group]:
        """The owner's groups in the order of adding, without those that everybody has."""
        ...

    async def group(self, owner: str, group_id: str) -> Group:
        """One of the owner's groups, or one that everybody has. ResourceNotFound."""
        ...

    async def add_group(self, owner: str, group: Group, limit: int, at: int) -> None:
        """Adds `group`. AlreadyExists: its id or name is taken. TooManyGroups: there are `limit` already."""
        ...

    async def rename_group(self, owner: str, match: Match, group: Group, at: int) -> None:
        """Replaces name and etag of the group with `group.id`.

        ResourceNotFound, PreconditionFailed, AlreadyExists: the name is taken.
        """
        ...

    async def remove_group(self, owner: str, group_id: str, match: Match, at: int) -> None:
        """Removes a group. Its members who are in no other group go to defaultGroup.

        ResourceNotFound, PreconditionFailed.
        """
        ...

    async def relationship(self, owner: str, viewer: str) -> PrivacyLevel | None:
        """The privacy relationship that `owner` has set for `viewer`; None: none, so the default."""
        ...

    async def relationships(self, owners: Sequence[str], viewer: str) -> Mapping[str, PrivacyLevel]:
        """The same for many owners: those who set a level."""
        ...

    async def own_relationships(self, owner: str) -> Sequence[Relationship]:
        """The levels that `owner` has set, by URI."""
        ...

    async def own_relationship(self, owner: str, uri: str) -> Relationship:
        """One of them; with the etag `NEVER_SET` if none was."""
        ...

    async def set_relationship(
        self, owner: str, match: Match, relationship: Relationship, limit: int, at: int, events: Sequence[NewEvent] = ()
    ) -> None:
        """Sets or, with level None, resets a privacy relationship. `events`: further events of the change.

        PreconditionFailed. LimitExceeded: `limit` were set.
        """
        ...

    async def subscribe(
        self, owner: str, application_id: str, duration: int, longest: int, now: int
    ) -> tuple[ContactsSubscription, bool]:
        """Subscribes the application for `duration` ms. The second value is whether it is new; then it is notified.

        If it subscribes already, `duration` is added to what remains, to at most `longest` from now.
        ApplicationNotFound.
        """
        ...

    async def unsubscribe(self, owner: str, application_id: str) -> None:
        """Ends the subscription; no error if there is none."""
        ...

    async def subscription(self, owner: str, application_id: str) -> ContactsSubscription | None:
        """The subscription, even if it has just expired; None: there is none."""
        ...

    async def sweep_subscriptions(self, soon: int, now: int, limit: int) -> int:
        """Removes subscriptions that have expired by `now`, and notifies applications whose one expires before `soon`.

        Each is notified once. Of `limit` at most; returns their number.
        """
        ...


class People(Protocol):
    """The users of this server, as others find and see them."""

    async def seen(self, uris: Sequence[str], viewer: str) -> Sequence[Person]:
        """Those of `uris` who are users here, by URI, as `viewer` sees them."""
        ...

    async def search(self, words: Sequence[str], viewer: str, after: str, limit: int) -> Sequence[Person]:
        """Users each of whom has a word that begins with each of `words` (`model.search`).

        By URI, those after `after`; at most `limit`. Words of what the viewer may not see count too.
        """
        ...

    async def index(self, limit: int) -> int:
        """Writes the words of up to `limit` users that a search does not find yet; returns their number."""
        ...
