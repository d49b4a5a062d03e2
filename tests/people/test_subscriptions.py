"""Presence subscriptions: what an application is told of other people."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import add_user
from tests.conftest import Connect, Make
from tests.people.conftest import Open
from tests.people.watcher import Watcher, short
from tests.resources.messages import assert_invalid, assert_refused
from tests.world import FakeWorld

DANA = "danab@contoso.com"
BEGUN = ["presenceSubscription added", f"contact added {DANA} in subscribedContacts", f"contactPresence updated {DANA}"]


async def test_subscriber_is_notified_of_presence_note_and_location(lena: Watcher, dan: Watcher) -> None:
    await lena.subscribe(f"sip:{DANA}")
    assert await lena.event_texts() == BEGUN
    assert await lena.availability(DANA) == "Offline"
    await dan.make_available()
    assert await lena.event_texts() == [f"contactPresence updated {DANA}", f"contactSupportedModalities updated {DANA}"]
    assert await lena.availability(DANA) == "Online"
    await dan.post(f"{dan.me}/note", json={"message": "Heads down"})
    assert await lena.event_texts() == [f"contactNote updated {DANA}"]
    await dan.post(f"{dan.me}/location", json={"location": "Aarhus"})
    assert await lena.event_texts() == [f"contactLocation updated {DANA}"]


async def test_contact_resources_show_what_is_set(lena: Watcher, dan: Watcher) -> None:
    await dan.make_available(signInAs="Busy")
    await dan.post(f"{dan.me}/note", json={"message": "Heads down"})
    await dan.post(f"{dan.me}/location", json={"location": "Aarhus"})
    contact = f"{lena.people}/{DANA}"
    presence = await lena.get(f"{contact}/presence")
    assert {name: presence[name] for name in ("rel", "activity", "availability", "deviceType")} == {
        "rel": "contactPresence",
        "activity": "Busy",
        "availability": "Busy",
        "deviceType": "Unknown",
    }
    note = await lena.get(f"{contact}/note")
    assert (note["rel"], note["message"], note["type"]) == ("contactNote", "Heads down", "Personal")
    assert (await lena.get(f"{contact}/location"))["location"] == "Aarhus"
    assert (await lena.get(f"{contact}/supportedMedia"))["modalities"] == ["Messaging"]


@pytest.mark.parametrize("segment", ["presence", "note", "location", "supportedMedia"])
async def test_unknown_user_has_no_presence(lena: Watcher, segment: str) -> None:
    await lena.get(f"{lena.people}/nobody@contoso.com/{segment}", 404)


async def test_application_without_subscription_is_not_notified(lena: Watcher, dan: Watcher) -> None:
    await dan.make_available()
    assert await lena.event_texts() == []


async def test_subscription_begins_with_what_there_is(lena: Watcher, dan: Watcher) -> None:
    await dan.make_available()
    await dan.post(f"{dan.me}/note", json={"message": "Heads down"})
    await lena.subscribe(f"sip:{DANA}")
    assert await lena.event_texts() == [
        *BEGUN,
        f"contactNote updated {DANA}",
        f"contactSupportedModalities updated {DANA}",
    ]


async def test_events_have_the_documented_form(lena: Watcher, dan: Watcher) -> None:
    made = await lena.subscribe(f"sip:{DANA}")
    events = await lena.poll()
    assert {sender for sender, _ in events} == {"people"}
    people, contact = lena.people, f"{lena.people}/{DANA}"
    href = f"{people}/presenceSubscriptions/{made['id']}"
    assert [event for _, event in events] == [
        {
            "link": {"rel": "presenceSubscription", "href": href},
            "type": "added",
            "_embedded": {"presenceSubscription": made},
        },
        {
            "link": {"rel": "contact", "href": contact},
            "in": {"rel": "subscribedContacts", "href": f"{people}/subscribedContacts"},
            "type": "added",
        },
        {
            "link": {"rel": "contactPresence", "href": f"{contact}/presence"},
            "in": {"rel": "contact", "href": contact},
            "type": "updated",
        },
    ]


async def test_subscription_has_links_and_memberships(lena: Watcher, dan: Watcher) -> None:
    made = await lena.subscribe(f"sip:{DANA}", "sip:LENEA@contoso.com")
    memberships = f"{lena.people}/presenceSubscriptionMemberships?presenceSubscriptionId={made['id']}"
    assert made["_links"] == {
        "self": {"href": f"{lena.people}/presenceSubscriptions/{made['id']}"},
        "addToPresenceSubscription": {"href": memberships},
        "memberships": {"href": memberships},
    }
    assert await lena.get(made["_links"]["self"]["href"]) == made
    everything = await lena.get(f"{lena.people}/presenceSubscriptions")
    assert everything["_embedded"]["presenceSubscription"] == [made]
    for href in (memberships, f"{lena.people}/presenceSubscriptionMemberships"):
        found = (await lena.get(href))["_embedded"]["presenceSubscriptionMembership"]
        assert [each["_links"]["contact"]["href"] for each in found] == [
            f"{lena.people}/{DANA}",
            f"{lena.people}/lenea@contoso.com",
        ]
        for each in found:
            assert await lena.get(each["_links"]["self"]["href"]) == each
            assert each["_links"]["presenceSubscription"]["href"] == made["_links"]["self"]["href"]
    contacts = (await lena.get(f"{lena.people}/subscribedContacts"))["_links"]["contact"]
    assert [link["href"] for link in contacts] == [f"{lena.people}/{DANA}", f"{lena.people}/lenea@contoso.com"]


async def test_contacts_are_added_and_removed(lena: Watcher, dan: Watcher) -> None:
    made = await lena.subscribe()
    assert await lena.event_texts() == ["presenceSubscription added"]
    add = made["_links"]["addToPresenceSubscription"]["href"]
    answer = await lena.post(add, 201, json={"contactUris": [f"sip:{DANA}"]})
    (membership,) = answer.json()["_embedded"]["presenceSubscriptionMembership"]
    assert answer.headers["Location"] == add
    assert await lena.event_texts() == BEGUN[1:]
    await dan.make_available()
    await lena.event_texts()
    assert (await lena.client.delete(membership["_links"]["self"]["href"])).status_code == 204
    assert await lena.event_texts() == [f"contact deleted {DANA} in subscribedContacts"]
    await dan.post(f"{dan.me}/presence", json={"availability": "Busy"})
    assert await lena.event_texts() == []
    await lena.get(membership["_links"]["self"]["href"], 404)


async def test_deleted_subscription_sends_no_more_events(lena: Watcher, dan: Watcher) -> None:
    made = await lena.subscribe(f"sip:{DANA}")
    await lena.event_texts()
    href = made["_links"]["self"]["href"]
    assert (await lena.client.delete(href)).status_code == 204
    events = [event for _, event in await lena.poll()]
    assert [short(event) for event in events] == [
        f"contact deleted {DANA} in subscribedContacts",
        "presenceSubscription deleted",
    ]
    assert "_embedded" not in events[1]
    await dan.make_available()
    assert await lena.event_texts() == []
    await lena.get(href, 404)
    assert (await lena.get(f"{lena.people}/subscribedContacts"))["_links"].keys() == {"self"}


async def test_subscription_expires_after_a_notice(lena: Watcher, dan: Watcher, world: FakeWorld) -> None:
    made = await lena.subscribe(f"sip:{DANA}", duration=10)
    assert await lena.event_texts() == BEGUN
    begin = world.monotonic()
    events = [event for _, event in await lena.poll()]
    while not events:
        events = [event for _, event in await lena.poll()]
    assert 500 < world.monotonic() - begin < 600
    (notice,) = events
    assert (short(notice), notice["_embedded"]) == ("presenceSubscription updated", {"presenceSubscription": made})
    assert await lena.event_texts() == [f"contact deleted {DANA} in subscribedContacts", "presenceSubscription deleted"]
    await lena.get(made["_links"]["self"]["href"], 404)


async def test_extended_subscription_stays_active(lena: Watcher, dan: Watcher, world: FakeWorld) -> None:
    made = await lena.subscribe(f"sip:{DANA}", duration=10)
    href = made["_links"]["self"]["href"]
    answer = await lena.post(f"{href}?duration=10", 200)
    assert answer.json() == made
    await lena.event_texts()
    begin = world.monotonic()
    while not await lena.event_texts():
        pass
    assert world.monotonic() - begin > 1000


@pytest.mark.parametrize("duration", [9, 31, 0, -10, "soon", None, 10.5])
async def test_duration_out_of_bounds_is_refused(lena: Watcher, duration: object) -> None:
    answer = await lena.client.post(
        f"{lena.people}/presenceSubscriptions", json={"duration": duration, "uris": [f"sip:{DANA}"]}
    )
    assert_invalid(answer, "duration")


async def test_missing_and_invalid_uris_are_refused(lena: Watcher) -> None:
    href = f"{lena.people}/presenceSubscriptions"
    assert_invalid(await lena.client.post(href, json={"duration": 10}), "uris")
    assert_invalid(await lena.client.post(href, json={"duration": 10, "uris": ["dana"]}), "uris")
    assert_invalid(
        await lena.client.post(f"{lena.people}/presenceSubscriptionMemberships", json={}),
        "contactUris",
        "presenceSubscriptionId",
    )


async def limited(make_service: Make, connect: Connect, world: FakeWorld, **settings: Any) -> Watcher:
    client = connect(await make_service(**settings))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    return Watcher(client, world)


@pytest.mark.parametrize("setting", ["max_presence_subscriptions", "max_subscription_uris", "max_subscribed_contacts"])
async def test_too_much_is_refused(make_service: Make, connect: Connect, world: FakeWorld, setting: str) -> None:
    lena = await limited(make_service, connect, world, **{setting: 1})
    made = await lena.subscribe(f"sip:{DANA}")
    href = f"{lena.people}/presenceSubscriptions"
    more = {"duration": 10, "uris": ["sip:a@contoso.com", "sip:b@contoso.com"]}
    assert_refused(await lena.client.post(href, json=more), 403, "Forbidden", "LimitExceeded")
    if setting != "max_presence_subscriptions":
        add = made["_links"]["addToPresenceSubscription"]["href"]
        answer = await lena.client.post(add, json={"contactUris": ["sip:a@contoso.com"]})
        assert_refused(answer, 403, "Forbidden", "LimitExceeded")


async def test_subscriptions_of_another_application_are_not_there(lena: Watcher, open_application: Open) -> None:
    made = await lena.subscribe(f"sip:{DANA}")
    other = await open_application("lenea", "second")
    await other.get(f"{other.people}/presenceSubscriptions/{made['id']}", 404)
    assert (await other.get(f"{other.people}/presenceSubscriptions"))["_embedded"] == {"presenceSubscription": []}


async def test_lost_answer_is_delivered_again(lena: Watcher, dan: Watcher) -> None:
    await lena.subscribe(f"sip:{DANA}")
    await lena.event_texts()
    await dan.make_available()
    lost, lena._next = lena._next, lena._next
    first = await lena.event_texts()
    lena._next = lost
    assert await lena.event_texts() == first


async def test_contact_of_another_enterprise_shows_availability_alone(
    lena: Watcher, service: Service, connect: Connect, world: FakeWorld
) -> None:
    await add_user(service, "sip:eve@fabrikam.example")
    client = connect(service)
    await client.sign_in("eve@fabrikam.example")
    await client.open()
    eve = Watcher(client, world)
    await lena.make_available()
    await lena.post(f"{lena.me}/note", json={"message": "secret"})
    await eve.subscribe("sip:lenea@contoso.com")
    assert "contactNote updated lenea@contoso.com" not in await eve.event_texts()
    await lena.post(f"{lena.me}/location", json={"location": "secret"})
    assert await eve.event_texts() == []
    contact = f"{eve.people}/lenea@contoso.com"
    assert await eve.availability("lenea@contoso.com") == "Online"
    assert (await eve.get(f"{contact}/note"))["message"] == ""
    assert (await eve.get(f"{contact}/location"))["location"] == ""
    assert "lastActive" not in await eve.get(f"{contact}/presence")
    assert not any("secret" in text for text in eve.texts)
