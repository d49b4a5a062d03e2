"""Participant data reaches everybody in the room; organizer data the organizer, and it leaves no trace elsewhere."""

from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.conversations.conftest import Come, Guest
from tests.users import DANA

UPDATED = ["onlineMeeting updated in conversation"]
Room = tuple[dict[str, Any], Guest, Guest]


@pytest.fixture
async def room(lene: UcwaClient, come: Come) -> Room:
    """A meeting with an organizer and a leader in it, who heard all that there was."""
    meeting = await lene.schedule(leaders=[DANA])
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    await organizer.said()
    return meeting, organizer, dana


def ids(event: dict[str, Any]) -> list[str]:
    """The extensions that an `onlineMeeting` event brings."""
    return [each["id"] for each in event["_embedded"]["onlineMeeting"]["_embedded"]["onlineMeetingExtension"]]


async def test_everyone_is_notified_once_of_a_new_participant_extension(lene: UcwaClient, room: Room) -> None:
    meeting, organizer, dana = room
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    for guest in (organizer, dana):
        (event,) = await guest.events()
        assert ids(event) == ["agenda"]


async def test_changes_and_removals_are_notified_as_well(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    extension = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", item=1)
    await dana.said()
    assert (await lene.replace(extension, item=2)).status_code == 200
    assert await dana.said() == UPDATED
    assert (await lene.delete(self_of(extension))).status_code == 204
    (event,) = await dana.events()
    assert ids(event) == []


async def test_only_the_organizer_is_notified_of_organizer_data(lene: UcwaClient, room: Room) -> None:
    meeting, organizer, dana = room
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData")
    await lene.extend(meeting, id="draft")
    (event,) = await organizer.events()
    assert ids(event) == ["notes", "draft"]
    assert await dana.said() == []


async def test_data_that_becomes_the_organizers_disappears_for_others(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    extension = await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    await dana.said()
    assert (await lene.replace(extension, type="RoamedOrganizerData")).status_code == 200
    (event,) = await dana.events()
    assert ids(event) == []
    hidden = (await dana.client.get(f"{dana.here}/onlineMeeting/onlineMeetingExtensions/agenda")).content
    never = (await dana.client.get(f"{dana.here}/onlineMeeting/onlineMeetingExtensions/nothing")).content
    assert hidden == never


async def test_organizer_data_changes_no_byte_of_participants_answers(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    await dana.said()

    async def everything() -> list[tuple[int, bytes, dict[str, str]]]:
        parts = ["", "/onlineMeeting", "/onlineMeeting/onlineMeetingExtensions", "/messaging/messages", "/participants"]
        parts.append("/onlineMeeting/onlineMeetingExtensions/agenda")
        answers = [await dana.client.get(dana.here + part) for part in parts]
        return [
            (
                each.status_code,
                each.content,
                {n: v for n, v in each.headers.items() if n not in {"x-request-id", "date"}},
            )
            for each in answers
        ]

    before = await everything()
    notes = await lene.extend(meeting, id="notes", type="RoamedOrganizerData", secret="x" * 100)
    await lene.replace(notes, secret="y")
    assert await everything() == before


async def test_message_numbers_do_not_reveal_organizer_data(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={"operationId": "1"}) == 201

    async def say() -> int:
        headers = {"Content-Type": "text/plain"}
        answer = await dana.client.post(f"{dana.here}/messaging/messages", content="Hello", headers=headers)
        return int(answer.headers["Location"].rpartition("/")[2])

    first = await say()
    for number in range(3):
        await lene.extend(meeting, id=str(number), type="RoamedOrganizerData")
    assert await say() == first + 1


async def test_promotion_does_not_reveal_organizer_data(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    await lene.extend(meeting, id="notes", type="RoamedOrganizerData")
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await organizer.post(f"{organizer.here}/participants/danab@contoso.com/promote") == 204
    await dana.said()
    assert dana.view.role == "Leader"
    shown = await dana.get(f"{dana.here}/onlineMeeting/onlineMeetingExtensions")
    assert shown["_embedded"]["onlineMeetingExtension"] == []


async def test_change_of_the_meeting_is_notified(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    read = (await lene.get(self_of(meeting))).json()
    assert (await lene.replace(read, subject="Moved")).status_code == 200
    assert await dana.said() == UPDATED
    assert dana.view.subject == "Moved"


async def test_refused_change_notifies_no_one(lene: UcwaClient, room: Room) -> None:
    meeting, _, dana = room
    extension = await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    await dana.said()
    assert (await lene.replace(extension | {"etag": "1"}, item=1)).status_code == 412
    assert (await lene.post(extensions_of(meeting), json={"id": "agenda"})).status_code == 409
    assert await dana.said() == []


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_participants_collection_is_read_only(lene: UcwaClient, room: Room, method: str) -> None:
    meeting, organizer, dana = room
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    for guest in (organizer, dana):
        href = f"{guest.here}/onlineMeeting/onlineMeetingExtensions/agenda"
        answer = await guest.client.request(method, href, json={"id": "agenda"})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


async def test_every_link_in_a_joined_meeting_works(lene: UcwaClient, room: Room) -> None:
    meeting, organizer, dana = room
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    for guest in (organizer, dana):
        seen: set[str] = set()
        todo = [f"{guest.client.app}/communication/conversations", guest.client.app]
        while todo:
            href = todo.pop()
            if href in seen or not href.startswith("/"):
                continue
            seen.add(href)
            if "/events" in href:
                continue
            answer = await guest.client.get(href, headers={"Accept": "*/*"})
            assert answer.status_code in {200, 400, 405}, f"{href}: {answer.text}"
            if answer.status_code == 200 and "json" in answer.headers["Content-Type"]:
                todo += _hrefs(answer.json())


async def test_participants_link_to_their_contact_and_anonymous_ones_have_none(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    dana, joe = await come("danab@contoso.com"), await come("Joe", meeting)
    for guest in (dana, joe):
        await guest.join(meeting)
        await guest.said()
    seen = await joe.get(f"{joe.here}/participants/danab@contoso.com")
    assert (await joe.get(seen["_links"]["contact"]["href"]))["uri"] == DANA
    uri = (await joe.get(f"{joe.client.app}/me"))["uri"].removeprefix("sip:")
    assert "contact" not in (await dana.get(f"{dana.here}/participants/{uri}"))["_links"]


def _hrefs(value: Any) -> list[str]:
    """Every href in an answer."""
    if isinstance(value, dict):
        own = [value["href"]] if isinstance(value.get("href"), str) else []
        return own + [href for each in value.values() for href in _hrefs(each)]
    return [href for each in value for href in _hrefs(each)] if isinstance(value, list) else []
