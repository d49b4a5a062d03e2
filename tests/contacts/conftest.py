"""Users, their applications, and what they are told of contacts and groups."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conftest import Connect
from tests.conversations.event_client import EventClient
from tests.users import ALEX
from tests.world import FakeWorld

Come = Callable[..., Awaitable["Application"]]

#: What a directory knows of Alex.
DETAILS: dict[str, Any] = {
    "email": "alex@mail.example",
    "title": "Engineer",
    "department": "Research",
    "company": "Contoso",
    "office": "2/14",
    "work_phone": "tel:+4570555501",
    "mobile_phone": "tel:+4570555502",
    "home_phone": "tel:+4570555503",
    "other_phone": "tel:+4570555504",
}


class Application(EventClient):
    """One of a user's applications, with short words for what tests do."""

    @property
    def people(self) -> str:
        return f"{self.client.app}/people"

    async def get(self, href: str) -> dict[str, Any]:
        answer = await self.client.get(href)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def add(self, uri: str, group_id: str = "defaultGroup") -> dict[str, Any]:
        """Adds a contact to a group; the membership."""
        body = {"contactUri": uri, "groupId": group_id}
        answer = await self.client.post(f"{self.people}/groupMemberships", json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def make_group(self, name: str) -> dict[str, Any]:
        answer = await self.client.post(f"{self.people}/groups", json={"displayName": name})
        assert answer.status_code == 204, answer.text
        return await self.get(answer.headers["Location"])

    async def set_level(self, address: str, level: str) -> None:
        """Sets a privacy relationship."""
        relationship = await self.get(f"{self.people}/{address}/privacyRelationship")
        answer = await self.client.replace(relationship, relationshipLevel=level)
        assert answer.status_code == 200, answer.text

    async def subscribe(self, duration: int = 10) -> dict[str, Any]:
        href = f"{self.people}/contactsAndGroupsSubscription/startOrRefreshSubscriptionToContactsAndGroups"
        answer = await self.client.post(href, json={"duration": duration})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def listen(self) -> None:
        """Subscribes, and takes in the event that says so."""
        await self.subscribe()
        assert await self.event_texts() == ["myContactsAndGroupsSubscription updated"]

    async def events(self) -> list[dict[str, Any]]:
        """All events of the next set."""
        body = (await self.poll()).json()
        self.next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        assert {sender["rel"] for sender in body["sender"]} <= {"people"}
        assert {sender["href"] for sender in body["sender"]} <= {self.people}
        return [event for sender in body["sender"] for event in sender["events"]]

    async def event_texts(self) -> list[str]:
        """The events of the next set, in short: `contact added alexd@contoso.com in myContacts`."""
        return [short(event) for event in await self.events()]


def short(event: dict[str, Any]) -> str:
    """An event in a few words."""
    link, within = event["link"], event.get("in")
    words = [link["rel"], event["type"]]
    if link["rel"] == "contact":
        words.append(link["href"].rpartition("/")[2])
    if link["rel"] == "contactPrivacyRelationship":
        words.append(link["href"].split("/")[-2])
    if within is not None:
        words += ["in", within["rel"]]
    return " ".join(words)


@pytest.fixture
def come(service: Service, connect: Connect, world: FakeWorld) -> Come:
    """Opens an application of a user."""

    async def come(name: str = "lenea@contoso.com", endpoint: str = "endpoint") -> Application:
        client: UcwaClient = connect(service)
        await client.sign_in(name)
        return Application(name, client, await client.open(endpoint), world)

    return come


@pytest.fixture
async def alex(service: Service) -> str:
    """The URI of Alex, of whom a directory knows everything."""
    await add_user(service, ALEX, "Alex Doe", **DETAILS)
    return ALEX


@pytest.fixture
async def lene_here(come: Come) -> Application:
    """Lene's application."""
    return await come()
