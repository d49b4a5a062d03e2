"""Inviting users of this server into a meeting."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import DANA, Connect, Make
from tests.room.conftest import Come, Guest
from tests.world import FakeWorld

Ask = tuple[Guest, Guest, dict[str, Any]]


@pytest.fixture
async def ask(lene: UcwaClient, come: Come) -> Ask:
    """An organizer in a meeting who has asked Dana in; Dana; and what Dana was told of it."""
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    assert await dana.post(f"{dana.client.app}/me/makeMeAvailable", json={"supportedModalities": ["Messaging"]}) == 204
    await dana.said()
    await organizer.join(await lene.schedule(subject="Come over"))
    await organizer.said()
    body = {"to": DANA, "operationId": "ask"}
    assert await organizer.post(f"{organizer.here}/addParticipant", json=body) == 201
    (event,) = await dana.events()
    return organizer, dana, event


async def test_the_invited_is_told_who_asks_and_what_for(ask: Ask) -> None:
    _, _, event = ask
    invitation = event["_embedded"]["onlineMeetingInvitation"]
    told = (event["type"], invitation["direction"], invitation["state"], invitation["subject"])
    assert told == ("started", "Incoming", "Connecting", "Come over")
    assert invitation["_links"]["from"]["title"] == "Lene Aaling"
    assert {"accept", "decline"} <= invitation["_links"].keys()


async def test_the_one_who_asks_has_an_operation_under_way(ask: Ask) -> None:
    organizer, _, _ = ask
    (event,) = await organizer.events()
    invitation = event["_embedded"]["participantInvitation"]
    assert (event["type"], invitation["state"], invitation["operationId"]) == ("started", "Connecting", "ask")


async def test_accepting_brings_the_invited_in(ask: Ask) -> None:
    organizer, dana, event = ask
    await organizer.said()
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await dana.post(links["accept"]["href"]) == 204
    told = await dana.said()
    assert (told[0], told[-1]) == ("conversation added", "onlineMeetingInvitation completed Success")
    assert set(await organizer.said()) == {
        "participant added",
        "participant added in attendees",
        "participantInvitation completed Success",
    }


async def test_declining_is_told_to_the_one_who_asked(ask: Ask) -> None:
    organizer, dana, event = ask
    await organizer.said()
    href = event["_embedded"]["onlineMeetingInvitation"]["_links"]["decline"]["href"]
    assert await dana.post(href, json={"reason": "Local"}) == 204
    assert await organizer.said() == ["participantInvitation completed Failure Declined"]
    assert await dana.said() == ["onlineMeetingInvitation completed Failure Declined"]


async def test_an_answer_is_given_once(ask: Ask) -> None:
    _, dana, event = ask
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await dana.post(links["decline"]["href"]) == 204
    assert await dana.post(links["decline"]["href"]) == 409
    assert await dana.post(links["accept"]["href"]) == 409


async def test_an_invitation_that_nobody_answers_fails(ask: Ask, service: Service, world: FakeWorld) -> None:
    organizer, dana, _ = ask
    await organizer.said()
    await world.advance(31)
    await service.sweeper.sweep_applications()
    assert await organizer.said() == ["participantInvitation completed Failure Timeout"]
    assert await dana.said() == ["onlineMeetingInvitation completed Failure Timeout"]


async def test_an_invitation_can_be_taken_back(ask: Ask) -> None:
    organizer, dana, _ = ask
    (event,) = await organizer.events()
    href = event["_embedded"]["participantInvitation"]["_links"]["cancel"]["href"]
    assert await organizer.post(href) == 204
    assert await dana.said() == ["onlineMeetingInvitation completed Failure Canceled"]


async def test_one_of_several_applications_answers_for_all(ask: Ask, come: Come) -> None:
    organizer, dana, _ = ask
    desk = await come("danab@contoso.com", endpoint="desk")
    assert await desk.post(f"{desk.client.app}/me/makeMeAvailable", json={}) == 204
    await desk.said()
    assert await organizer.post(f"{organizer.here}/addParticipant", json={"to": DANA}) == 201
    (event,) = await desk.events()
    await dana.said()
    href = event["_embedded"]["onlineMeetingInvitation"]["_links"]["accept"]["href"]
    assert await desk.post(href) == 204
    assert await dana.said() == ["onlineMeetingInvitation completed Failure"]


async def test_who_is_no_user_here_can_not_be_asked(lene: UcwaClient, come: Come) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    await organizer.join(await lene.schedule())
    await organizer.said()
    answer = await organizer.client.post(f"{organizer.here}/addParticipant", json={"to": "sip:who@example.com"})
    assert (answer.status_code, answer.json()["subcode"]) == (404, "DestinationNotFound")


async def test_accepting_into_a_full_meeting_fails_on_both_sides(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    service = await make_service(meeting_size=1)
    guests = []
    for address in ("lenea@contoso.com", "danab@contoso.com"):
        client = connect(service)
        await client.sign_in(address)
        guests.append(Guest(address, client, await client.open(), world))
    organizer, dana = guests
    assert await dana.post(f"{dana.client.app}/me/makeMeAvailable", json={}) == 204
    await dana.said()
    await organizer.join(await organizer.client.schedule())
    await organizer.said()
    assert await organizer.post(f"{organizer.here}/addParticipant", json={"to": DANA}) == 201
    await organizer.said()
    (event,) = await dana.events()
    assert await dana.post(event["_embedded"]["onlineMeetingInvitation"]["_links"]["accept"]["href"]) == 204
    assert await dana.said() == ["onlineMeetingInvitation completed Failure TooManyParticipants"]
    assert await organizer.said() == ["participantInvitation completed Failure TooManyParticipants"]


async def test_anonymous_participants_invite_nobody_and_so_learn_of_no_user(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    joe = await come("Joe", meeting)
    await joe.join(meeting)
    await joe.said()
    assert "addParticipant" not in (await joe.get(joe.here))["_links"]
    assert await joe.post(f"{joe.here}/addParticipant", json={"to": DANA}) == 403
