"""myOnlineMeetings: the list of an organizer's meetings, and how one is scheduled."""

from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import (
    XML,
    input_xml,
    pass_through,
    xml_of,
    xml_properties,
)
from tests.world import FakeWorld

Resource = dict[str, Any]

HOUR = 3_600_000
EVERYTHING = {
    "accessLevel": "Invited",
    "attendees": ["sip:johndoe@contoso.com", "sip:janedoe@contoso.com"],
    "automaticLeaderAssignment": "Everyone",
    "description": "The sales numbers of this quarter.",
    "entryExitAnnouncement": "Enabled",
    "expirationTime": "/Date(1700000123456)/",
    "leaders": ["sip:aikc@contoso.com"],
    "lobbyBypassForPhoneUsers": "Enabled",
    "phoneUserAdmission": "Enabled",
    "subject": "Quarterly sales numbers",
}


def date(ms: int) -> str:
    return f"/Date({ms})/"


# GET


async def test_meetings_are_listed_in_arrays_by_their_kind(lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Sales")
    answer = await lene.get(lene.meetings)
    assert answer.status_code == 200
    listed = answer.json()
    assert (listed["rel"], self_of(listed)) == ("myOnlineMeetings", lene.meetings)
    assert listed["_embedded"]["myOnlineMeeting"] == [meeting]
    assigned = listed["_embedded"]["myAssignedOnlineMeeting"]
    assert [shown["rel"] for shown in assigned] == ["myAssignedOnlineMeeting"]


async def test_list_without_meetings_shows_an_empty_array(lene: UcwaClient) -> None:
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"] == []


async def test_meetings_are_listed_in_the_order_of_creation(lene: UcwaClient, world: FakeWorld) -> None:
    for subject in ("b", "a", "c"):
        await lene.schedule(subject=subject)
        await world.advance(1)
    listed = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    assert [meeting["subject"] for meeting in listed] == ["b", "a", "c"]


async def test_another_users_meetings_are_not_listed(lene: UcwaClient, dana: UcwaClient) -> None:
    await lene.schedule()
    assert (await dana.get(dana.meetings)).json()["_embedded"]["myOnlineMeeting"] == []


async def test_list_has_no_etag_property(lene: UcwaClient) -> None:
    assert "etag" not in (await lene.get(lene.meetings)).json()


async def test_list_nests_resources_in_xml(lene: UcwaClient) -> None:
    meeting = await lene.schedule(attendees=["sip:johndoe@contoso.com"])
    await lene.extend(meeting, id="1")
    root = xml_of(await lene.get(lene.meetings, headers={"Accept": "application/xml"}))
    nested = root[-1]
    assert (nested.get("rel"), nested.get("href")) == ("myOnlineMeeting", self_of(meeting))
    assert xml_properties(nested)["attendees"] == [("sip:johndoe@contoso.com", None)]
    assert (nested[0].get("rel"), nested[0].get("href")) == ("onlineMeetingExtensions", extensions_of(meeting))
    assert nested[-1].get("rel") == "onlineMeetingExtension"


async def test_list_supports_only_get_and_post(lene: UcwaClient) -> None:
    answer = await lene.delete(lene.meetings)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, POST"


# POST


async def test_post_answers_201_with_etag_location_and_the_meeting(lene: UcwaClient) -> None:
    answer = await lene.post(lene.meetings, json=EVERYTHING)
    assert answer.status_code == 201
    meeting = answer.json()
    assert {name: meeting[name] for name in EVERYTHING} == EVERYTHING
    assert answer.headers["Location"] == self_of(meeting)
    assert answer.headers["ETag"] == f'"{meeting["etag"]}"'
    assert (await lene.get(self_of(meeting))).json() == meeting


async def test_meeting_shows_its_properties_in_the_documented_order(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    assert list(meeting) == [
        "rel",
        "accessLevel",
        "attendees",
        "automaticLeaderAssignment",
        "conferenceId",
        "description",
        "entryExitAnnouncement",
        "expirationTime",
        "joinUrl",
        "leaders",
        "legacyOnlineMeetingUri",
        "lobbyBypassForPhoneUsers",
        "onlineMeetingId",
        "onlineMeetingRel",
        "onlineMeetingUri",
        "organizerUri",
        "phoneUserAdmission",
        "subject",
        *pass_through(meeting),
        "etag",
        "_links",
        "_embedded",
    ]
    assert meeting["_embedded"] == {"onlineMeetingExtension": []}


async def test_status_of_a_created_meeting_can_be_set_to_200(signed_in: SignedIn) -> None:
    lene = await signed_in(create_status=200)
    answer = await lene.post(lene.meetings, json={})
    assert answer.status_code == 200
    assert answer.headers["Location"] == self_of(answer.json())
    assert answer.headers["ETag"] == f'"{answer.json()["etag"]}"'


async def test_omitted_properties_take_their_defaults(lene: UcwaClient, world: FakeWorld) -> None:
    answer = await lene.post(lene.meetings)
    assert answer.status_code == 201
    shown = (await lene.get(f"{lene.app}/onlineMeetings/onlineMeetingDefaultValues")).json()
    meeting = answer.json()
    names = ("accessLevel", "automaticLeaderAssignment", "entryExitAnnouncement", "lobbyBypassForPhoneUsers")
    assert {name: meeting[name] for name in names} == {name: shown[name] for name in names}
    assert meeting["expirationTime"] == date(world.now() + 8 * HOUR)
    assert (meeting["attendees"], meeting["leaders"]) == ([], [])
    assert (meeting["description"], meeting["subject"], meeting["phoneUserAdmission"]) == ("", "", "Disabled")


async def test_defaults_are_settings(signed_in: SignedIn, world: FakeWorld) -> None:
    lene = await signed_in(
        default_access_level="Locked",
        default_automatic_leader_assignment="Everyone",
        default_entry_exit_announcement="Enabled",
        default_lobby_bypass_for_phone_users="Enabled",
        default_phone_user_admission="Enabled",
        meeting_lifetime=60,
    )
    meeting = await lene.schedule()
    assert meeting["accessLevel"] == "Locked"
    assert meeting["automaticLeaderAssignment"] == "Everyone"
    assert meeting["entryExitAnnouncement"] == "Enabled"
    assert meeting["lobbyBypassForPhoneUsers"] == "Enabled"
    assert meeting["phoneUserAdmission"] == "Enabled"
    assert meeting["expirationTime"] == date(world.now() + 60_000)


async def test_null_counts_as_omitted(lene: UcwaClient) -> None:
    nothing = dict.fromkeys(EVERYTHING)
    meeting = await lene.schedule(**nothing)
    other = await lene.schedule()
    assert {name: meeting[name] for name in EVERYTHING} == {name: other[name] for name in EVERYTHING}


async def test_names_and_choices_are_matched_without_regard_to_case(lene: UcwaClient) -> None:
    meeting = await lene.schedule(SUBJECT="Sales", accesslevel="everyone")
    assert (meeting["subject"], meeting["accessLevel"]) == ("Sales", "Everyone")


async def test_unknown_names_are_ignored(lene: UcwaClient) -> None:
    meeting = await lene.schedule(attendanceAnnouncementsStatus="Disabled", revision=2)
    assert "attendanceAnnouncementsStatus" not in meeting


async def test_properties_of_the_server_are_ignored_null_or_not(lene: UcwaClient) -> None:
    for value in (None, "mine"):
        names = ("conferenceId", "joinUrl", "legacyOnlineMeetingUri", "onlineMeetingId", "onlineMeetingUri", "etag")
        meeting = await lene.schedule(**dict.fromkeys(names, value), organizerUri=value, onlineMeetingRel=value)
        assert all(meeting[name] not in {None, "mine"} for name in names)
        assert meeting["organizerUri"] == "sip:lenea@contoso.com"
        assert meeting["onlineMeetingRel"] == "myOnlineMeetings"


async def test_meeting_can_be_scheduled_in_xml(lene: UcwaClient) -> None:
    inner = '<propertyList name="attendees"><item>sip:johndoe@contoso.com</item></propertyList>'
    body = input_xml(inner, subject="Sales", expirationTime="2023-11-15T00:00:00Z")
    answer = await lene.post(lene.meetings, content=body, headers=XML | {"Accept": "application/xml"})
    assert answer.status_code == 201
    shown = xml_properties(xml_of(answer))
    assert shown["subject"] == ("Sales", None)
    assert shown["attendees"] == [("sip:johndoe@contoso.com", None)]
    assert shown["expirationTime"] == ("2023-11-15T00:00:00+00:00", None)


async def test_input_may_come_in_the_query_string(lene: UcwaClient) -> None:
    query = "subject=Sales%20talk&expirationTime=2023-11-15T00:00:00Z"
    attendees = "attendees=sip:a@contoso.com&attendees=sip:b@contoso.com"
    meeting = (await lene.post(f"{lene.meetings}?{query}&{attendees}")).json()
    assert meeting["subject"] == "Sales talk"
    assert meeting["expirationTime"] == date(1_700_006_400_000)
    assert meeting["attendees"] == ["sip:a@contoso.com", "sip:b@contoso.com"]


async def test_body_takes_precedence_over_the_query_string(lene: UcwaClient) -> None:
    answer = await lene.post(f"{lene.meetings}?Subject=query&description=query", json={"subject": "body"})
    assert (answer.json()["subject"], answer.json()["description"]) == ("body", "query")


async def test_unknown_query_parameters_are_ignored(lene: UcwaClient) -> None:
    assert (await lene.post(f"{lene.meetings}?x=1&y")).status_code == 201
    assert (await lene.get(f"{lene.meetings}?x=1&y")).status_code == 200


# What the server makes


async def test_online_meeting_id_is_8_letters_and_digits_and_ends_self(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    meeting_id = meeting["onlineMeetingId"]
    assert len(meeting_id) == 8
    assert meeting_id.isascii()
    assert meeting_id.isalnum()
    assert meeting_id == meeting_id.upper()
    assert self_of(meeting) == f"{lene.meetings}/{meeting_id}"
    assert extensions_of(meeting) == f"{lene.meetings}/{meeting_id}/onlineMeetingExtensions"


async def test_uris_of_a_meeting_name_its_organizer_and_id(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    uri = f"sip:lenea@contoso.com;gruu;opaque=app:conf:focus:id:{meeting['onlineMeetingId']}"
    assert meeting["onlineMeetingUri"] == uri
    legacy, _, conversation = meeting["legacyOnlineMeetingUri"].partition("?conversation-id=")
    assert legacy == f"conf:{uri}"
    assert [len(part) for part in conversation.split("-")] == [8, 4, 4, 4, 12]


async def test_ids_of_meetings_are_all_different(lene: UcwaClient, dana: UcwaClient) -> None:
    meetings = [await client.schedule() for client in (lene, dana) for _ in range(20)]
    for name in ("onlineMeetingId", "conferenceId", "legacyOnlineMeetingUri", "etag"):
        assert len({meeting[name] for meeting in meetings}) == len(meetings)
    assert all(meeting["conferenceId"].isdecimal() for meeting in meetings)


async def test_taken_conference_id_is_replaced_by_another(
    lene: UcwaClient, dana: UcwaClient, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = world.random_bytes
    lucky = iter(range(10**6))

    def mostly_the_same(count: int) -> bytes:
        # The draws of 16 bytes are those of ids; each comes twice.
        if count != 16:
            return drawn(count)
        return (next(lucky) // 4).to_bytes(16)

    monkeypatch.setattr(world, "random_bytes", mostly_the_same)
    meetings = [await client.schedule() for client in (lene, dana, lene, dana)]
    assert len({meeting["conferenceId"] for meeting in meetings}) == 4


async def test_join_url_is_below_the_servers_address_and_names_the_organizer(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    assert meeting["joinUrl"] == f"https://ucwa.example.com/meet/lenea@contoso.com/{meeting['onlineMeetingId']}"


async def test_join_url_may_have_a_template(signed_in: SignedIn) -> None:
    lene = await signed_in(join_url="https://meet.{domain}/{user}/{id}")
    meeting = await lene.schedule()
    assert meeting["joinUrl"] == f"https://meet.contoso.com/lenea/{meeting['onlineMeetingId']}"
