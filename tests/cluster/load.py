"""Clients that write through nginx while nodes stop and start, and know the expected result."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from openucwa.api.pass_through import pass_through_name
from tests.client import UcwaClient, extensions_of
from tests.cluster.participant import Participant, eventually

#: The outcomes of a change in flight at a node that stops: it is unknown whether it was made. Reads, and changes at
#: other nodes, are not affected.
NODE_GOES = frozenset({502})
#: Outcomes while the store is down, and a moment longer for changes that notify others.
STORE_GOES = frozenset({500, 503})
NONE: frozenset[int] = frozenset()

#: Operations on an extension that has one writer, and their statuses.
ANSWERS = {"POST": 201, "PUT": 200, "DELETE": 204}

#: The content of an extension; None: it does not exist.
Text = str | None


class Client:
    """Does one thing after the other. `trouble`: what it may be answered just now without knowing what became of its
    request; `outcomes`: how often what was answered with what; `told`: how often with what became of it."""

    def __init__(self) -> None:
        self.going = True
        self.trouble = NONE
        self.outcomes: Counter[str] = Counter()
        self.received = 0

    async def go_on(self) -> None:
        while self.going:
            await self.once()
            await asyncio.sleep(0.01)

    async def once(self) -> None:
        raise NotImplementedError

    async def ask(self, client: UcwaClient, method: str, href: str, **options: Any) -> httpx.Response | None:
        """The answer; None: there was trouble."""
        trouble = self.trouble
        try:
            answer = await client.request(method, href, **options)
        except httpx.TransportError as error:
            answer, outcome = None, type(error).__name__
        else:
            outcome = str(answer.status_code)
        self.outcomes[f"{method} {outcome}"] += 1
        trouble |= self.trouble
        if answer is not None and answer.status_code < 500:
            self.received += 1
            return answer
        if method == "GET":
            trouble -= NODE_GOES
        expected = answer.status_code in trouble if answer is not None else trouble
        assert expected, f"{method} {outcome}: {answer and answer.text}"
        await asyncio.sleep(0.1)
        return None


class Writer(Client):
    """Adds, replaces and removes its own extensions. `there`: the known content of each."""

    def __init__(self, name: str, client: UcwaClient, meeting: dict[str, Any]) -> None:
        super().__init__()
        self.name = name
        self.client = client
        self.there: dict[str, str] = {}
        self._href = extensions_of(meeting)
        self._number = 0
        self._chance = random.Random(name)  # noqa: S311  # the same every time

    async def begin(self) -> None:
        await self._change("POST", self._fence, "0")

    async def once(self) -> None:
        place = f"{self.name}.{self._chance.randrange(4)}"
        if place not in self.there:
            await self._change("POST", place, self._text())
        elif self._chance.random() < 0.7:
            await self._change("PUT", place, self._text())
        else:
            await self._change("DELETE", place, None)

    @property
    def _fence(self) -> str:
        return f"{self.name}.fence"

    def _text(self) -> str:
        self._number += 1
        return str(self._number)

    async def _change(self, method: str, place: str, text: Text) -> None:
        answer = await self._ask(method, place, text)
        if answer is None:
            await self._find_out(method, place, text)
            return
        assert answer.status_code == ANSWERS[method], answer.text
        assert text is None or answer.json()["text"] == text
        self._keep(place, text)

    async def _ask(self, method: str, place: str, text: Text) -> httpx.Response | None:
        href, headers = (self._href, {}) if method == "POST" else (f"{self._href}/{place}", {"If-Match": "*"})
        if text is None:
            return await self.ask(self.client, method, href, headers=headers)
        extension = {"id": place, "type": "RoamedParticipantData", "text": text}
        if method == "PUT":
            extension[pass_through_name("onlineMeetingExtension")] = "please pass this in a PUT request"
        return await self.ask(self.client, method, href, headers=headers, json=extension)

    async def _find_out(self, method: str, place: str, text: Text) -> None:
        """Finds out whether an interrupted change was made: as a whole or not at all."""
        # Remains of it in the database end before another change of the meeting can be made.
        while (answer := await self._ask("PUT", self._fence, fence := self._text())) is None:
            pass
        assert answer.status_code == 200, answer.text
        self._keep(self._fence, fence)
        before, found = self.there.get(place), await self._read(place)
        assert found in {before, text}, f"{method} of {before} to {text} left {found}"
        self._keep(place, found)

    async def _read(self, place: str) -> Text:
        while (answer := await self.ask(self.client, "GET", f"{self._href}/{place}")) is None:
            pass
        assert answer.status_code in {200, 404}, answer.text
        return answer.json()["text"] if answer.status_code == 200 else None

    def _keep(self, place: str, text: Text) -> None:
        if text is None:
            self.there.pop(place, None)
        else:
            self.there[place] = text


class Speaker(Client):
    """Sends messages in the meeting. `said`: confirmed ones; `perhaps`: interrupted ones."""

    def __init__(self, person: Participant) -> None:
        super().__init__()
        self.person = person
        self.said: list[str] = []
        self.perhaps: set[str] = set()

    async def once(self) -> None:
        text = f"said.{len(self.said) + len(self.perhaps)}"
        href = f"{self.person.here}/messaging/messages"
        answer = await self.ask(self.person.client, "POST", href, content=text, headers={"Content-Type": "text/plain"})
        if answer is None:
            self.perhaps.add(text)
        else:
            assert answer.status_code == 201, answer.text
            self.said.append(text)


class Reader(Client):
    """Reads the extensions of the writers."""

    def __init__(self, client: UcwaClient, meeting: dict[str, Any]) -> None:
        super().__init__()
        self.client = client
        self._href = extensions_of(meeting)

    async def once(self) -> None:
        answer = await self.ask(self.client, "GET", self._href)
        assert answer is None or answer.status_code == 200, answer.text


@asynccontextmanager
async def under_load(*clients: Client) -> AsyncIterator[None]:
    """Runs the clients within the block; their last requests are completed."""
    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(client.go_on())
        try:
            yield
        finally:
            for client in clients:
                client.going = False


@asynccontextmanager
async def trouble(*clients: Client, answers: frozenset[int] = NODE_GOES) -> AsyncIterator[None]:
    """Allows these outcomes within the block, and only there."""
    for client in clients:
        client.trouble = answers
    yield
    for client in clients:
        client.trouble = NONE


async def all_go_on(*clients: Client) -> None:
    """Returns once each client has had further confirmed responses."""
    before = [client.received for client in clients]

    async def more() -> bool:
        return all(client.received >= count + 10 for client, count in zip(clients, before, strict=True))

    await eventually(more, lambda: [client.outcomes for client in clients])


async def all_meet_trouble(*clients: Client) -> None:
    """Returns once each client has had a request with an unknown outcome."""
    before = [client.outcomes.total() - client.received for client in clients]

    async def met() -> bool:
        now = [client.outcomes.total() - client.received for client in clients]
        return all(count > was for count, was in zip(now, before, strict=True))

    await eventually(met, lambda: [client.outcomes for client in clients])
