"""Presence, note and location of the signed-in user."""

from typing import Any

import pytest

from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.people.conftest import Open
from tests.people.watcher import Watcher
from tests.resources.messages import assert_invalid, assert_refused, input_xml, xml_of, xml_properties
from tests.world import FakeWorld

ADDED = ["communication updated", "me updated", "presence added", "note added", "location added"]


@pytest.fixture
async def available(lena: Watcher) -> Watcher:
    """Lene's application after makeMeAvailable; it was told of that."""
    await lena.make_available()
    assert await lena.event_texts() == ADDED
    return lena


@pytest.mark.parametrize("rel", ["presence", "note", "location"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_presence_requires_make_me_available(lena: Watcher, rel: str, method: str) -> None:
    answer = await lena.client.request(method, f"{lena.me}/{rel}")
    assert_refused(answer, 409, "Conflict", "MakeMeAvailableRequired")


async def test_my_activity_requires_make_me_available(lena: Watcher) -> None:
    answer = await lena.client.post(f"{lena.client.app}/reportMyActivity")
    assert_refused(answer, 409, "Conflict", "MakeMeAvailableRequired")


async def test_available_user_is_online_without_note_and_location(available: Watcher) -> None:
    self = {"_links": {"self": {"href": f"{available.me}/presence"}}}
    assert await available.get(f"{available.me}/presence") == {
        "rel": "presence",
        "activity": "Online",
        "availability": "Online",
        **self,
    }
    note = await available.get(f"{available.me}/note")
    assert (note["message"], note["type"]) == ("", "Personal")
    assert (await available.get(f"{available.me}/location"))["location"] == ""


@pytest.mark.parametrize("sent", [{"availability": "BeRightBack"}, {"Availability": "berightback"}])
async def test_availability_is_set(available: Watcher, sent: dict[str, str]) -> None:
    await available.post(f"{available.me}/presence", json=sent)
    assert await available.availability() == "BeRightBack"
    assert await available.event_texts() == ["presence updated"]


async def test_availability_is_set_in_the_query(available: Watcher) -> None:
    await available.post(f"{available.me}/presence?availability=Busy")
    assert await available.availability() == "Busy"


async def test_availability_is_set_in_xml(available: Watcher) -> None:
    await available.post(
        f"{available.me}/presence", content=input_xml(availability="Busy"), headers={"Content-Type": "application/xml"}
    )
    answer = await available.client.get(f"{available.me}/presence", headers={"Accept": "application/xml"})
    assert xml_properties(xml_of(answer))["availability"] == ("Busy", None)


async def test_off_work_is_shown_as_away(available: Watcher) -> None:
    await available.post(f"{available.me}/presence", json={"availability": "Offwork"})
    shown = await available.get(f"{available.me}/presence")
    assert (shown["availability"], shown["activity"]) == ("Away", "off-work")


@pytest.mark.parametrize("availability", ["Offline", "IdleOnline", "online!", "", 1])
async def test_availability_that_nobody_may_set_is_refused(available: Watcher, availability: object) -> None:
    answer = await available.client.post(f"{available.me}/presence", json={"availability": availability})
    assert_invalid(answer, "availability")


@pytest.mark.parametrize("body", [None, {}, {"availability": None}])
async def test_post_without_availability_resets_it(available: Watcher, body: object) -> None:
    await available.post(f"{available.me}/presence", json={"availability": "DoNotDisturb"})
    await available.post(f"{available.me}/presence", **({} if body is None else {"json": body}))
    assert await available.availability() == "Online"


async def test_note_is_set_and_reset(available: Watcher) -> None:
    note = f"{available.me}/note"
    await available.post(note, json={"message": "Heads down <today> \U0001f600"})
    assert (await available.get(note))["message"] == "Heads down <today> \U0001f600"
    assert await available.event_texts() == ["note updated"]
    await available.post(note)
    assert (await available.get(note))["message"] == ""


async def test_location_is_set_and_reset(available: Watcher) -> None:
    location = f"{available.me}/location"
    await available.post(location, json={"location": "By the beach..."})
    assert (await available.get(location))["location"] == "By the beach..."
    assert await available.event_texts() == ["location updated"]
    await available.post(location)
    assert (await available.get(location))["location"] == ""


async def test_long_location_is_refused(available: Watcher) -> None:
    await available.post(f"{available.me}/location", json={"location": "x" * 60})
    assert_invalid(await available.client.post(f"{available.me}/location", json={"location": "x" * 61}), "location")


async def test_long_note_is_refused(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    client: UcwaClient = connect(await make_service(max_note=5))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    lene = Watcher(client, world)
    await lene.make_available()
    await lene.post(f"{lene.me}/note", json={"message": "12345"})
    assert_invalid(await client.post(f"{lene.me}/note", json={"message": "123456"}), "message")


async def test_changes_of_presence_are_limited_to_a_rate(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    client: UcwaClient = connect(await make_service(presence_burst=3, presence_rate=0.5))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    lene = Watcher(client, world)
    await lene.make_available()
    for rel in ("presence", "note", "location"):
        await lene.post(f"{lene.me}/{rel}")
    answer = await client.post(f"{lene.me}/note")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    await world.advance(2)
    await lene.post(f"{lene.me}/note")


async def test_several_changes_of_one_thing_are_one_notification(available: Watcher) -> None:
    for availability in ("Busy", "Away"):
        await available.post(f"{available.me}/presence", json={"availability": availability})
    await available.post(f"{available.me}/note", json={"message": "here"})
    assert await available.event_texts() == ["presence updated", "note updated"]


async def test_every_available_application_is_notified_of_a_change(available: Watcher, open_application: Open) -> None:
    other, silent = await open_application("lenea", "second"), await open_application("lenea", "third")
    await other.make_available()
    assert await other.event_texts() == ADDED
    await available.post(f"{available.me}/presence", json={"availability": "Busy"})
    assert await other.event_texts() == ["presence updated"]
    assert await silent.event_texts() == []
    assert await other.availability() == "Busy"


async def test_presence_set_before_by_other_applications_is_not_sent(
    available: Watcher, open_application: Open
) -> None:
    await available.post(f"{available.me}/note", json={"message": "here"})
    other = await open_application("lenea", "second")
    await other.make_available()
    assert await other.event_texts() == ADDED
    assert (await other.get(f"{other.me}/note"))["message"] == "here"


async def test_inactive_user_becomes_idle_then_away(available: Watcher, world: FakeWorld) -> None:
    await world.advance(280)
    assert await available.availability() == "Online"
    await world.advance(25)
    await available.sees("IdleOnline")
    assert await available.event_texts() == ["presence updated"]
    await world.advance(300)
    await available.sees("Away")
    assert await available.event_texts() == ["presence updated"]


async def test_activity_keeps_the_user_online(available: Watcher, world: FakeWorld) -> None:
    for path in ("reportMyActivity", "me/reportMyActivity"):
        await world.advance(250)
        await available.post(f"{available.client.app}/{path}")
        assert await available.availability() == "Online"


async def test_other_requests_are_no_activity(available: Watcher, world: FakeWorld) -> None:
    for _ in range(5):
        await world.advance(70)
        await available.get(f"{available.me}/note")
    await available.sees("IdleOnline")


@pytest.mark.parametrize(
    ("sent", "seconds"), [("00:02:00", 120), ("PT2M", 120), ("2", 120), ("0.00:01:30", 90), ("PT90S", 90), (1, 60)]
)
async def test_inactive_timeout_is_the_one_of_make_me_available(
    lena: Watcher, world: FakeWorld, sent: object, seconds: int
) -> None:
    await lena.make_available(inactiveTimeout=sent)
    await world.advance(seconds - 1)
    assert await lena.availability() == "Online"
    await world.advance(6)
    await lena.sees("IdleOnline")


@pytest.mark.parametrize("sent", ["", "soon", "00:00:00", "P2D", "-1", True, 1.5, "1.00:00:01"])
async def test_invalid_inactive_timeout_is_refused(lena: Watcher, sent: object) -> None:
    assert_invalid(
        await lena.client.post(f"{lena.me}/makeMeAvailable", json={"inactiveTimeout": sent}), "inactiveTimeout"
    )


async def test_user_signs_in_as_preferred(lena: Watcher) -> None:
    await lena.make_available(signInAs="BeRightBack")
    assert await lena.availability() == "BeRightBack"


async def test_presence_of_an_application_that_ended_counts_no_more(
    available: Watcher, open_application: Open, world: FakeWorld
) -> None:
    other = await open_application("lenea", "second")
    await other.make_available(inactiveTimeout=60)
    await available.client.delete(available.client.app)
    assert await other.availability() == "Online"
    assert (await other.event_texts())[: len(ADDED)] == ADDED


async def test_anonymous_user_has_no_presence(lena: Watcher, connect: Connect, service: Any) -> None:
    meeting = await lena.client.schedule()
    guest = connect(service)
    await guest.sign_in_to_meeting(meeting)
    await guest.open("guest")
    for path in ("me/presence", "me/note", "me/location", "people/presenceSubscriptions"):
        assert (await guest.get(f"{guest.app}/{path}")).status_code == 403, path
