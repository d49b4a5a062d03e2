"""Presence subscriptions, in every store."""

import asyncio
from collections.abc import Sequence

import pytest

from openucwa.model.event import application_topic
from openucwa.model.presence import Membership, Subscription, SubscriptionLimits, person_topic
from openucwa.model.refusals import ApplicationNotFound, ResourceNotFound, TooManySubscriptions
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, application, user
from tests.users import LENE

ANN = "sip:ann@contoso.com"
EVE = "sip:eve@contoso.com"
MINUTE = 60_000
NO_LIMITS = SubscriptionLimits(MANY, MANY, MANY)


@pytest.fixture(autouse=True)
async def _application(store: Store) -> None:
    for uri in (LENE, DAN, ANN, EVE):
        await store.users.add(user(uri))
    await store.applications.open(application(), None, AT, MANY)


async def subscribe(
    store: Store,
    *uris: str,
    name: str = "1",
    minutes: int = 10,
    at: int = AT,
    of_group: bool = False,
    limits: SubscriptionLimits = NO_LIMITS,
) -> None:
    draft = Subscription(LENE, "101", name, of_group, at + minutes * MINUTE)
    await store.subscriptions.add(draft, uris, limits, at)


async def events(store: Store) -> list[tuple[str, object]]:
    """What the application was notified of: the kind, and the URIs."""
    found = await store.events.after({application_topic(LENE, "101"): 0}, MANY)
    return [
        (event.kind, event.facts.get("uris", (event.facts.get("added"), event.facts.get("removed")))) for event in found
    ]


async def members(store: Store, at: int = AT) -> Sequence[tuple[str, str]]:
    return [tuple(each) for each in await store.subscriptions.memberships(LENE, "101", at)]


async def test_subscription_has_its_contacts(store: Store) -> None:
    await subscribe(store, DAN, ANN.upper().replace("SIP", "sip"))
    assert await members(store) == [("1", ANN), ("1", DAN)]
    assert (await store.subscriptions.get(LENE, "101", "1", AT)).expires == AT + 10 * MINUTE
    assert await events(store) == [("subscription added", [ANN, DAN])]


async def test_second_subscription_adds_only_contacts_that_are_new(store: Store) -> None:
    await subscribe(store, DAN)
    await subscribe(store, DAN, ANN, name="2", at=AT + 1)
    assert (await events(store))[1:] == [("subscription added", [ANN])]
    assert [each.id for each in await store.subscriptions.all(LENE, "101", AT)] == ["1", "2"]


async def test_contact_is_subscribed_until_the_last_subscription_ends(store: Store) -> None:
    await subscribe(store, DAN)
    await subscribe(store, DAN, ANN, name="2")
    await store.subscriptions.remove(LENE, "101", "2", AT)
    await store.subscriptions.remove(LENE, "101", "1", AT)
    assert (await events(store))[2:] == [("subscription deleted", [ANN]), ("subscription deleted", [DAN])]
    assert await store.subscriptions.subscribed(LENE, "101") == {}


async def test_subscribed_contact_is_read_from_the_first_subscription_on(store: Store) -> None:
    await store.presence.set_note(DAN, "before", AT)
    await subscribe(store, DAN)
    await store.presence.set_note(DAN, "after", AT)
    await subscribe(store, DAN, name="2")
    await store.subscriptions.remove(LENE, "101", "1", AT)
    assert await store.subscriptions.subscribed(LENE, "101") == {DAN: 1}
    assert [event.number for event in await store.events.after({person_topic(DAN): 1}, MANY)] == [2]


async def test_contacts_are_added_and_removed(store: Store) -> None:
    await subscribe(store, DAN)
    await store.subscriptions.add_members(LENE, "101", "1", [DAN, ANN], NO_LIMITS, AT)
    await store.subscriptions.remove_member(LENE, "101", Membership("1", DAN), AT)
    assert await members(store) == [("1", ANN)]
    assert (await events(store))[1:] == [
        ("subscribed contacts changed", ([ANN], [])),
        ("subscribed contacts changed", ([], [DAN])),
    ]
    with pytest.raises(ResourceNotFound):
        await store.subscriptions.remove_member(LENE, "101", Membership("1", DAN), AT)
    with pytest.raises(ResourceNotFound):
        await store.subscriptions.add_members(LENE, "101", "2", [DAN], NO_LIMITS, AT)


async def test_subscription_of_a_group_is_replaced_by_the_next_one(store: Store) -> None:
    await subscribe(store, DAN, ANN, name="group", of_group=True)
    await subscribe(store, ANN, EVE, name="group", of_group=True, minutes=20)
    assert await members(store) == [("group", ANN), ("group", EVE)]
    assert (await events(store))[1:] == [("subscribed contacts changed", ([EVE], [DAN]))]
    assert (await store.subscriptions.get(LENE, "101", "group", AT)).expires == AT + 20 * MINUTE


async def test_future_users_are_subscribed_once_they_exist(store: Store) -> None:
    await subscribe(store, "sip:new@contoso.com")
    assert await members(store) == []
    await store.users.add(user("sip:new@contoso.com"))
    assert await members(store) == [("1", "sip:new@contoso.com")]


async def test_expired_subscription_is_not_there(store: Store) -> None:
    await subscribe(store, DAN)
    late = AT + 10 * MINUTE
    assert await store.subscriptions.all(LENE, "101", late) == []
    assert await members(store, late) == []
    for change in (
        store.subscriptions.get(LENE, "101", "1", late),
        store.subscriptions.extend(LENE, "101", "1", MINUTE, MINUTE, late),
        store.subscriptions.remove(LENE, "101", "1", late),
    ):
        with pytest.raises(ResourceNotFound):
            await change


async def test_expired_subscription_ends_once(store: Store, other: Store) -> None:
    await subscribe(store, DAN)
    assert await store.subscriptions.expire(AT + 10 * MINUTE - 1, MANY) == 0
    await asyncio.gather(*(one.subscriptions.expire(AT + 10 * MINUTE, MANY) for one in (store, other)))
    assert (await events(store))[1:] == [("subscription deleted", [DAN])]


async def test_application_is_notified_once_that_a_subscription_is_about_to_expire(store: Store, other: Store) -> None:
    await subscribe(store, DAN)
    before = AT + 10 * MINUTE
    assert await store.subscriptions.announce_ending(before - 1, MANY, AT) == 0
    await asyncio.gather(*(one.subscriptions.announce_ending(before, MANY, AT) for one in (store, other)))
    assert await store.subscriptions.announce_ending(before, MANY, AT) == 0
    assert (await events(store))[1:] == [("subscription ending", [])]


async def test_extended_subscription_is_announced_again(store: Store) -> None:
    await subscribe(store, DAN)
    await store.subscriptions.announce_ending(AT + 10 * MINUTE, MANY, AT)
    extended = await store.subscriptions.extend(LENE, "101", "1", 11 * MINUTE, 30 * MINUTE, AT + 9 * MINUTE)
    assert extended.expires == AT + 21 * MINUTE
    assert await store.subscriptions.announce_ending(AT + 21 * MINUTE, MANY, AT) == 1


async def test_extended_subscription_lasts_no_longer_than_the_longest(store: Store) -> None:
    await subscribe(store, DAN, minutes=25)
    extended = await store.subscriptions.extend(LENE, "101", "1", 25 * MINUTE, 30 * MINUTE, AT)
    assert extended.expires == AT + 30 * MINUTE


@pytest.mark.parametrize("limits", [(1, 9, 9), (9, 1, 9), (9, 9, 2)], ids=["subscriptions", "uris", "contacts"])
async def test_what_exceeds_a_limit_is_refused_whole(store: Store, limits: tuple[int, int, int]) -> None:
    await subscribe(store, DAN)
    with pytest.raises(TooManySubscriptions):
        await subscribe(store, ANN, EVE, name="2", limits=SubscriptionLimits(*limits))
    assert await members(store) == [("1", DAN)]


async def test_added_contacts_are_limited(store: Store) -> None:
    await subscribe(store, DAN)
    for limits in (SubscriptionLimits(9, 2, 9), SubscriptionLimits(9, 9, 2)):
        with pytest.raises(TooManySubscriptions):
            await store.subscriptions.add_members(LENE, "101", "1", [ANN, EVE], limits, AT)
        await store.subscriptions.add_members(LENE, "101", "1", [DAN, ANN], limits, AT)


async def test_subscriptions_end_with_their_application(store: Store) -> None:
    await subscribe(store, DAN)
    await store.applications.close(LENE, "101", AT)
    assert await store.subscriptions.all(LENE, "101", AT) == []
    with pytest.raises(ApplicationNotFound):
        await subscribe(store, DAN)


async def test_events_of_many_topics_are_read_at_once(store: Store) -> None:
    uris = [f"sip:user{number}@contoso.com" for number in range(100)]
    for uri in uris[:50]:
        await store.presence.set_note(uri, "one", AT)
    for uri in uris[:5]:
        for number in range(4):
            await store.presence.set_note(uri, str(number), AT)
    positions = {person_topic(uri): 1 for uri in uris}
    found = await store.events.after(positions, 3)
    expected = {(person_topic(uri), number) for uri in uris[:5] for number in (2, 3, 4)}
    assert {(event.topic, event.number) for event in found} == expected
