"""myOnlineMeetings, POST: which values a meeting takes, and which are refused."""

from datetime import UTC, datetime

import pytest

from tests.client import UcwaClient, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import NAMESPACE, assert_invalid, assert_refused
from tests.world import FakeWorld

HOUR = 3_600_000
DAY = 24 * HOUR


def date(ms: int) -> str:
    return f"/Date({ms})/"


# What is refused


async def test_undocumented_value_is_refused(lene: UcwaClient) -> None:
    for name in (
        "accessLevel",
        "automaticLeaderAssignment",
        "entryExitAnnouncement",
        "lobbyBypassForPhoneUsers",
        "phoneUserAdmission",
    ):
        for value in ("Sometimes", "", 1, True, ["Disabled"]):
            assert_invalid(await lene.post(lene.meetings, json={name: value}), name)


async def test_ineligible_value_is_refused(signed_in: SignedIn) -> None:
    lene = await signed_in(
        access_levels=("Invited", "Locked"),
        default_access_level="Locked",
        automatic_leader_assignments=("Disabled",),
        entry_exit_announcements=("Disabled",),
        lobby_bypass_for_phone_users=("Disabled",),
    )
    assert (await lene.schedule(accessLevel="Invited"))["accessLevel"] == "Invited"
    for name, value in {
        "accessLevel": "Everyone",
        "automaticLeaderAssignment": "Everyone",
        "entryExitAnnouncement": "Enabled",
        "lobbyBypassForPhoneUsers": "Enabled",
    }.items():
        assert_invalid(await lene.post(lene.meetings, json={name: value}), name)


async def test_subject_may_have_250_characters(lene: UcwaClient) -> None:
    assert (await lene.schedule(subject="é" * 250))["subject"] == "é" * 250
    assert_invalid(await lene.post(lene.meetings, json={"subject": "x" * 251}), "subject")


async def test_length_of_a_description_is_limited_by_a_setting(signed_in: SignedIn) -> None:
    lene = await signed_in(max_description=10)
    assert (await lene.schedule(description="x" * 10))["description"] == "x" * 10
    assert_invalid(await lene.post(lene.meetings, json={"description": "x" * 11}), "description")


async def test_number_of_attendees_and_leaders_is_limited_by_a_setting(signed_in: SignedIn) -> None:
    lene = await signed_in(max_attendees=2)
    people = ["sip:a@contoso.com", "sip:b@contoso.com", "sip:c@contoso.com"]
    assert (await lene.schedule(attendees=people[:2], leaders=people[:2]))["leaders"] == people[:2]
    answer = await lene.post(lene.meetings, json={"attendees": people, "leaders": people})
    assert_invalid(answer, "attendees", "leaders")


async def test_attendees_and_leaders_are_sip_uris(lene: UcwaClient) -> None:
    for good in (
        "sip:a@contoso.com",
        "SIP:Anna.B+c@sub.contoso.com:5061",
        "sip:a@contoso.com;transport=tls",
        "sip:a@[::1]",
    ):
        assert (await lene.schedule(attendees=[good]))["attendees"] == [good]
    for good in ("sip:a@contoso.com", "SIP:Anna.B+c@Contoso.com:5061", "sip:a@contoso.com;transport=tls"):
        assert (await lene.schedule(leaders=[good]))["leaders"] == [good]
    for bad in (
        "a@contoso.com",
        "sip:",
        "sip:a",
        "sip:a@",
        "tel:+1425",
        "sip:a b@contoso.com",
        "sip:a@b@c",
        "",
        5,
        None,
        ["x"],
    ):
        assert_invalid(await lene.post(lene.meetings, json={"attendees": [bad]}), "attendees")
        assert_invalid(await lene.post(lene.meetings, json={"leaders": [bad]}), "leaders")


async def test_leader_of_another_enterprise_is_refused_when_scheduling_and_replacing(lene: UcwaClient) -> None:
    stranger = "sip:rob@fabrikam.com"
    assert_invalid(await lene.post(lene.meetings, json={"leaders": [stranger]}), "leaders")
    assert_invalid(await lene.post(lene.meetings, json={"leaders": ["sip:a@sub.contoso.com"]}), "leaders")
    meeting = await lene.schedule(attendees=[stranger])
    assert_invalid(await lene.replace(meeting, leaders=[stranger]), "leaders")


async def test_leaders_may_belong_to_combined_domains(signed_in: SignedIn) -> None:
    lene = await signed_in(enterprise_domains=("contoso.com", "Fabrikam.com"))
    assert (await lene.schedule(leaders=["sip:rob@fabrikam.com"]))["leaders"] == ["sip:rob@fabrikam.com"]
    assert_invalid(await lene.post(lene.meetings, json={"leaders": ["sip:a@example.com"]}), "leaders")


async def test_attendees_are_an_array(lene: UcwaClient) -> None:
    for bad in ("sip:a@contoso.com", 5, {"a": 1}):
        assert_invalid(await lene.post(lene.meetings, json={"attendees": bad}), "attendees")


async def test_texts_must_be_representable_in_xml(lene: UcwaClient) -> None:
    for bad in (5, True, ["a"], {"a": 1}, "\x01", "\ufffe"):
        assert_invalid(
            await lene.post(lene.meetings, json={"subject": bad, "description": bad}), "subject", "description"
        )


async def test_organizer_is_not_listed_as_a_leader(lene: UcwaClient) -> None:
    assert (await lene.schedule())["leaders"] == []


async def test_maximum_of_meetings_is_accepted_and_one_more_is_refused(signed_in: SignedIn) -> None:
    lene = await signed_in(max_meetings=2)
    first = await lene.schedule()
    await lene.schedule()
    assert_refused(await lene.post(lene.meetings, json={}), 409, "Conflict", "TooManyOnlineMeetings")
    await lene.delete(self_of(first))
    assert (await lene.post(lene.meetings, json={})).status_code == 201


async def test_assigned_meeting_does_not_count(signed_in: SignedIn) -> None:
    lene = await signed_in(max_meetings=1)
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myAssignedOnlineMeeting"]
    await lene.schedule()


# Dates


async def test_dates_are_accepted_in_every_form(lene: UcwaClient) -> None:
    instant = 1_700_004_000_000
    for text, ms in {
        "/Date(1700004000123)/": 123,
        "/Date(1700004000123+0200)/": 123,
        "/Date(1700004000123-0730)/": 123,
        "2023-11-14T23:20:00": 0,
        "2023-11-14T23:20:00Z": 0,
        "2023-11-14T23:20:00.5Z": 500,
        "2023-11-14T23:20:00.123Z": 123,
        "2023-11-14T23:20:00.1239999Z": 123,
        "2023-11-15T01:20:00+02:00": 0,
        "2023-11-14T15:50:00.12-0730": 120,
    }.items():
        assert (await lene.schedule(expirationTime=text))["expirationTime"] == date(instant + ms), text


async def test_year_1_means_no_date(lene: UcwaClient, world: FakeWorld) -> None:
    for text in ("0001-01-01T00:00:00", "0001-01-01T00:00:00+02:00", "/Date(-62135596800000)/", "0001-12-31T23:59:59Z"):
        assert (await lene.schedule(expirationTime=text))["expirationTime"] == date(world.now() + 8 * HOUR), text


@pytest.mark.parametrize(
    "text",
    [
        "2023-11-14T23:20Z",
        "2023-11-14T23:20",
        "2023-11-14 23:20:00",
        "2023-11-14t23:20:00.000000000z",
        "2023-11-15T01:20:00+02",
        "2023-11-15T01:20:00+0200",
        "/Date(1700004000000+0200)/",
    ],
)
async def test_dates_are_read_as_other_tools_write_them(lene: UcwaClient, text: str) -> None:
    in_json = await lene.schedule(expirationTime=text)
    assert in_json["expirationTime"] == "/Date(1700004000000)/"
    body = f'<input xmlns="{NAMESPACE}"><property name="expirationTime">{text}</property></input>'
    answer = await lene.post(lene.meetings, content=body.encode(), headers={"Content-Type": "application/xml"})
    assert answer.json()["expirationTime"] == in_json["expirationTime"]
    answer = await lene.post(lene.meetings, params={"expirationTime": text})
    assert answer.json()["expirationTime"] == in_json["expirationTime"]


async def test_malformed_date_is_refused(lene: UcwaClient) -> None:
    texts = ("tomorrow", "", "2023-11-14", "2023-13-01T00:00:00Z", "/Date()/", "2023-11-14T23:20:00+24:00",
             "2023-11-14T23:20:00+99:59", "/Date(1700000000000+9959)/")  # fmt: skip
    others: tuple[object, ...] = (5, True, [])
    for bad in (*texts, *others):
        assert_invalid(await lene.post(lene.meetings, json={"expirationTime": bad}), "expirationTime")


async def test_expiration_must_be_from_a_year_ago_to_ten_years_ahead(lene: UcwaClient, world: FakeWorld) -> None:
    now = datetime.fromtimestamp(world.now() / 1000, UTC)
    for years in (-1, 10):
        ms = round(now.replace(year=now.year + years).timestamp() * 1000)
        assert (await lene.schedule(expirationTime=date(ms)))["expirationTime"] == date(ms)
        over = ms + (2 * DAY if years > 0 else -2 * DAY)
        assert_invalid(await lene.post(lene.meetings, json={"expirationTime": date(over)}), "expirationTime")
