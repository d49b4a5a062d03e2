"""onlineMeetingExtensions, POST: which values the programmer-defined properties hold, in JSON and in XML, and how much.

Single values and limits; that whatever they hold survives both formats is in `test_custom_properties.py`.
"""

from typing import Any

import pytest
from lxml import etree

from tests.client import UcwaClient, extensions_of, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import (
    NAMESPACE,
    XML,
    assert_invalid,
    assert_refused,
    get_extensions,
    input_xml,
    own,
    xml_of,
    xml_properties,
)

Resource = dict[str, Any]


@pytest.fixture
def href(meeting: Resource) -> str:
    return extensions_of(meeting)


# Programmer-defined properties


async def test_value_is_returned_as_sent(lene: UcwaClient, meeting: Resource) -> None:
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


async def test_date_with_an_offset_is_the_same_instant(lene: UcwaClient, meeting: Resource) -> None:
    assert (await lene.extend(meeting, at="/Date(1474932029004+0200)/"))["at"] == "/Date(1474932029004)/"


async def test_dates_are_written_with_escaped_slashes(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, at="/Date(1474932029004)/")
    assert rb'"at":"\/Date(1474932029004)\/"' in (await lene.get(self_of(extension))).content


async def test_property_that_is_null_is_not_set(lene: UcwaClient, meeting: Resource) -> None:
    assert own(await lene.extend(meeting, topic=None)) == {}


async def test_value_of_unsupported_type_is_refused_by_name(lene: UcwaClient, href: str) -> None:
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


async def test_number_out_of_range_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    for text in ["1e400", "-1e400", "1" * 4001, "-" + "1" * 4001]:
        body = f'{{"good":1,"bad":{text}}}'
        assert_invalid(await lene.post(href, content=body, headers={"Content-Type": "application/json"}), "bad")


async def test_integer_may_have_4000_digits(lene: UcwaClient, href: str) -> None:
    digits = "-" + "9" * 4000
    answer = await lene.post(href, content=f'{{"n":{digits}}}', headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert f'"n":{digits}' in answer.text


async def test_duplicate_key_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    body = b'{"topic":"a","topic":"a"}'
    assert_invalid(await lene.post(href, content=body, headers={"Content-Type": "application/json"}), "topic")


async def test_names_that_differ_in_case_are_different_properties(lene: UcwaClient, meeting: Resource) -> None:
    extension = await lene.extend(meeting, topic="a", Topic="b", TOPIC="c")
    assert own((await lene.get(self_of(extension))).json()) == {"topic": "a", "Topic": "b", "TOPIC": "c"}


async def test_names_are_preserved(lene: UcwaClient, meeting: Resource) -> None:
    names = {" a ": 1, "x" * 128: 2, "数据🎉": 3, "e\u0301": 4, "é": 5, "<&\">'": 6, "subject": 7, "Rel": 8, "_": 9}
    assert own(await lene.extend(meeting, **names)) == names


async def test_invalid_name_is_refused(lene: UcwaClient, href: str) -> None:
    for name in ["", "x" * 129, "a\nb", "\x7f", "\ufffe"]:
        reason = (await lene.post(href, json={name: 1})).json()
        assert reason["subcode"] == "ParameterValidationFailure"


async def test_properties_of_the_server_are_ignored(lene: UcwaClient, meeting: Resource) -> None:
    shown = await lene.extend(meeting, id="1", topic="sales")
    extension = await lene.extend(meeting, **(shown | {"id": "2", "href": "/x", "_embedded": {}}))
    assert extension["etag"] != shown["etag"]
    assert own(extension) == {"topic": "sales"}


async def test_all_errors_are_reported_at_once(lene: UcwaClient, href: str) -> None:
    answer = await lene.post(href, json={"id": "..", "type": "x", "bad": {}, "good": 1})
    reason = assert_invalid(answer, "id", "type", "bad")
    assert all(name in reason["message"] for name in ("id", "type", "bad"))


# XML marks


async def test_xml_types_every_value_except_strings(lene: UcwaClient, meeting: Resource) -> None:
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


async def test_xsi_type_decides_in_xml(lene: UcwaClient, href: str) -> None:
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


async def test_untyped_text_in_xml_is_a_string(lene: UcwaClient, href: str) -> None:
    for text in ["5", "true", "0.5", "2016-09-26T23:20:29Z", " x ", ""]:
        answer = await lene.post(href, content=input_xml(v=text), headers=XML)
        assert own(answer.json()) == {"v": text}


async def test_xml_survives_tools_that_drop_namespace_declarations(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    values = {"a": 5, "b": 1.5, "c": True, "d": "/Date(1474932029004)/", "e": [1, 2], "f": "text"}
    extension = await lene.extend(meeting, id="x", **values)
    href = self_of(extension)
    sent = (await lene.get(href, headers={"Accept": "application/xml"})).content
    root = etree.fromstring(sent)
    moved = etree.Element(f"{{{NAMESPACE}}}input", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # lxml-stubs know no default namespace
    moved.extend([each for each in root if not each.tag.endswith(("link", "resource"))])
    etree.cleanup_namespaces(moved)
    body = etree.tostring(moved)
    assert b"XMLSchema-instance" in body
    assert b'"http://www.w3.org/2001/XMLSchema"' not in body
    answer = await lene.put(href, content=body, headers={"Content-Type": "application/xml", "If-Match": "*"})
    assert answer.status_code == 200, answer.text
    assert {name: answer.json()[name] for name in values} == values


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("date", "2027-01-01", "/Date(1798761600000)/"),
        ("dateTime", "2027-01-01T10:00", "/Date(1798797600000)/"),
        ("dateTime", "2027-01-01 10:00:00.123456789+00", "/Date(1798797600123)/"),
        ("anyURI", "http://contoso.com", "http://contoso.com"),
        ("duration", "P1D", "P1D"),
    ],
)
async def test_other_types_of_xml_schema_are_dates_or_strings(
    lene: UcwaClient, type_name: str, text: str, value: str
) -> None:
    href = extensions_of(await lene.schedule())
    inner = f'<property name="v" xsi:type="xsd:{type_name}">{text}</property>'
    answer = await lene.post(href, content=input_xml(inner), headers=XML)
    assert answer.status_code == 201, answer.text
    assert answer.json()["v"] == value


async def test_unsupported_xml_is_refused_by_name(lene: UcwaClient, href: str) -> None:
    for inner in [
        '<property name="v" xsi:type="xs:integer">five</property>',
        '<property name="v" xsi:type="xs:boolean">yes</property>',
        '<property name="v" xsi:type="xs:dateTime">today</property>',
        '<property name="v" xsi:type="xs:double">1e400</property>',
        '<property name="v" xsi:type="xs:date">P1D</property>',
        '<property name="v" xsi:type="mine">5</property>',
        '<property name="v"><b>5</b></property>',
        '<propertyList name="v"><item>a</item><item xsi:type="xs:integer">5</item></propertyList>',
        '<propertyList name="v"><item xsi:nil="true"/></propertyList>',
        '<propertyList name="v"><entry>a</entry></propertyList>',
        '<property name="v">1</property><property name="v">1</property>',
    ]:
        assert_invalid(await lene.post(href, content=input_xml(inner), headers=XML), "v")


async def test_nil_property_is_not_set(lene: UcwaClient, href: str) -> None:
    body = input_xml('<property name="v" xsi:nil="true"/>')
    assert own((await lene.post(href, content=body, headers=XML)).json()) == {}


async def test_body_that_does_not_match_its_content_type_is_refused(lene: UcwaClient, href: str) -> None:
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


async def test_maximum_of_properties_is_accepted_and_one_more_is_refused(lene: UcwaClient, href: str) -> None:
    properties = {f"p{number}": number for number in range(300)}
    answer = await lene.post(href, json={"id": "1", "type": "Undefined", **properties, "not set": None})
    assert answer.status_code == 201
    assert own(answer.json()) == properties
    assert_invalid(await lene.post(href, json={**properties, "one more": 1}), "one more")


async def test_maximum_of_bytes_is_accepted_and_one_more_is_refused(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    assert (await lene.post(href, json={"text": "x" * fill})).status_code == 201
    assert_refused(await lene.post(href, json={"text": "x" * (fill + 1)}), 413, "EntityTooLarge")


async def test_bytes_are_counted_in_utf_8(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    assert (await lene.post(href, json={"text": "é" * (fill // 2)})).status_code == 201
    assert_refused(await lene.post(href, json={"text": "é" * (fill // 2 + 1)}), 413, "EntityTooLarge")


async def test_white_space_and_escapes_of_the_body_do_not_count(lene: UcwaClient, href: str) -> None:
    fill = 65_536 - len('{"text":""}')
    body = '{ "text" :\n "' + r"\u0078" * fill + '" }'
    answer = await lene.post(href, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201


async def test_maximum_of_extensions_is_accepted_and_one_more_is_refused(
    lene: UcwaClient, meeting: Resource, href: str
) -> None:
    for number in range(100):
        await lene.extend(meeting, id=str(number))
    assert_refused(await lene.post(href, json={"id": "one more"}), 409, "Conflict", "TooManyGroups")
    assert len(await get_extensions(lene, href)) == 100


async def test_taken_id_is_reported_before_a_full_meeting(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=1)
    meeting = await lene.schedule()
    await lene.extend(meeting, id="1")
    assert_refused(await lene.post(extensions_of(meeting), json={"id": "1"}), 409, "Conflict", "AlreadyExists")


async def test_full_meeting_accepts_another_extension_after_a_removal(signed_in: SignedIn) -> None:
    lene = await signed_in(max_extensions=1)
    meeting = await lene.schedule()
    extension = await lene.extend(meeting, id="1")
    assert (await lene.delete(self_of(extension))).status_code == 204
    assert (await lene.extend(meeting, id="2"))["id"] == "2"


async def test_largest_body_is_accepted_and_one_more_byte_is_refused(lene: UcwaClient, href: str) -> None:
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
