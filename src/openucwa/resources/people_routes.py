"""The routes below people. All others are in `app.py`."""

from collections.abc import Sequence
from typing import Any

from openucwa.api.resource import Resource
from openucwa.config import Config
from openucwa.model.contact import SYSTEM_GROUPS
from openucwa.model.world import World
from openucwa.people.address_book import AddressBook
from openucwa.people.privacy import Privacy
from openucwa.resources import (
    contacts,
    distribution_groups,
    groups,
    memberships,
    privacy_relationships,
    search,
    subscriptions,
)
from openucwa.resources.contact_presence import RESOURCES, ContactResource
from openucwa.resources.rendering.contacts import ContactRenderer
from openucwa.resources.subscriptions import SubscriptionService
from openucwa.store.contract import Store


def people_routes(
    root: str,
    store: Store,
    book: AddressBook,
    persons: ContactRenderer,
    privacy: Privacy,
    world: World,
    config: Config,
) -> Sequence[tuple[str, Resource[Any]]]:
    """The resources of contacts, groups, privacy relationships, others' presence and the search.

    `root`: the template of people.
    """
    subscription = f"{root}/contactsAndGroupsSubscription"
    group = f"{root}/groups/{{group}}"
    in_groups = f"{root}/groupMemberships"
    contact = f"{root}/{{address}}"
    relationship = f"{contact}/privacyRelationship"
    related = (store, book, world, config.max_privacy_relationships)
    subscribing = SubscriptionService(store.subscriptions, book.addresses, world, config)
    presence = f"{root}/presenceSubscriptions"
    subscribed = f"{root}/presenceSubscriptionMemberships"
    return (
        (f"{root}/contacts", contacts.MyContacts(book, persons)),
        (f"{root}/groups", groups.MyGroups(store.contacts, book, persons, world, config.max_groups)),
        *((f"{root}/groups/{each.id}", groups.SystemGroup(each, persons)) for each in SYSTEM_GROUPS.values()),
        (f"{root}/groups/myOrganizationGroup", groups.MyOrganizationGroup(book, persons)),
        (
            f"{root}/groups/addToContactList",
            distribution_groups.AddToContactList(store.contacts, book, world, config.max_groups),
        ),
        (f"{root}/groups/removeFromContactList", distribution_groups.RemoveFromContactList(store.contacts, world)),
        (group, groups.GroupResource(store.contacts, book, persons, world)),
        (
            f"{group}/expandDistributionGroup",
            distribution_groups.ExpandDistributionGroup(store.contacts, book, persons),
        ),
        (f"{group}/groupMemberships", memberships.GroupMemberships(store.contacts, persons)),
        (in_groups, memberships.MyGroupMemberships(store.contacts, book, persons, world, config)),
        (f"{in_groups}/removeContactFromAllGroups", memberships.RemoveContactFromAllGroups(store.contacts, world)),
        (f"{in_groups}/{{membership}}", memberships.MyGroupMembership(store.contacts, persons, world)),
        (subscription, contacts.MyContactsAndGroupsSubscription(store.contacts, world)),
        (
            f"{subscription}/startOrRefreshSubscriptionToContactsAndGroups",
            contacts.StartOrRefreshSubscription(store.contacts, world),
        ),
        (f"{subscription}/stopSubscriptionToContactsAndGroups", contacts.StopSubscription(store.contacts)),
        (f"{root}/privacyRelationships", privacy_relationships.MyPrivacyRelationships(store.contacts)),
        (f"{root}/privacyRelationships/{{level}}", privacy_relationships.MyPrivacyRelationship(store.contacts)),
        (f"{root}/search", search.Search(store.people, book, persons, privacy, config.max_search_results)),
        (presence, subscriptions.PresenceSubscriptions(subscribing)),
        (f"{presence}/{{subscription}}", subscriptions.PresenceSubscription(subscribing)),
        (subscribed, subscriptions.PresenceSubscriptionMemberships(subscribing)),
        (f"{subscribed}/{{subscribed}}", subscriptions.PresenceSubscriptionMembership(subscribing)),
        (f"{root}/subscribedContacts", subscriptions.SubscribedContacts(subscribing)),
        (contact, contacts.Contact(store, book, persons)),
        *((f"{contact}/{segment}", ContactResource(segment, store, privacy)) for segment in RESOURCES),
        (relationship, privacy_relationships.ContactPrivacyRelationship(*related, privacy)),
        (
            f"{relationship}/resetContactPrivacyRelationship",
            privacy_relationships.ResetContactPrivacyRelationship(*related),
        ),
    )
