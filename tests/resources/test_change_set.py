"""openucwa:changeSet: several changes of a meeting and its extensions, made together or not at all."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of, if_match, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_invalid, assert_refused, get_extensions, own, xml_of

Resource = dict[str, Any]
Change = dict[str, Any]


@pytest.fixture
async def agenda(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="agenda", type="RoamedParticipantData", seats=12, remark="a")


@pytest.fixture
async def notes(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="notes", text="x")


@pytest.fixture
async def href(lene: UcwaClient, meeting: Resource, agenda: Resource, notes: Resource) -> str:
    """Where the meeting's Link header leads."""
    answer = await lene.get(self_of(meeting))
    return str(httpx.Response(200, headers={"Link": answer.headers["Link"]}).links["openucwa:changeSet"]["url"])


async def change(client: UcwaClient, href: str, *changes: Change, **more: Any) -> httpx.Response:
    return await client.post(href, json={"changes": list(changes), **more})


async def everything(client: UcwaClient, meeting: Resource) -> Resource:
    shown: Resource = (await client.get(self_of(meeting))).json()
    return shown


# Made


async def test_changes_of_all_kinds_are_made_together(
    lene: UcwaClient, meeting: Resource, agenda: Resource, href: str
) -> None:
    answer = await change(
        lene,
        href,
        {"operation": "patch", "id": "agenda", "patch": {"seats": 14, "remark": None}},
        {"operation": "remove", "id": "notes"},
        {"operation": "add", "id": "menu", "type": "RoamedParticipantData", "properties": {"soup": True}},
        meeting={"patch": {"subject": "Marketing"}},
    )
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["rel"], self_of(shown)) == ("openucwa:changeSet", href)
    changed, added = shown["_embedded"]["onlineMeetingExtension"]
    assert (own(changed), own(added)) == ({"seats": 14}, {"soup": True})
    assert changed["etag"] != agenda["etag"]
    now = await everything(lene, meeting)
    assert now["subject"] == shown["_embedded"]["myOnlineMeeting"]["subject"] == "Marketing"
    assert now["etag"] == shown["_embedded"]["myOnlineMeeting"]["etag"] != meeting["etag"]
    assert now["_embedded"]["onlineMeetingExtension"] == [changed, added]


async def test_extension_is_replaced_as_by_a_put(lene: UcwaClient, agenda: Resource, href: str) -> None:
    replacement = {"operation": "replace", "id": "agenda", "properties": {"a": "/Date(1)/"}}
    answer = await change(lene, href, replacement)
    (shown,) = answer.json()["_embedded"]["onlineMeetingExtension"]
    assert (shown["type"], own(shown)) == ("Undefined", {"a": "/Date(1)/"})
    assert (await lene.get(self_of(agenda))).json() == shown


async def test_json_patch_is_an_array(lene: UcwaClient, agenda: Resource, href: str) -> None:
    operations = [{"op": "test", "path": "/seats", "value": 12}, {"op": "replace", "path": "/seats", "value": 13}]
    answer = await change(lene, href, {"operation": "patch", "id": "agenda", "patch": operations})
    assert answer.json()["_embedded"]["onlineMeetingExtension"][0]["seats"] == 13


async def test_server_assigns_an_id_if_there_is_none(lene: UcwaClient, meeting: Resource, href: str) -> None:
    answer = await change(lene, href, {"operation": "add"}, {"operation": "add", "id": "", "properties": {"a": 1}})
    ids = [each["id"] for each in answer.json()["_embedded"]["onlineMeetingExtension"]]
    assert len({*ids}) == 2
    assert [each["id"] for each in await get_extensions(lene, extensions_of(meeting))][2:] == ids


async def test_answer_is_available_in_xml(lene: UcwaClient, href: str) -> None:
    body = {"changes": [{"operation": "patch", "id": "agenda", "patch": {"seats": 14}}]}
    answer = await lene.post(href, json=body, headers={"Accept": "application/xml"})
    root = xml_of(answer)
    assert root.get("rel") == "openucwa:changeSet"
    assert '<property name="seats" xsi:type="xs:integer">14<' in answer.text


async def test_patch_that_changes_nothing_is_answered_with_the_current_version(
    lene: UcwaClient, meeting: Resource, agenda: Resource, href: str
) -> None:
    before = await everything(lene, meeting)
    unchanged = {"operation": "patch", "id": "agenda", "patch": {"seats": 12}}
    answer = await change(lene, href, unchanged, meeting={"patch": {"subject": "Sales"}})
    assert answer.json()["_embedded"]["onlineMeetingExtension"] == [agenda]
    assert await everything(lene, meeting) == before


async def test_empty_change_set_changes_nothing(lene: UcwaClient, meeting: Resource, href: str) -> None:
    before = await everything(lene, meeting)
    for body in ({}, {"changes": []}, {"meeting": {}}):
        assert (await lene.post(href, json=body)).status_code == 200
    assert await everything(lene, meeting) == before


# Conditions


async def test_each_change_has_a_condition_of_its_own(
    lene: UcwaClient, meeting: Resource, agenda: Resource, notes: Resource, href: str
) -> None:
    answer = await change(
        lene,
        href,
        {"operation": "patch", "id": "agenda", "ifMatch": agenda["etag"], "patch": {"seats": 14}},
        {"operation": "replace", "id": "notes", "ifMatch": f'"{notes["etag"]}"', "properties": {}},
        meeting={"ifMatch": meeting["etag"], "patch": {"subject": "Marketing"}},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "stale",
    [
        {"operation": "patch", "id": "agenda", "ifMatch": "1", "patch": {"seats": 14}},
        {"operation": "patch", "id": "agenda", "ifMatch": "1", "patch": {}},
        {"operation": "replace", "id": "agenda", "ifMatch": "1", "properties": {}},
        {"operation": "remove", "id": "agenda", "ifMatch": "1"},
    ],
)
async def test_change_with_an_old_etag_is_named_and_nothing_is_made(
    lene: UcwaClient, meeting: Resource, href: str, stale: Change
) -> None:
    before = await everything(lene, meeting)
    answer = await change(
        lene, href, {"operation": "remove", "id": "notes"}, stale, meeting={"patch": {"subject": "Marketing"}}
    )
    reason = assert_refused(answer, 412, "PreconditionFailed", None, "/changes/1")
    assert "change 1 (agenda)" in reason["message"]
    assert await everything(lene, meeting) == before


async def test_condition_of_the_meeting_alone_protects_the_changes(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    change_of_notes = {"operation": "patch", "id": "notes", "patch": {"a": 1}}
    assert (await change(lene, href, change_of_notes, meeting={"ifMatch": meeting["etag"]})).status_code == 200
    answer = await change(lene, href, change_of_notes, meeting={"ifMatch": "1"})
    assert_refused(answer, 412, "PreconditionFailed", None, "/meeting")


# Refused


@pytest.mark.parametrize(
    ("refused", "status", "code", "subcode"),
    [
        ({"operation": "add", "id": "agenda"}, 409, "Conflict", "AlreadyExists"),
        ({"operation": "patch", "id": "none", "patch": {}}, 404, "NotFound", "ResourceNotFound"),
        ({"operation": "replace", "id": "none", "properties": {}}, 404, "NotFound", "ResourceNotFound"),
        ({"operation": "remove", "id": "none"}, 404, "NotFound", "ResourceNotFound"),
        ({"operation": "patch", "id": "agenda", "patch": [{"op": "remove", "path": "/x"}]}, 409, "Conflict", None),
        ({"operation": "add", "properties": {"a": "x" * 70_000}}, 413, "EntityTooLarge", None),
    ],
)
async def test_refused_change_is_named_and_nothing_is_made(
    lene: UcwaClient, meeting: Resource, href: str, refused: Change, status: int, code: str, subcode: str | None
) -> None:
    before = await everything(lene, meeting)
    answer = await change(
        lene,
        href,
        {"operation": "patch", "id": "notes", "patch": {"a": 1}},
        {"operation": "add", "id": "new"},
        refused,
        meeting={"patch": {"subject": "Marketing"}},
    )
    assert_refused(answer, status, code, subcode, "/changes/2")
    assert await everything(lene, meeting) == before


@pytest.mark.parametrize(
    ("faulty", "pointer"),
    [
        ("add", ""),
        ({}, "/operation"),
        ({"operation": "move", "id": "a"}, "/operation"),
        ({"operation": ["add"]}, "/operation"),
        ({"operation": "remove"}, "/id"),
        ({"operation": "remove", "id": None}, "/id"),
        ({"operation": "remove", "id": 1}, "/id"),
        ({"operation": "remove", "id": "agenda", "ifMatch": 1}, "/ifMatch"),
        ({"operation": "add", "ifMatch": "1"}, "/ifMatch"),
        ({"operation": "add", "id": ".."}, "/id"),
        ({"operation": "add", "type": "Secret"}, "/type"),
        ({"operation": "add", "property": {}}, "/property"),
        ({"operation": "add", "properties": []}, "/properties"),
        ({"operation": "add", "properties": {"a": {}}}, "/properties/a"),
        ({"operation": "add", "properties": {"a/b~c": {}}}, "/properties/a~1b~0c"),
        ({"operation": "add", "properties": {"ID": "x"}}, "/properties/ID"),
        ({"operation": "replace", "id": "agenda"}, "/properties"),
        ({"operation": "patch", "id": "agenda"}, "/patch"),
        ({"operation": "patch", "id": "agenda", "patch": "x"}, "/patch"),
        ({"operation": "patch", "id": "agenda", "patch": {"id": "x"}}, "/patch"),
        ({"operation": "patch", "id": "agenda", "patch": {"a": [[]]}}, "/patch"),
        ({"operation": "patch", "id": "agenda", "patch": [{"op": "x", "path": ""}]}, "/patch/0/op"),
    ],
)
async def test_malformed_change_is_named_by_its_pointer(
    lene: UcwaClient, meeting: Resource, href: str, faulty: Any, pointer: str
) -> None:
    before = await everything(lene, meeting)
    answer = await change(lene, href, {"operation": "remove", "id": "notes"}, faulty)
    assert_invalid(answer, f"/changes/1{pointer}")
    assert await everything(lene, meeting) == before


async def test_all_malformed_parts_are_named(lene: UcwaClient, href: str) -> None:
    changes = [{"operation": "add", "type": "x"}, {"operation": "remove"}, {"operation": "add", "properties": {"": 1}}]
    answer = await lene.post(href, json={"changes": changes, "meeting": {"patch": 1, "subject": "x"}, "more": 1})
    assert_invalid(answer, "/changes/1/id", "/meeting/subject", "/more")
    answer = await lene.post(href, json={"changes": [changes[0], changes[2]]})
    assert_invalid(answer, "/changes/0/type", "/changes/1/properties/")


async def test_extension_cannot_be_changed_twice(lene: UcwaClient, href: str) -> None:
    answer = await change(lene, href, {"operation": "remove", "id": "agenda"}, {"operation": "add", "id": "agenda"})
    assert_invalid(answer, "/changes/1/id")


async def test_invalid_settings_of_the_meeting_are_named(lene: UcwaClient, meeting: Resource, href: str) -> None:
    for patch in ({"accessLevel": "Nobody"}, {"etag": "1"}, {"colour": "red"}):
        answer = await change(lene, href, {"operation": "remove", "id": "notes"}, meeting={"patch": patch})
        assert_invalid(answer, "/meeting/patch")
    failing = [{"op": "test", "path": "/subject", "value": "x"}]
    answer = await change(lene, href, {"operation": "remove", "id": "notes"}, meeting={"patch": failing})
    assert_refused(answer, 409, "Conflict", None, "/meeting")
    assert len((await everything(lene, meeting))["_embedded"]["onlineMeetingExtension"]) == 2


@pytest.mark.parametrize("media_type", ["application/xml", "text/plain", "application/merge-patch+json"])
async def test_change_set_must_be_json(lene: UcwaClient, href: str, media_type: str) -> None:
    answer = await lene.post(href, content=b"{}", headers={"Content-Type": media_type})
    assert_refused(answer, 415, "UnsupportedMediaType")


async def test_change_set_of_another_users_meeting_is_not_found(
    lene: UcwaClient, dana: UcwaClient, meeting: Resource
) -> None:
    answer = await dana.post(f"{dana.meetings}/{meeting['onlineMeetingId']}/changeSet", json={})
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_settings_of_the_assigned_meeting_stay(signed_in: SignedIn) -> None:
    client = await signed_in(assigned_meeting_extensions=False)
    (assigned,) = (await client.get(client.meetings)).json()["_embedded"]["myAssignedOnlineMeeting"]
    href = f"{self_of(assigned)}/changeSet"
    answer = await client.post(href, json={"meeting": {"patch": {"subject": "x"}}})
    assert_refused(answer, 409, "Conflict", None, "/meeting")
    answer = await change(client, href, {"operation": "add", "id": "a"})
    assert_refused(answer, 409, "Conflict", None, "/changes/0")


async def test_limits_hold_for_a_change_set(signed_in: SignedIn) -> None:
    client = await signed_in(max_extensions=2, max_change_set=3)
    meeting = await client.schedule()
    await client.extend(meeting, id="a")
    href = f"{self_of(meeting)}/changeSet"
    add = [{"operation": "add", "id": name} for name in "bcd"]
    answer = await change(client, href, *add[:2])
    assert_refused(answer, 409, "Conflict", "TooManyGroups", "/changes/1")
    answer = await change(client, href, *add, {"operation": "remove", "id": "a"})
    assert_refused(answer, 413, "EntityTooLarge")
    assert (await change(client, href, *add[:2], {"operation": "remove", "id": "a"})).status_code == 200


# Together with others


async def test_concurrent_patches_in_change_sets_are_all_made(
    lene: UcwaClient, meeting: Resource, agenda: Resource, href: str
) -> None:
    def patches(number: int) -> list[Change]:
        return [{"operation": "patch", "id": name, "patch": {f"p{number}": number}} for name in ("agenda", "notes")]

    answers = await asyncio.gather(*(change(lene, href, *patches(number)) for number in range(15)))
    assert {answer.status_code for answer in answers} == {200}
    shown = await get_extensions(lene, extensions_of(meeting))
    for extension in shown:
        assert {f"p{number}" for number in range(15)} <= own(extension).keys()


async def test_of_concurrent_change_sets_with_one_condition_one_is_made(
    lene: UcwaClient, meeting: Resource, agenda: Resource, href: str
) -> None:
    def changes(number: int) -> list[Change]:
        return [
            {"operation": "add", "id": f"new{number}"},
            {"operation": "patch", "id": "agenda", "ifMatch": agenda["etag"], "patch": {"seats": 100 + number}},
        ]

    answers = await asyncio.gather(*(change(lene, href, *changes(number)) for number in range(15)))
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 14]
    (made,) = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    shown = {each["id"]: each for each in await get_extensions(lene, extensions_of(meeting))}
    assert shown.keys() == {"agenda", "notes", f"new{made}"}
    assert shown["agenda"]["seats"] == 100 + made


async def test_change_set_and_put_do_not_overwrite_each_other(
    lene: UcwaClient, meeting: Resource, agenda: Resource, href: str
) -> None:
    await lene.replace(agenda, seats=20)
    answer = await change(lene, href, {"operation": "patch", "id": "agenda", "patch": {"remark": "b"}})
    (shown,) = answer.json()["_embedded"]["onlineMeetingExtension"]
    assert own(shown) == {"seats": 20, "remark": "b"}
    stale = await lene.put(self_of(agenda), json=agenda, headers=if_match(agenda))
    assert stale.status_code == 412


async def test_participant_gets_one_event_for_all_changes(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.post(
        f"{lene.app}/communication/onlineMeetingInvitations",
        json={"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1"},
    )
    shown = (await lene.get(f"{lene.app}/events?ack=1&timeout=1")).json()
    await change(
        lene,
        href,
        {"operation": "patch", "id": "agenda", "patch": {"seats": 14}},
        {"operation": "remove", "id": "notes"},
        meeting={"patch": {"subject": "Marketing"}},
    )
    shown = (await lene.get(shown["_links"]["next"]["href"])).json()
    events = [event for sender in shown["sender"] for event in sender["events"]]
    assert [(event["link"]["rel"], event["type"]) for event in events] == [("onlineMeeting", "updated")]
