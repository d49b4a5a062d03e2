"""The history of meetings and extensions: versions, differences, what was removed, and restoring any of it."""

from typing import Any

import httpx
import pytest

from tests.client import MERGE_PATCH, UcwaClient, extensions_of, if_match, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_refused, own

Resource = dict[str, Any]
XML = {"Accept": "application/xml"}


def links(answer: httpx.Response) -> dict[str, str]:
    """The targets of the Link headers, by rel."""
    found = [part.partition(">; rel=") for part in answer.headers["Link"].split(", ")]
    return {rel.strip('"'): href.removeprefix("<") for href, _, rel in found}


async def versions_of(client: UcwaClient, href: str) -> list[Resource]:
    """The versions of a meeting or an extension, newest first, found as a client finds them."""
    answer = await client.get(links(await client.get(href))["openucwa:versions"])
    assert answer.status_code == 200
    found: list[Resource] = answer.json()["_embedded"]["openucwa:version"]
    return found


async def get(client: UcwaClient, href: str, **options: Any) -> Resource:
    answer = await client.get(href, **options)
    assert answer.status_code == 200, answer.text
    found: Resource = answer.json()
    return found


@pytest.fixture
async def agenda(lene: UcwaClient, meeting: Resource) -> str:
    """The href of an extension with three versions."""
    made = await lene.extend(meeting, id="agenda", type="RoamedParticipantData", seats=12, room="A", open=True)
    href = self_of(made)
    await lene.patch(href, {"seats": 14, "room": None})
    await lene.patch(href, {"note": "new"})
    return href


async def test_versions_say_who_changed_what_and_when(lene: UcwaClient, agenda: str) -> None:
    third, second, first = await versions_of(lene, agenda)
    assert [each["kind"] for each in (first, second, third)] == ["added", "patched", "patched"]
    assert first["changedBy"] == "sip:lenea@contoso.com"
    assert first["userAgent"]
    assert first["changed"].startswith("/Date(")
    assert first["extensionId"] == "agenda"
    assert "etagBefore" not in first
    assert (second["etagBefore"], third["etagAfter"]) == (first["etagAfter"], (await get(lene, agenda))["etag"])
    assert first["number"] < second["number"] < third["number"]


async def test_version_shows_the_extension_as_it_was(lene: UcwaClient, agenda: str) -> None:
    *_, first = await versions_of(lene, agenda)
    version = await get(lene, self_of(first))
    assert own(version["_embedded"]["onlineMeetingExtension"]) == {"seats": 12, "room": "A", "open": True}


async def test_version_is_shown_in_xml_with_its_types(lene: UcwaClient, agenda: str) -> None:
    *_, first = await versions_of(lene, agenda)
    answer = await lene.get(self_of(first), headers=XML)
    assert '<property name="seats" xsi:type="xs:integer">12</property>' in answer.text
    assert 'rel="openucwa:version"' in answer.text


async def test_versions_come_in_pages(lene: UcwaClient, agenda: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openucwa.resources.versions.SHOWN", 2)
    page = await get(lene, f"{agenda}/versions")
    rest = await get(lene, page["_links"]["next"]["href"])
    assert [len(each["_embedded"]["openucwa:version"]) for each in (page, rest)] == [2, 1]
    assert "next" not in rest["_links"]


async def test_difference_names_what_was_added_changed_and_removed(lene: UcwaClient, agenda: str) -> None:
    *_, first = await versions_of(lene, agenda)
    difference = await get(lene, first["_links"]["openucwa:difference"]["href"])
    assert (difference["added"], difference["changed"], difference["removed"]) == (["note"], ["seats"], ["room"])


async def test_difference_to_an_older_version_goes_back(lene: UcwaClient, agenda: str) -> None:
    third, _, first = await versions_of(lene, agenda)
    difference = await get(lene, f"{third['_links']['openucwa:difference']['href']}?to={first['number']}")
    assert (difference["added"], difference["removed"]) == (["room"], ["note"])


async def test_difference_as_a_merge_patch_makes_one_version_of_the_other(lene: UcwaClient, agenda: str) -> None:
    third, _, first = await versions_of(lene, agenda)
    href = f"{third['_links']['openucwa:difference']['href']}?to={first['number']}"
    answer = await lene.get(href, headers={"Accept": MERGE_PATCH})
    assert answer.headers["Content-Type"] == MERGE_PATCH
    assert answer.json() == {"seats": 12, "room": "A", "note": None}
    await lene.patch(agenda, answer.json())
    version = await get(lene, self_of(first))
    assert own(await get(lene, agenda)) == own(version["_embedded"]["onlineMeetingExtension"])


async def test_restored_version_is_a_new_one(lene: UcwaClient, agenda: str) -> None:
    *_, first = await versions_of(lene, agenda)
    answer = await lene.post(first["_links"]["openucwa:restore"]["href"])
    assert answer.status_code == 200
    assert own(answer.json())["room"] == "A"
    assert answer.json() == await get(lene, agenda)
    assert answer.headers["ETag"] == f'"{answer.json()["etag"]}"'
    assert [each["kind"] for each in await versions_of(lene, agenda)] == ["restored", "patched", "patched", "added"]


async def test_restoring_honours_if_match(lene: UcwaClient, agenda: str) -> None:
    *_, first = await versions_of(lene, agenda)
    href = first["_links"]["openucwa:restore"]["href"]
    assert_refused(await lene.post(href, headers={"If-Match": '"another"'}), 412, "PreconditionFailed")
    current = await get(lene, agenda)
    assert (await lene.post(href, headers=if_match(current))).status_code == 200


async def test_removed_extension_is_listed_and_restored(lene: UcwaClient, meeting: Resource, agenda: str) -> None:
    await lene.delete(agenda)
    removed = await get(lene, links(await lene.get(self_of(meeting)))["openucwa:removedExtensions"])
    (version,) = removed["_embedded"]["openucwa:version"]
    assert (version["kind"], version["extensionId"]) == ("removed", "agenda")
    assert_refused(
        await lene.post(version["_links"]["openucwa:restore"]["href"], headers={"If-Match": '"x"'}),
        412,
        "PreconditionFailed",
    )
    answer = await lene.post(version["_links"]["openucwa:restore"]["href"])
    assert (answer.status_code, answer.headers["Location"]) == (201, agenda)
    assert own(await get(lene, agenda))["note"] == "new"
    removed = await get(lene, self_of(removed))
    assert removed["_embedded"]["openucwa:version"] == []


async def test_meeting_has_versions_and_can_be_restored(lene: UcwaClient, meeting: Resource) -> None:
    href = self_of(meeting)
    await lene.patch(href, {"subject": "Marketing", "accessLevel": "Invited"})
    _, first = await versions_of(lene, href)
    difference = await get(lene, first["_links"]["openucwa:difference"]["href"])
    assert sorted(difference["changed"]) == ["accessLevel", "subject"]
    version = await get(lene, self_of(first))
    assert version["_embedded"]["myOnlineMeeting"]["subject"] == "Sales"
    answer = await lene.post(first["_links"]["openucwa:restore"]["href"])
    assert answer.status_code == 200
    assert own(await get(lene, href)) == own(meeting)


async def test_assigned_meeting_is_not_restored(lene: UcwaClient) -> None:
    meetings = await get(lene, lene.meetings)
    (assigned,) = meetings["_embedded"]["myAssignedOnlineMeeting"]
    (first,) = await versions_of(lene, self_of(assigned))
    assert_refused(await lene.post(first["_links"]["openucwa:restore"]["href"]), 409, "Conflict")


async def test_removed_meeting_comes_back_with_the_extensions_that_went_with_it(
    lene: UcwaClient, meeting: Resource, agenda: str
) -> None:
    before = await get(lene, self_of(meeting))
    await lene.delete(self_of(meeting))
    assert (await lene.get(agenda)).status_code == 404
    index = await get(lene, f"{lene.app}/openucwa")
    removed = await get(lene, index["_links"]["openucwa:removedMeetings"]["href"])
    (gone,) = removed["_embedded"]["openucwa:removedMeeting"]
    assert (gone["onlineMeetingId"], gone["subject"]) == (meeting["onlineMeetingId"], "Sales")
    assert gone["removedBy"] == "sip:lenea@contoso.com"
    shown = (await get(lene, self_of(gone)))["_embedded"]["myOnlineMeeting"]
    assert [each["id"] for each in shown["_embedded"]["onlineMeetingExtension"]] == ["agenda"]
    answer = await lene.post(gone["_links"]["openucwa:restore"]["href"])
    assert (answer.status_code, answer.headers["Location"]) == (201, self_of(meeting))
    restored = await get(lene, self_of(meeting))
    assert own(restored) | {"_embedded": None} == own(before) | {"_embedded": None}
    (extension,) = restored["_embedded"]["onlineMeetingExtension"]
    assert own(extension) == own(before["_embedded"]["onlineMeetingExtension"][0])
    assert (await get(lene, self_of(removed)))["_embedded"]["openucwa:removedMeeting"] == []
    assert_refused(await lene.post(gone["_links"]["openucwa:restore"]["href"]), 409, "Conflict", "AlreadyExists")


async def test_others_see_no_history(lene: UcwaClient, dana: UcwaClient, agenda: str, meeting: Resource) -> None:
    *_, first = await versions_of(lene, agenda)
    await lene.delete(self_of(meeting))
    removed = (await get(lene, f"{lene.app}/openucwa/removedMeetings"))["_embedded"]["openucwa:removedMeeting"]
    for href in (
        f"{agenda}/versions",
        self_of(first),
        first["_links"]["openucwa:difference"]["href"],
        f"{self_of(meeting)}/removedExtensions",
        self_of(removed[0]),
    ):
        assert_refused(await dana.get(href.replace(lene.app, dana.app)), 404, "NotFound", "ResourceNotFound")
    restore = removed[0]["_links"]["openucwa:restore"]["href"].replace(lene.app, dana.app)
    assert_refused(await dana.post(restore), 404, "NotFound", "ResourceNotFound")


@pytest.mark.parametrize("number", ["0", "9" * 18, "9" * 40, "x", "-1", "١"])
async def test_unknown_version_is_not_found(lene: UcwaClient, meeting: Resource, agenda: str, number: str) -> None:
    for href in (f"{agenda}/versions/{number}", f"{self_of(meeting)}/versions/{number}/difference"):
        assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")
    for href in (f"{agenda}/versions/{number}/restore", f"{lene.app}/openucwa/removedMeetings/{number}/restore"):
        assert_refused(await lene.post(href), 404, "NotFound", "ResourceNotFound")


async def test_versions_of_an_extension_that_never_was_are_not_found(lene: UcwaClient, meeting: Resource) -> None:
    href = f"{extensions_of(meeting)}/nothing/versions"
    assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")


async def test_nothing_of_the_history_is_there_if_it_is_switched_off(signed_in: SignedIn) -> None:
    lene = await signed_in(change_log=False)
    meeting = await lene.schedule(subject="Sales")
    made = await lene.extend(meeting, id="agenda")
    assert "Link" not in (await lene.get(self_of(made))).headers
    assert not links(await lene.get(self_of(meeting))).keys() & {"openucwa:versions", "openucwa:removedExtensions"}
    assert "openucwa:removedMeetings" not in (await get(lene, f"{lene.app}/openucwa"))["_links"]
    for href in (
        f"{self_of(made)}/versions",
        f"{self_of(meeting)}/versions",
        f"{self_of(meeting)}/removedExtensions",
        f"{lene.app}/openucwa/removedMeetings",
    ):
        assert (await lene.get(href)).status_code == 404
