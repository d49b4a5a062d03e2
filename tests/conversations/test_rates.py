"""How often and how much: what one may send to others, and how soon again (429, 413)."""

from typing import Any

import pytest

from openucwa.app import Service
from openucwa.config import Config
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.conversations.conftest import Guest
from tests.resources.messages import assert_refused
from tests.users import DANA
from tests.world import FakeWorld

PLAIN = {"Content-Type": "text/plain"}


class TwoInAMeeting:
    """Lene and Dana in a meeting of a server with other settings, with messaging."""

    def __init__(self, service: Service, lene: Guest, dana: Guest) -> None:
        self.service = service
        self.lene = lene
        self.dana = dana

    async def say(self, guest: Guest, text: bytes = b"Hello") -> Any:
        return await guest.client.post(f"{guest.here}/messaging/messages", content=text, headers=PLAIN)


@pytest.fixture
def enter(make_service: Make, connect: Connect, world: FakeWorld) -> Any:
    """Makes a room. What it takes to get there counts as well: joining, and connecting messaging."""

    async def enter(**settings: Any) -> TwoInAMeeting:
        service = await make_service(**settings)
        guests = []
        for address in ("lenea@contoso.com", "danab@contoso.com"):
            client = connect(service)
            await client.sign_in(address)
            guests.append(Guest(address, client, await client.open(), world))
        meeting = await guests[0].client.schedule()
        for guest in guests:
            await guest.join(meeting)
            await guest.said()
            assert await guest.post(f"{guest.here}/messaging/addMessaging", json={}) == 201
            await guest.said()
        return TwoInAMeeting(service, *guests)

    return enter


async def test_messages_beyond_the_rate_are_refused_for_a_while(enter: Any, world: FakeWorld) -> None:
    room = await enter(participant_rate=0.5, participant_burst=5)
    answers = [await room.say(room.dana) for _ in range(8)]
    statuses = [answer.status_code for answer in answers]
    assert statuses == sorted(statuses)
    assert {201, 429} == set(statuses)
    refused = answers[-1]
    assert_refused(refused, 429, "TooManyRequests")
    assert (await room.say(room.lene)).status_code == 201, "everybody has a rate of his own"
    await world.advance(int(refused.headers["Retry-After"]))
    assert (await room.say(room.dana)).status_code == 201


@pytest.mark.parametrize("acts", [
    ["messaging/typing"], ["messaging/terminate", "messaging/addMessaging"],
    ["participants/danab@contoso.com/promote", "participants/danab@contoso.com/demote"],
])  # fmt: skip
async def test_every_action_that_notifies_others_counts(enter: Any, acts: list[str]) -> None:
    room = await enter(participant_rate=0.001, participant_burst=6)
    statuses = [
        (await room.lene.client.post(f"{room.lene.here}/{acts[number % len(acts)]}", json={})).status_code
        for number in range(8)
    ]
    assert statuses[-1] == 429


async def test_joining_and_leaving_count(enter: Any) -> None:
    room = await enter(participant_rate=0.001, participant_burst=6)
    meeting = await room.dana.get(f"{room.dana.here}/onlineMeeting")
    statuses = []
    for _ in range(6):
        links = (await room.dana.get(f"{room.dana.client.app}/communication/conversations"))["_links"]
        for link in links.get("conversation", []):
            assert (await room.dana.client.delete(link["href"])).status_code == 204
        body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
        answer = await room.dana.client.post(f"{room.dana.client.app}/communication/joinOnlineMeeting", json=body)
        statuses.append(answer.status_code)
    assert (statuses[0], statuses[-1]) == (201, 429)


async def test_invitations_from_one_user_to_another_are_limited(enter: Any, world: FakeWorld) -> None:
    room = await enter(invitation_rate=0.1, invitation_burst=2)
    href = f"{room.lene.here}/addParticipant"
    answers = [await room.lene.client.post(href, json={"to": DANA}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) <= 10
    assert (await room.lene.client.post(href, json={"to": "sip:lenea@contoso.com"})).status_code == 201
    await world.advance(10)
    assert (await room.lene.client.post(href, json={"to": DANA})).status_code == 201


async def test_opening_applications_is_limited(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(application_rate=1.0, application_burst=3)
    lene, dana = connect(service), connect(service)
    await lene.sign_in("lenea@contoso.com")
    body = {"culture": "en-us", "userAgent": "tests"}
    answers = [await lene.post("/ucwa/v1/applications", json=body | {"endpointId": str(n)}) for n in range(5)]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 429, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    await dana.sign_in("danab@contoso.com")
    assert (await dana.open())["id"]
    await world.advance(1)
    assert (await lene.post("/ucwa/v1/applications", json=body | {"endpointId": "5"})).status_code == 201


async def test_largest_message_is_sent_and_one_byte_more_is_refused(enter: Any) -> None:
    room = await enter()
    most = Config().max_message_bytes
    assert (await room.say(room.dana, b"x" * most)).status_code == 201
    assert (await room.say(room.dana, "é".encode() * (most // 2))).status_code == 201
    assert_refused(await room.say(room.dana, b"x" * (most + 1)), 413, "EntityTooLarge")
    assert_refused(await room.say(room.dana, "é".encode() * (most // 2 + 1)), 413, "EntityTooLarge")


async def test_first_message_is_bounded_as_well(enter: Any, lene: UcwaClient) -> None:
    room = await enter(max_message_bytes=100)
    assert await room.dana.post(f"{room.dana.here}/messaging/terminate") == 204
    href = f"{room.dana.here}/messaging/addMessaging"
    for data in ("," + "x" * 101, "," + "%41" * 101, "," + "x" * 10_000):
        body = {"_links": {"message": {"href": f"data:text/plain{data}"}}}
        assert_refused(await room.dana.client.post(href, json=body), 413, "EntityTooLarge")
    body = {"_links": {"message": {"href": "data:text/plain," + "%41" * 100}}}
    assert (await room.dana.client.post(href, json=body)).status_code == 201
