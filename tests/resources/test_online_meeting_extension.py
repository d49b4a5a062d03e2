"""onlineMeetingExtension: one extension: how it is read, replaced and removed."""

from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from tests.client import UcwaClient, extensions_of, if_match, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import (
    MARK,
    XML,
    assert_invalid,
    assert_refused,
    get_extensions,
    input_xml,
    own,
    pass_through,
    xml_of,
    xml_properties,
)

Resource = dict[str, Any]


@pytest.fixture
async def extension(lene: UcwaClient, meeting: Resource) -> Resource:
    return await lene.extend(meeting, id="917823", type="RoamedParticipantData", topic="sales", count=3)


@pytest.fixture
def href(extension: Resource) -> str:
    return self_of(extension)


# GET


async def test_get_shows_the_extension_and_its_etag(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.get(href)
    assert answer.status_code == 200
    assert answer.json() == extension
    assert answer.headers["ETag"] == f'"{extension["etag"]}"'
    assert extension["etag"].isdecimal()


async def test_get_in_xml_shows_the_same(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.get(href, headers={"Accept": "application/xml"})
    root = xml_of(answer)
    assert (root.get("rel"), root.get("href")) == ("onlineMeetingExtension", href)
    assert list(xml_properties(root)) == ["rel", "id", "type", "topic", "count", *pass_through(extension), "etag"]
    assert answer.headers["ETag"] == f'"{extension["etag"]}"'


async def test_extension_listed_in_if_none_match_is_not_sent_again(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    for header in (
        f'"{extension["etag"]}"',
        extension["etag"],
        f'W/"{extension["etag"]}"',
        "*",
        f'"1", "{extension["etag"]}"',
    ):
        answer = await lene.get(href, headers={"If-None-Match": header})
        assert answer.status_code == 304, header
        assert answer.content == b""
        assert "Content-Length" not in answer.headers
        assert answer.headers["ETag"] == f'"{extension["etag"]}"'


async def test_extension_not_listed_in_if_none_match_is_sent(lene: UcwaClient, extension: Resource, href: str) -> None:
    for header in ('"1"', "1, 2", '""', extension["etag"] + "0"):
        assert (await lene.get(href, headers={"If-None-Match": header})).json() == extension


async def test_missing_extension_is_not_found(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.get(f"{extensions_of(meeting)}/1")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_id_in_another_case_is_another_id(lene: UcwaClient, meeting: Resource) -> None:
    await lene.extend(meeting, id="abc")
    assert (await lene.get(f"{extensions_of(meeting)}/ABC")).status_code == 404


async def test_id_is_decoded_once(lene: UcwaClient, meeting: Resource) -> None:
    await lene.extend(meeting, id="a%2Fb", which="escaped")
    await lene.extend(meeting, id="a/b", which="plain")
    escaped = await lene.get(f"{extensions_of(meeting)}/a%252Fb")
    plain = await lene.get(f"{extensions_of(meeting)}/a%2Fb")
    assert (escaped.json()["which"], plain.json()["which"]) == ("escaped", "plain")


async def test_repeated_slashes_in_an_id_are_preserved(lene: UcwaClient, meeting: Resource) -> None:
    await lene.extend(meeting, id="a//b")
    assert (await lene.get(f"{extensions_of(meeting)}/a%2F%2Fb")).status_code == 200
    assert (await lene.get(f"{extensions_of(meeting)}/a%2Fb")).status_code == 404


async def test_extension_supports_only_get_put_patch_and_delete(lene: UcwaClient, href: str) -> None:
    for method in ("POST", "HEAD", "OPTIONS"):
        answer = await lene.request(method, href)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "DELETE, GET, PATCH, PUT"
        assert answer.headers["Accept-Patch"] == "application/merge-patch+json, application/json-patch+json"


# PUT


async def test_put_answers_200_with_a_new_etag_and_the_extension(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    answer = await lene.replace(extension, topic="marketing")
    assert answer.status_code == 200
    replaced = answer.json()
    assert own(replaced) == {"topic": "marketing", "count": 3}
    assert replaced["etag"] != extension["etag"]
    assert answer.headers["ETag"] == f'"{replaced["etag"]}"'
    assert (await lene.get(href)).json() == replaced


async def test_put_removes_omitted_properties(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.put(href, json={"note": "x", **pass_through(extension)}, headers=if_match(extension))
    assert own(answer.json()) == {"note": "x"}


async def test_put_removes_null_properties(lene: UcwaClient, extension: Resource) -> None:
    assert own((await lene.replace(extension, topic=None)).json()) == {"count": 3}


async def test_type_left_out_of_a_put_becomes_undefined(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.put(href, json=pass_through(extension), headers=if_match(extension))
    assert answer.json()["type"] == "Undefined"


async def test_put_can_change_the_type(lene: UcwaClient, extension: Resource) -> None:
    assert (await lene.replace(extension, type="RoamedOrganizerData")).json()["type"] == "RoamedOrganizerData"


async def test_id_left_out_of_a_put_stays(lene: UcwaClient, extension: Resource, href: str) -> None:
    for left_out in ({}, {"id": None}):
        current = (await lene.get(href)).json()
        answer = await lene.put(href, json=left_out | pass_through(extension), headers=if_match(current))
        assert answer.json()["id"] == "917823"


async def test_another_id_in_a_put_is_refused(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert_invalid(await lene.replace(extension, id="917824"), "id")
    assert (await lene.get(href)).json() == extension


async def test_put_preserves_the_position_among_the_others(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    await lene.extend(meeting, id="2")
    await lene.replace(extension, topic="marketing")
    assert [shown["id"] for shown in await get_extensions(lene, extensions_of(meeting))] == ["917823", "2"]


async def test_read_representation_can_be_put_back(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.put(href, json=extension, headers=if_match(extension))
    assert answer.status_code == 200
    assert own(answer.json()) == own(extension)


async def test_object_that_one_sdk_sends_back_gains_no_property(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    name = next(iter(pass_through(extension)))
    answer = await lene.replace(extension, Self=href, PGuid=name)
    assert own(answer.json()) == own(extension)


async def test_self_and_pguid_with_other_values_are_stored(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.replace(extension, Self="me", PGuid="mine", SELF=href)
    assert own(answer.json()) == {"topic": "sales", "count": 3, "Self": "me", "PGuid": "mine", "SELF": href}


async def test_read_xml_can_be_put_back(lene: UcwaClient, extension: Resource, href: str) -> None:
    read = await lene.get(href, headers={"Accept": "application/xml"})
    answer = await lene.put(href, content=read.content, headers=XML | if_match(extension))
    assert answer.status_code == 200
    assert own(answer.json()) == own(extension)


async def test_xml_without_types_keeps_the_stored_types(lene: UcwaClient, meeting: Resource) -> None:
    values = {"n": 3, "x": 0.5, "b": True, "at": "/Date(1474932029004)/", "text": "3", "many": [1, 2.5]}
    extension = await lene.extend(meeting, **values)
    read = xml_of(await lene.get(self_of(extension), headers={"Accept": "application/xml"}))
    for element in read.iter():
        element.attrib.pop(MARK, None)
    answer = await lene.put(self_of(extension), content=etree.tostring(read), headers=XML | if_match(extension))
    assert own(answer.json()) == values


async def test_new_untyped_text_in_xml_is_a_string(lene: UcwaClient, extension: Resource, href: str) -> None:
    body = input_xml(count="4", **pass_through(extension))
    answer = await lene.put(href, content=body, headers=XML | if_match(extension))
    assert own(answer.json()) == {"count": "4"}


async def test_put_without_if_match_is_refused(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert_refused(await lene.put(href, json=extension), 428, "PreconditionRequired")
    assert (await lene.get(href)).json() == extension


async def test_put_with_a_stale_etag_is_refused(lene: UcwaClient, extension: Resource, href: str) -> None:
    replaced = (await lene.replace(extension, topic="marketing")).json()
    assert_refused(await lene.replace(extension, topic="late"), 412, "PreconditionFailed")
    assert (await lene.get(href)).json() == replaced


async def test_if_match_accepts_lists_a_star_and_bare_or_weak_values(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    for form in ('"1", "{}"', "*", "{}", 'W/"{}"', '"{}"', "1,{}"):
        current = (await lene.get(href)).json()
        answer = await lene.put(href, json=current, headers={"If-Match": form.format(current["etag"])})
        assert answer.status_code == 200, form


async def test_if_match_without_etags_matches_nothing(lene: UcwaClient, extension: Resource, href: str) -> None:
    for header in ("", '""', ",", '"1"'):
        answer = await lene.put(href, json=extension, headers={"If-Match": header})
        assert_refused(answer, 412, "PreconditionFailed")


async def test_put_without_the_pass_through_property_is_refused(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    name = next(iter(pass_through(extension)))
    answer = await lene.put(href, json={"topic": "marketing"}, headers=if_match(extension))
    assert_invalid(answer, name)
    assert (await lene.get(href)).json() == extension


async def test_put_without_a_body_lacks_the_pass_through_property(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    answer = await lene.put(href, headers=if_match(extension))
    assert_invalid(answer, next(iter(pass_through(extension))))


async def test_pass_through_property_is_recognized_by_its_name_alone(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    name = next(iter(pass_through(extension)))
    answer = await lene.put(href, json={name: "pass me"}, headers=if_match(extension))
    assert answer.status_code == 200
    assert own(answer.json()) == {}


async def test_pass_through_name_is_the_same_for_all_extensions(lene: UcwaClient, extension: Resource) -> None:
    other = await lene.extend(await lene.schedule())
    assert pass_through(other) == pass_through(extension)


async def test_without_strict_put_only_if_match_is_required(signed_in: SignedIn) -> None:
    lene = await signed_in(strict_put=False)
    extension = await lene.extend(await lene.schedule(), topic="sales")
    assert_refused(await lene.put(self_of(extension), json={"topic": "x"}), 428, "PreconditionRequired")
    answer = await lene.put(self_of(extension), json={"topic": "x"}, headers=if_match(extension))
    assert own(answer.json()) == {"topic": "x"}


async def test_put_of_a_missing_extension_is_not_found(lene: UcwaClient, meeting: Resource) -> None:
    answer = await lene.put(f"{extensions_of(meeting)}/1", json={}, headers={"If-Match": "*"})
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


async def test_query_string_of_a_put_is_ignored(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.put(f"{href}?id=2&type=Undefined", json=extension, headers=if_match(extension))
    assert (answer.json()["id"], answer.json()["type"]) == ("917823", "RoamedParticipantData")


async def test_put_accepts_the_maximum_of_properties_and_not_one_more(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    properties = {f"p{number}": number for number in range(300)}
    answer = await lene.put(href, json=properties | pass_through(extension), headers=if_match(extension))
    assert own(answer.json()) == properties
    over = properties | {"one more": 1} | pass_through(extension)
    assert_invalid(await lene.put(href, json=over, headers={"If-Match": "*"}), "one more")


async def test_put_accepts_the_maximum_of_bytes_and_not_one_more(
    lene: UcwaClient, extension: Resource, href: str
) -> None:
    text = "x" * (65_536 - len('{"text":""}'))
    answer = await lene.put(href, json={"text": text} | pass_through(extension), headers=if_match(extension))
    assert answer.status_code == 200
    over = {"text": text + "x"} | pass_through(extension)
    assert_refused(await lene.put(href, json=over, headers={"If-Match": "*"}), 413, "EntityTooLarge")
    assert (await lene.get(href)).json() == answer.json()


# DELETE


async def test_delete_answers_204_and_nothing_else(lene: UcwaClient, extension: Resource, href: str) -> None:
    answer = await lene.delete(href)
    assert answer.status_code == 204
    assert answer.content == b""
    assert "Content-Length" not in answer.headers
    assert "Content-Type" not in answer.headers
    assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")


async def test_delete_removes_the_embedded_copies(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.delete(href)
    assert await get_extensions(lene, self_of(meeting)) == []
    assert await get_extensions(lene, extensions_of(meeting)) == []


async def test_delete_leaves_the_others(lene: UcwaClient, meeting: Resource, href: str) -> None:
    other = await lene.extend(meeting, id="2")
    await lene.delete(href)
    assert await get_extensions(lene, extensions_of(meeting)) == [other]


async def test_delete_honours_if_match(lene: UcwaClient, extension: Resource, href: str) -> None:
    assert_refused(await lene.delete(href, headers={"If-Match": '"1"'}), 412, "PreconditionFailed")
    assert (await lene.get(href)).status_code == 200
    assert (await lene.delete(href, headers=if_match(extension))).status_code == 204


async def test_second_delete_finds_nothing(lene: UcwaClient, href: str) -> None:
    await lene.delete(href)
    assert_refused(await lene.delete(href), 404, "NotFound", "ResourceNotFound")


async def test_deleting_the_meeting_deletes_its_extensions(lene: UcwaClient, meeting: Resource, href: str) -> None:
    assert (await lene.delete(self_of(meeting))).status_code == 204
    assert_refused(await lene.get(href), 404, "NotFound", "ResourceNotFound")


async def test_delete_works_through_an_alias_and_the_other_prefix(
    lene: UcwaClient, meeting: Resource, extension: Resource, href: str
) -> None:
    other = f"{self_of(meeting)}/extensions/917823".replace("/ucwa/v1/", "/ucwa/oauth/v1/")
    assert (await lene.delete(other)).status_code == 204
    assert (await lene.get(href)).status_code == 404


# Etags


async def test_every_change_gives_a_new_etag_and_never_an_old_one(
    lene: UcwaClient, meeting: Resource, extension: Resource
) -> None:
    seen = [extension["etag"]]
    current = extension
    for topic in ("a", "b", "a", "a", "sales"):
        current = (await lene.replace(current, topic=topic)).json()
        seen.append(current["etag"])
    await lene.delete(self_of(extension))
    again = await lene.extend(meeting, id="917823", type="RoamedParticipantData", topic="sales", count=3)
    seen.append(again["etag"])
    assert len(set(seen)) == len(seen)


async def test_etag_from_before_a_re_creation_is_stale(
    lene: UcwaClient, meeting: Resource, extension: Resource, href: str
) -> None:
    await lene.delete(href)
    await lene.extend(meeting, id="917823", topic="sales")
    assert_refused(await lene.replace(extension), 412, "PreconditionFailed")


async def test_etag_changes_only_with_its_own_extension(
    lene: UcwaClient, meeting: Resource, extension: Resource, href: str
) -> None:
    other = await lene.extend(meeting, id="2")
    await lene.replace(other, topic="x")
    await lene.replace(meeting, subject="y")
    assert (await lene.get(href)).json()["etag"] == extension["etag"]


async def test_etag_is_the_same_in_every_format(lene: UcwaClient, extension: Resource, href: str) -> None:
    for media_type in ("application/json", "application/xml", "application/vnd.microsoft.com.ucwa+xml"):
        answer = await lene.get(href, headers={"Accept": media_type})
        assert answer.headers["ETag"] == f'"{extension["etag"]}"'


async def test_href_of_the_collection_leads_to_every_extension(lene: UcwaClient, meeting: Resource) -> None:
    for extension_id in ("a/b", "%", "é"):
        await lene.extend(meeting, id=extension_id)
    for shown in await get_extensions(lene, extensions_of(meeting)):
        assert self_of(shown) == f"{extensions_of(meeting)}/{quote(shown['id'], safe='')}"
        assert (await lene.get(self_of(shown))).json() == shown
