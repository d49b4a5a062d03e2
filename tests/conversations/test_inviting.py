"""Inviting users of this server into a meeting."""

from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient, add_user
from tests.conftest import Connect, Make
from tests.conversations.conftest import Come, Guest
from tests.users import DANA, LENE
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


async def test_invited_user_is_notified_of_inviter_and_meeting(ask: Ask) -> None:
    _, _, event = ask
    invitation = event["_embedded"]["onlineMeetingInvitation"]
    shown = (event["type"], invitation["direction"], invitation["state"], invitation["subject"])
    assert shown == ("started", "Incoming", "Connecting", "Come over")
    assert invitation["_links"]["from"]["title"] == "Lene Aaling"
    assert {"accept", "decline"} <= invitation["_links"].keys()


async def test_inviter_gets_a_pending_operation(ask: Ask) -> None:
    organizer, _, _ = ask
    (event,) = await organizer.events()
    invitation = event["_embedded"]["participantInvitation"]
    assert (event["type"], invitation["state"], invitation["operationId"]) == ("started", "Connecting", "ask")


async def test_incoming_invitation_shows_its_sender_and_the_offered_conversation(ask: Ask) -> None:
    _, dana, event = ask
    invitation = event["_embedded"]["onlineMeetingInvitation"]
    sender = invitation["_embedded"]["from"]
    assert (sender["rel"], sender["name"], sender["uri"]) == ("participant", "Lene Aaling", LENE)
    assert (sender["organizer"], sender["role"]) == (True, "Leader")
    assert sender["_links"]["self"]["href"] == invitation["_links"]["from"]["href"]
    offered = await dana.get(invitation["_links"]["conversation"]["href"])
    assert (offered["rel"], offered["state"], offered["subject"]) == ("conversation", "Incoming", "Come over")
    assert await dana.get(sender["_links"]["self"]["href"]) == sender
    assert (await dana.get(sender["_links"]["contact"]["href"]))["name"] == "Lene Aaling"


async def test_accepting_starts_the_offered_conversation(ask: Ask) -> None:
    _, dana, event = ask
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await dana.post(links["accept"]["href"]) == 204
    await dana.said()
    assert dana.here == links["conversation"]["href"]
    assert (await dana.get(dana.here))["state"] == "Conferenced"


async def test_deleting_the_offered_conversation_declines(ask: Ask) -> None:
    organizer, dana, event = ask
    await organizer.said()
    href = event["_embedded"]["onlineMeetingInvitation"]["_links"]["conversation"]["href"]
    assert (await dana.client.delete(href)).status_code == 204
    assert await organizer.said() == ["participantInvitation completed Failure Declined"]
    assert (await dana.client.get(href)).status_code == 404


async def test_only_the_inviter_is_visible_in_an_offered_conversation(ask: Ask) -> None:
    _, dana, event = ask
    href = event["_embedded"]["onlineMeetingInvitation"]["_links"]["conversation"]["href"]
    parts = ["participants/danab@contoso.com", "participants", "messaging", "onlineMeeting", "leaders"]
    assert {(await dana.client.get(f"{href}/{part}")).status_code for part in parts} == {404}


async def invite_dana(organizer: Guest, dana: Guest) -> dict[str, Any]:
    """The links of the invitation that Dana gets."""
    assert await organizer.post(f"{organizer.here}/addParticipant", json={"to": DANA}) == 201
    (event,) = await dana.events()
    links: dict[str, Any] = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    return links


@pytest.mark.parametrize("way", ["accept", "join"])
@pytest.mark.parametrize(("access_level", "stage"), [("Invited", "room"), ("Locked", "lobby")])
async def test_user_invited_by_a_leader_is_admitted_like_listed_attendees(
    lene: UcwaClient, come: Come, access_level: str, stage: str, way: str
) -> None:
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    assert await dana.post(f"{dana.client.app}/me/makeMeAvailable", json={}) == 204
    await dana.said()
    meeting = await lene.schedule(accessLevel=access_level)
    await organizer.join(meeting)
    await organizer.said()
    links = await invite_dana(organizer, dana)
    if way == "accept":
        assert await dana.post(links["accept"]["href"]) == 204
    else:
        await dana.join(meeting)
    await dana.said()
    assert dana.view.stage == stage


async def test_user_invited_by_an_attendee_waits_in_the_lobby(service: Service, lene: UcwaClient, come: Come) -> None:
    await add_user(service, "sip:alexd@contoso.com", "Alex")
    alex, dana = await come("alexd@contoso.com"), await come("danab@contoso.com")
    assert await dana.post(f"{dana.client.app}/me/makeMeAvailable", json={}) == 204
    await dana.said()
    await alex.join(await lene.schedule(accessLevel="Invited", attendees=["sip:alexd@contoso.com"]))
    await alex.said()
    links = await invite_dana(alex, dana)
    assert await dana.post(links["accept"]["href"]) == 204
    await dana.said()
    assert dana.view.stage == "lobby"


async def test_user_with_a_cancelled_invitation_waits_in_the_lobby(lene: UcwaClient, come: Come) -> None:
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    assert await dana.post(f"{dana.client.app}/me/makeMeAvailable", json={}) == 204
    await dana.said()
    meeting = await lene.schedule(accessLevel="Invited")
    await organizer.join(meeting)
    await organizer.said()
    await invite_dana(organizer, dana)
    (event,) = await organizer.events()
    assert await organizer.post(event["_embedded"]["participantInvitation"]["_links"]["cancel"]["href"]) == 204
    await dana.said()
    await dana.join(meeting)
    await dana.said()
    assert dana.view.stage == "lobby"


async def test_accepting_joins_the_invited_user(ask: Ask) -> None:
    organizer, dana, event = ask
    await organizer.said()
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await dana.post(links["accept"]["href"]) == 204
    shown = await dana.said()
    assert (shown[0], shown[-1]) == ("conversation added", "onlineMeetingInvitation completed Success")
    assert set(await organizer.said()) == {
        "participant added",
        "participant added in attendees",
        "participantInvitation completed Success",
    }


async def test_inviter_is_notified_of_a_declined_invitation(ask: Ask) -> None:
    organizer, dana, event = ask
    await organizer.said()
    href = event["_embedded"]["onlineMeetingInvitation"]["_links"]["decline"]["href"]
    assert await dana.post(href, json={"reason": "Local"}) == 204
    assert await organizer.said() == ["participantInvitation completed Failure Declined"]
    assert await dana.said() == ["onlineMeetingInvitation completed Failure Declined"]


async def test_invitation_can_be_answered_once(ask: Ask) -> None:
    _, dana, event = ask
    links = event["_embedded"]["onlineMeetingInvitation"]["_links"]
    assert await dana.post(links["decline"]["href"]) == 204
    assert await dana.post(links["decline"]["href"]) == 409
    assert await dana.post(links["accept"]["href"]) == 409


async def test_unanswered_invitation_fails(ask: Ask, service: Service, world: FakeWorld) -> None:
    organizer, dana, _ = ask
    await organizer.said()
    await world.advance(31)
    await service.sweeper.sweep_applications()
    assert await organizer.said() == ["participantInvitation completed Failure Timeout"]
    assert await dana.said() == ["onlineMeetingInvitation completed Failure Timeout"]


async def test_invitation_can_be_cancelled(ask: Ask) -> None:
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
    assert await dana.said() == ["onlineMeetingInvitation completed Failure ConnectedElsewhere"]


async def test_unknown_user_cannot_be_invited(lene: UcwaClient, come: Come) -> None:
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


async def test_anonymous_participants_cannot_invite_and_learn_of_no_user(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    joe = await come("Joe", meeting)
    await joe.join(meeting)
    await joe.said()
    assert "addParticipant" not in (await joe.get(joe.here))["_links"]
    assert await joe.post(f"{joe.here}/addParticipant", json={"to": DANA}) == 403
