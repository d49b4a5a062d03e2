"""Waiting in the lobby: how long, and what is seen from there."""

from dataclasses import replace

import pytest

from openucwa.app import Service
from openucwa.channel import sweeper
from openucwa.config import Config
from tests.client import UcwaClient
from tests.conversations.conftest import Come, Guest
from tests.world import FakeWorld


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, lobby_timeout=400)


async def wait_in_lobby(lene: UcwaClient, come: Come) -> tuple[Guest, Guest]:
    """An organizer in the meeting, and Joe, who waits."""
    meeting = await lene.schedule()
    organizer, joe = await come("lenea@contoso.com", endpoint="room"), await come("Joe", meeting)
    for guest in (organizer, joe):
        await guest.join(meeting)
        await guest.said()
    await organizer.said()
    return organizer, joe


async def test_participant_past_the_lobby_timeout_is_removed_despite_polling(
    service: Service, lene: UcwaClient, come: Come, world: FakeWorld
) -> None:
    end = world.now() + 1000 * service.config.lobby_timeout
    organizer, joe = await wait_in_lobby(lene, come)
    heard: list[str] = []
    while not heard:
        assert world.now() < end + 900_000, "nothing ended the wait"
        heard = await joe.said()
        await organizer.said()
    assert world.now() > end
    assert heard == ["onlineMeetingInvitation completed Failure Timeout", "conversation deleted Timeout"]
    assert organizer.view.lobby == set()


async def test_participant_admitted_in_time_stays(
    service: Service, lene: UcwaClient, come: Come, world: FakeWorld
) -> None:
    organizer, joe = await wait_in_lobby(lene, come)
    uri = (await joe.get(f"{joe.client.app}/me"))["uri"].removeprefix("sip:")
    assert await organizer.post(f"{organizer.here}/participants/{uri}/admit") == 204
    await service.sweeper.end_waits(world.now() + 1000 * service.config.lobby_timeout + 1)
    assert (await joe.get(joe.here))["state"] == "Conferenced"


async def test_all_overdue_participants_are_removed_in_one_sweep(
    service: Service, lene: UcwaClient, come: Come, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "WAITING_AT_A_TIME", 2)
    meeting = await lene.schedule()
    for number in range(5):
        guest = await come(f"Guest {number}", meeting)
        await guest.join(meeting)
    await service.sweeper.end_waits(world.now() + 1000 * service.config.lobby_timeout + 1)
    assert await service.store.conversations.participants("sip:lenea@contoso.com", meeting["onlineMeetingId"]) == []


async def test_all_unanswered_invitations_fail_in_one_sweep(
    service: Service, lene: UcwaClient, come: Come, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "INVITATIONS_AT_A_TIME", 2)
    organizer = await come("lenea@contoso.com", endpoint="room")
    await organizer.join(await lene.schedule())
    await organizer.said()
    for _ in range(5):
        assert await organizer.post(f"{organizer.here}/addParticipant", json={"to": "sip:danab@contoso.com"}) == 201
    await organizer.said()
    await service.sweeper.end_invitations(world.now() + 1000 * service.config.invitation_timeout + 1)
    assert await organizer.said() == ["participantInvitation completed Failure Timeout"] * 5


@pytest.mark.parametrize(
    "part", ["participants/lenea@contoso.com", "participants/lenea@contoso.com/participantMessaging"]
)
async def test_participants_are_not_visible_from_the_lobby(lene: UcwaClient, come: Come, part: str) -> None:
    organizer, joe = await wait_in_lobby(lene, come)
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    there = await joe.client.get(f"{joe.here}/{part}")
    never = await joe.client.get(f"{joe.here}/{part.replace('lenea', 'nobody')}")
    assert (there.status_code, there.content) == (404, never.content)


async def test_own_participant_is_visible_from_the_lobby(lene: UcwaClient, come: Come) -> None:
    _, joe = await wait_in_lobby(lene, come)
    href = (await joe.get(joe.here))["_links"]["localParticipant"]["href"]
    assert (await joe.get(href))["inLobby"] is True


async def test_nothing_of_a_conversation_is_reachable_from_the_lobby(
    service: Service, lene: UcwaClient, come: Come
) -> None:
    meeting = await lene.schedule(accessLevel="Locked")
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    own = f"{lene.meetings}/{meeting['onlineMeetingId']}/onlineMeetingExtensions"
    assert (await lene.post(own, json={"id": "agenda", "type": "RoamedParticipantData"})).status_code == 201
    assert await organizer.post(f"{organizer.here}/messaging/addMessaging", json={}) == 201
    headers = {"Content-Type": "text/plain"}
    said = await organizer.client.post(f"{organizer.here}/messaging/messages", content="Hello", headers=headers)
    names = {
        "{address}": "lenea@contoso.com",
        "{extension_id}": "agenda",
        "{message}": said.headers["Location"].rpartition("/")[2],
    }
    reached = set()
    tried = 0
    for template, resource in service.routes:
        _, conversation, part = template.partition("/conversations/{conversation}")
        if not conversation:
            continue
        href = part
        for name, value in names.items():
            href = href.replace(name, value)
        for method in resource.responders.keys() - {"DELETE"}:
            tried += 1
            answer = await dana.client.request(method, f"{dana.here}{href}", json={"to": "sip:danab@contoso.com"})
            assert answer.status_code in {200, 404}, f"{method} {href}: {answer.text}"
            if answer.status_code == 200:
                reached.add((part, method))
    assert tried > 25
    assert reached == {("", "GET")}
    assert (await dana.get(dana.here))["participantCount"] == 0
