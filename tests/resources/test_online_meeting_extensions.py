"""onlineMeetingExtensions: the set of a meeting's extensions, and how one is added to it."""

from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.resources.messages import (
    PASS_THROUGH_VALUE,
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
def href(meeting: Resource) -> str:
    return extensions_of(meeting)


# What GET shows


async def test_meeting_without_extensions_shows_an_empty_array(lene: UcwaClient, href: str) -> None:
    answer = await lene.get(href)
    assert answer.status_code == 200
    assert answer.json() == {
        "rel": "onlineMeetingExtensions",
        "_links": {"self": {"href": href}},
        "_embedded": {"onlineMeetingExtension": []},
    }


async def test_single_extension_is_shown_in_an_array(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting, id="917823", type="RoamedParticipantData", topic="sales")
    assert await get_extensions(lene, href) == [extension]


async def test_extensions_are_shown_in_the_order_of_creation(lene: UcwaClient, meeting: Resource, href: str) -> None:
    for extension_id in ("b", "a", "c"):
        await lene.extend(meeting, id=extension_id)
    assert [extension["id"] for extension in await get_extensions(lene, href)] == ["b", "a", "c"]


async def test_extensions_of_another_meeting_are_not_shown(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(await lene.schedule(), id="elsewhere")
    assert await get_extensions(lene, href) == []


async def test_collection_has_no_etag_property(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(meeting)
    assert "etag" not in (await lene.get(href)).json()


async def test_collection_shows_extensions_in_xml_as_nested_resources(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    extension = await lene.extend(meeting, id="917823", type="RoamedParticipantData", count=2)
    root = xml_of(await lene.get(href, headers={"Accept": "application/xml"}))
    assert (root.get("rel"), root.get("href")) == ("onlineMeetingExtensions", href)
    nested = root[-1]
    assert (nested.get("rel"), nested.get("href")) == ("onlineMeetingExtension", self_of(extension))
    assert xml_properties(nested) == {
        "rel": ("onlineMeetingExtension", None),
        "id": ("917823", None),
        "type": ("RoamedParticipantData", None),
        "count": ("2", "xs:integer"),
        next(iter(pass_through(extension))): (PASS_THROUGH_VALUE, None),
        "etag": (extension["etag"], None),
    }


async def test_extensions_of_a_missing_meeting_are_not_found(lene: UcwaClient) -> None:
    answer = await lene.get(f"{lene.meetings}/ABCDEFGH/onlineMeetingExtensions")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


# POST


async def test_post_answers_201_with_etag_location_and_the_extension(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, json={"id": "917823", "type": "RoamedParticipantData", "topic": "sales"})
    assert answer.status_code == 201
    extension = answer.json()
    assert list(extension) == ["rel", "id", "type", "topic", *pass_through(extension), "etag", "_links"]
    assert extension["rel"] == "onlineMeetingExtension"
    assert extension["id"] == "917823"
    assert extension["type"] == "RoamedParticipantData"
    assert extension["topic"] == "sales"
    assert len(pass_through(extension)) == 1
    assert self_of(extension) == f"{href}/917823"
    assert answer.headers["Location"] == self_of(extension)
    assert answer.headers["ETag"] == f'"{extension["etag"]}"'


async def test_posted_extension_can_be_read(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales")
    assert (await lene.get(self_of(extension))).json() == extension


async def test_post_in_xml_creates_the_same_extension_as_one_in_json(lene: UcwaClient, href: str) -> None:
    body = input_xml('<property name="n" xsi:type="xs:integer">5</property>', id="1", type="RoamedOrganizerData")
    answer = await lene.post(href, content=body, headers=XML)
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["type"], own(answer.json())) == ("1", "RoamedOrganizerData", {"n": 5})


async def test_post_that_accepts_xml_is_answered_in_xml(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, json={"id": "1"}, headers={"Accept": "application/xml"})
    assert answer.status_code == 201
    assert xml_properties(xml_of(answer))["id"] == ("1", None)


async def test_post_without_a_body_creates_an_extension(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href)
    assert answer.status_code == 201
    assert (answer.json()["type"], own(answer.json())) == ("Undefined", {})


async def test_empty_body_of_any_type_counts_as_no_body(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, content=b"", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201


async def test_id_and_type_may_come_in_the_query_string(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?id=from%20query&type=RoamedOrganizerData", json={"topic": "sales"})
    assert (answer.json()["id"], answer.json()["type"]) == ("from query", "RoamedOrganizerData")
    assert own(answer.json()) == {"topic": "sales"}


async def test_body_takes_precedence_over_the_query_string(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?id=query&type=Undefined", json={"ID": "body", "type": "RoamedOrganizerData"})
    assert (answer.json()["id"], answer.json()["type"]) == ("body", "RoamedOrganizerData")


async def test_last_of_repeated_query_parameters_counts(lene: UcwaClient, href: str) -> None:
    assert (await lene.post(f"{href}?id=first&id=last")).json()["id"] == "last"


async def test_query_string_replaces_null_in_the_body(lene: UcwaClient, href: str) -> None:
    assert (await lene.post(f"{href}?Id=query", json={"id": None})).json()["id"] == "query"


async def test_custom_properties_in_the_query_are_refused_by_name(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?Topic=x&ID=2&n=5", json={"id": "1"})
    assert_invalid(answer, "Topic", "n")
    assert await get_extensions(lene, href) == []


async def test_refusal_of_very_many_names_is_short_and_says_how_many(lene: UcwaClient, href: str) -> None:
    query = "&".join(f"{number}{'n' * 140}=x" for number in range(400))
    refusal = (await lene.post(f"{href}?{query}", json={})).json()
    assert len(refusal["parameters"]) == 300
    assert {len(parameter["name"]) for parameter in refusal["parameters"]} == {128 + len("...")}
    assert refusal["message"].endswith("; and 380 more")


async def test_missing_id_is_assigned_by_the_server(lene: UcwaClient, meeting: Resource) -> None:
    absent: list[Resource] = [{}, {"id": None}, {"id": ""}]
    for given in absent:
        one = await lene.extend(meeting, **given)
        other = await lene.extend(meeting, **given)
        assert one["id"]
        assert one["id"] != other["id"]
        assert (await lene.get(self_of(one))).json() == one


STRANGE_IDS = [
    "a/b",
    "/",
    "//a//",
    "100%",
    "%2F",
    "%252f",
    "a b+c",
    "?x=1#y",
    "ünïcödé",
    "数据🎉",
    "e\u0301",
    "...",
    "a/../b",
    "C:\\x",
    "'\"<&>",
    "extensions",
    "onlineMeetingExtension",
    "x" * 256,
    "🎉" * 256,
]


async def test_any_id_is_reached_by_its_href(lene: UcwaClient, meeting: Resource, href: str) -> None:
    for extension_id in STRANGE_IDS:
        extension = await lene.extend(meeting, id=extension_id)
        assert extension["id"] == extension_id
        assert self_of(extension).rpartition("/")[0] == href
        assert (await lene.get(self_of(extension))).json() == extension


async def test_ids_are_compared_by_code_point(lene: UcwaClient, meeting: Resource, href: str) -> None:
    for extension_id in ("a", "A", "é", "e\u0301", "a ", " a", "ß", "ss"):
        await lene.extend(meeting, id=extension_id)
    assert len(await get_extensions(lene, href)) == 8


async def test_invalid_id_is_refused(lene: UcwaClient, href: str) -> None:
    for extension_id in [
        "a\nb",
        "\t",
        "\x00",
        "\x7f",
        "\x85",
        "\ufffe",
        ".",
        "..",
        "x" * 257,
        5,
        True,
        ["a"],
        {"a": 1},
    ]:
        assert_invalid(await lene.post(href, json={"id": extension_id}), "id")
        assert await get_extensions(lene, href) == []


async def test_half_a_surrogate_pair_is_refused_as_an_id(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, content=rb'{"id":"\ud800"}', headers={"Content-Type": "application/json"})
    assert_invalid(answer, "id")


async def test_taken_id_is_refused(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting, id="917823", topic="first")
    answer = await lene.post(href, json={"id": "917823", "topic": "second"})
    assert_refused(answer, 409, "Conflict", "AlreadyExists")
    assert await get_extensions(lene, href) == [extension]


async def test_two_meetings_may_have_extensions_of_one_id(lene: UcwaClient, meeting: Resource) -> None:
    other = await lene.schedule()
    await lene.extend(meeting, id="1", where="here")
    extension = await lene.extend(other, id="1", where="there")
    assert own((await lene.get(self_of(extension))).json()) == {"where": "there"}


async def test_default_type_is_undefined(lene: UcwaClient, meeting: Resource) -> None:
    for given in [{}, {"type": None}]:
        assert (await lene.extend(meeting, **given))["type"] == "Undefined"


async def test_type_is_one_of_three(lene: UcwaClient, meeting: Resource) -> None:
    for given in ["Undefined", "RoamedOrganizerData", "RoamedParticipantData"]:
        assert (await lene.extend(meeting, type=given))["type"] == given


async def test_another_type_is_refused(lene: UcwaClient, href: str) -> None:
    for given in ["", "Roamed", "RoamedParticipantData ", 1, ["Undefined"]]:
        assert_invalid(await lene.post(href, json={"type": given}), "type")


async def test_documented_names_are_matched_without_regard_to_case(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, ID="1", Type="roamedorganizerdata")
    assert (extension["id"], extension["type"], own(extension)) == ("1", "RoamedOrganizerData", {})


async def test_documented_name_given_twice_in_different_case_is_refused(lene: UcwaClient, href: str) -> None:
    assert_invalid(await lene.post(href, json={"id": "1", "Id": "2"}), "id")


# Embedded copies


async def test_meeting_embeds_its_extensions(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales", n=[1, 2])
    assert await get_extensions(lene, self_of(meeting)) == [extension]


async def test_list_of_meetings_embeds_extensions(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales", n=[1, 2])
    listed = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    assert [shown["_embedded"]["onlineMeetingExtension"] for shown in listed] == [[extension]]


async def test_extension_does_not_change_the_etag_of_its_meeting(lene: UcwaClient, meeting: Resource) -> None:
    await lene.extend(meeting)
    assert (await lene.get(self_of(meeting))).json()["etag"] == meeting["etag"]


# Spellings of the address


@pytest.mark.parametrize(
    "spelling", ["extensions", "Extensions", "ONLINEMEETINGEXTENSIONS", "/onlineMeetingExtensions"]
)
async def test_other_spellings_are_accepted_and_never_produced(
    lene: UcwaClient, meeting: Resource, href: str, spelling: str
) -> None:
    other = f"{self_of(meeting)}/{spelling}"
    answer = await lene.post(other, json={"id": "1"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{href}/1"
    shown = (await lene.get(other)).json()
    assert self_of(shown) == href
    assert self_of(shown["_embedded"]["onlineMeetingExtension"][0]) == f"{href}/1"
    assert (await lene.get(f"{other}/1")).json() == answer.json()


async def test_fixed_segments_are_matched_without_regard_to_case_or_repeated_slashes(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    app_id = lene.app.rpartition("/")[2]
    other = (
        f"//UCWA//V1/Applications/{app_id}///ONLINEMEETINGS/myonlinemeetings//{meeting['onlineMeetingId']}"
        "/OnlineMeetingExtensions/"
    )
    assert (await lene.get(f"https://ucwa.example.com{other}")).json() == (await lene.get(href)).json()


async def test_hrefs_have_the_prefix_of_the_request(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(meeting, id="1")
    other = href.replace("/ucwa/v1/", "/ucwa/oauth/v1/")
    shown = await lene.get(other)
    assert shown.status_code == 200
    assert "/ucwa/v1/" not in shown.text
    assert self_of(shown.json()) == other
    added = await lene.post(other, json={"id": "2"})
    assert added.headers["Location"] == self_of(added.json()) == f"{other}/2"


async def test_collection_supports_only_get_and_post(lene: UcwaClient, href: str) -> None:
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]:
        answer = await lene.request(method, href)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, POST"
