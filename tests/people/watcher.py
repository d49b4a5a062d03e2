"""Somebody's application that follows people, and says in short what it is told."""

import asyncio
from typing import Any

import httpx

from tests.client import UcwaClient
from tests.world import FakeWorld, committed

Event = dict[str, Any]


class Watcher:
    """An application of `client`'s. `texts`: everything that it was answered. `steps`: the seconds that pass at a time
    while it polls.
    """

    steps = (6, 20)

    def __init__(self, client: UcwaClient, world: FakeWorld) -> None:
        self.client = client
        self.texts: list[str] = []
        self._world = world
        self._next = f"{client.app}/events?ack=1"

    @property
    def people(self) -> str:
        return f"{self.client.app}/people"

    @property
    def me(self) -> str:
        return f"{self.client.app}/me"

    async def post(self, href: str, status: int = 204, **options: Any) -> httpx.Response:
        answer = await self.client.post(href, **options)
        assert answer.status_code == status, answer.text
        self.texts.append(answer.text)
        return answer

    async def get(self, href: str, status: int = 200) -> dict[str, Any]:
        answer = await self.client.get(href)
        assert answer.status_code == status, answer.text
        self.texts.append(answer.text)
        found: dict[str, Any] = answer.json()
        return found

    async def make_available(self, **body: Any) -> None:
        await self.post(f"{self.me}/makeMeAvailable", json=body)

    async def subscribe(self, *uris: str, duration: int = 30) -> dict[str, Any]:
        """The new presenceSubscription."""
        answer = await self.post(
            f"{self.people}/presenceSubscriptions", 201, json={"duration": duration, "uris": list(uris)}
        )
        found: dict[str, Any] = answer.json()
        return found

    async def availability(self, address: str | None = None) -> str:
        """One's own, or that of a contact."""
        href = f"{self.me}/presence" if address is None else f"{self.people}/{address}/presence"
        found: str = (await self.get(href))["availability"]
        return found

    async def sees(self, availability: str, address: str | None = None) -> None:
        """Asks until the sweep has made it so, which happens in another task. AssertionError: it does not."""
        async with asyncio.timeout(60):
            while await self.availability(address) != availability:  # noqa: ASYNC110  # a server is asked
                await asyncio.sleep(0.002)

    async def poll(self) -> list[tuple[str, Event]]:
        """The next set of events, each with the rel of its sender; time passes meanwhile."""
        polling = asyncio.create_task(self.client.get(self._next))
        async with asyncio.timeout(60):
            seconds, rest = self.steps
            while not polling.done():
                await committed()
                await self._world.advance(seconds)
                await asyncio.wait({polling}, timeout=0.02)
                seconds = rest
        answer = await polling
        assert answer.status_code == 200, answer.text
        self.texts.append(answer.text)
        body = answer.json()
        self._next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        return [(sender["rel"], event) for sender in body["sender"] for event in sender["events"]]

    async def event_texts(self) -> list[str]:
        """The next set in short: `presence updated`, `contactPresence updated danab@contoso.com`."""
        return [short(event) for _, event in await self.poll()]


def short(event: Event) -> str:
    """An event in a few words; of a contact with its address."""
    words = [event["link"]["rel"], event["type"]]
    within = event.get("in", {})
    if within.get("rel") == "contact":
        words.append(within["href"].rpartition("/")[2])
    elif within:
        words += [event["link"]["href"].rpartition("/")[2], "in", within["rel"]]
    return " ".join(words)
