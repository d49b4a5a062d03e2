"""A participant who polls all the time, even if nodes stop."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from tests.client import UcwaClient
from tests.cluster.cluster import LIMIT
from tests.conversations.event_client import EventClient
from tests.world import FakeWorld

PLAIN = {"Content-Type": "text/plain"}

#: Statuses of a poll while a node, the store or the bus is down: it is repeated.
#: 409: the node that has the connection was too slow to notice that the one before had broken.
TRIED_AGAIN = {409, 502, 503}


class Participant(EventClient):
    """Collects the answers to its polls. `shares`: what an extension named `shared`
    said, each time that it was told of."""

    def __init__(self, name: str, client: UcwaClient, application: dict[str, Any]) -> None:
        super().__init__(name, client, application, FakeWorld())
        self.shares: list[int] = []
        self.tried_again: list[int | str] = []

    async def poll(self, href: str | None = None) -> httpx.Response:
        """Repeats the poll until it is answered."""
        end = time.monotonic() + 4 * LIMIT
        while True:
            try:
                answer = await self.client.http.get(
                    href or self.next,
                    headers={"Accept": "application/json", "Authorization": f"Bearer {self.client.token}"},
                    timeout=4 * LIMIT,
                )
            except httpx.TransportError as error:
                self.tried_again.append(type(error).__name__)
            else:
                if answer.status_code == 200:
                    return answer
                assert answer.status_code in TRIED_AGAIN, answer.text
                self.tried_again.append(answer.status_code)
            assert time.monotonic() < end, self.tried_again
            await asyncio.sleep(0.1)

    def take(self, event: dict[str, Any]) -> None:
        super().take(event)
        shared = self.view.extensions.get("shared")
        if event["link"]["rel"] == "onlineMeeting" and shared:
            self.shares.append(int(shared))

    async def come(self, meeting: dict[str, Any]) -> None:
        """Joins the meeting, and connects its messaging."""
        uri = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
        await self._post(f"{self.client.app}/communication/joinOnlineMeeting", uri)
        while self.view.stage != "room":
            await self.hear()
        await self._post(f"{self.here}/messaging/addMessaging", {"operationId": "m"})

    @property
    def here(self) -> str:
        assert self.conversation is not None
        return self.conversation

    async def say(self, text: str, client: UcwaClient | None = None) -> httpx.Response:
        """Sends a message, by another way if `client` is one."""
        href = f"{self.here}/messaging/messages"
        return await (client or self.client).post(href, content=text, headers=PLAIN, params={"operationId": text})

    async def _post(self, href: str, body: dict[str, str]) -> None:
        answer = await self.client.post(href, json=body)
        assert answer.status_code == 201, answer.text


@asynccontextmanager
async def listening(*participants: Participant) -> AsyncIterator[None]:
    """Polls within the block, one poll after the other."""

    async def listen(participant: Participant) -> None:
        while True:
            await participant.hear()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(listen(participant)) for participant in participants]
        yield
        for task in tasks:
            task.cancel()


async def eventually(look: Callable[[], Awaitable[object]], what: Callable[[], object] = lambda: "") -> None:
    """Returns once `look()` is true. AssertionError, with `what`: it is not, for too long."""
    end = time.monotonic() + LIMIT
    while not await look():
        assert time.monotonic() < end, what()
        await asyncio.sleep(0.05)


async def until_heard(texts: set[str], *participants: Participant) -> None:
    """Returns once each participant has received all these messages."""

    async def heard() -> bool:
        return all(texts <= set(participant.view.messages) for participant in participants)

    await eventually(heard, lambda: [sorted(texts - set(each.view.messages)) for each in participants])
