"""Requests that are sent again: with the operationId of the first, or when the invitation is over."""

import asyncio
from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conversations.conftest import Come, Guest, Two, available, incoming, start, talk
from tests.users import ALEX, DANA


async def counted(guest: Guest) -> int:
    """The pending invitations of the application."""
    links = (await guest.get(f"{guest.client.app}/communication/invitations"))["_links"]
    return sum(len(links[rel]) for rel in links if rel != "self")


async def test_repeated_operation_id_starts_no_second_invitation(two: Two) -> None:
    lene, dana = two
    first = await start(lene)
    assert await start(lene) == first
    assert (await counted(lene), await counted(dana)) == (1, 1)
    assert (await lene.said()).count("messagingInvitation started") == 1


async def test_two_requests_at_once_with_one_operation_id_start_one_invitation(two: Two) -> None:
    lene, dana = two
    assert len(set(await asyncio.gather(*(start(lene) for _ in range(5))))) == 1
    assert (await counted(lene), await counted(dana)) == (1, 1)


async def test_operation_id_is_valid_until_the_conversation_ends(two: Two) -> None:
    lene, dana = two
    await talk(lene, dana)
    (invitation,) = {event["href"] for event in [{"href": await start(lene)}]}
    assert (await lene.get(invitation))["state"] == "Connected"
    assert await counted(dana) == 0
    assert (await lene.client.delete(lene.here)).status_code == 204
    again = await start(lene)
    assert again != invitation
    assert (await counted(lene), await counted(dana)) == (1, 1)


async def test_invitation_that_failed_may_be_repeated(two: Two) -> None:
    lene, dana = two
    first = await start(lene)
    assert await dana.post((await incoming(dana))["_links"]["decline"]["href"]) == 204
    assert await start(lene) != first


@pytest.mark.parametrize("more", [{"operationId": "other"}, {"operationId": None}, {"to": ALEX}])
async def test_another_operation_or_target_is_another_invitation(
    two: Two, service: Service, more: dict[str, Any]
) -> None:
    lene, _ = two
    await add_user(service, ALEX)
    first = await start(lene)
    assert await start(lene, **more) != first


async def test_other_application_has_operation_ids_of_its_own(two: Two, come: Come) -> None:
    lene, dana = two
    desk = await come("lenea@contoso.com", endpoint="desk")
    assert await start(lene) != await start(desk)
    assert await counted(dana) == 2


async def test_repeated_add_participant_asks_once(lene: UcwaClient, come: Come) -> None:
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await available(await come("danab@contoso.com"))
    await organizer.join(await lene.schedule())
    await organizer.said()
    body = {"to": DANA, "operationId": "ask"}
    href = f"{organizer.here}/addParticipant"
    first, second = [(await organizer.client.post(href, json=body)).headers["Location"] for _ in range(2)]
    assert first == second
    assert await counted(dana) == 1


async def test_repeated_start_of_a_meeting_creates_one(lene: UcwaClient, come: Come) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    body = {"subject": "Now", "operationId": "begin"}
    for rel in ("startOnlineMeeting", "joinOnlineMeeting"):
        href = f"{organizer.client.app}/communication/{rel}"
        answers = [await organizer.client.post(href, json={**body, "operationId": rel}) for _ in range(2)]
        assert len({answer.headers["Location"] for answer in answers}) == 1
    meetings = (await organizer.get(f"{organizer.client.app}/onlineMeetings/myOnlineMeetings"))["_embedded"]
    assert len(meetings["myOnlineMeeting"]) == 2


@pytest.mark.parametrize("body", [{"operationId": "begin"}, {"operationId": "begin", "subject": "Now"}])
async def test_two_starts_at_once_create_one_meeting(
    lene: UcwaClient, come: Come, service: Service, body: dict[str, str]
) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    href = f"{organizer.client.app}/communication/startOnlineMeeting"
    answers = await asyncio.gather(*(organizer.client.post(href, json=body) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({answer.headers["Location"] for answer in answers}) == 1
    meetings = (await organizer.get(f"{organizer.client.app}/onlineMeetings/myOnlineMeetings"))["_embedded"]
    assert len(meetings["myOnlineMeeting"]) == 1


@pytest.mark.parametrize("rel", ["accept", "decline"])
async def test_second_answer_conflicts_whenever_it_comes(two: Two, rel: str) -> None:
    lene, dana = two
    await start(lene)
    href = (await incoming(dana))["_links"][rel]["href"]
    assert sorted(await asyncio.gather(*(dana.post(href) for _ in range(3)))) == [204, 409, 409]
    assert await dana.post(href) == 409


async def test_second_cancellation_conflicts_whenever_it_comes(two: Two) -> None:
    lene, dana = two
    href = f"{await start(lene)}/cancel"
    assert sorted(await asyncio.gather(*(lene.post(href) for _ in range(3)))) == [204, 409, 409]
    assert await lene.post(href) == 409
    await dana.said()


async def test_offered_conversation_is_declined_once(two: Two) -> None:
    lene, dana = two
    await start(lene)
    href = (await incoming(dana))["_links"]["conversation"]["href"]
    answers = await asyncio.gather(*(dana.client.delete(href) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [204, 404, 404]
