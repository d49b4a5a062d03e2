"""Who comes in, who waits, and what they are told of it."""

from typing import Any

import pytest

from openucwa.app import Service
from openucwa.config_options import Pool
from tests.client import UcwaClient, add_user, self_of
from tests.conftest import Connect, Make
from tests.conversations.conftest import Come, Guest, short
from tests.users import DANA, LENE
from tests.world import FakeWorld

SEQUENCE = [
    "onlineMeetingInvitation started",
    "conversation added",
    "localParticipant added",
    "conversation updated",
    "onlineMeeting added in conversation",
]
END = ["messaging updated", "onlineMeetingInvitation completed Success"]


async def gathered(come: Come, meeting: dict[str, Any]) -> tuple[Guest, Guest, Guest]:
    """The organizer, a user and an anonymous guest, who have asked to come in and heard what came of it."""
    guests = (
        await come("lenea@contoso.com", endpoint="room"),
        await come("danab@contoso.com"),
        await come("Joe", meeting),
    )
    for guest in guests:
        await guest.join(meeting)
        await guest.said()
    return guests


async def test_first_participant_gets_events_in_the_order_that_clients_depend_on(lene: UcwaClient, come: Come) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    await organizer.join(await lene.schedule())
    assert await organizer.said() == [*SEQUENCE, *END]


async def test_joining_participant_gets_all_participants_before_messaging(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    await organizer.join(meeting)
    await dana.join(meeting)
    assert await dana.said() == [*SEQUENCE, "participant added", "participant added in leaders", *END]


async def test_others_are_notified_of_a_joining_participant(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    await organizer.join(meeting)
    await organizer.said()
    await dana.join(meeting)
    assert await organizer.said() == ["participant added", "participant added in attendees"]


async def test_participant_event_has_the_name_and_ends_in_the_sip_address(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    await organizer.join(meeting)
    await organizer.said()
    await dana.join(meeting)
    link = (await organizer.events())[0]["link"]
    assert (link["title"], link["href"].rpartition("/")[2]) == ("Dana Birkby", "danab@contoso.com")


async def test_messaging_is_disconnected_and_offers_to_be_added(lene: UcwaClient, come: Come) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    await organizer.join(await lene.schedule())
    messaging = next(event for event in await organizer.events() if event["link"]["rel"] == "messaging")
    shown = messaging["_embedded"]["messaging"]
    assert (shown["state"], "addMessaging" in shown["_links"]) == ("Disconnected", True)


async def test_operation_id_is_echoed(lene: UcwaClient, come: Come) -> None:
    organizer = await come("lenea@contoso.com", endpoint="room")
    invitation = await organizer.join(await lene.schedule(), operationId="op-7")
    events = [event for event in await organizer.events() if event["link"]["href"] == invitation]
    ids = {event["_embedded"]["onlineMeetingInvitation"]["operationId"] for event in events}
    assert (len(events), ids) == (2, {"op-7"})


@pytest.mark.parametrize(
    ("access_level", "users", "anonymous"),
    [
        ("Everyone", "room", "room"),
        ("SameEnterprise", "room", "lobby"),
        ("Invited", "lobby", "lobby"),
        ("Locked", "lobby", "lobby"),
        ("None", "lobby", "lobby"),
    ],
)
async def test_access_level_decides_about_the_lobby(
    lene: UcwaClient, come: Come, access_level: str, users: str, anonymous: str
) -> None:
    meeting = await lene.schedule(accessLevel=access_level)
    dana, joe = await come("danab@contoso.com"), await come("Joe", meeting)
    for guest in (dana, joe):
        await guest.join(meeting)
        await guest.said()
    assert (dana.view.stage, joe.view.stage) == (users, anonymous)


@pytest.mark.parametrize(("listed", "stage"), [("attendees", "room"), ("leaders", "room")])
async def test_invited_user_is_admitted(lene: UcwaClient, come: Come, listed: str, stage: str) -> None:
    meeting = await lene.schedule(accessLevel="Invited", **{listed: ["sip:DanaB@contoso.com"]})
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    await dana.said()
    assert dana.view.stage == stage


async def test_leaders_are_admitted_to_a_locked_meeting(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Locked", leaders=[DANA])
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    await dana.said()
    assert (dana.view.stage, dana.view.role) == ("room", "Leader")


async def test_users_of_another_domain_wait_in_the_lobby(service: Service, lene: UcwaClient, come: Come) -> None:
    await add_user(service, "sip:rob@fabrikam.com", "Rob")
    rob = await come("rob@fabrikam.com")
    await rob.join(await lene.schedule(accessLevel="SameEnterprise"))
    await rob.said()
    assert rob.view.stage == "lobby"


async def test_combined_domains_are_one_enterprise(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(enterprise_domains=("contoso.com", "fabrikam.com"))
    await add_user(service, "sip:rob@fabrikam.com", "Rob")
    lene, client = connect(service), connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    await client.sign_in("rob@fabrikam.com")
    rob = Guest("Rob", client, await client.open(), world)
    await rob.join(await lene.schedule(accessLevel="SameEnterprise"))
    await rob.said()
    assert rob.view.stage == "room"


@pytest.mark.parametrize(
    ("assignment", "dana_is", "joe_is"),
    [("Disabled", "Attendee", "Attendee"), ("SameEnterprise", "Leader", "Attendee"), ("Everyone", "Leader", "Leader")],
)
async def test_automatic_leader_assignment(
    lene: UcwaClient, come: Come, assignment: str, dana_is: str, joe_is: str
) -> None:
    meeting = await lene.schedule(accessLevel="Everyone", automaticLeaderAssignment=assignment)
    dana, joe = await come("danab@contoso.com"), await come("Joe", meeting)
    for guest in (dana, joe):
        await guest.join(meeting)
        await guest.said()
    assert (dana.view.role, joe.view.role) == (dana_is, joe_is)


async def test_participant_in_the_lobby_sees_nothing_of_the_meeting(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Locked")
    await lene.extend(meeting, id="agenda", type="RoamedParticipantData")
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    assert await dana.said() == [*SEQUENCE[:4]]
    parts = ["onlineMeeting", "onlineMeeting/onlineMeetingExtensions", "participants", "leaders", "attendees", "lobby"]
    parts += ["messaging", "messaging/messages", "onlineMeeting/onlineMeetingExtensions/agenda"]
    assert {(await dana.client.get(f"{dana.here}/{part}")).status_code for part in parts} == {404}


async def test_admission_continues_the_waiting_conversation(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, joe = await come("lenea@contoso.com", endpoint="room"), await come("Joe", meeting)
    await organizer.join(meeting)
    await organizer.said()
    await joe.join(meeting)
    await joe.said()
    waiting = (await organizer.events())[0]
    assert waiting["in"]["rel"] == "lobby"
    assert await organizer.post(waiting["_embedded"]["participant"]["_links"]["admit"]["href"]) == 204
    assert await joe.said() == [
        "localParticipant updated",
        "conversation updated",
        "onlineMeeting added in conversation",
        "participant added",
        "participant added in leaders",
        *END,
    ]
    assert await organizer.said() == [
        "participant deleted in lobby",
        "participant added",
        "participant added in attendees",
    ]


async def test_rejected_participant_gets_the_reason_denied(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, joe = await come("lenea@contoso.com", endpoint="room"), await come("Joe", meeting)
    await organizer.join(meeting)
    await organizer.said()
    await joe.join(meeting)
    await joe.said()
    waiting = (await organizer.events())[0]
    assert await organizer.post(waiting["_embedded"]["participant"]["_links"]["reject"]["href"]) == 204
    assert await joe.said() == ["onlineMeetingInvitation completed Failure Denied", "conversation deleted Denied"]


async def test_participant_rejected_before_the_lobby_event_is_notified_of_the_end(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, joe = await come("lenea@contoso.com", endpoint="room"), await come("Joe", meeting)
    await organizer.join(meeting)
    await organizer.said()
    await joe.join(meeting)
    waiting = (await organizer.events())[0]
    assert await organizer.post(waiting["_embedded"]["participant"]["_links"]["reject"]["href"]) == 204
    events = await joe.events()
    assert [short(event) for event in events] == [
        "onlineMeetingInvitation started",
        "conversation added",
        "onlineMeetingInvitation completed Failure Denied",
        "conversation deleted Denied",
    ]
    shown = events[1]["_embedded"]["conversation"]
    assert (shown["state"], shown["_links"]) == ("Disconnected", {"self": {"href": events[1]["link"]["href"]}})


async def test_only_leaders_see_the_lobby(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    dana, joe = await come("danab@contoso.com"), await come("Joe", meeting)
    await dana.join(meeting)
    await dana.said()
    await joe.join(meeting)
    assert await dana.said() == []
    conversation = await dana.get(dana.here)
    assert "lobby" not in conversation["_links"]


async def test_promoted_participant_is_notified_of_the_lobby(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana, _ = await gathered(come, meeting)
    assert await organizer.post(f"{organizer.here}/participants/danab@contoso.com/promote") == 204
    texts = await dana.said()
    assert texts[-1] == "participant added in lobby"
    assert "localParticipant updated" in texts


async def test_changed_role_updates_the_links_of_the_other_participants(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    organizer, dana, _ = await gathered(come, meeting)
    offered = []
    for act in ("promote", "demote"):
        assert await organizer.post(f"{organizer.here}/participants/danab@contoso.com/{act}") == 204
        offered += [
            sorted(event["_embedded"]["participant"]["_links"].keys() - {"self", "conversation"})
            for event in await dana.events()
            if event["type"] == "updated" and event["link"].get("title") == "Joe"
        ]
    assert offered == [["eject", "promote"], []]


@pytest.mark.parametrize("act", ["promote", "demote", "eject"])
async def test_attendees_cannot_act_on_others(lene: UcwaClient, come: Come, act: str) -> None:
    meeting = await lene.schedule(accessLevel="Everyone")
    dana, joe = await come("danab@contoso.com"), await come("Joe", meeting)
    for guest in (dana, joe):
        await guest.join(meeting)
        await guest.said()
    uri = (await joe.get(f"{joe.client.app}/me"))["uri"].removeprefix("sip:")
    assert await dana.post(f"{dana.here}/participants/{uri}/{act}") == 403


async def test_organizer_cannot_be_ejected(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule(leaders=[DANA])
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await dana.post(f"{dana.here}/participants/lenea@contoso.com/eject") == 409


async def test_ejected_participant_is_notified(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    assert await organizer.post(f"{organizer.here}/participants/danab@contoso.com/eject") == 204
    assert await dana.said() == ["conversation deleted Ejected"]
    conversations = await dana.client.get(f"{dana.client.app}/communication/conversations")
    assert "conversation" not in conversations.json()["_links"]


async def test_application_joins_a_meeting_once(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    answer = await dana.client.post(f"{dana.client.app}/communication/joinOnlineMeeting", json=body)
    assert (answer.status_code, answer.json()["subcode"]) == (409, "AlreadyExists")


async def test_joining_again_refers_to_the_existing_conversation(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    await dana.said()
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    answer = await dana.client.post(f"{dana.client.app}/communication/joinOnlineMeeting", json=body)
    assert (answer.status_code, answer.headers["Location"]) == (409, dana.here)
    assert (await dana.client.get(answer.headers["Location"])).status_code == 200


async def test_joining_without_a_uri_creates_a_meeting_of_the_caller(come: Come) -> None:
    dana = await come("danab@contoso.com")
    href = f"{dana.client.app}/communication/joinOnlineMeeting"
    answer = await dana.client.post(href, json={"operationId": "op", "subject": "Now"})
    assert answer.status_code == 201
    assert await dana.said() == [*SEQUENCE, *END]
    meeting = await dana.get(f"{dana.here}/onlineMeeting")
    assert (meeting["organizerUri"], meeting["subject"], dana.view.role) == (DANA, "Now", "Leader")
    own = (await dana.get(dana.client.meetings))["_embedded"]["myOnlineMeeting"]
    assert meeting["onlineMeetingUri"] in {each["onlineMeetingUri"] for each in own}


async def test_anonymous_user_cannot_start_a_meeting(lene: UcwaClient, come: Come) -> None:
    joe = await come("Joe", await lene.schedule())
    answer = await joe.client.post(f"{joe.client.app}/communication/joinOnlineMeeting", json={"operationId": "op"})
    assert (answer.status_code, answer.json()["subcode"]) == (403, "AnonymousNotAllowed")


@pytest.mark.parametrize(("backup", "status"), [("https://backup.contoso.com", 201), (None, 410)])
async def test_meeting_of_another_pool_can_be_joined_while_it_has_a_backup(
    make_service: Make, connect: Connect, world: FakeWorld, backup: str | None, status: int
) -> None:
    service = await make_service(pools=(Pool("east", "https://east.contoso.com", backup),))
    await add_user(service, "sip:eve@contoso.com", "Eve", pool="east")
    settings = service.rules.settings({"accessLevel": "Everyone"}, "sip:eve@contoso.com")
    meeting = service.rules.schedule("sip:eve@contoso.com", settings)
    await service.store.meetings.add(meeting, 1)
    client = connect(service)
    await client.sign_in("danab@contoso.com")
    await client.open()
    body = {"onlineMeetingUri": meeting.uri}
    answer = await client.post(f"{client.app}/communication/joinOnlineMeeting", json=body)
    assert answer.status_code == status, answer.text
    if status == 410:
        assert answer.json()["subcode"] == "CannotRedirect"


async def test_two_applications_of_one_user_are_one_participant(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer = await come("lenea@contoso.com", endpoint="room")
    phone, desk = await come("danab@contoso.com", endpoint="phone"), await come("danab@contoso.com", endpoint="desk")
    await organizer.join(meeting)
    await organizer.said()
    for guest in (phone, desk):
        await guest.join(meeting)
        await guest.said()
    assert await organizer.said() == ["participant added", "participant added in attendees"]
    assert (await phone.client.delete(phone.here)).status_code == 204
    assert await organizer.said() == []
    assert (await desk.client.delete(desk.here)).status_code == 204
    assert await organizer.said() == ["participant deleted in attendees", "participant deleted"]


async def test_anonymous_token_is_valid_for_its_own_meeting_only(lene: UcwaClient, come: Come) -> None:
    meeting, other = await lene.schedule(), await lene.schedule()
    joe = await come("Joe", meeting)
    body = {"onlineMeetingUri": other["onlineMeetingUri"]}
    answer = await joe.client.post(f"{joe.client.app}/communication/joinOnlineMeeting", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "Forbidden")


@pytest.mark.parametrize("uri", ["sip:lenea@contoso.com;gruu;opaque=app:conf:focus:id:ABCD1234", "sip:nobody", "x"])
async def test_missing_meeting_cannot_be_joined(dana: UcwaClient, uri: str) -> None:
    answer = await dana.post(f"{dana.app}/communication/joinOnlineMeeting", json={"onlineMeetingUri": uri})
    assert (answer.status_code, answer.json()["subcode"]) == (404, "DestinationNotFound")


async def test_joining_a_full_meeting_fails_with_the_reason(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    service = await make_service(meeting_size=1)
    lene, dana = connect(service), connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    await dana.sign_in("danab@contoso.com")
    meeting = await lene.schedule()
    first = Guest("Lene", lene, await lene.open("room"), world)
    second = Guest("Dana", dana, await dana.open(), world)
    await first.join(meeting)
    await second.join(meeting)
    assert await second.said() == [
        "onlineMeetingInvitation started",
        "onlineMeetingInvitation completed Failure TooManyParticipants",
    ]


async def test_meeting_that_is_started_is_joined_at_once(come: Come) -> None:
    organizer = await come("lenea@contoso.com")
    href = f"{organizer.client.app}/communication/startOnlineMeeting"
    assert await organizer.post(href, json={"operationId": "1", "subject": "Ad hoc"}) == 201
    await organizer.said()
    assert (organizer.view.stage, organizer.view.subject) == ("room", "Ad hoc")


async def test_others_are_notified_of_a_leaving_participant(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    await organizer.said()
    await dana.client.delete(dana.client.app)
    assert await organizer.said() == ["participant deleted in attendees", "participant deleted"]


async def test_removed_meeting_ends_for_everyone(lene: UcwaClient, come: Come) -> None:
    meeting = await lene.schedule()
    dana = await come("danab@contoso.com")
    await dana.join(meeting)
    await dana.said()
    assert (await lene.delete(self_of(meeting))).status_code == 204
    assert await dana.said() == ["conversation deleted Ended"]


async def test_conversations_end_after_five_minutes_without_a_poll(
    service: Service, lene: UcwaClient, come: Come, world: FakeWorld
) -> None:
    meeting = await lene.schedule()
    organizer, dana = await come("lenea@contoso.com", endpoint="room"), await come("danab@contoso.com")
    for guest in (organizer, dana):
        await guest.join(meeting)
        await guest.said()
    await world.advance(200)
    await organizer.said()
    await world.advance(150)
    await organizer.said()
    await service.sweeper.sweep_applications()
    present = await service.store.conversations.participants(LENE, meeting["onlineMeetingId"])
    assert [each.uri for each in present] == [LENE]
