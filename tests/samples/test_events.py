"""Events: what an application is told is what docs/compliance.md lists, and has the structure of the samples."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from lxml import etree

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.samples import compliance
from tests.samples.messages import REFERENCE
from tests.world import FakeWorld

with_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference's samples are not at hand")

JSON, XML = "application/json", "application/xml"
#: An event of one of these is documented on the page of the collection, which is in its `in`.
COLLECTIONS = {"attendees", "leaders", "lobby", "subscribedContacts", "typingParticipants"} | {
    "defaultGroup",
    "delegatesGroup",
    "delegatorsGroup",
    "group",
    "myContacts",
    "myGroups",
    "pinnedGroup",
}
#: Whose `in` the samples get wrong: a participantMessaging may be anybody's.
OTHER_IN = {"participantMessaging"}
#: Whose sample is about a group of another kind.
OTHER_LINK = {"myGroups"}

Event = dict[str, Any]


class Listener:
    """Somebody's event channel. `heard`: all events so far, each with its sender."""

    def __init__(self, client: UcwaClient, world: FakeWorld) -> None:
        self.client = client
        self.heard: list[tuple[Event, Event]] = []
        self._world = world
        self._next = f"{client.app}/events?ack=1"

    async def listen(self) -> None:
        """Hears what there is; timers run out meanwhile."""
        answer = json.loads(await poll(self.client, self._next, self._world, JSON))
        self._next = answer["_links"]["next"]["href"]
        self.heard += [(sender, event) for sender in answer["sender"] for event in sender["events"]]

    async def links(self, href: str) -> dict[str, Any]:
        answer = await self.client.get(href)
        assert answer.status_code == 200, answer.text
        links: dict[str, Any] = answer.json()["_links"]
        return links

    async def conversation(self) -> dict[str, Any]:
        """The links of the one conversation."""
        all_of_them = await self.links(f"{self.client.app}/communication/conversations")
        return await self.links(all_of_them["conversation"][0]["href"])

    async def post(self, link: dict[str, Any], **options: Any) -> str:
        """The Location of the answer, if any."""
        answer = await self.client.post(link["href"], **options)
        assert answer.is_success, answer.text
        return answer.headers.get("Location", "")

    async def join(self, meeting: dict[str, Any]) -> None:
        communication = await self.links(f"{self.client.app}/communication")
        await self.post(communication["joinOnlineMeeting"], json={"onlineMeetingUri": meeting["onlineMeetingUri"]})


async def poll(client: UcwaClient, href: str, world: FakeWorld, accept: str) -> str:
    """The answer of an event channel, however long that takes in the world of the test."""
    polling = asyncio.create_task(client.get(href, headers={"Accept": accept}))
    async with asyncio.timeout(60):
        while not polling.done():
            await world.advance(1)
            await asyncio.sleep(0.005)
    answer = await polling
    assert answer.status_code == 200, answer.text
    return answer.text


async def make_available(client: UcwaClient) -> None:
    answer = await client.post(f"{client.app}/communication/makeMeAvailable", json={})
    assert answer.status_code == 204


async def follow(watching: Listener, followed: Listener, both: Callable[[], Awaitable[None]]) -> None:
    """Somebody subscribes to Dana, who becomes available and changes all that there is; then the subscription ends."""
    subscriptions = {"href": f"{watching.client.app}/people/presenceSubscriptions"}
    await watching.post(subscriptions, json={"duration": 10, "uris": ["sip:danab@contoso.com"]})
    await watching.listen()
    await make_available(followed.client)
    await both()
    for rel, name in (("presence", "availability"), ("note", "message"), ("location", "location")):
        await followed.post({"href": f"{followed.client.app}/me/{rel}"}, json={name: "Busy"})
    while not any(
        (event["link"]["rel"], event["type"]) == ("presenceSubscription", "deleted") for _, event in watching.heard
    ):
        await both()


@pytest.fixture
async def heard(service: Service, lene: UcwaClient, dana: UcwaClient, world: FakeWorld) -> list[tuple[Event, Event]]:
    """All that two are told of a meeting in which everything happens."""
    organizer, guest = Listener(lene, world), Listener(dana, world)
    await add_user(service, "sip:erik@contoso.com")

    async def both() -> None:
        await organizer.listen()
        await guest.listen()

    await follow(organizer, guest, both)
    meeting = await lene.schedule(accessLevel="Locked", leaders=["sip:lenea@contoso.com"])
    await organizer.join(meeting)
    await organizer.listen()
    room = await organizer.conversation()

    await guest.join(meeting)
    await both()
    waiting = (await lene.get(room["lobby"]["href"])).json()["_embedded"]["participant"][0]
    await organizer.post(waiting["_links"]["admit"])
    await both()
    for act in ("promote", "demote"):
        await organizer.post((await organizer.links(waiting["_links"]["self"]["href"]))[act])
        await both()

    for each in (organizer, guest):
        await each.post((await each.links((await each.conversation())["messaging"]["href"]))["addMessaging"])
        await both()
    talk = await guest.links((await guest.conversation())["messaging"]["href"])
    await guest.post(talk["setIsTyping"])
    await organizer.listen()
    await guest.post(talk["sendMessage"], content="Hello", headers={"Content-Type": "text/plain"})
    await both()
    await guest.post(talk["stopMessaging"])
    await both()

    await lene.extend(meeting, type="RoamedParticipantData")
    await both()
    asked = await organizer.post(room["addParticipant"], json={"to": "sip:erik@contoso.com"})
    await organizer.listen()
    await organizer.post((await organizer.links(asked))["cancel"])
    await organizer.listen()
    await organizer.post((await organizer.links(waiting["_links"]["self"]["href"]))["eject"])
    await both()
    # The organizer has not called makeMeAvailable, so this is missed.
    communication = await guest.links(f"{dana.app}/communication")
    await guest.post(communication["startMessaging"], json={"to": "sip:lenea@contoso.com"})
    await both()
    await change_contacts(organizer, guest, both)
    return organizer.heard + guest.heard


async def change_contacts(listener: Listener, other: Listener, listen: Callable[[], Awaitable[None]]) -> None:
    """Dana is put into each of Lene's groups, and taken out; and Dana has Lene as a delegate for a while."""
    lene = listener.client
    people = f"{lene.app}/people"
    start = f"{people}/contactsAndGroupsSubscription/startOrRefreshSubscriptionToContactsAndGroups"
    await listener.post({"href": start}, json={"duration": 10})
    await listen()
    made = await listener.post({"href": f"{people}/groups"}, json={"displayName": "Family"})
    group = (await lene.get(made)).json()
    for group_id in (group["id"], "defaultGroup", "pinnedGroup", "delegatesGroup"):
        body = {"contactUri": "sip:danab@contoso.com", "groupId": group_id}
        href = await listener.post({"href": f"{people}/groupMemberships"}, json=body)
        assert (await lene.delete(href)).status_code == 204
    delegate = {"contactUri": "sip:lenea@contoso.com", "groupId": "delegatesGroup"}
    made = await other.post({"href": f"{other.client.app}/people/groupMemberships"}, json=delegate)
    assert (await other.client.delete(made)).status_code == 204
    await lene.replace(group, name="Friends")
    assert (await lene.delete(group["_links"]["self"]["href"])).status_code == 204
    relationship = (await lene.get(f"{people}/danab@contoso.com/privacyRelationship")).json()
    await lene.replace(relationship, relationshipLevel="Workgroup")
    await listen()


def page_of(event: Event) -> str:
    """The resource on whose page the event is documented."""
    within: str | None = event.get("in", {}).get("rel")
    rel: str = event["link"]["rel"]
    return within if within in COLLECTIONS else rel


async def test_events_match_the_list(heard: list[tuple[Event, Event]]) -> None:
    found = {(page_of(event), event["type"], sender["rel"]) for sender, event in heard}
    assert found == {(page, kind, sender) for page, kind, sender, _priority in compliance.events()}


@with_reference
async def test_each_event_has_the_structure_of_its_sample(heard: list[tuple[Event, Event]]) -> None:
    for sender, event in heard:
        path = REFERENCE / f"{page_of(event)}.{event['type']}.event.json"
        if not path.exists():
            assert event["type"] == "completed", "the samples have no operation that ends"
            continue
        sample = json.loads(path.read_text("utf-8"))["sender"][0]
        expected = sample["events"][0]
        name = path.name
        assert list(sender) == list(sample), name
        assert sender["rel"] == sample["rel"], name
        # Captures embed the resource; the samples never do.
        assert [member for member in event if member not in {"_embedded", "reason"}] == list(expected), name
        assert [member for member in event["link"] if member != "title"] == list(expected["link"]), name
        if page_of(event) not in OTHER_LINK:
            assert event["link"]["rel"] == expected["link"]["rel"], name
        if page_of(event) not in OTHER_IN:
            assert event.get("in", {}).get("rel") == expected.get("in", {}).get("rel"), name
        assert list(event.get("_embedded", {event["link"]["rel"]: None})) == [event["link"]["rel"]], name


@with_reference
async def test_events_of_make_me_available_match_the_capture(lene: UcwaClient, world: FakeWorld) -> None:
    await make_available(lene)
    answer = json.loads(await poll(lene, f"{lene.app}/events?ack=1", world, JSON))
    capture = json.loads((REFERENCE / "trace.EventChannelDetails.01.json").read_text("utf-8"))
    assert in_json(answer) == in_json(capture)


@with_reference
async def test_events_of_make_me_available_match_the_xml_capture(lene: UcwaClient, world: FakeWorld) -> None:
    await make_available(lene)
    answer = etree.fromstring((await poll(lene, f"{lene.app}/events?ack=1", world, XML)).encode())
    capture = etree.fromstring((REFERENCE / "trace.EventChannelDetails.02.xml").read_bytes())
    assert in_xml(answer) == in_xml(capture)


def in_json(events: dict[str, Any]) -> list[Any]:
    """The senders and their events, in order."""
    return [
        (sender["rel"], [(event["link"]["rel"], event["type"], "_embedded" in event) for event in sender["events"]])
        for sender in events["sender"]
    ]


def in_xml(element: etree._Element) -> list[Any]:
    """The elements with the names of their attributes and the rels, but for what is inside of resources."""
    return [
        (child.tag, sorted(map(str, child.attrib)), child.get("rel"), [] if "resource" in child.tag else in_xml(child))
        for child in element
    ]
