"""A meeting of Lene's, and people who come into it; conversations of two."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect
from tests.conversations.event_client import EventClient
from tests.users import DANA
from tests.world import FakeWorld

Come = Callable[..., Awaitable["Guest"]]
Two: TypeAlias = tuple["Guest", "Guest"]

ERIK = "sip:erik@contoso.com"
PLAIN = {"Content-Type": "text/plain"}


class Guest(EventClient):
    """Somebody in a meeting, or on the way there, with short words for what tests do."""

    async def join(self, meeting: dict[str, Any], **more: str) -> str:
        """Joins; the invitation's href."""
        body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": self.name, **more}
        answer = await self.client.post(f"{self.client.app}/communication/joinOnlineMeeting", json=body)
        assert answer.status_code == 201, answer.text
        return answer.headers["Location"]

    async def events(self) -> list[dict[str, Any]]:
        """All events of the next set."""
        answer = await self.poll()
        body = answer.json()
        self.next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        found = [event for sender in body["sender"] for event in sender["events"]]
        for event in found:
            self.take(event)
        return found

    async def said(self) -> list[str]:
        """The events of the next set, in short: `participant added in lobby`, `conversation deleted Ended`."""
        return [short(event) for event in await self.events()]

    @property
    def here(self) -> str:
        """The href of the conversation."""
        assert self.conversation is not None
        return self.conversation

    async def get(self, href: str) -> dict[str, Any]:
        answer = await self.client.get(href)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def post(self, href: str, **options: Any) -> int:
        return (await self.client.post(href, **options)).status_code


def short(event: dict[str, Any]) -> str:
    """An event in a few words."""
    words = [event["link"]["rel"], event["type"]]
    if "in" in event:
        words += ["in", event["in"]["rel"]]
    words += [event[name] for name in ("status",) if name in event]
    if "reason" in event:
        words.append(event["reason"]["subcode"])
    return " ".join(words)


@pytest.fixture
def come(service: Service, connect: Connect, world: FakeWorld) -> Come:
    """Somebody with an application: a user by address, or an anonymous one who knows `meeting`."""

    async def come(name: str, meeting: dict[str, Any] | None = None, endpoint: str = "endpoint") -> Guest:
        client: UcwaClient = connect(service)
        if meeting is None:
            await client.sign_in(name)
        else:
            await client.sign_in_to_meeting(meeting)
        return Guest(name, client, await client.open(endpoint), world)

    return come


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
