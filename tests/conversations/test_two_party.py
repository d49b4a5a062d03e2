"""Conversations of two: startMessaging, the answers to it, messages, and the end."""

from typing import Any

import pytest

from tests.conversations.conftest import Come, Guest
from tests.users import DANA, LENE

Two = tuple[Guest, Guest]


async def available(guest: Guest, *modalities: str) -> Guest:
    """Calls makeMeAvailable."""
    body = {"supportedModalities": list(modalities or ("Messaging",))}
    assert await guest.post(f"{guest.client.app}/communication/makeMeAvailable", json=body) == 204
    await guest.said()
    return guest


async def start(guest: Guest, to: str = DANA, **more: Any) -> str:
    """startMessaging; the invitation's href."""
    communication = await guest.get(f"{guest.client.app}/communication")
    href = communication["_links"]["startMessaging"]["href"]
    answer = await guest.client.post(href, json={"to": to, "operationId": "call", "subject": "Lunch?", **more})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


@pytest.fixture
async def two(come: Come) -> Two:
    """Lene and Dana, who takes messages."""
    return await come("lenea@contoso.com"), await available(await come("danab@contoso.com"))


async def incoming(guest: Guest) -> dict[str, Any]:
    """The next invitation, as its event shows it."""
    for event in await guest.events():
        if event["link"]["rel"] == "messagingInvitation":
            found: dict[str, Any] = event["_embedded"]["messagingInvitation"]
            return found
    raise AssertionError("nobody invited")


async def talk(lene: Guest, dana: Guest, **more: Any) -> None:
    """Starts a conversation of the two."""
    await start(lene, **more)
    links = (await incoming(dana))["_links"]
    assert await dana.post(links["accept"]["href"]) == 204
    await lene.said()
    await dana.said()


async def test_inviter_sees_the_documented_events_in_their_order(two: Two) -> None:
    lene, dana = two
    await start(lene)
    assert await lene.said() == [
        "messagingInvitation started",
        "conversation added",
        "localParticipant added",
        "messaging updated",
    ]
    assert await dana.post((await incoming(dana))["_links"]["accept"]["href"]) == 204
    assert await lene.said() == [
        "conversation updated",
        "participant added",
        "participantMessaging added in localParticipant",
        "participantMessaging added in participant",
        "messaging updated",
        "messagingInvitation completed Success",
    ]


async def test_invited_user_sees_the_documented_events_in_their_order(two: Two) -> None:
    lene, dana = two
    await start(lene)
    events = await dana.events()
    assert [event["link"]["rel"] + " " + event["type"] for event in events] == [
        "messagingInvitation started",
        "conversation added",
        "localParticipant added",
        "participant added",
    ]
    invitation = events[0]["_embedded"]["messagingInvitation"]
    assert await dana.post(invitation["_links"]["accept"]["href"]) == 204
    assert await dana.said() == [
        "conversation updated",
        "participant updated",
        "participantMessaging added in participant",
        "participantMessaging added in localParticipant",
        "messaging updated",
        "messagingInvitation completed Success",
    ]


async def test_messages_go_both_ways(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    for speaker, listener in ((lene, dana), (dana, lene)):
        href = (await speaker.get(f"{speaker.here}/messaging"))["_links"]["sendMessage"]["href"]
        assert await speaker.post(href, content="Hi", headers={"Content-Type": "text/plain"}) == 201
        assert await speaker.said() == ["message completed Success"]
        (event,) = await listener.events()
        message = event["_embedded"]["message"]
        assert message["direction"] == "Incoming"
        assert message["_links"]["plainMessage"]["href"].endswith(",Hi")


async def test_incoming_invitation_embeds_sender_and_message(two: Two) -> None:
    lene, dana = two
    await start(lene, importance="Urgent", _links={"message": {"href": "data:text/plain;charset=utf-8,Hi+Dana"}})
    invitation = await incoming(dana)
    sender = invitation["_embedded"]["from"]
    assert (sender["rel"], sender["uri"], sender["name"]) == ("participant", LENE, "Lene Aaling")
    assert invitation["_embedded"]["message"]["_links"]["plainMessage"]["href"].endswith(",Hi+Dana")
    assert (invitation["direction"], invitation["state"]) == ("Incoming", "Connecting")
    assert (invitation["importance"], invitation["subject"]) == ("Urgent", "Lunch?")
    for rel in ("self", "conversation", "messaging", "from", "to"):
        assert (await dana.client.get(invitation["_links"][rel]["href"])).status_code == 200, rel
    for embedded in ("from", "message"):
        shown = invitation["_embedded"][embedded]
        assert await dana.get(shown["_links"]["self"]["href"]) == shown
    for rel in ("accept", "decline"):
        assert "?" not in invitation["_links"][rel]["href"]
