"""Contacts, groups and memberships of a user, and the events about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from openucwa.model.event import NewEvent
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.user import User


class GroupKind(StrEnum):
    """The kinds of group; each is the rel of its resource."""

    GROUP = "group"
    DISTRIBUTION_GROUP = "distributionGroup"
    DEFAULT_GROUP = "defaultGroup"
    PINNED_GROUP = "pinnedGroup"
    DELEGATES_GROUP = "delegatesGroup"
    DELEGATORS_GROUP = "delegatorsGroup"
    MY_ORGANIZATION_GROUP = "myOrganizationGroup"


@dataclass(frozen=True, slots=True)
class Group:
    """A group of a user's. `id`: unique for the user; of a distribution group, its address. `name`: as shown."""

    id: str
    kind: GroupKind
    name: str
    etag: str


#: The groups that every user has. Their ids are the rels of their resources.
DEFAULT_GROUP = Group("defaultGroup", GroupKind.DEFAULT_GROUP, "Other Contacts", "0")
PINNED_GROUP = Group("pinnedGroup", GroupKind.PINNED_GROUP, "Pinned Contacts", "0")
DELEGATES_GROUP = Group("delegatesGroup", GroupKind.DELEGATES_GROUP, "Delegates", "0")
DELEGATORS_GROUP = Group("delegatorsGroup", GroupKind.DELEGATORS_GROUP, "People I Represent", "0")
SYSTEM_GROUPS: Mapping[str, Group] = {
    group.id: group for group in (DEFAULT_GROUP, PINNED_GROUP, DELEGATES_GROUP, DELEGATORS_GROUP)
}

#: The group of those who have a directory to say who works for whom; it is not stored.
MY_ORGANIZATION_GROUP = Group("myOrganizationGroup", GroupKind.MY_ORGANIZATION_GROUP, "My Organization", "0")


@dataclass(frozen=True, slots=True)
class ContactCard:
    """The stored details of a contact, used when no user and no directory provides more."""

    uri: str
    name: str
    email: str | None = None


class Membership(NamedTuple):
    """A contact in a group."""

    uri: str
    group_id: str


class Person(NamedTuple):
    """Somebody as a viewer sees them: `level` is what they let the viewer see; None: the default."""

    user: User
    level: PrivacyLevel | None


@dataclass(frozen=True, slots=True)
class Relationship:
    """A privacy relationship that a user set. `uri`: with whom. `level`: None: it was reset."""

    uri: str
    level: PrivacyLevel | None
    etag: str


#: The etag of a relationship that was never set.
NEVER_SET = "0"


@dataclass(frozen=True, slots=True)
class ContactsSubscription:
    """The subscription of an application to its owner's contacts (UCWA: myContactsAndGroupsSubscription).

    `since`: the number of the last event before it. `expires`: ms since 1970.
    """

    since: int
    expires: int


# Events

CONTACT_ADDED = "contact added"
CONTACT_DELETED = "contact deleted"
MEMBER_ADDED = "member added"
MEMBER_DELETED = "member deleted"
GROUP_ADDED = "group added"
GROUP_UPDATED = "group updated"
GROUP_DELETED = "group deleted"
RELATIONSHIP_UPDATED = "contactPrivacyRelationship updated"
SUBSCRIPTION_UPDATED = "myContactsAndGroupsSubscription updated"


def contacts_topic(owner: str) -> str:
    """The topic of a user's contacts and groups."""
    return f"contacts/{owner}"


def about_contact(owner: str, kind: str, uri: str) -> NewEvent:
    """A contact was added to the list, or removed from it."""
    return NewEvent(contacts_topic(owner), kind, {"uri": uri})


def about_member(owner: str, kind: str, uri: str, group: Group) -> NewEvent:
    """A contact was added to a group, or removed from it."""
    return NewEvent(contacts_topic(owner), kind, {"uri": uri, "group": group.id, "kind": group.kind.value})


def about_group(owner: str, kind: str, group: Group) -> NewEvent:
    """A group was added, changed or removed."""
    facts = {"id": group.id, "kind": group.kind.value, "name": group.name, "etag": group.etag}
    return NewEvent(contacts_topic(owner), kind, facts)


def group_of(facts: Mapping[str, object]) -> Group:
    """The group that `about_group` is about."""
    return Group(str(facts["id"]), GroupKind(str(facts["kind"])), str(facts["name"]), str(facts["etag"]))


def about_relationship(owner: str, uri: str) -> NewEvent:
    """The privacy relationship with somebody was set or reset."""
    return NewEvent(contacts_topic(owner), RELATIONSHIP_UPDATED, {"uri": uri})
