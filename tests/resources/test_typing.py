"""Who is said to type, and until when (UCWA: setIsTyping; typingParticipants)."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Make
from tests.world import FakeWorld, until

#: Seconds that somebody is said to type.
PATIENCE = 10


@dataclass
class Participant:
    """Somebody in a meeting, with messaging."""

    client: UcwaClient
    conversation: str

    async def types(self) -> None:
        answer = await self.client.post(f"{self.conversation}/messaging/typing")
        assert answer.status_code == 204, answer.text

    async def says(self, text: str) -> None:
        answer = await self.client.post(
            f"{self.conversation}/messaging/messages", content=text, headers={"Content-Type": "text/plain"}
        )
        assert answer.status_code == 201, answer.text

    async def sees_typing(self) -> list[str]:
        answer = await self.client.get(f"{self.conversation}/messaging/typingParticipants")
        assert answer.status_code == 200, answer.text
        return [link["title"] for link in answer.json()["_links"].get("participant", [])]

    async def sees_in_the_end(self, names: list[str]) -> None:
        """What time has brought about is written by a thread, so it may take a moment."""
        end = time.monotonic() + 60
        while (seen := await self.sees_typing()) != names:
            assert time.monotonic() < end, f"{seen} are said to type"
            await asyncio.sleep(0.001)


async def come_in(client: UcwaClient, meeting_uri: str) -> Participant:
    communication = f"{client.app}/communication"
    answer = await client.post(f"{communication}/joinOnlineMeeting", json={"onlineMeetingUri": meeting_uri})
    assert answer.status_code == 201, answer.text
    links = (await client.get(f"{communication}/conversations")).json()["_links"]
    conversation = links["conversation"][0]["href"]
    answer = await client.post(f"{conversation}/messaging/addMessaging", json={})
    assert answer.status_code == 201, answer.text
    return Participant(client, conversation)


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service(typing_timeout=PATIENCE)


@pytest.fixture
async def pair(lene: UcwaClient, dana: UcwaClient) -> tuple[Participant, Participant]:
    """Lene and Dana, in one meeting."""
    uri = (await lene.schedule())["onlineMeetingUri"]
    return await come_in(lene, uri), await come_in(dana, uri)


async def test_typing_ends_after_the_timeout(
    pair: tuple[Participant, Participant], world: FakeWorld, service: Service
) -> None:
    lene, dana = pair
    await dana.types()
    await world.advance(PATIENCE - 0.1)
    assert await lene.sees_typing() == ["Dana Birkby"]
    await world.advance(0.2)
    await lene.sees_in_the_end([])
    assert service.typing_timeouts.count == 0


async def test_renewed_typing_continues(pair: tuple[Participant, Participant], world: FakeWorld) -> None:
    lene, dana = pair
    for _ in range(3):
        await dana.types()
        await world.advance(PATIENCE - 1)
    assert await lene.sees_typing() == ["Dana Birkby"]
    await world.advance(1.1)
    await lene.sees_in_the_end([])


async def test_others_are_notified_of_the_end_of_typing(
    pair: tuple[Participant, Participant], world: FakeWorld
) -> None:
    lene, dana = pair
    application = (await lene.client.get(lene.client.app)).json()
    following = (await lene.client.get(application["_links"]["events"]["href"])).json()["_links"]["next"]["href"]
    shown = []
    for change in (dana.types(), world.advance(PATIENCE + 0.1)):
        await change
        answer = (await lene.client.get(following)).json()
        following = answer["_links"]["next"]["href"]
        shown += [(event["type"], event["in"]["rel"]) for event in answer["sender"][0]["events"]]
    assert shown == [("added", "typingParticipants"), ("deleted", "typingParticipants")]


async def test_typing_after_a_message_starts_again_and_times_out(
    pair: tuple[Participant, Participant], world: FakeWorld
) -> None:
    lene, dana = pair
    await dana.types()
    await world.advance(6)
    await dana.says("Good morning")
    assert await lene.sees_typing() == []
    await dana.types()
    await world.advance(6)
    assert await lene.sees_typing() == ["Dana Birkby"]
    await world.advance(4.1)
    await lene.sees_in_the_end([])


async def test_leaving_while_typing_leaves_nothing_behind(
    pair: tuple[Participant, Participant], world: FakeWorld, service: Service
) -> None:
    lene, dana = pair
    await dana.types()
    assert (await dana.client.delete(dana.conversation)).status_code == 204
    assert await lene.sees_typing() == []
    await world.advance(PATIENCE + 0.1)
    await until(lambda: service.typing_timeouts.count == 0)


async def test_typing_ends_when_the_server_stops(pair: tuple[Participant, Participant], service: Service) -> None:
    lene, dana = pair
    await dana.types()
    await lene.types()
    await service.typing_timeouts.stop()
    assert await lene.sees_typing() == []
