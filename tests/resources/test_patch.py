"""PATCH of onlineMeetingExtension and myOnlineMeeting: JSON Merge Patch and JSON Patch, with and without If-Match."""

import asyncio
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from tests.client import JSON_PATCH, MERGE_PATCH, UcwaClient, extensions_of, if_match, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_invalid, assert_refused, own

Resource = dict[str, Any]

ACCEPTED = "application/merge-patch+json, application/json-patch+json"


@pytest.fixture
async def extension(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(
        meeting,
        id="agenda",
        type="RoamedParticipantData",
        seats=12,
        rate=1.0,
        big=12345678901234567890123,
        open=True,
        speakers=["Lene", "Dana"],
        doors="/Date(1894696200000)/",
    )


@pytest.fixture
def href(extension: Resource) -> str:
    return self_of(extension)


def json_patch(*operations: tuple[Any, ...]) -> list[Resource]:
    """Operations as ("add", "/path", value), ("remove", "/path") or ("copy", "/from", "/path")."""
    written: list[Resource] = []
    for op, path, *more in operations:
        if op in {"move", "copy"}:
            written.append({"op": op, "from": path, "path": more[0]})
        else:
            written.append({"op": op, "path": path} | ({"value": more[0]} if more else {}))
    return written


# Extensions: merge patch


async def test_merge_patch_changes_only_what_it_names(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.patch(href, {"seats": 14, "open": None, "note": "new"})
    assert answer.status_code == 200
    patched = answer.json()
    expected = {name: value for name, value in own(extension).items() if name != "open"} | {"seats": 14, "note": "new"}
    assert own(patched) == expected
    assert patched["etag"] != extension["etag"]
    assert answer.headers["ETag"] == f'"{patched["etag"]}"'
    assert (await lene.get(href)).json() == patched


async def test_values_that_a_patch_does_not_name_keep_their_types(lene: UcwaClient, href: str) -> None:
    await lene.patch(href, {"note": "new"})
    shown = (await lene.get(href)).text
    for kept in ('"seats":12,', '"rate":1.0,', '"big":12345678901234567890123,', '"open":true,'):
        assert kept in shown
    assert '"doors":"\\/Date(1894696200000)\\/"' in shown


async def test_patched_values_have_the_types_of_a_put(lene: UcwaClient, href: str) -> None:
    patch = {"a": 1, "b": 1.0, "c": False, "d": "/Date(1)/", "e": [1, 2.5], "f": "12"}
    await lene.patch(href, patch)
    answer = await lene.get(href, headers={"Accept": "application/xml"})
    for shown in (
        '<property name="a" xsi:type="xs:integer">1<',
        '<property name="b" xsi:type="xs:double">1.0<',
        '<property name="c" xsi:type="xs:boolean">false<',
        '<property name="d" xsi:type="xs:dateTime">1970',
        '<property name="f">12<',
    ):
        assert shown in answer.text


async def test_merge_patch_replaces_arrays_as_a_whole(lene: UcwaClient, href: str) -> None:
    assert (await lene.patch(href, {"speakers": ["Dana"]})).json()["speakers"] == ["Dana"]


async def test_patch_can_change_who_sees_the_extension(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert (await lene.patch(href, {"type": "RoamedOrganizerData"})).json()["type"] == "RoamedOrganizerData"
    assert (await lene.patch(href, {"type": None})).json()["type"] == "Undefined"
    assert_invalid(await lene.patch(href, {"type": "Secret"}), "type")


async def test_whole_extension_as_read_is_a_merge_patch(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.patch(href, extension | {"seats": 13})
    assert own(answer.json()) == own(extension) | {"seats": 13}


async def test_answer_to_a_patch_is_available_in_xml(lene: UcwaClient, href: str) -> None:
    answer = await lene.patch(href, {"seats": 14}, headers={"Accept": "application/xml"})
    assert answer.headers["Content-Type"].startswith("application/xml")
    assert '<property name="seats" xsi:type="xs:integer">14<' in answer.text


async def test_pass_through_property_is_not_needed_in_a_patch(lene: UcwaClient, href: str) -> None:
    assert (await lene.patch(href, {"seats": 14})).status_code == 200


# Extensions: JSON Patch


async def test_json_patch_changes_the_extension(lene: UcwaClient, extension: Resource, href: str) -> None:
    patch = json_patch(
        ("test", "/seats", 12),
        ("replace", "/seats", 14),
        ("add", "/speakers/-", "Mike"),
        ("remove", "/open"),
        ("copy", "/doors", "/begin"),
        ("move", "/rate", "/price"),
    )
    answer = await lene.patch(href, patch, JSON_PATCH)
    assert answer.status_code == 200
    assert own(answer.json()) == {
        "seats": 14,
        "price": 1.0,
        "big": extension["big"],
        "speakers": ["Lene", "Dana", "Mike"],
        "doors": "/Date(1894696200000)/",
        "begin": "/Date(1894696200000)/",
    }


async def test_failed_test_is_a_conflict_that_names_the_operation(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    answer = await lene.patch(href, json_patch(("add", "/a", 1), ("test", "/seats", 13)), JSON_PATCH)
    assert "operation 1 (test /seats)" in assert_refused(answer, 409, "Conflict")["message"]
    assert (await lene.get(href)).json() == extension


async def test_json_patch_may_test_what_it_cannot_change(lene: UcwaClient, extension: Resource, href: str) -> None:
    patch = json_patch(("test", "/etag", extension["etag"]), ("test", "/_links/self/href", href), ("add", "/a", 1))
    assert (await lene.patch(href, patch, JSON_PATCH)).status_code == 200
    answer = await lene.patch(href, patch, JSON_PATCH)
    assert "operation 0" in assert_refused(answer, 409, "Conflict")["message"]


async def test_member_given_twice_in_an_operation_is_refused(lene: UcwaClient, href: str) -> None:
    body = b'[{"op":"add","path":"/baz","value":"qux","op":"remove"}]'  # RFC 6902, A.13
    answer = await lene.request("PATCH", href, content=body, headers={"Content-Type": JSON_PATCH})
    assert_invalid(answer, "op")


async def test_malformed_operation_is_named_by_its_pointer(lene: UcwaClient, href: str) -> None:
    answer = await lene.patch(href, [{"op": "add", "path": "/a", "value": 1}, {"op": "plus", "path": "/a"}], JSON_PATCH)
    assert_invalid(answer, "/1/op")


# What both have in common


@pytest.mark.parametrize("media_type", [MERGE_PATCH, JSON_PATCH])
@pytest.mark.parametrize("name", ["id", "rel", "etag", "href", "_links", "_embedded"])
async def test_what_the_server_decides_cannot_be_patched(
    lene: UcwaClient, extension: Resource, href: str, name: str, media_type: str
) -> None:
    patch = {name: "x"} if media_type == MERGE_PATCH else json_patch(("add", f"/{name}", "x"))
    assert_invalid(await lene.patch(href, patch, media_type), name)
    if name in extension:
        patch = {name: None} if media_type == MERGE_PATCH else json_patch(("remove", f"/{name}"))
        assert_invalid(await lene.patch(href, patch, media_type), name)
    assert (await lene.get(href)).json() == extension


async def test_result_must_be_what_a_put_accepts(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert_invalid(await lene.patch(href, {"a": {"b": 1}}), "a")
    assert_invalid(await lene.patch(href, {"a": [1, "b"]}), "a")
    assert_invalid(await lene.patch(href, json_patch(("add", "/speakers/-", 1)), JSON_PATCH), "speakers")
    assert_invalid(await lene.patch(href, {"": 1}), "")
    assert (await lene.get(href)).json() == extension


async def test_patch_that_makes_it_no_object_is_refused(lene: UcwaClient, extension: Resource, href: str) -> None:
    for patch in (["c"], "c", 1):
        assert_refused(await lene.patch(href, patch), 400, "BadRequest")
    assert_refused(await lene.patch(href, json_patch(("replace", "", [])), JSON_PATCH), 400, "BadRequest")
    assert (await lene.get(href)).json() == extension


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
@pytest.mark.parametrize("media_type", [MERGE_PATCH, JSON_PATCH])
async def test_body_that_is_no_json_is_refused(lene: UcwaClient, href: str, body: bytes, media_type: str) -> None:
    answer = await lene.request("PATCH", href, content=body, headers={"Content-Type": media_type})
    assert_refused(answer, 400, "BadRequest", "DeserializationFailure")


@pytest.mark.parametrize("media_type", ["application/json", "application/xml", "text/plain", ""])
async def test_other_types_of_patches_are_refused_with_those_that_are_accepted(
    lene: UcwaClient, href: str, media_type: str
) -> None:
    answer = await lene.patch(href, {"a": 1}, media_type)
    assert_refused(answer, 415, "UnsupportedMediaType")
    assert answer.headers["Accept-Patch"] == ACCEPTED


async def test_patch_type_may_have_a_charset_and_capitals(lene: UcwaClient, href: str) -> None:
    assert (await lene.patch(href, {"a": 1}, "Application/Merge-Patch+JSON; charset=utf-8")).status_code == 200


async def test_patch_types_are_no_types_of_a_put(lene: UcwaClient, extension: Resource, href: str) -> None:
    headers = {"Content-Type": MERGE_PATCH, **if_match(extension)}
    answer = await lene.put(href, content=b"{}", headers=headers)
    assert_refused(answer, 415, "UnsupportedMediaType")
    assert "Accept-Patch" not in answer.headers


async def test_patch_that_changes_nothing_keeps_the_etag(lene: UcwaClient, extension: Resource, href: str) -> None:
    for patch, media_type in (
        ({}, MERGE_PATCH),
        ({"seats": 12, "nothing": None}, MERGE_PATCH),
        (json_patch(("test", "/seats", 12)), JSON_PATCH),
        (json_patch(("add", "/a", 1), ("remove", "/a")), JSON_PATCH),
    ):
        answer = await lene.patch(href, patch, media_type)
        assert answer.status_code == 200
        assert answer.json() == extension


# Conditions


async def test_if_match_is_honoured_and_not_required(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert (await lene.patch(href, {"a": 1}, headers=if_match(extension))).status_code == 200
    assert_refused(await lene.patch(href, {"a": 2}, headers=if_match(extension)), 412, "PreconditionFailed")
    assert (await lene.patch(href, {"a": 2}, headers={"If-Match": "*"})).status_code == 200
    assert (await lene.patch(href, {"b": 3})).status_code == 200
    assert (await lene.get(href)).json()["a"] == 2


async def test_concurrent_patches_of_different_properties_are_all_made(lene: UcwaClient, href: str) -> None:
    answers = await asyncio.gather(*(lene.patch(href, {f"p{number}": number}) for number in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["etag"] for answer in answers}) == 20
    shown = (await lene.get(href)).json()
    assert [shown[f"p{number}"] for number in range(20)] == list(range(20))


async def test_of_concurrent_patches_that_test_the_same_value_one_is_made(lene: UcwaClient, href: str) -> None:
    async def take(number: int) -> httpx.Response:
        return await lene.patch(
            href, json_patch(("test", "/seats", 12), ("replace", "/seats", 100 + number)), JSON_PATCH
        )

    answers = await asyncio.gather(*map(take, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 19]


async def test_of_concurrent_patches_with_one_etag_one_is_made(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    patches = (lene.patch(href, {"seats": 100 + number}, headers=if_match(extension)) for number in range(20))
    assert sorted(answer.status_code for answer in await asyncio.gather(*patches)) == [200, *[412] * 19]


async def test_patch_of_a_missing_extension_is_not_found(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.patch(f"{extensions_of(meeting)}/none", {"a": 1})
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_patched_extension_is_shown_by_the_meeting_at_once(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    await lene.get(self_of(meeting))
    await lene.patch(href, {"seats": 14})
    shown = (await lene.get(self_of(meeting))).json()["_embedded"]["onlineMeetingExtension"][0]
    assert shown["seats"] == 14


# Limits


async def test_limits_of_an_extension_hold_for_a_patch(signed_in: SignedIn) -> None:
    client = await signed_in(max_extension_properties=3, max_extension_bytes=100, max_patch_operations=5)
    href = self_of(await client.extend(await client.schedule(), a=1, b=2))
    assert_invalid(await client.patch(href, {"c": 3, "d": 4}), "d")
    assert_refused(await client.patch(href, {"c": "x" * 100}), 413, "EntityTooLarge")
    many = json_patch(*[("add", "/c", 1)] * 6)
    assert_refused(await client.patch(href, many, JSON_PATCH), 413, "EntityTooLarge")
    copies = json_patch(("add", "/c", "x" * 40), ("copy", "/c", "/d"), ("copy", "/c", "/e"), ("copy", "/c", "/f"))
    assert_refused(await client.patch(href, copies, JSON_PATCH), 413, "EntityTooLarge")
    assert (await client.patch(href, many[:5], JSON_PATCH)).status_code == 200


# Meetings


async def test_merge_patch_changes_a_meeting(lene: UcwaClient, meeting: Resource, extension: Resource) -> None:
    answer = await lene.patch(self_of(meeting), {"subject": "Marketing", "attendees": ["sip:danab@contoso.com"]})
    assert answer.status_code == 200
    patched = answer.json()
    assert patched["subject"] == "Marketing"
    assert patched["attendees"] == ["sip:danab@contoso.com"]
    assert patched["expirationTime"] == meeting["expirationTime"]
    assert patched["_embedded"]["onlineMeetingExtension"] == [extension]
    assert patched["etag"] != meeting["etag"]
    assert "openucwa:invitation" in answer.headers["Link"]
    assert (await lene.get(self_of(meeting))).json() == patched


async def test_json_patch_adds_an_attendee(lene: UcwaClient, meeting: Resource) -> None:
    patch = json_patch(("add", "/attendees/-", "sip:danab@contoso.com"), ("test", "/subject", "Sales"))
    assert (await lene.patch(self_of(meeting), patch, JSON_PATCH)).json()["attendees"] == ["sip:danab@contoso.com"]


async def test_removed_property_of_a_meeting_gets_its_default(lene: UcwaClient, meeting: Resource) -> None:
    assert (await lene.patch(self_of(meeting), {"subject": None})).json()["subject"] == ""


@pytest.mark.parametrize(
    "name",
    [
        "onlineMeetingId",
        "conferenceId",
        "joinUrl",
        "organizerUri",
        "onlineMeetingUri",
        "etag",
        "rel",
        "_links",
        "colour",
    ],
)
async def test_other_properties_of_a_meeting_cannot_be_patched(lene: UcwaClient, meeting: Resource, name: str) -> None:
    assert_invalid(await lene.patch(self_of(meeting), {name: "x"}), name)
    assert (await lene.get(self_of(meeting))).json() == meeting


async def test_patched_meeting_must_be_what_a_put_accepts(lene: UcwaClient, meeting: Resource) -> None:
    assert_invalid(await lene.patch(self_of(meeting), {"accessLevel": "Nobody"}), "accessLevel")
    assert_invalid(await lene.patch(self_of(meeting), {"subject": "x" * 251}), "subject")
    assert_invalid(await lene.patch(self_of(meeting), {"Subject": "x"}), "Subject")


async def test_extensions_of_a_meeting_are_not_patched_with_it(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    answer = await lene.patch(self_of(meeting), {"_embedded": {"onlineMeetingExtension": []}})
    assert_invalid(answer, "_embedded")


async def test_if_match_is_honoured_for_meetings(lene: UcwaClient, meeting: Resource) -> None:
    href = self_of(meeting)
    assert (await lene.patch(href, {"subject": "a"}, headers=if_match(meeting))).status_code == 200
    assert_refused(await lene.patch(href, {"subject": "b"}, headers=if_match(meeting)), 412, "PreconditionFailed")


async def test_concurrent_patches_of_a_meeting_are_all_made(lene: UcwaClient, meeting: Resource) -> None:
    href = self_of(meeting)
    patches = [json_patch(("add", "/attendees/-", f"sip:user{number}@contoso.com")) for number in range(20)]
    answers = await asyncio.gather(*(lene.patch(href, patch, JSON_PATCH) for patch in patches))
    assert {answer.status_code for answer in answers} == {200}
    assert len((await lene.get(href)).json()["attendees"]) == 20


async def test_assigned_meeting_cannot_be_patched(lene: UcwaClient) -> None:
    meetings = (await lene.get(lene.meetings)).json()
    (assigned,) = meetings["_embedded"]["myAssignedOnlineMeeting"]
    assert_refused(await lene.patch(self_of(assigned), {"subject": "x"}), 409, "Conflict")


async def test_unchanged_meeting_keeps_its_etag(lene: UcwaClient, meeting: Resource) -> None:
    assert (await lene.patch(self_of(meeting), {"subject": "Sales"})).json() == meeting


# Everything else


async def test_patch_is_part_of_a_batch(lene: UcwaClient, href: str) -> None:
    body = (
        "--b\r\nContent-Type: application/http; msgtype=request\r\n\r\n"
        f'PATCH {href} HTTP/1.1\r\nContent-Type: {MERGE_PATCH}\r\n\r\n{{"seats":14}}\r\n--b--\r\n'
    )
    headers = {"Content-Type": "multipart/batching; boundary=b", "Accept": "multipart/batching"}
    answer = await lene.post(f"{lene.app}/batch", content=body.encode(), headers=headers)
    assert "HTTP/1.1 200" in answer.text
    assert (await lene.get(href)).json()["seats"] == 14


async def test_patch_raises_the_event_of_a_put(
    service: Service, lene: UcwaClient, meeting: Resource, href: str
) -> None:
    await lene.post(
        f"{lene.app}/communication/onlineMeetingInvitations",
        json={"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1"},
    )
    events = f"{lene.app}/events?ack="
    shown = (await lene.get(f"{events}1&timeout=1")).json()
    await lene.patch(href, {"seats": 14})
    shown = (await lene.get(shown["_links"]["next"]["href"])).json()
    assert [(event["link"]["rel"], event["type"]) for sender in shown["sender"] for event in sender["events"]] == [
        ("onlineMeeting", "updated")
    ]
