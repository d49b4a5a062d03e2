"""myOnlineMeeting and myAssignedOnlineMeeting: one meeting: how it is read, replaced and removed, and when it ends."""

import asyncio
from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of, if_match, self_of
from tests.conftest import Connect, Make
from tests.resources.conftest import SignedIn
from tests.resources.messages import (
    XML,
    assert_invalid,
    assert_refused,
    get_extensions,
    pass_through,
    xml_of,
    xml_properties,
)
from tests.world import FakeWorld

Resource = dict[str, Any]

HOUR = 3_600_000
#: What the server decides of a meeting, whatever a client sends.
READ_ONLY = (
    "conferenceId",
    "joinUrl",
    "legacyOnlineMeetingUri",
    "onlineMeetingId",
    "onlineMeetingRel",
    "onlineMeetingUri",
    "organizerUri",
)


@pytest.fixture
async def meeting(lene: UcwaClient) -> Resource:
    return await lene.schedule(
        subject="Sales",
        description="The numbers.",
        accessLevel="Locked",
        attendees=["sip:johndoe@contoso.com"],
        leaders=["sip:aikc@contoso.com"],
    )


@pytest.fixture
def href(meeting: Resource) -> str:
    return self_of(meeting)


@pytest.fixture
async def assigned(lene: UcwaClient) -> Resource:
    return await get_assigned(lene)


async def get_assigned(client: UcwaClient) -> Resource:
    dashboard = (await client.get(f"{client.app}/onlineMeetings")).json()
    answer = await client.get(dashboard["_links"]["myAssignedOnlineMeeting"]["href"])
    assert answer.status_code == 200
    shown: Resource = answer.json()
    return shown


# GET


async def test_get_shows_the_meeting_and_its_etag(lene: UcwaClient, meeting: Resource, href: str) -> None:
    answer = await lene.get(href)
    assert answer.status_code == 200
    assert answer.json() == meeting
    assert answer.headers["ETag"] == f'"{meeting["etag"]}"'


async def test_get_in_xml_shows_the_same(lene: UcwaClient, meeting: Resource, href: str) -> None:
    root = xml_of(await lene.get(href, headers={"Accept": "application/xml"}))
    assert (root.get("rel"), root.get("href")) == ("myOnlineMeeting", href)
    shown = xml_properties(root)
    assert list(shown) == [name for name in meeting if not name.startswith("_")]
    assert shown["leaders"] == [("sip:aikc@contoso.com", None)]
    assert shown["etag"] == (meeting["etag"], None)


async def test_meeting_listed_in_if_none_match_is_not_sent_again(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    answer = await lene.get(href, headers={"If-None-Match": f'"{meeting["etag"]}"'})
    assert (answer.status_code, answer.content) == (304, b"")


async def test_missing_meeting_is_not_found(lene: UcwaClient) -> None:
    for method in ("GET", "PUT", "DELETE"):
        answer = await lene.request(method, f"{lene.meetings}/ABCDEFGH")
        assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_online_meeting_id_is_case_sensitive(lene: UcwaClient, meeting: Resource) -> None:
    assert (await lene.get(f"{lene.meetings}/{meeting['onlineMeetingId'].lower()}")).status_code == 404


async def test_meeting_supports_only_get_put_patch_and_delete(lene: UcwaClient, href: str) -> None:
    for method in ("POST", "HEAD", "OPTIONS"):
        answer = await lene.request(method, href)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "DELETE, GET, PATCH, PUT"
        assert answer.headers["Accept-Patch"] == "application/merge-patch+json, application/json-patch+json"


# PUT


async def test_put_answers_200_with_a_new_etag_and_the_meeting(lene: UcwaClient, meeting: Resource, href: str) -> None:
    answer = await lene.replace(meeting, subject="Marketing")
    assert answer.status_code == 200
    replaced = answer.json()
    assert replaced == meeting | {"subject": "Marketing", "etag": replaced["etag"]}
    assert replaced["etag"] != meeting["etag"]
    assert answer.headers["ETag"] == f'"{replaced["etag"]}"'
    assert (await lene.get(href)).json() == replaced


async def test_properties_missing_from_a_put_take_their_defaults(
    lene: UcwaClient, meeting: Resource, href: str, world: FakeWorld
) -> None:
    await world.advance(60)
    answer = await lene.put(href, json=pass_through(meeting), headers=if_match(meeting))
    fresh = await lene.schedule()
    kept = {"etag", "_links", *READ_ONLY}
    assert {name: value for name, value in answer.json().items() if name not in kept} == {
        name: value for name, value in fresh.items() if name not in kept
    }
    assert answer.json()["expirationTime"] == f"/Date({world.now() + 8 * HOUR})/"


async def test_read_representation_can_be_put_back(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(meeting, id="1")
    read = (await lene.get(href)).json()
    answer = await lene.put(href, json=read, headers=if_match(read))
    assert answer.json() == read | {"etag": answer.json()["etag"]}


async def test_read_xml_can_be_put_back(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(meeting, id="1")
    before = (await lene.get(href)).json()
    read = await lene.get(href, headers={"Accept": "application/xml"})
    answer = await lene.put(href, content=read.content, headers=XML | if_match(meeting))
    assert answer.json() == before | {"etag": answer.json()["etag"]}


async def test_properties_of_the_server_are_not_overwritten(lene: UcwaClient, meeting: Resource) -> None:
    for value in (None, "mine", 5):
        read = (await lene.get(self_of(meeting))).json()
        answer = await lene.replace(read, **dict.fromkeys(READ_ONLY, value))
        assert answer.status_code == 200
        assert {name: answer.json()[name] for name in READ_ONLY} == {name: meeting[name] for name in READ_ONLY}


async def test_put_leaves_the_extensions(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales")
    answer = await lene.replace(meeting, subject="Marketing", _embedded={"onlineMeetingExtension": []})
    assert answer.json()["_embedded"]["onlineMeetingExtension"] == [extension]


async def test_put_accepts_the_name_that_a_captured_client_sends(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.replace(
        meeting, attendanceAnnouncementsStatus="Disabled", expirationTime="2023-12-01T01:17:18.000Z"
    )
    assert answer.json()["expirationTime"] == "/Date(1701393438000)/"
    assert "attendanceAnnouncementsStatus" not in answer.json()


async def test_put_follows_the_rules_of_a_new_meeting(lene: UcwaClient, meeting: Resource, href: str) -> None:
    for name, bad in {
        "accessLevel": "Sometimes",
        "subject": "x" * 251,
        "attendees": ["johndoe"],
        "leaders": "sip:a@contoso.com",
        "expirationTime": "/Date(1)/",
    }.items():
        assert_invalid(await lene.replace(meeting, **{name: bad}), name)
    assert (await lene.get(href)).json() == meeting


async def test_put_without_if_match_is_refused(lene: UcwaClient, meeting: Resource, href: str) -> None:
    assert_refused(await lene.put(href, json=meeting), 428, "PreconditionRequired")


async def test_put_with_a_stale_etag_is_refused(lene: UcwaClient, meeting: Resource, href: str) -> None:
    replaced = (await lene.replace(meeting, subject="Marketing")).json()
    assert_refused(await lene.replace(meeting, subject="late"), 412, "PreconditionFailed")
    assert (await lene.get(href)).json() == replaced


async def test_put_without_the_pass_through_property_is_refused(lene: UcwaClient, meeting: Resource, href: str) -> None:
    answer = await lene.put(href, json={"subject": "x"}, headers=if_match(meeting))
    assert_invalid(answer, *pass_through(meeting))


async def test_query_string_of_a_put_is_ignored(lene: UcwaClient, meeting: Resource, href: str) -> None:
    body = {name: value for name, value in meeting.items() if name != "subject"}
    answer = await lene.put(f"{href}?subject=query", json=body, headers=if_match(meeting))
    assert answer.json()["subject"] == ""


async def test_every_change_gives_a_new_etag_and_never_an_old_one(lene: UcwaClient, meeting: Resource) -> None:
    seen, current = [meeting["etag"]], meeting
    for subject in ("a", "b", "a", "a", "Sales"):
        current = (await lene.replace(current, subject=subject)).json()
        seen.append(current["etag"])
    assert len(set(seen)) == len(seen)


async def test_embedded_resources_do_not_affect_the_etag(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting, id="1")
    await lene.replace(extension, topic="x")
    assert (await lene.get(href)).headers["ETag"] == f'"{meeting["etag"]}"'
    await lene.delete(self_of(extension))
    assert (await lene.replace(meeting, subject="Marketing")).status_code == 200


# DELETE


async def test_delete_removes_the_meeting_and_all_below(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting)
    answer = await lene.delete(href)
    assert (answer.status_code, answer.content) == (204, b"")
    for gone in (href, extensions_of(meeting), self_of(extension)):
        assert_refused(await lene.get(gone), 404, "NotFound", "ResourceNotFound")
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"] == []


async def test_delete_honours_if_match(lene: UcwaClient, meeting: Resource, href: str) -> None:
    assert_refused(await lene.delete(href, headers={"If-Match": "1"}), 412, "PreconditionFailed")
    assert (await lene.delete(href, headers=if_match(meeting))).status_code == 204


# Expiry


@pytest.mark.parametrize("change", ["scheduled", "replaced", "extended"])
async def test_expired_meeting_disappears_with_its_extensions_some_time_after_its_last_change(
    make_service: Make, connect: Connect, world: FakeWorld, change: str
) -> None:
    service = await make_service(expired_meetings_kept=600)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    meeting = await lene.schedule(expirationTime=f"/Date({world.now() - 100 * 86_400_000})/")
    extension = await lene.extend(meeting)
    if change != "scheduled":
        await world.advance(300)
    if change == "replaced":
        answer = await lene.put(self_of(meeting), json={**meeting, "subject": "Later"}, headers=if_match(meeting))
        assert answer.status_code == 200, answer.text
    if change == "extended":
        await lene.extend(meeting)
    await world.advance(599)
    await service.sweeper.sweep_meetings()
    assert (await lene.get(self_of(extension))).status_code == 200
    await world.advance(2)
    await service.sweeper.sweep_meetings()
    for gone in (self_of(meeting), self_of(extension)):
        assert_refused(await lene.get(gone), 404, "NotFound", "ResourceNotFound")


async def test_retention_and_sweep_interval_of_expired_meetings_are_settings(
    signed_in: SignedIn, world: FakeWorld
) -> None:
    lene = await signed_in(expired_meetings_kept=60, meeting_sweep_interval=5.0)
    meeting = await lene.schedule(expirationTime=f"/Date({world.now()})/")
    await world.advance(59)
    assert (await lene.get(self_of(meeting))).status_code == 200
    async with asyncio.timeout(60):
        while (await lene.get(self_of(meeting))).status_code != 404:
            await world.advance(5)


# The assigned meeting


async def test_user_has_one_assigned_meeting_created_on_first_read(lene: UcwaClient, assigned: Resource) -> None:
    assert assigned["rel"] == "myAssignedOnlineMeeting"
    assert assigned["onlineMeetingRel"] == "myAssignedOnlineMeeting"
    assert self_of(assigned) == f"{lene.meetings}/{assigned['onlineMeetingId']}"
    assert await get_assigned(lene) == assigned
    listed = (await lene.get(lene.meetings)).json()["_embedded"]["myAssignedOnlineMeeting"]
    assert listed == [assigned]


async def test_each_user_has_an_assigned_meeting_of_their_own(
    lene: UcwaClient, dana: UcwaClient, assigned: Resource
) -> None:
    hers = await get_assigned(dana)
    assert hers["organizerUri"] == "sip:danab@contoso.com"
    assert hers["onlineMeetingId"] != assigned["onlineMeetingId"]


async def test_assigned_meeting_shows_etag_and_pass_through_property(lene: UcwaClient, assigned: Resource) -> None:
    assert len(pass_through(assigned)) == 1
    answer = await lene.get(self_of(assigned))
    assert answer.headers["ETag"] == f'"{assigned["etag"]}"'


async def test_assigned_meeting_never_expires(make_service: Make, connect: Connect, world: FakeWorld) -> None:
    service = await make_service(meeting_lifetime=1, expired_meetings_kept=0)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    assigned = await get_assigned(lene)
    assert "expirationTime" not in assigned
    await world.advance(600)
    await service.sweeper.sweep_meetings()
    assert await get_assigned(lene) == assigned


async def test_properties_of_the_assigned_meeting_are_the_admins(signed_in: SignedIn) -> None:
    lene = await signed_in(default_access_level="Invited", default_phone_user_admission="Enabled")
    assigned = await get_assigned(lene)
    assert (assigned["accessLevel"], assigned["phoneUserAdmission"]) == ("Invited", "Enabled")


async def test_put_changes_nothing_of_the_assigned_meeting(lene: UcwaClient, assigned: Resource) -> None:
    answer = await lene.replace(assigned, subject="Mine", accessLevel="Everyone")
    assert answer.status_code == 200
    assert answer.json() == assigned


async def test_assigned_meeting_cannot_be_deleted(lene: UcwaClient, assigned: Resource) -> None:
    assert_refused(await lene.delete(self_of(assigned)), 409, "Conflict")
    assert await get_assigned(lene) == assigned


async def test_assigned_meeting_accepts_extensions(lene: UcwaClient, assigned: Resource) -> None:
    extension = await lene.extend(assigned, id="1", topic="sales")
    assert await get_extensions(lene, self_of(assigned)) == [extension]


async def test_assigned_meeting_can_be_disabled(signed_in: SignedIn) -> None:
    lene = await signed_in(assigned_meeting=False)
    dashboard = (await lene.get(f"{lene.app}/onlineMeetings")).json()
    assert "myAssignedOnlineMeeting" not in dashboard["_links"]
    assert "myAssignedOnlineMeeting" not in (await lene.get(lene.meetings)).json()["_embedded"]
    eligible = (await lene.get(dashboard["_links"]["onlineMeetingEligibleValues"]["href"])).json()
    assert eligible["eligibleOnlineMeetingRels"] == ["myOnlineMeetings"]
    assert "myAssignedOnlineMeeting" not in eligible["_links"]


async def test_concurrent_puts_are_each_answered_with_their_own_etag(lene: UcwaClient, meeting: Resource) -> None:
    answers = await asyncio.gather(
        *(
            lene.put(
                self_of(meeting), json={**pass_through(meeting), "subject": str(number)}, headers={"If-Match": "*"}
            )
            for number in range(30)
        )
    )
    shown = [answer.json() for answer in answers]
    assert [answer.status_code for answer in answers] == [200] * 30
    assert [each["subject"] for each in shown] == [str(number) for number in range(30)]
    assert len({each["etag"] for each in shown}) == 30
    assert all(answer.headers["ETag"] == f'"{each["etag"]}"' for answer, each in zip(answers, shown, strict=True))
