"""What participants say to each other."""

from typing import Any

import pytest

from tests.client import UcwaClient
from tests.room.conftest import Come, Guest
from tests.world import FakeWorld

PLAIN = {"Content-Type": "text/plain"}
Talk = tuple[Guest, Guest]


@pytest.fixture
async def talk(lene: UcwaClient, come: Come) -> Talk:
    """Two who have messaging, and heard all that there was."""
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    for guest in (organizer, dana):
        assert await guest.post(f"{guest.here}/messaging/addMessaging", json={"operationId": "m"}) == 201
    for guest in (organizer, dana):
        await guest.said()
    return organizer, dana


async def say(guest: Guest, text: str, **options: Any) -> str:
    """Sends a message; its href."""
    options = {"headers": PLAIN, **options}
    answer = await guest.client.post(f"{guest.here}/messaging/messages", content=text.encode(), **options)
    assert answer.status_code == 201, answer.text
    href: str = answer.headers["Location"]
    return href


async def test_adding_messaging_is_an_operation(lene: UcwaClient, come: Come) -> None:
    dana = await come("danab@contoso.com")
    await dana.join(await lene.schedule())
    await dana.said()
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={"operationId": "m"}) == 201
    events = await dana.events()
    assert [event["type"] for event in events] == ["started", "completed", "updated"]
    messaging = events[2]["_embedded"]["messaging"]
    assert messaging["state"] == "Connected"
    assert {"sendMessage", "stopMessaging", "setIsTyping"} <= messaging["_links"].keys()
    assert "?" not in messaging["_links"]["sendMessage"]["href"]


async def test_a_message_reaches_the_others_as_completed(talk: Talk) -> None:
    organizer, dana = talk
    await say(dana, "Hello, Lene & all!")
    (event,) = await organizer.events()
    message = event["_embedded"]["message"]
    assert (event["type"], event["status"], message["direction"]) == ("completed", "Success", "Incoming")
    links = message["_links"]
    assert links["plainMessage"]["href"] == "data:text/plain;charset=utf-8,Hello%2C+Lene+%26+all%21"
    assert links["participant"]["href"] == f"{organizer.here}/participants/danab@contoso.com"
    assert {"contact", "messaging"} <= links.keys()


async def test_the_sender_is_told_that_it_went_out(talk: Talk) -> None:
    _, dana = talk
    await say(dana, "Hello", params={"operationId": "op"})
    (event,) = await dana.events()
    message = event["_embedded"]["message"]
    assert (event["type"], message["direction"], message["operationId"]) == ("completed", "Outgoing", "op")


async def test_html_is_told_as_html(talk: Talk) -> None:
    organizer, dana = talk
    await say(dana, "<b>Hi</b>", headers={"Content-Type": "text/html; charset=utf-8"})
    (event,) = await organizer.events()
    assert event["_embedded"]["message"]["_links"]["htmlMessage"]["href"].startswith("data:text/html;charset=utf-8,")


async def test_who_has_no_messaging_hears_nothing_and_says_nothing(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={}) == 201
    await say(dana, "Hello")
    assert "message completed Success" not in await organizer.said()
    assert await organizer.post(f"{organizer.here}/messaging/messages", content=b"Hi", headers=PLAIN) == 409


async def test_a_message_can_be_read_again(talk: Talk) -> None:
    organizer, dana = talk
    href = await say(dana, "Hello")
    number = href.rpartition("/")[2]
    read = await organizer.get(f"{organizer.here}/messaging/messages/{number}")
    listed = (await organizer.get(f"{organizer.here}/messaging/messages"))["_links"].get("message", [])
    assert (read["direction"], [link["href"].rpartition("/")[2] for link in listed]) == ("Incoming", [number])


async def test_who_comes_later_does_not_read_what_was_said_before(talk: Talk, lene: UcwaClient, come: Come) -> None:
    organizer, dana = talk
    number = (await say(dana, "Hello")).rpartition("/")[2]
    meeting = await organizer.get(f"{organizer.here}/onlineMeeting")
    late = await come("danab@contoso.com", endpoint="late")
    await late.join(meeting)
    await late.said()
    assert (await late.client.get(f"{late.here}/messaging/messages/{number}")).status_code == 404
    assert (await late.get(f"{late.here}/messaging/messages"))["_links"].get("message", []) == []


async def test_what_xml_cannot_carry_is_refused(talk: Talk) -> None:
    _, dana = talk
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"a\x00b", headers=PLAIN) == 400
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"\xff", headers=PLAIN) == 400


@pytest.mark.parametrize("content_type", ["application/json", "image/png"])
async def test_a_message_is_text(talk: Talk, content_type: str) -> None:
    _, dana = talk
    headers = {"Content-Type": content_type}
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"{}", headers=headers) == 415


async def test_typing_is_told_until_something_is_said(talk: Talk) -> None:
    organizer, dana = talk
    assert await dana.post(f"{dana.here}/messaging/typing") == 204
    assert await dana.post(f"{dana.here}/messaging/typing") == 204
    assert await organizer.said() == ["participant added in typingParticipants"]
    await say(dana, "Hello")
    assert await organizer.said() == ["participant deleted in typingParticipants", "message completed Success"]


async def test_stopping_messaging_takes_its_links_away(talk: Talk) -> None:
    organizer, dana = talk
    assert await dana.post(f"{dana.here}/messaging/terminate") == 204
    (event,) = await dana.events()
    assert event["_embedded"]["messaging"]["state"] == "Disconnected"
    assert await organizer.said() == ["participantMessaging deleted in participant"]


async def test_messages_come_in_the_order_in_which_they_were_said(talk: Talk, world: FakeWorld) -> None:
    organizer, dana = talk
    for number in range(20):
        await say(dana if number % 2 else organizer, str(number))
    await organizer.said()
    assert organizer.picture.messages == [str(number) for number in range(20)]
