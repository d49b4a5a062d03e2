"""What an application is told of contacts and groups while it subscribes to them."""

import asyncio

from openucwa.app import Service
from tests.client import self_of
from tests.contacts.conftest import Application, Come
from tests.resources.messages import assert_invalid
from tests.users import ALEX, DANA
from tests.world import FakeWorld


async def state(application: Application) -> str:
    shown = await application.get(f"{application.people}/contactsAndGroupsSubscription")
    found: str = shown["state"]
    return found


async def test_subscription_is_started_and_stopped(lene_here: Application) -> None:
    assert await state(lene_here) == "Disconnected"
    started = await lene_here.subscribe()
    assert started["state"] == await state(lene_here) == "Connected"
    stop = started["_links"]["stopSubscriptionToContactsAndGroups"]["href"]
    for _ in range(2):
        assert (await lene_here.client.post(stop)).status_code == 204
        assert await state(lene_here) == "Disconnected"


async def test_duration_is_from_10_to_60_minutes(lene_here: Application) -> None:
    href = f"{lene_here.people}/contactsAndGroupsSubscription/startOrRefreshSubscriptionToContactsAndGroups"
    for duration in (None, 9, 61, "ten"):
        assert_invalid(await lene_here.client.post(href, json={"duration": duration}), "duration")
    assert (await lene_here.client.post(f"{href}?duration=60")).status_code == 201


async def test_application_is_notified_of_changes_by_another(lene_here: Application, come: Come) -> None:
    await lene_here.listen()
    other = await come(endpoint="another")
    group = await other.make_group("Family")
    await other.add(DANA, group["id"])
    assert (await other.client.replace(group, name="Friends")).status_code == 200
    assert (await other.client.delete(self_of(group))).status_code == 204
    remove = f"{other.people}/groupMemberships/removeContactFromAllGroups"
    assert (await other.client.post(remove, json={"contactUri": DANA})).status_code == 204
    dana = "contact added danab@contoso.com"
    assert await lene_here.event_texts() == [
        "group added in myGroups",
        f"{dana} in myContacts",
        f"{dana} in group",
        "group updated",
        f"{dana} in defaultGroup",
        "contact deleted danab@contoso.com in group",
        "group deleted in myGroups",
        "contact deleted danab@contoso.com in defaultGroup",
        "contact deleted danab@contoso.com in myContacts",
    ]


async def test_application_is_notified_of_its_own_changes(lene_here: Application) -> None:
    await lene_here.listen()
    await lene_here.add(DANA, "pinnedGroup")
    assert await lene_here.event_texts() == [
        "contact added danab@contoso.com in myContacts",
        "contact added danab@contoso.com in pinnedGroup",
    ]


async def test_events_embed_what_was_added(lene_here: Application) -> None:
    await lene_here.listen()
    group = await lene_here.make_group("Family")
    await lene_here.add(DANA, group["id"])
    first, second, third = await lene_here.events()
    assert first["_embedded"] == {"group": group}
    contact = await lene_here.get(f"{lene_here.people}/danab@contoso.com")
    assert second["_embedded"] == third["_embedded"] == {"contact": contact}


async def test_waiting_poll_gets_events_that_follow_the_subscription(
    service: Service, lene_here: Application, world: FakeWorld
) -> None:
    waiting = asyncio.ensure_future(lene_here.client.get(lene_here.next))
    await world.settle()
    await lene_here.subscribe()
    await world.settle()
    await lene_here.add(DANA)
    answer = await asyncio.wait_for(waiting, 60)
    rels = [event["link"]["rel"] for sender in answer.json()["sender"] for event in sender["events"]]
    assert rels == ["myContactsAndGroupsSubscription", "contact", "contact"]


async def test_no_events_without_a_subscription(lene_here: Application, come: Come) -> None:
    other = await come(endpoint="another")
    await other.listen()
    await lene_here.add(DANA)
    assert await lene_here.event_texts() == []
    assert len(await other.event_texts()) == 2


async def test_no_events_after_the_end_of_a_subscription(lene_here: Application) -> None:
    await lene_here.listen()
    stop = f"{lene_here.people}/contactsAndGroupsSubscription/stopSubscriptionToContactsAndGroups"
    await lene_here.client.post(stop)
    await lene_here.add(DANA)
    assert await lene_here.event_texts() == []


async def test_new_subscription_sends_no_earlier_changes(lene_here: Application, come: Come) -> None:
    other = await come(endpoint="another")
    await other.listen()
    await lene_here.add(DANA)
    await lene_here.listen()
    await lene_here.add(ALEX, "pinnedGroup")
    assert await lene_here.event_texts() == [
        "contact added alexd@contoso.com in myContacts",
        "contact added alexd@contoso.com in pinnedGroup",
    ]


async def test_expiring_subscription_is_announced_and_ends(
    service: Service, lene_here: Application, world: FakeWorld
) -> None:
    await lene_here.listen()
    await world.advance(8 * 60 + 10)
    await service.sweeper.sweep_applications()
    assert await lene_here.event_texts() == ["myContactsAndGroupsSubscription updated"]
    await world.advance(2 * 60)
    assert await state(lene_here) == "Disconnected"
    await lene_here.add(DANA)
    await service.sweeper.sweep_applications()
    assert await lene_here.event_texts() == []


async def test_refreshed_subscription_lasts_longer(service: Service, lene_here: Application, world: FakeWorld) -> None:
    await lene_here.listen()
    await lene_here.subscribe()
    await world.advance(12 * 60)
    assert await state(lene_here) == "Connected"


async def test_only_the_owner_is_notified_of_a_changed_relationship(lene_here: Application, come: Come) -> None:
    dana = await come("danab@contoso.com")
    for each in (lene_here, dana):
        await each.listen()
    await lene_here.set_level("danab@contoso.com", "Blocked")
    assert await lene_here.event_texts() == ["contactPrivacyRelationship updated danab@contoso.com in contact"]
    assert await dana.event_texts() == []


async def test_delegate_is_notified_of_the_delegator(lene_here: Application, come: Come) -> None:
    dana = await come("danab@contoso.com")
    await dana.listen()
    membership = await lene_here.add(DANA, "delegatesGroup")
    assert (await lene_here.client.delete(self_of(membership))).status_code == 204
    assert await dana.event_texts() == [
        "contact added lenea@contoso.com in delegatorsGroup",
        "contact deleted lenea@contoso.com in delegatorsGroup",
    ]
