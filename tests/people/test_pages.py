"""The task pages about presence, walked as they are printed: the requests in the page's order and form, found by links.

UCWA: Set, Get and Reset my presence information, and my note information; Get presence data of a contact;
Subscribe to the presence of selected contacts; Subscribe to the presence of a group of contacts; Extend and Delete a
presence subscription.
"""

from typing import Any

import pytest

from tests.people.watcher import Watcher

DANA = "danab@contoso.com"
JSON = {"Content-Type": "application/json"}


async def follow(watcher: Watcher, *rels: str) -> str:
    """The href of a link of what is embedded in the application: `follow(watcher, "me", "presence")`."""
    *path, rel = rels
    shown: dict[str, Any] = await watcher.get(watcher.client.app)
    for each in path:
        shown = shown["_embedded"][each]
    href: str = shown["_links"][rel]["href"]
    return href


@pytest.fixture
async def me(lena: Watcher) -> Watcher:
    """Steps 1 to 4 of the pages about the user: makeMeAvailable, and the application again."""
    body = '{"SupportedModalities": ["Messaging"]}'
    await lena.post(await follow(lena, "me", "makeMeAvailable"), content=body, headers=JSON)
    return lena


async def test_my_presence_is_set_read_and_reset(me: Watcher) -> None:
    presence = await follow(me, "me", "presence")
    await me.post(presence, content='{"availability":"Busy"}', headers=JSON)
    assert (await me.get(presence))["availability"] == "Busy"
    # The page resets by a POST with an empty body, whose type is still named.
    await me.post(presence, content="", headers=JSON)
    assert (await me.get(presence))["availability"] == "Online"
    assert await me.event_texts() == [
        "communication updated",
        "me updated",
        "presence added",
        "note added",
        "location added",
        "presence updated",
    ]


async def test_my_note_is_set_read_and_reset(me: Watcher) -> None:
    note = await follow(me, "me", "note")
    await me.post(note, content='{"message": "working working working"}', headers=JSON)
    shown = await me.get(note)
    assert (shown["message"], shown["type"], shown["rel"]) == ("working working working", "Personal", "note")
    await me.post(note)
    assert (await me.get(note))["message"] == ""


async def test_presence_of_selected_contacts_is_subscribed_to(lena: Watcher, dan: Watcher) -> None:
    subscriptions = await follow(lena, "people", "presenceSubscriptions")
    body = '{"duration":11,"Uris": ["sip:DanaB@contoso.com"]}'
    made = (await lena.post(subscriptions, 201, content=body, headers=JSON)).json()
    assert list(made) == ["rel", "id", "_links"]
    events = await lena.poll()
    assert [(sender, event["link"]["rel"], event["type"]) for sender, event in events] == [
        ("people", "presenceSubscription", "added"),
        ("people", "contact", "added"),
        ("people", "contactPresence", "updated"),
    ]
    shown = await lena.get(events[2][1]["link"]["href"])
    assert (shown["availability"], shown["deviceType"]) == ("Offline", "Unknown")


async def test_presence_of_a_group_is_subscribed_to(lena: Watcher, dan: Watcher) -> None:
    memberships = await follow(lena, "people", "myGroupMemberships")
    await lena.post(memberships, 201, json={"contactUri": f"sip:{DANA}"})
    groups = await lena.get(await follow(lena, "people", "myGroups"))
    group = groups["_embedded"]["defaultGroup"]
    subscribe = f"{group['_links']['subscribeToGroupPresence']['href']}&duration=11"
    made = (await lena.post(subscribe, 201)).json()
    assert made["id"] == group["id"]
    contacts = await lena.get(group["_links"]["groupContacts"]["href"])
    (contact,) = contacts["_embedded"]["contact"]
    presence = contact["_links"]["contactPresence"]["href"]
    assert presence in [event["link"]["href"] for _, event in await lena.poll()]
    assert (await lena.get(presence))["availability"] == "Offline"


async def test_subscription_is_extended_when_it_is_about_to_expire_and_then_deleted(
    lena: Watcher, dan: Watcher
) -> None:
    subscriptions = await follow(lena, "people", "presenceSubscriptions")
    made = (await lena.post(subscriptions, 201, json={"duration": 11, "Uris": [f"sip:{DANA}"]})).json()
    updated: list[dict[str, Any]] = []
    while not updated:
        updated = [event for _, event in await lena.poll() if event["type"] == "updated" and "_embedded" in event]
    href = updated[0]["link"]["href"]
    assert updated[0]["_embedded"]["presenceSubscription"] == made
    assert (await lena.post(f"{href}?duration=11", 200)).json() == made
    assert (await lena.client.delete(href)).status_code == 204
    assert [(event["link"]["rel"], event["type"]) for _, event in await lena.poll()] == [
        ("contact", "deleted"),
        ("presenceSubscription", "deleted"),
    ]
    assert (await lena.client.post(f"{href}?duration=11")).status_code == 404
