"""onlineMeetingExtensions: the set of a meeting's extensions, and how one is added to it."""

from typing import Any

import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.resources.conftest import SignedIn
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
async def meeting(lene: UcwaClient) -> Resource:
    return await lene.schedule(subject="Sales")


@pytest.fixture
def href(meeting: Resource) -> str:
    return extensions_of(meeting)


# What GET shows


async def test_a_meeting_without_extensions_shows_an_empty_array(lene: UcwaClient, href: str) -> None:
    answer = await lene.get(href)
    assert answer.status_code == 200
    assert answer.json() == {
        "rel": "onlineMeetingExtensions",
        "_links": {"self": {"href": href}},
        "_embedded": {"onlineMeetingExtension": []},
    }


async def test_a_single_extension_is_shown_in_an_array(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting, id="917823", type="RoamedParticipantData", topic="sales")
    assert await get_extensions(lene, href) == [extension]


async def test_extensions_are_shown_in_the_order_of_their_making(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    for extension_id in ("b", "a", "c"):
        await lene.extend(meeting, id=extension_id)
    assert [extension["id"] for extension in await get_extensions(lene, href)] == ["b", "a", "c"]


async def test_extensions_of_another_meeting_are_not_shown(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(await lene.schedule(), id="elsewhere")
    assert await get_extensions(lene, href) == []


async def test_the_collection_has_no_etag_property(lene: UcwaClient, meeting: Resource, href: str) -> None:
    await lene.extend(meeting)
    assert "etag" not in (await lene.get(href)).json()


async def test_the_collection_shows_extensions_in_xml_as_nested_resources(
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


async def test_the_extensions_of_no_meeting_are_not_found(lene: UcwaClient) -> None:
    answer = await lene.get(f"{lene.meetings}/ABCDEFGH/onlineMeetingExtensions")
    assert_refused(answer, 404, "NotFound", "ResourceNotFound")


# POST


async def test_a_post_answers_201_with_etag_location_and_the_extension(lene: UcwaClient, href: str) -> None:
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


async def test_what_was_posted_can_be_read(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales")
    assert (await lene.get(self_of(extension))).json() == extension


async def test_a_post_in_xml_makes_the_same_extension_as_one_in_json(lene: UcwaClient, href: str) -> None:
    body = input_xml('<property name="n" xsi:type="xs:integer">5</property>', id="1", type="RoamedOrganizerData")
    answer = await lene.post(href, content=body, headers=XML)
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["type"], own(answer.json())) == ("1", "RoamedOrganizerData", {"n": 5})


async def test_a_post_asked_for_in_xml_is_answered_in_xml(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, json={"id": "1"}, headers={"Accept": "application/xml"})
    assert answer.status_code == 201
    assert xml_properties(xml_of(answer))["id"] == ("1", None)


async def test_a_post_without_a_body_makes_an_extension(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href)
    assert answer.status_code == 201
    assert (answer.json()["type"], own(answer.json())) == ("Undefined", {})


async def test_an_empty_body_of_any_type_is_no_body(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, content=b"", headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201


async def test_id_and_type_may_come_in_the_query_string(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?id=from%20query&type=RoamedOrganizerData", json={"topic": "sales"})
    assert (answer.json()["id"], answer.json()["type"]) == ("from query", "RoamedOrganizerData")
    assert own(answer.json()) == {"topic": "sales"}


async def test_the_body_wins_over_the_query_string(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?id=query&type=Undefined", json={"ID": "body", "type": "RoamedOrganizerData"})
    assert (answer.json()["id"], answer.json()["type"]) == ("body", "RoamedOrganizerData")


async def test_the_last_of_repeated_query_parameters_counts(lene: UcwaClient, href: str) -> None:
    assert (await lene.post(f"{href}?id=first&id=last")).json()["id"] == "last"


async def test_the_query_string_counts_where_the_body_says_null(lene: UcwaClient, href: str) -> None:
    assert (await lene.post(f"{href}?Id=query", json={"id": None})).json()["id"] == "query"


async def test_unknown_query_parameters_are_ignored(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(f"{href}?api-version=2&Topic=x", json={"id": "1"})
    assert answer.status_code == 201
    assert own(answer.json()) == {}


async def test_an_id_that_is_not_given_is_made_by_the_server(lene: UcwaClient, meeting: Resource) -> None:
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


async def test_an_id_that_cannot_be_one_is_refused(lene: UcwaClient, href: str) -> None:
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


async def test_half_a_surrogate_pair_is_no_id(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, content=rb'{"id":"\ud800"}', headers={"Content-Type": "application/json"})
    assert_invalid(answer, "id")


async def test_an_id_that_the_meeting_has_is_refused(lene: UcwaClient, meeting: Resource, href: str) -> None:
    extension = await lene.extend(meeting, id="917823", topic="first")
    answer = await lene.post(href, json={"id": "917823", "topic": "second"})
    assert_refused(answer, 409, "Conflict", "AlreadyExists")
    assert await get_extensions(lene, href) == [extension]


async def test_two_meetings_may_have_extensions_of_one_id(lene: UcwaClient, meeting: Resource) -> None:
    other = await lene.schedule()
    await lene.extend(meeting, id="1", where="here")
    extension = await lene.extend(other, id="1", where="there")
    assert own((await lene.get(self_of(extension))).json()) == {"where": "there"}


async def test_the_type_is_undefined_where_none_is_given(lene: UcwaClient, meeting: Resource) -> None:
    for given in [{}, {"type": None}]:
        assert (await lene.extend(meeting, **given))["type"] == "Undefined"


async def test_the_type_is_one_of_three(lene: UcwaClient, meeting: Resource) -> None:
    for given in ["Undefined", "RoamedOrganizerData", "RoamedParticipantData"]:
        assert (await lene.extend(meeting, type=given))["type"] == given


async def test_another_type_is_refused(lene: UcwaClient, href: str) -> None:
    for given in ["", "Roamed", "RoamedParticipantData ", 1, ["Undefined"]]:
        assert_invalid(await lene.post(href, json={"type": given}), "type")


async def test_documented_names_are_matched_without_regard_to_case(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, ID="1", Type="roamedorganizerdata")
    assert (extension["id"], extension["type"], own(extension)) == ("1", "RoamedOrganizerData", {})


async def test_a_documented_name_given_twice_in_different_case_is_refused(lene: UcwaClient, href: str) -> None:
    assert_invalid(await lene.post(href, json={"id": "1", "Id": "2"}), "id")


# Programmer-defined properties


async def test_a_value_comes_back_as_it_was_sent(lene: UcwaClient, meeting: Resource) -> None:
    for value in [
        "",
        "text",
        " \t\r\n ",
        "数据🎉",
        "2026-11-22T10:00:00Z",
        "not /Date(5)/",
        0,
        -1,
        2**53 + 1,
        -(2**64) - 1,
        10**3999,
        0.1,
        1.0,
        -0.0,
        1e22,
        5e-324,
        1.7976931348623157e308,
        True,
        False,
        "/Date(1474932029004)/",
        "/Date(-1)/",
        [],
        ["a"],
        ["a", "", "a"],
        [1, 2.5, -3],
        [True, False],
        ["/Date(1)/", "/Date(2)/"],
    ]:
        extension = await lene.extend(meeting, value=value)
        shown = (await lene.get(self_of(extension))).json()["value"]
        assert shown == value
        assert repr(shown) == repr(value)


async def test_a_date_with_an_offset_is_the_same_instant(lene: UcwaClient, meeting: Resource) -> None:
    assert (await lene.extend(meeting, at="/Date(1474932029004+0200)/"))["at"] == "/Date(1474932029004)/"


async def test_dates_are_written_with_escaped_slashes(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, at="/Date(1474932029004)/")
    assert rb'"at":"\/Date(1474932029004)\/"' in (await lene.get(self_of(extension))).content


async def test_a_property_that_is_null_is_not_set(lene: UcwaClient, meeting: Resource) -> None:
    assert own(await lene.extend(meeting, topic=None)) == {}


async def test_a_value_that_no_property_has_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    for value in [
        {"a": 1},
        [[1]],
        [{}],
        [1, None],
        ["a", 1],
        [True, 1],
        ["/Date(1)/", "a"],
        [None],
        "\x01",
        "\uffff",
        ["\x0c"],
        "/Date(999999999999999)/",
    ]:
        assert_invalid(await lene.post(href, json={"good": 1, "bad": value}), "bad")
        assert await get_extensions(lene, href) == []


async def test_a_number_out_of_range_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    for text in ["1e400", "-1e400", "1" * 4001, "-" + "1" * 4001]:
        body = f'{{"good":1,"bad":{text}}}'
        assert_invalid(await lene.post(href, content=body, headers={"Content-Type": "application/json"}), "bad")


async def test_an_integer_may_have_4000_digits(lene: UcwaClient, href: str) -> None:
    digits = "-" + "9" * 4000
    answer = await lene.post(href, content=f'{{"n":{digits}}}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert f'"n":{digits}' in answer.text


async def test_a_duplicate_key_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    body = b'{"topic":"a","topic":"a"}'
    assert_invalid(await lene.post(href, content=body, headers={"Content-Type": "application/json"}), "topic")


async def test_names_that_differ_in_case_are_different_properties(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, topic="a", Topic="b", TOPIC="c")
    assert own((await lene.get(self_of(extension))).json()) == {"topic": "a", "Topic": "b", "TOPIC": "c"}


async def test_names_are_kept_exactly_as_sent(lene: UcwaClient, meeting: Resource) -> None:
    names = {" a ": 1, "x" * 128: 2, "数据🎉": 3, "e\u0301": 4, "é": 5, "<&\">'": 6, "subject": 7, "Rel": 8, "_": 9}
    assert own(await lene.extend(meeting, **names)) == names


async def test_a_name_that_cannot_be_one_is_refused(lene: UcwaClient, href: str) -> None:
    for name in ["", "x" * 129, "a\nb", "\x7f", "\ufffe"]:
        reason = (await lene.post(href, json={name: 1})).json()
        assert reason["subcode"] == "ParameterValidationFailure"


async def test_what_the_server_shows_of_its_own_is_ignored(lene: UcwaClient, meeting: Resource) -> None:
    shown = await lene.extend(meeting, id="1", topic="sales")
    extension = await lene.extend(meeting, **(shown | {"id": "2", "href": "/x", "_embedded": {}}))
    assert extension["etag"] != shown["etag"]
    assert own(extension) == {"topic": "sales"}


async def test_everything_that_is_wrong_is_told_at_once(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, json={"id": "..", "type": "x", "bad": {}, "good": 1})
    reason = assert_invalid(answer, "id", "type", "bad")
    assert all(name in reason["message"] for name in ("id", "type", "bad"))


# XML marks


async def test_xml_marks_what_is_not_a_string(lene: UcwaClient, meeting: Resource) -> None:
    for value, text, mark in [
        ("5", "5", None),
        (5, "5", "xs:integer"),
        (0.5, "0.5", "xs:double"),
        (1.0, "1.0", "xs:double"),
        (True, "true", "xs:boolean"),
        ("/Date(1474932029004)/", "2016-09-26T23:20:29.004+00:00", "xs:dateTime"),
    ]:
        extension = await lene.extend(meeting, one=value, many=[value, value])
        root = xml_of(await lene.get(self_of(extension), headers={"Accept": "application/xml"}))
        assert xml_properties(root)["one"] == (text, mark)
        assert xml_properties(root)["many"] == [(text, mark), (text, mark)]


async def test_in_xml_the_mark_decides(lene: UcwaClient, href: str) -> None:
    for mark, text, value in [
        ("xs:string", "5", "5"),
        ("xs:integer", " 5 ", 5),
        ("xs:int", "-5", -5),
        ("xs:long", "9007199254740993", 9007199254740993),
        ("xs:double", "5", 5.0),
        ("xs:decimal", "0.25", 0.25),
        ("xs:boolean", "1", True),
        ("xs:boolean", "false", False),
        ("xs:dateTime", "2016-09-26T23:20:29.0049999Z", "/Date(1474932029004)/"),
        ("xs:dateTime", "2016-09-27T01:20:29+02:00", "/Date(1474932029000)/"),
    ]:
        body = input_xml(f'<property name="v" xsi:type="{mark}">{text}</property>')
        shown = (await lene.post(href, content=body, headers=XML)).json()["v"]
        assert shown == value
        assert type(shown) is type(value)


async def test_in_xml_a_text_without_a_mark_is_a_string(lene: UcwaClient, href: str) -> None:
    for text in ["5", "true", "0.5", "2016-09-26T23:20:29Z", " x ", ""]:
        answer = await lene.post(href, content=input_xml(v=text), headers=XML)
        assert own(answer.json()) == {"v": text}


async def test_xml_that_no_property_has_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    for inner in [
        '<property name="v" xsi:type="xs:integer">five</property>',
        '<property name="v" xsi:type="xs:boolean">yes</property>',
        '<property name="v" xsi:type="xs:dateTime">today</property>',
        '<property name="v" xsi:type="xs:double">1e400</property>',
        '<property name="v" xsi:type="xs:duration">P1D</property>',
        '<property name="v" xsi:type="mine">5</property>',
        '<property name="v"><b>5</b></property>',
        '<propertyList name="v"><item>a</item><item xsi:type="xs:integer">5</item></propertyList>',
        '<propertyList name="v"><item xsi:nil="true"/></propertyList>',
        '<propertyList name="v"><entry>a</entry></propertyList>',
        '<property name="v">1</property><property name="v">1</property>',
    ]:
        assert_invalid(await lene.post(href, content=input_xml(inner), headers=XML), "v")


async def test_a_nil_property_is_not_set(lene: UcwaClient, href: str) -> None:
    body = input_xml('<property name="v" xsi:nil="true"/>')
    assert own((await lene.post(href, content=body, headers=XML)).json()) == {}


async def test_a_body_that_is_not_what_its_type_says_is_refused(lene: UcwaClient, href: str) -> None:
    for content_type, body in [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b'"x"'),
        ("application/json", b'{"a":NaN}'),
        ("application/json", b'{"a":1}}'),
        ("application/json", b'{"a":"\xff"}'),
        ("application/json", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"),
        ("application/xml", b"<input>"),
        ("application/xml", b"<output/>"),
        ("application/xml", b"<!DOCTYPE input [<!ENTITY a 'b'>]><input>&a;</input>"),
        ("application/xml", b"<input>text</input>"),
        ("application/xml", b"{}"),
    ]:
        answer = await lene.post(href, content=body, headers={"Content-Type": content_type})
        assert_refused(answer, 400, "BadRequest", "DeserializationFailure")


# Limits


async def test_the_most_properties_are_taken_and_one_more_is_refused(lene: UcwaClient, href: str) -> None:
    properties = {f"p{number}": number for number in range(300)}
    answer = await lene.post(href, json={"id": "1", "type": "Undefined", **properties, "not set": None})
    assert answer.status_code == 201
    assert own(answer.json()) == properties
    assert_invalid(await lene.post(href, json={**properties, "one more": 1}), "one more")


async def test_the_most_bytes_are_taken_and_one_more_is_refused(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    assert (await lene.post(href, json={"text": "x" * fill})).status_code == 201
    assert_refused(await lene.post(href, json={"text": "x" * (fill + 1)}), 413, "EntityTooLarge")


async def test_bytes_are_counted_in_utf_8(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    assert (await lene.post(href, json={"text": "é" * (fill // 2)})).status_code == 201
    assert_refused(await lene.post(href, json={"text": "é" * (fill // 2 + 1)}), 413, "EntityTooLarge")


async def test_blanks_and_escapes_of_the_body_do_not_count(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    body = '{ "text" :\n "' + r"\u0078" * fill + '" }'
    answer = await lene.post(href, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


async def test_the_most_extensions_are_taken_and_one_more_is_refused(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    for number in range(100):
        await lene.extend(meeting, id=str(number))
    assert_refused(await lene.post(href, json={"id": "one more"}), 409, "Conflict", "TooManyGroups")
    assert len(await get_extensions(lene, href)) == 100


async def test_an_id_that_is_taken_is_told_before_a_meeting_that_is_full(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=1)
    meeting = await lene.schedule()
    await lene.extend(meeting, id="1")
    assert_refused(await lene.post(extensions_of(meeting), json={"id": "1"}), 409, "Conflict", "AlreadyExists")


async def test_a_meeting_that_was_full_takes_another_when_one_is_removed(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=1)
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="1")
    assert (await lene.delete(self_of(extension))).status_code == 204
    assert (await lene.extend(meeting, id="2"))["id"] == "2"


async def test_the_largest_body_is_taken_and_one_byte_more_is_refused(lene: UcwaClient, href: str) -> None:
    body = b'{"topic":"sales"' + b" " * (1_048_576 - 17) + b"}"
    assert len(body) == 1_048_576
    json = {"Content-Type": "application/json"}
    assert (await lene.post(href, content=body, headers=json)).status_code == 201
    assert_refused(await lene.post(href, content=body + b" ", headers=json), 413, "EntityTooLarge")


async def test_every_limit_is_a_setting(signed_in: SignedIn) -> None:
    lene = await signed_in(
        max_extension_properties=2,
        max_extension_bytes=20,
        max_extensions=1,
        max_body_bytes=200,
        max_body_depth=2,
    )
    meeting = await lene.schedule()
    href = extensions_of(meeting)
    assert_invalid(await lene.post(href, json={"a": 1, "b": 2, "c": 3}), "c")
    assert_refused(await lene.post(href, json={"a": "x" * 13}), 413, "EntityTooLarge")
    assert_refused(await lene.post(href, json={"a": "x" * 200}), 413, "EntityTooLarge")
    assert_refused(await lene.post(href, json={"a": [[1]]}), 400, "BadRequest", "DeserializationFailure")
    await lene.extend(meeting, a="x" * 12)
    assert_refused(await lene.post(href, json={}), 409, "Conflict", "TooManyGroups")


# Embedded copies


async def test_an_extension_is_embedded_in_its_meeting_as_it_is(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales", n=[1, 2])
    assert await get_extensions(lene, self_of(meeting)) == [extension]


async def test_an_extension_is_embedded_in_the_list_of_meetings_as_it_is(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, id="1", topic="sales", n=[1, 2])
    listed = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    assert [shown["_embedded"]["onlineMeetingExtension"] for shown in listed] == [[extension]]


async def test_an_extension_does_not_change_the_etag_of_its_meeting(lene: UcwaClient, meeting: Resource) -> None:
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


async def test_hrefs_bear_the_prefix_that_the_request_came_in_by(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    await lene.extend(meeting, id="1")
    other = href.replace("/ucwa/v1/", "/ucwa/oauth/v1/")
    shown = await lene.get(other)
    assert shown.status_code == 200
    assert "/ucwa/v1/" not in shown.text
    assert self_of(shown.json()) == other
    added = await lene.post(other, json={"id": "2"})
    assert added.headers["Location"] == self_of(added.json()) == f"{other}/2"


async def test_the_collection_knows_get_and_post_only(lene: UcwaClient, href: str) -> None:
    for method in ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"]:
        answer = await lene.request(method, href)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, POST"
