"""What participants say to each other."""

import asyncio
from typing import Any

import pytest

from tests.client import UcwaClient
from tests.conversations.conftest import Come, Guest
from tests.resources.messages import NAMESPACE, assert_invalid
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


FIRST = {"message": {"href": "data:text/plain;charset=utf-8,Hello%2C+Lene"}}


@pytest.mark.parametrize("body", [
    {"operationId": "m", "_links": FIRST},
    {"operationId": "m", "_links": {"message": {"href": "data:text/plain;base64,SGVsbG8sIExlbmU="}}},
    {"operationId": "m", "message": FIRST["message"]["href"]},
])  # fmt: skip
async def test_first_message_sent_with_add_messaging_is_delivered(
    lene: UcwaClient, come: Come, body: dict[str, Any]
) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    for guest in (organizer, dana):
        await guest.said()
    answer = await dana.client.post(f"{dana.here}/messaging/addMessaging", json=body)
    assert answer.status_code == 201, answer.text
    assert (await organizer.said())[-1] == "message completed Success"
    assert organizer.view.messages == ["Hello%2C+Lene"]
    events = await dana.events()
    assert [event["type"] for event in events[:3]] == ["started", "completed", "updated"]
    own = events[-1]["_embedded"]["message"]
    assert (own["direction"], own["operationId"]) == ("Outgoing", "m")


async def test_first_message_is_read_from_xml_as_well(talk: Talk) -> None:
    organizer, dana = talk
    assert await dana.post(f"{dana.here}/messaging/terminate") == 204
    body = f'<input xmlns="{NAMESPACE}"><link rel="message" href="data:text/plain,Hello"/></input>'
    href = f"{dana.here}/messaging/addMessaging"
    answer = await dana.client.post(href, content=body, headers={"Content-Type": "application/xml"})
    assert answer.status_code == 201, answer.text
    await organizer.said()
    assert organizer.view.messages == ["Hello"]


@pytest.mark.parametrize("href", ["http://example.com/", "data:image/png;base64,AAAA", "data:text/plain;base64,%%"])
async def test_empty_first_message_is_refused_and_connects_nothing(lene: UcwaClient, come: Come, href: str) -> None:
    dana = await come("danab@contoso.com")
    await dana.join(await lene.schedule())
    await dana.said()
    body = {"_links": {"message": {"href": href}}}
    answer = await dana.client.post(f"{dana.here}/messaging/addMessaging", json=body)
    assert_invalid(answer, "message")
    assert (await dana.get(f"{dana.here}/messaging"))["state"] == "Disconnected"


async def test_message_reaches_the_others_as_completed(talk: Talk) -> None:
    organizer, dana = talk
    await say(dana, "Hello, Lene & all!")
    (event,) = await organizer.events()
    message = event["_embedded"]["message"]
    assert (event["type"], event["status"], message["direction"]) == ("completed", "Success", "Incoming")
    links = message["_links"]
    assert links["plainMessage"]["href"] == "data:text/plain;charset=utf-8,Hello%2C+Lene+%26+all%21"
    assert links["participant"]["href"] == f"{organizer.here}/participants/danab@contoso.com"
    assert {"contact", "messaging"} <= links.keys()


async def test_sender_is_notified_that_the_message_was_sent(talk: Talk) -> None:
    _, dana = talk
    await say(dana, "Hello", params={"operationId": "op"})
    (event,) = await dana.events()
    message = event["_embedded"]["message"]
    assert (event["type"], message["direction"], message["operationId"]) == ("completed", "Outgoing", "op")


async def test_event_of_the_own_message_has_no_text_to_reply_to(talk: Talk) -> None:
    _, dana = talk
    href = await say(dana, "Hello")
    (event,) = await dana.events()
    links = event["_embedded"]["message"]["_links"]
    assert links == {"self": {"href": href}, "messaging": {"href": f"{dana.here}/messaging"}}
    assert (await dana.get(href))["_links"]["plainMessage"]["href"] == "data:text/plain;charset=utf-8,Hello"


async def test_html_is_delivered_as_html(talk: Talk) -> None:
    organizer, dana = talk
    await say(dana, "<b>Hi</b>", headers={"Content-Type": "text/html; charset=utf-8"})
    (event,) = await organizer.events()
    assert event["_embedded"]["message"]["_links"]["htmlMessage"]["href"].startswith("data:text/html;charset=utf-8,")


async def test_participant_without_messaging_neither_receives_nor_sends(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={}) == 201
    await say(dana, "Hello")
    assert "message completed Success" not in await organizer.said()
    assert await organizer.post(f"{organizer.here}/messaging/messages", content=b"Hi", headers=PLAIN) == 409


async def test_messages_from_before_connecting_are_not_delivered(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={}) == 201
    before = (await say(dana, "Before")).rpartition("/")[2]
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    after = (await say(dana, "After")).rpartition("/")[2]
    await organizer.said()
    assert organizer.view.messages == ["After"]
    assert (await organizer.client.get(f"{organizer.here}/messaging/messages/{before}")).status_code == 404
    assert await linked_messages(organizer) == [after]


async def test_messages_sent_while_connected_are_delivered_after_disconnecting(talk: Talk) -> None:
    organizer, dana = talk
    await say(dana, "While")
    assert await organizer.post(f"{organizer.here}/messaging/terminate") == 204
    await say(dana, "After")
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    await say(dana, "Again")
    while await organizer.hear():
        pass
    assert organizer.view.messages == ["While", "Again"]


async def test_connecting_during_a_poll_delivers_the_next_message(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    await organizer.said()
    assert await dana.post(f"{dana.here}/messaging/addMessaging", json={}) == 201
    await organizer.said()
    poll = asyncio.ensure_future(organizer.client.get(organizer.next))
    await organizer.world.settle()
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    await say(dana, "Hello")
    answer = (await poll).json()
    organizer.next = answer["_links"]["next"]["href"]
    for sender in answer["sender"]:
        for event in sender["events"]:
            organizer.take(event)
    await organizer.said()
    assert organizer.view.messages == ["Hello"]


async def linked_messages(guest: Guest) -> list[str]:
    """The numbers of the messages that are linked to."""
    links = (await guest.get(f"{guest.here}/messaging/messages"))["_links"].get("message", [])
    return [link["href"].rpartition("/")[2] for link in links]


async def test_message_can_be_read_again(talk: Talk) -> None:
    organizer, dana = talk
    href = await say(dana, "Hello")
    number = href.rpartition("/")[2]
    read = await organizer.get(f"{organizer.here}/messaging/messages/{number}")
    listed = (await organizer.get(f"{organizer.here}/messaging/messages"))["_links"].get("message", [])
    assert (read["direction"], [link["href"].rpartition("/")[2] for link in listed]) == ("Incoming", [number])


async def test_late_participant_cannot_read_earlier_messages(talk: Talk, lene: UcwaClient, come: Come) -> None:
    organizer, dana = talk
    number = (await say(dana, "Hello")).rpartition("/")[2]
    meeting = await organizer.get(f"{organizer.here}/onlineMeeting")
    late = await come("danab@contoso.com", endpoint="late")
    await late.join(meeting)
    await late.said()
    assert (await late.client.get(f"{late.here}/messaging/messages/{number}")).status_code == 404
    assert (await late.get(f"{late.here}/messaging/messages"))["_links"].get("message", []) == []


async def test_message_that_xml_cannot_represent_is_refused(talk: Talk) -> None:
    _, dana = talk
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"a\x00b", headers=PLAIN) == 400
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"\xff", headers=PLAIN) == 400


@pytest.mark.parametrize("content_type", ["application/json", "image/png"])
async def test_message_must_be_text(talk: Talk, content_type: str) -> None:
    _, dana = talk
    headers = {"Content-Type": content_type}
    assert await dana.post(f"{dana.here}/messaging/messages", content=b"{}", headers=headers) == 415


async def test_typing_is_shown_until_a_message_is_sent(talk: Talk) -> None:
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


async def test_messages_arrive_in_the_order_of_sending(talk: Talk, world: FakeWorld) -> None:
    organizer, dana = talk
    for number in range(20):
        await say(dana if number % 2 else organizer, str(number))
    await organizer.said()
    await dana.said()
    assert organizer.view.messages == [str(number) for number in range(1, 20, 2)]
    assert dana.view.messages == [str(number) for number in range(0, 20, 2)]
