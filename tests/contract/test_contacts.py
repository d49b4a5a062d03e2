"""Contacts, groups, memberships, privacy relationships and subscriptions."""

import asyncio
from dataclasses import replace

import pytest

from openucwa.model.contact import (
    CONTACT_ADDED,
    CONTACT_DELETED,
    GROUP_ADDED,
    GROUP_DELETED,
    GROUP_UPDATED,
    MEMBER_ADDED,
    MEMBER_DELETED,
    NEVER_SET,
    RELATIONSHIP_UPDATED,
    ContactCard,
    ContactsSubscription,
    Group,
    GroupKind,
    Membership,
    Relationship,
    contacts_topic,
)
from openucwa.model.event import application_topic
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    Forbidden,
    LimitExceeded,
    OperationNotSupported,
    PreconditionFailed,
    ResourceNotFound,
    TooManyDelegates,
    TooManyGroups,
)
from openucwa.store.contract import ContactLimits, Store
from tests.contract.samples import AT, DAN, EVENT, MANY, application, logged, user
from tests.users import ALEX, LENE

FAMILY = Group("1", GroupKind.GROUP, "Family", "11")
WORK = Group("2", GroupKind.GROUP, "Work", "21")
SALES = Group("sales@contoso.com", GroupKind.DISTRIBUTION_GROUP, "Sales", "31")
LIMITS = ContactLimits(MANY, MANY)
OUTSIDER = ContactCard("sip:ed@elsewhere.example", "Ed", "ed@mail.example")


def card(uri: str) -> ContactCard:
    return ContactCard(uri, "a name as it was")


async def add(store: Store, uri: str, group_id: str = "defaultGroup", limits: ContactLimits = LIMITS) -> None:
    await store.contacts.add(LENE, card(uri), group_id, limits, AT)


async def uris(store: Store, group_id: str | None = None, owner: str = LENE) -> list[str]:
    return [person.user.uri for person in await store.contacts.all(owner, group_id)]


async def subscribe(store: Store, owner: str = LENE) -> None:
    await store.applications.open(application(owner=owner), None, AT, MANY)
    await store.contacts.subscribe(owner, "101", 1_000, 1_000, AT)


async def event_texts(store: Store, owner: str = LENE) -> list[str]:
    """The events about the owner's contacts, in short."""
    events = await store.events.after({contacts_topic(owner): 0}, MANY)
    names = ("uri", "group", "id", "name")
    return [
        " ".join([event.kind, *(str(event.facts[name]) for name in names if name in event.facts)]) for event in events
    ]


async def test_new_contact_is_listed_in_its_group(store: Store) -> None:
    await add(store, DAN)
    assert await uris(store) == [DAN]
    assert await uris(store, "defaultGroup") == [DAN]
    assert await uris(store, "pinnedGroup") == []
    assert await store.contacts.members(LENE, "defaultGroup") == [DAN]


async def test_contacts_belong_to_their_owner_alone(store: Store) -> None:
    await add(store, DAN)
    assert await uris(store, owner=DAN) == []
    assert await store.contacts.memberships(DAN) == []


async def test_contact_shows_what_is_known_of_its_user(store: Store) -> None:
    await store.users.add(user(DAN, name="Dan Now"))
    await add(store, DAN)
    ((known, level),) = await store.contacts.all(LENE)
    assert (known.name, level) == ("Dan Now", None)


async def test_contact_who_is_not_a_user_is_shown_as_stored(store: Store) -> None:
    await store.contacts.add(LENE, OUTSIDER, "defaultGroup", LIMITS, AT)
    found = await store.contacts.find(LENE, OUTSIDER.uri)
    assert found is not None
    assert (found.user.name, found.user.email) == ("Ed", "ed@mail.example")
    assert await store.contacts.find(DAN, OUTSIDER.uri) is None


async def test_user_who_is_not_a_contact_is_found(store: Store) -> None:
    await store.users.add(user(DAN))
    found = await store.contacts.find(LENE, DAN.upper())
    assert found is not None
    assert found.user.uri == DAN


async def test_contact_shows_the_level_at_which_it_sees_the_viewer(store: Store) -> None:
    await store.users.add(user(DAN))
    await add(store, DAN)
    relationship = Relationship(LENE, PrivacyLevel.BLOCKED, "1")
    await store.contacts.set_relationship(DAN, None, relationship, MANY, AT)
    assert [person.level for person in await store.contacts.all(LENE)] == [PrivacyLevel.BLOCKED]
    found = await store.contacts.find(LENE, DAN)
    assert found is not None
    assert found.level == PrivacyLevel.BLOCKED


async def test_contact_may_be_in_several_groups(store: Store) -> None:
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    await add(store, DAN, "1")
    await add(store, DAN, "pinnedGroup")
    assert await store.contacts.memberships(LENE) == [Membership(DAN, "1"), Membership(DAN, "pinnedGroup")]
    assert await store.contacts.memberships(LENE, "1") == [Membership(DAN, "1")]
    assert await uris(store) == [DAN]


async def test_contact_cannot_be_added_twice_to_a_group(store: Store) -> None:
    await add(store, DAN)
    with pytest.raises(AlreadyExists):
        await add(store, DAN)


async def test_contact_cannot_be_added_to_a_group_that_is_not_there(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await add(store, DAN, "1")
    for read in (store.contacts.all, store.contacts.memberships, store.contacts.members, store.contacts.group):
        with pytest.raises(ResourceNotFound):
            await read(LENE, "1")


async def test_contact_cannot_be_added_to_groups_that_others_make(store: Store) -> None:
    await store.contacts.add_group(LENE, SALES, MANY, AT)
    with pytest.raises(Forbidden):
        await add(store, DAN, SALES.id)
    with pytest.raises(OperationNotSupported):
        await add(store, DAN, "delegatorsGroup")


async def test_contacts_are_limited(store: Store) -> None:
    few = ContactLimits(1, MANY)
    await add(store, DAN, limits=few)
    await add(store, DAN, "pinnedGroup", few)
    with pytest.raises(LimitExceeded):
        await add(store, ALEX, limits=few)
    assert await uris(store) == [DAN]


async def test_delegates_are_limited(store: Store) -> None:
    few = ContactLimits(MANY, 1)
    await add(store, DAN, "delegatesGroup", few)
    with pytest.raises(TooManyDelegates):
        await add(store, ALEX, "delegatesGroup", few)


async def test_contact_is_gone_with_its_last_membership(store: Store) -> None:
    await add(store, DAN)
    await add(store, DAN, "pinnedGroup")
    await store.contacts.remove(LENE, DAN, "defaultGroup", AT)
    assert await uris(store) == [DAN]
    await store.contacts.remove(LENE, DAN, "pinnedGroup", AT)
    assert await uris(store) == []


async def test_membership_that_is_not_there_cannot_be_removed(store: Store) -> None:
    await add(store, DAN)
    with pytest.raises(ResourceNotFound):
        await store.contacts.remove(LENE, DAN, "pinnedGroup", AT)
    with pytest.raises(ResourceNotFound):
        await store.contacts.remove(LENE, ALEX, "defaultGroup", AT)


async def test_contact_can_be_removed_from_all_groups(store: Store) -> None:
    await add(store, DAN)
    await add(store, DAN, "pinnedGroup")
    await add(store, ALEX)
    await store.contacts.remove_from_all(LENE, DAN, AT)
    await store.contacts.remove_from_all(LENE, DAN, AT)
    assert await uris(store) == [ALEX]
    assert await store.contacts.memberships(LENE) == [Membership(ALEX, "defaultGroup")]


async def test_groups_are_listed_in_the_order_of_adding(store: Store) -> None:
    for group in (WORK, FAMILY, SALES):
        await store.contacts.add_group(LENE, group, MANY, AT)
    assert await store.contacts.groups(LENE) == [WORK, FAMILY, SALES]
    assert await store.contacts.group(LENE, SALES.id) == SALES
    assert (await store.contacts.group(LENE, "pinnedGroup")).kind == GroupKind.PINNED_GROUP
    assert await store.contacts.groups(DAN) == []


async def test_group_needs_a_name_of_its_own(store: Store) -> None:
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    for group in (replace(WORK, name="FAMILY"), replace(WORK, id="1")):
        with pytest.raises(AlreadyExists):
            await store.contacts.add_group(LENE, group, MANY, AT)
    await store.contacts.add_group(LENE, WORK, MANY, AT)
    with pytest.raises(AlreadyExists):
        await store.contacts.rename_group(LENE, None, replace(WORK, name="family"), AT)


async def test_groups_are_limited(store: Store) -> None:
    await store.contacts.add_group(LENE, FAMILY, 1, AT)
    with pytest.raises(TooManyGroups):
        await store.contacts.add_group(LENE, WORK, 1, AT)


async def test_group_is_renamed_if_its_etag_matches(store: Store) -> None:
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    renamed = replace(FAMILY, name="Friends", etag="12")
    with pytest.raises(PreconditionFailed):
        await store.contacts.rename_group(LENE, frozenset({"12"}), renamed, AT)
    await store.contacts.rename_group(LENE, frozenset({"11"}), renamed, AT)
    assert await store.contacts.groups(LENE) == [renamed]
    for group_id in ("2", "pinnedGroup"):
        with pytest.raises(ResourceNotFound):
            await store.contacts.rename_group(LENE, None, replace(renamed, id=group_id), AT)


async def test_members_of_a_removed_group_stay_contacts(store: Store) -> None:
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    await add(store, DAN, "1")
    await add(store, ALEX, "1")
    await add(store, ALEX, "pinnedGroup")
    with pytest.raises(PreconditionFailed):
        await store.contacts.remove_group(LENE, "1", frozenset({"12"}), AT)
    await store.contacts.remove_group(LENE, "1", frozenset({"11"}), AT)
    assert await store.contacts.memberships(LENE) == [Membership(ALEX, "pinnedGroup"), Membership(DAN, "defaultGroup")]
    with pytest.raises(ResourceNotFound):
        await store.contacts.remove_group(LENE, "1", None, AT)


async def test_delegator_is_listed_to_the_delegate(store: Store) -> None:
    await store.users.add(user(LENE))
    await add(store, DAN, "delegatesGroup")
    assert await uris(store, "delegatorsGroup", DAN) == [LENE]
    assert await store.contacts.members(DAN, "delegatorsGroup") == [LENE]
    assert await store.contacts.memberships(DAN, "delegatorsGroup") == [Membership(LENE, "delegatorsGroup")]
    await store.contacts.remove(LENE, DAN, "delegatesGroup", AT)
    assert await uris(store, "delegatorsGroup", DAN) == []


async def test_relationship_is_set_reset_and_read(store: Store) -> None:
    assert await store.contacts.relationship(LENE, DAN) is None
    assert await store.contacts.own_relationship(LENE, DAN) == Relationship(DAN, None, NEVER_SET)
    close = Relationship(DAN, PrivacyLevel.FRIENDS_AND_FAMILY, "1")
    await store.contacts.set_relationship(LENE, frozenset({NEVER_SET}), close, MANY, AT)
    assert await store.contacts.relationship(LENE, DAN) == PrivacyLevel.FRIENDS_AND_FAMILY
    assert await store.contacts.relationship(DAN, LENE) is None
    assert await store.contacts.relationships([LENE, ALEX], DAN) == {LENE: PrivacyLevel.FRIENDS_AND_FAMILY}
    assert await store.contacts.own_relationships(LENE) == [close]
    reset = Relationship(DAN, None, "2")
    await store.contacts.set_relationship(LENE, None, reset, MANY, AT)
    assert await store.contacts.relationship(LENE, DAN) is None
    assert await store.contacts.relationships([LENE], DAN) == {}
    assert await store.contacts.own_relationships(LENE) == []
    assert await store.contacts.own_relationship(LENE, DAN) == reset
    assert await store.contacts.relationships([], DAN) == {}


async def test_relationship_is_set_only_if_its_etag_matches(store: Store) -> None:
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.BLOCKED, "1"), MANY, AT)
    for etag in (NEVER_SET, "2"):
        with pytest.raises(PreconditionFailed):
            await store.contacts.set_relationship(LENE, frozenset({etag}), Relationship(DAN, None, "3"), MANY, AT)
    assert await store.contacts.relationship(LENE, DAN) == PrivacyLevel.BLOCKED


async def test_relationships_are_limited(store: Store) -> None:
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.BLOCKED, "1"), 1, AT)
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.EXTERNAL, "2"), 1, AT)
    with pytest.raises(LimitExceeded):
        await store.contacts.set_relationship(LENE, None, Relationship(ALEX, PrivacyLevel.BLOCKED, "1"), 1, AT)


async def test_changed_level_is_seen_by_another_server_at_once(store: Store, other: Store) -> None:
    assert await other.contacts.relationship(LENE, DAN) is None
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.BLOCKED, "1"), MANY, AT)
    await asyncio.sleep(0)  # another turn of the event loop
    assert await other.contacts.relationship(LENE, DAN) == PrivacyLevel.BLOCKED


async def test_further_events_of_a_relationship_are_appended(store: Store) -> None:
    relationship = Relationship(DAN, PrivacyLevel.BLOCKED, "1")
    await store.contacts.set_relationship(LENE, None, relationship, MANY, AT, [EVENT])
    assert await logged(store) == [1]


async def test_changes_raise_events_for_subscribers(store: Store) -> None:
    await subscribe(store)
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    await add(store, DAN, "1")
    await store.contacts.rename_group(LENE, None, replace(FAMILY, name="Friends"), AT)
    await store.contacts.remove_group(LENE, "1", None, AT)
    await store.contacts.remove_from_all(LENE, DAN, AT)
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.BLOCKED, "1"), MANY, AT)
    assert await event_texts(store) == [
        f"{GROUP_ADDED} 1 Family",
        f"{CONTACT_ADDED} {DAN}",
        f"{MEMBER_ADDED} {DAN} 1",
        f"{GROUP_UPDATED} 1 Friends",
        f"{MEMBER_ADDED} {DAN} defaultGroup",
        f"{MEMBER_DELETED} {DAN} 1",
        f"{GROUP_DELETED} 1 Friends",
        f"{MEMBER_DELETED} {DAN} defaultGroup",
        f"{CONTACT_DELETED} {DAN}",
        f"{RELATIONSHIP_UPDATED} {DAN}",
    ]


async def test_delegate_is_notified_of_addition_and_removal(store: Store) -> None:
    await subscribe(store, DAN)
    await add(store, DAN, "delegatesGroup")
    await store.contacts.remove_from_all(LENE, DAN, AT)
    assert await event_texts(store, DAN) == [
        f"{MEMBER_ADDED} {LENE} delegatorsGroup",
        f"{MEMBER_DELETED} {LENE} delegatorsGroup",
    ]


async def test_no_events_are_raised_without_a_subscription(store: Store) -> None:
    await add(store, DAN)
    assert await event_texts(store) == []


async def test_subscription_begins_with_the_next_event(store: Store) -> None:
    await subscribe(store)
    await add(store, DAN)
    await store.applications.open(application("102", "another"), None, AT, MANY)
    begun = ContactsSubscription(2, AT + 1_000)
    assert await store.contacts.subscribe(LENE, "102", 1_000, 5_000, AT) == (begun, True)
    assert await store.contacts.subscription(LENE, "102") == begun
    assert await store.contacts.subscription(DAN, "102") is None


async def test_subscription_is_extended_up_to_a_limit(store: Store) -> None:
    await subscribe(store)
    longer = await store.contacts.subscribe(LENE, "101", 3_000, 5_000, AT + 500)
    assert longer == (ContactsSubscription(0, AT + 4_000), False)
    longest = await store.contacts.subscribe(LENE, "101", 3_000, 5_000, AT + 500)
    assert longest == (ContactsSubscription(0, AT + 5_500), False)
    not_shortened = await store.contacts.subscribe(LENE, "101", 1, 1, AT + 500)
    assert not_shortened == longest


async def test_subscription_after_an_expired_one_starts_afresh(store: Store) -> None:
    await subscribe(store)
    await add(store, DAN)
    again = await store.contacts.subscribe(LENE, "101", 1_000, 1_000, AT + 1_000)
    assert again == (ContactsSubscription(2, AT + 2_000), True)


async def test_ended_subscription_is_gone(store: Store) -> None:
    await subscribe(store)
    for _ in range(2):
        await store.contacts.unsubscribe(LENE, "101")
    assert await store.contacts.subscription(LENE, "101") is None


async def test_subscription_needs_an_application_and_ends_with_it(store: Store) -> None:
    with pytest.raises(ApplicationNotFound):
        await store.contacts.subscribe(LENE, "101", 1_000, 1_000, AT)
    await subscribe(store)
    await store.applications.close(LENE, "101", AT)
    assert await store.contacts.subscription(LENE, "101") is None


async def test_application_is_warned_once_before_its_subscription_expires(store: Store) -> None:
    await subscribe(store)
    topic = application_topic(LENE, "101")
    assert await store.contacts.sweep_subscriptions(AT + 1_000, AT, MANY) == 0
    assert await store.contacts.sweep_subscriptions(AT + 1_001, AT, MANY) == 1
    assert await store.contacts.sweep_subscriptions(AT + 1_001, AT, MANY) == 0
    assert await logged(store, topic) == [1, 2]
    await store.contacts.subscribe(LENE, "101", 1, 2_000, AT)
    assert await store.contacts.sweep_subscriptions(AT + 1_002, AT, MANY) == 1
    assert await logged(store, topic) == [1, 2, 3]


async def test_expired_subscriptions_are_removed(store: Store) -> None:
    await subscribe(store)
    assert await store.contacts.sweep_subscriptions(AT + 2_000, AT + 1_000, MANY) == 1
    assert await store.contacts.subscription(LENE, "101") is None
    assert await logged(store, application_topic(LENE, "101")) == [1]


async def test_removed_user_leaves_no_contacts_and_no_levels(store: Store) -> None:
    await store.users.add(user(LENE))
    await subscribe(store)
    await store.contacts.add_group(LENE, FAMILY, MANY, AT)
    await add(store, DAN, "1")
    for owner, uri in ((LENE, DAN), (DAN, LENE)):
        await store.contacts.relationship(owner, uri)
        relationship = Relationship(uri, PrivacyLevel.FRIENDS_AND_FAMILY, "1")
        await store.contacts.set_relationship(owner, None, relationship, MANY, AT)
    await store.users.remove(LENE, AT)
    await store.users.add(user(LENE))
    assert await uris(store) == []
    assert await store.contacts.groups(LENE) == []
    assert await store.contacts.memberships(LENE) == []
    assert await store.contacts.relationship(LENE, DAN) is None
    assert await store.contacts.relationship(DAN, LENE) is None
    assert await store.events.last_numbers([contacts_topic(LENE)]) == {contacts_topic(LENE): 0}


async def test_removed_user_stays_in_contact_lists_as_stored(store: Store) -> None:
    await store.users.add(user(DAN))
    await add(store, DAN)
    await store.users.remove(DAN, AT)
    assert [person.user.name for person in await store.contacts.all(LENE)] == ["a name as it was"]


async def test_removed_user_is_nobodys_delegate_or_delegator(store: Store) -> None:
    for uri in (LENE, DAN, ALEX):
        await store.users.add(user(uri))
    for owner in (LENE, ALEX):
        await subscribe(store, owner)
    await store.contacts.add(LENE, card(DAN), "delegatesGroup", LIMITS, AT)
    await store.contacts.add(DAN, card(ALEX), "delegatesGroup", LIMITS, AT)
    await store.users.remove(DAN, AT)
    assert await uris(store) == []
    assert await uris(store, "delegatorsGroup", ALEX) == []
    assert (await event_texts(store))[-2:] == [f"{MEMBER_DELETED} {DAN} delegatesGroup", f"{CONTACT_DELETED} {DAN}"]
    assert (await event_texts(store, ALEX))[-1] == f"{MEMBER_DELETED} {DAN} delegatorsGroup"
