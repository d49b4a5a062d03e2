"""openucwa:lobby: who waits in the lobbies of the organizer's meetings, before the organizer joins any."""

from typing import Any

import pytest

from openucwa.app import Service
from openucwa.config_options import Pool
from openucwa.resources import additions
from tests.client import PASSWORD, UcwaClient, add_user, self_of
from tests.conftest import Connect, Make
from tests.conversations.conftest import Come, Guest
from tests.resources.messages import assert_refused, xml_of
from tests.world import FakeWorld

Resource = dict[str, Any]


async def lobby_of(client: UcwaClient) -> Resource:
    """openucwa:lobby, found as a client finds it."""
    application = await client.get(client.app)
    assert f'<{client.app}/openucwa>; rel="openucwa:index"' in application.headers["Link"]
    index = (await client.get(f"{client.app}/openucwa")).json()
    assert (index["rel"], self_of(index)) == ("openucwa:index", f"{client.app}/openucwa")
    answer = await client.get(index["_links"]["openucwa:lobby"]["href"])
    assert answer.status_code == 200, answer.text
    found: Resource = answer.json()
    return found


def meetings(lobby: Resource) -> list[Resource]:
    found: list[Resource] = lobby["_embedded"]["openucwa:meetingLobby"]
    return found


def people(meeting: Resource) -> list[Resource]:
    found: list[Resource] = meeting["_embedded"]["openucwa:waitingParticipant"]
    return found


def waiting(lobby: Resource) -> dict[str, list[str]]:
    """The names of those who wait, by the meeting's subject."""
    return {each["subject"]: [person["name"] for person in people(each)] for each in meetings(lobby)}


async def ask(come: Come, meeting: Resource, name: str) -> Guest:
    """Somebody without an account who asks to join."""
    guest = await come(name, meeting)
    await guest.join(meeting)
    return guest


async def test_answer_to_opening_an_application_links_to_the_index_and_to_queries(lene: UcwaClient) -> None:
    body = {"culture": "en-US", "endpointId": "endpoint", "userAgent": "test"}
    answer = await lene.post("/ucwa/v1/applications", json=body)
    index = f"{lene.app}/openucwa"
    links = f'<{index}>; rel="openucwa:index", <{index}/meetings>; rel="openucwa:meetings"'
    assert answer.headers["Link"] == links == (await lene.get(lene.app)).headers["Link"]


async def test_anonymous_application_links_to_no_index(lene: UcwaClient, come: Come) -> None:
    joe = await come("Joe", await lene.schedule())
    assert "Link" not in (await joe.client.get(joe.client.app)).headers


async def test_lobby_is_empty_while_nobody_waits(lene: UcwaClient) -> None:
    await lene.schedule()
    lobby = await lobby_of(lene)
    assert (lobby["rel"], self_of(lobby)) == ("openucwa:lobby", f"{lene.app}/openucwa/lobby")
    assert (lobby["total"], meetings(lobby)) == (0, [])


async def test_guest_who_waits_is_shown_before_the_organizer_joins(
    lene: UcwaClient, come: Come, world: FakeWorld
) -> None:
    meeting = await lene.schedule(subject="Planning")
    now = world.now()
    joe = await ask(come, meeting, "Joe")
    lobby = await lobby_of(lene)
    (shown,) = meetings(lobby)
    (person,) = people(shown)
    assert lobby["total"] == 1
    assert shown["rel"] == "openucwa:meetingLobby"
    assert (shown["onlineMeetingId"], shown["subject"]) == (meeting["onlineMeetingId"], "Planning")
    assert shown["_links"]["myOnlineMeeting"]["href"] == self_of(meeting)
    assert person["rel"] == "openucwa:waitingParticipant"
    assert (person["name"], person["anonymous"]) == ("Joe", True)
    assert person["uri"] == (await joe.get(f"{joe.client.app}/me"))["uri"]
    assert person["waitingSince"] == f"/Date({now})/"


async def test_lobby_is_shown_in_xml(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(subject="Planning")
    await ask(come, meeting, "Joe")
    answer = await lene.get(f"{lene.app}/openucwa/lobby", headers={"Accept": "application/xml"})
    assert answer.status_code == 200
    lobby = xml_of(answer)
    assert lobby.get("rel") == "openucwa:lobby"
    assert lobby.findtext("{*}property[@name='total']") == "1"
    (shown,) = lobby.findall("{*}resource")
    assert shown.get("rel") == "openucwa:meetingLobby"
    assert shown.findtext("{*}property[@name='onlineMeetingId']") == meeting["onlineMeetingId"]
    assert shown.find("{*}link[@rel='myOnlineMeeting']").get("href") == self_of(meeting)
    (person,) = shown.findall("{*}resource")
    assert person.findtext("{*}property[@name='name']") == "Joe"


async def test_waiting_guests_are_grouped_by_meeting_in_order_of_arrival(lene: UcwaClient, come: Come) -> None:
    one, other = await lene.schedule(subject="One"), await lene.schedule(subject="Other")
    for meeting, name in ((other, "Ann"), (one, "Joe"), (other, "Bob")):
        await ask(come, meeting, name)
    lobby = await lobby_of(lene)
    assert waiting(lobby) == {"Other": ["Ann", "Bob"], "One": ["Joe"]}
    assert lobby["total"] == 3


async def test_assigned_meeting_is_linked_by_its_own_rel(lene: UcwaClient, come: Come) -> None:
    listed = (await lene.get(lene.meetings)).json()
    (assigned,) = listed["_embedded"]["myAssignedOnlineMeeting"]
    await ask(come, assigned, "Joe")
    (shown,) = meetings(await lobby_of(lene))
    assert shown["_links"]["myAssignedOnlineMeeting"]["href"] == self_of(assigned)


async def test_guest_is_gone_from_the_list_after_admission(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(subject="Planning")
    joe = await ask(come, meeting, "Joe")
    organizer = await come("lenea@contoso.com", endpoint="room")
    await organizer.join(meeting)
    await organizer.said()
    assert waiting(await lobby_of(lene)) == {"Planning": ["Joe"]}
    uri = (await joe.get(f"{joe.client.app}/me"))["uri"].removeprefix("sip:")
    assert await organizer.post(f"{organizer.here}/participants/{uri}/admit") == 204
    assert waiting(await lobby_of(lene)) == {}


async def test_guest_who_gives_up_leaves_the_list(lene: UcwaClient, come: Come) -> None:
    joe = await ask(come, await lene.schedule(), "Joe")
    assert (await joe.client.delete(joe.client.app)).status_code == 204
    assert waiting(await lobby_of(lene)) == {}


async def test_lobby_of_another_organizer_is_never_shown(lene: UcwaClient, dana: UcwaClient, come: Come) -> None:
    # Dana leads Lene's meeting, and even so its lobby is not one of hers.
    meeting = await lene.schedule(subject="Planning", leaders=["sip:danab@contoso.com"])
    await ask(come, meeting, "Joe")
    assert waiting(await lobby_of(lene)) == {"Planning": ["Joe"]}
    assert waiting(await lobby_of(dana)) == {}
    assert_refused(await dana.get(f"{lene.app}/openucwa/lobby"), 404, "NotFound", "ApplicationNotFound")


@pytest.mark.parametrize("part", ["openucwa", "openucwa/lobby"])
async def test_anonymous_callers_are_refused(lene: UcwaClient, come: Come, part: str) -> None:
    joe = await come("Joe", await lene.schedule())
    assert_refused(await joe.client.get(f"{joe.client.app}/{part}"), 403, "Forbidden", "AnonymousNotAllowed")


async def test_lobby_needs_the_scope_of_the_documented_lobby(service: Service, connect: Connect) -> None:
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    href = f"{client.app}/openucwa/lobby"
    for scope, status in (("Meetings.ReadWrite", 403), ("Conversations.Receive", 200)):
        form = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD, "scope": scope}
        token = (await client.http.post("/WebTicket/oauthtoken", data=form)).json()
        headers = {"Authorization": f"{token['token_type']} {token['access_token']}"}
        assert (await client.http.get(href, headers=headers)).status_code == status


async def test_lobby_needs_a_token(lene: UcwaClient) -> None:
    assert (await lene.http.get(f"{lene.app}/openucwa/lobby")).status_code == 401


async def test_only_get_is_allowed(lene: UcwaClient) -> None:
    answer = await lene.post(f"{lene.app}/openucwa/lobby", json={})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


async def test_long_list_ends_at_the_limit_and_counts_all(
    lene: UcwaClient, come: Come, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(additions, "MAX_SHOWN", 2)
    meeting = await lene.schedule(subject="Planning")
    for name in ("Ann", "Bob", "Joe"):
        await ask(come, meeting, name)
    lobby = await lobby_of(lene)
    assert (lobby["total"], waiting(lobby)) == (3, {"Planning": ["Ann", "Bob"]})


@pytest.mark.parametrize("part", ["openucwa", "openucwa/lobby"])
async def test_organizer_of_an_unreachable_pool_is_refused(make_service: Make, connect: Connect, part: str) -> None:
    service = await make_service(pools=(Pool("east", "https://east.example.com"),))
    await add_user(service, "sip:eva@contoso.com", "Eva", pool="east")
    eva = connect(service)
    await eva.sign_in("eva@contoso.com")
    await eva.open()
    assert_refused(await eva.get(f"{eva.app}/{part}"), 410, "Gone", "CannotRedirect")
