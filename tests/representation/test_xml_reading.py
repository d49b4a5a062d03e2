"""Which XML bodies are read, and what the others are told."""

import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.model.values import Instant, Unmarked
from openucwa.representation.xml import NAMESPACE, read

DEPTH = 32
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def body_of(inner: str, root: str = "input") -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><{root} xmlns="{NAMESPACE}" {XSI} {XS}>{inner}</{root}>'.encode()


def value_of(text: str, mark: str) -> object:
    return read(body_of(f'<property name="a" xsi:type="{mark}">{text}</property>'), DEPTH)["a"]


def test_properties_and_lists_without_marks_are_texts() -> None:
    given = read(
        body_of('\n <property name="a"> x </property>\n <propertyList name="b"><item>1</item>\n<item/></propertyList>'
                '<propertyList name="c"/><property name="d"/>'),
        DEPTH,
    )  # fmt: skip
    assert given == {"a": " x ", "b": ["1", ""], "c": [], "d": ""}
    assert isinstance(given["a"], Unmarked)
    assert isinstance(given["d"], Unmarked)
    assert all(isinstance(item, Unmarked) for item in given["b"])  # type: ignore[attr-defined]


def test_a_representation_that_is_sent_back_is_read_with_its_links_and_without_embedded_resources() -> None:
    inner = (
        '<link rel="x" href="/x"/><property name="rel">r</property><resource rel="y"><property name="a">1</property>'
        '</resource><property name="a">2</property>'
    )
    assert read(body_of(inner, "resource"), DEPTH) == {"rel": "r", "a": "2", "_links": {"x": {"href": "/x"}}}


def test_a_body_without_the_namespace_is_read_too() -> None:
    assert read(b'<input><property name="a">1</property></input>', DEPTH) == {"a": "1"}


def test_comments_cdata_and_references_are_parts_of_one_text() -> None:
    given = read(body_of('<!-- x --><property name="a">1<!-- y -->&lt;<![CDATA[<&]]>&#13;<?p i?>2</property>'), DEPTH)
    assert given == {"a": "1<<&\r2"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1", "windows-1252", "shift_jis"])
def test_any_encoding_that_the_declaration_names_is_read(encoding: str) -> None:
    text = "あ" if encoding == "shift_jis" else "é"
    body = f'<?xml version="1.0" encoding="{encoding}"?><input><property name="a">{text}</property></input>'
    assert read(body.encode(encoding), DEPTH) == {"a": text}


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        (" 5 ", "xs:integer", 5),
        ("-0012", "xs:int", -12),
        ("+7", "xs:long", 7),
        ("9" * 4000, "xs:integer", int("9" * 4000)),
        ("1e22", "xs:double", 1e22),
        (".5", "xs:float", 0.5),
        ("5", "xs:decimal", 5.0),
        ("true", "xs:boolean", True),
        ("0", "xs:boolean", False),
        ("2016-09-26T16:20:29.038-07:00", "xs:dateTime", Instant(1_474_932_029_038)),
        ("0001-01-01T00:00:00", "xs:dateTime", Instant(-62_135_596_800_000)),
        (" 5 ", "xs:string", " 5 "),
    ],
)
def test_the_mark_decides_the_type(text: str, mark: str, value: object) -> None:
    found = value_of(text, mark)
    assert found == value
    assert type(found) is type(value)


def test_any_prefix_that_is_bound_to_xml_schema_will_do_and_items_bear_marks_too() -> None:
    prefix = XS.replace("xs", "q", 1)
    inner = f'<propertyList name="a"><item {prefix} xsi:type="q:int">1</item><item>2</item></propertyList>'
    given = read(body_of(inner), DEPTH)["a"]
    assert given == [1, "2"]


def test_nil_is_null() -> None:
    inner = '<property name="a" xsi:nil="true"/><propertyList name="b"><item xsi:nil="1"/></propertyList>'
    assert read(body_of(inner), DEPTH) == {"a": None, "b": [None]}


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("5.0", "xs:integer"),
        ("1_0", "xs:integer"),
        ("٥", "xs:integer"),
        ("", "xs:integer"),
        ("9" * 4001, "xs:integer"),
        ("1e400", "xs:double"),
        ("INF", "xs:double"),
        ("NaN", "xs:double"),
        ("infinity", "xs:double"),
        ("1_0", "xs:double"),
        ("True", "xs:boolean"),
        ("yesterday", "xs:dateTime"),
        ("/Date(1)/", "xs:dateTime"),
        ("0001-01-01T00:00:00+01:00", "xs:dateTime"),
        ("x", "xs:duration"),
        ("5", "integer"),
        ("5", "xsi:integer"),
        ("5", "unbound:integer"),
        ("5", ""),
    ],
)
def test_a_text_that_does_not_fit_its_mark_is_refused_by_its_name(text: str, mark: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        value_of(text, mark)
    assert list(caught.value.parameters) == ["a"]


@pytest.mark.parametrize(
    "inner",
    [
        '<property name="a">1</property><property name="a">1</property>',
        '<property name="a">1</property><propertyList name="a"/>',
        '<property name="a"><b/></property>',
        '<propertyList name="a"><property name="x"/></propertyList>',
        '<propertyList name="a"><item><item>1</item></item></propertyList>',
        '<propertyList name="a"><item xsi:type="xs:int">x</item></propertyList>',
    ],
)
def test_a_property_that_can_not_be_taken_is_refused_by_its_name(inner: str) -> None:
    with pytest.raises(ParameterValidationFailure) as caught:
        read(body_of(inner), DEPTH)
    assert list(caught.value.parameters) == ["a"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "well-formed"),
        (b"{}", "well-formed"),
        (b"<input>", "well-formed"),
        (b"<input>&nbsp;</input>", "well-formed"),
        (b"<input>\xff</input>", "well-formed"),
        (b"<input>&#0;</input>", "well-formed"),
        (b'<?xml version="1.0" encoding="klingon"?><input/>', "well-formed"),
        (b"<output/>", "root is <output>"),
        (b'<input xmlns="urn:other"/>', "root is <input>"),
        (body_of("<propety name='a'/>"), "holds <propety>"),
        (body_of("<property>1</property>"), "holds <property>"),
        (body_of("<x:property xmlns:x='urn:x' name='a'/>"), "holds <property>"),
        (body_of("text"), "text in <input>"),
        (body_of('<property name="a"/>text'), "text in <input>"),
        (body_of('<propertyList name="a">text</propertyList>'), "text in <propertyList>"),
        (body_of("<resource>" * 32 + "</resource>" * 32), "deeper than 32"),
        (body_of("<resource>" * 100_000), "well-formed"),
    ],
)
def test_what_is_no_input_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(DeserializationFailure, match=words):
        read(body, DEPTH)


@pytest.mark.parametrize(
    "subset",
    [
        "",
        " SYSTEM 'http://127.0.0.1:9/x.dtd'",
        " [<!ENTITY a 'x'>]",
        " [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]",
    ],
)
def test_a_doctype_is_refused(subset: str) -> None:
    with pytest.raises(DeserializationFailure, match="DOCTYPE"):
        read(f"<!DOCTYPE input{subset}><input/>".encode(), DEPTH)


def test_an_external_entity_is_not_looked_at(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    for use in ('<property name="a">&x;</property>', '<property name="&x;"/>'):
        body = f"<!DOCTYPE input [<!ENTITY x SYSTEM '{secret.as_uri()}'>]><input>{use}</input>".encode()
        with pytest.raises(DeserializationFailure) as caught:
            read(body, DEPTH)
        assert "the secret" not in str(caught.value)


@pytest.mark.parametrize("use", ['<property name="a">&z;</property>', '<property name="&z;"/>'])
def test_a_million_laughs_are_over_at_once(use: str) -> None:
    names = "abcdefghijz"
    laughs = "".join(f'<!ENTITY {name} "{(f"&{before};") * 10}">' for before, name in pairwise(names))
    body = f'<!DOCTYPE input [<!ENTITY a "haha">{laughs}]><input>{use}</input>'.encode()
    started = time.process_time()
    with pytest.raises(DeserializationFailure):
        read(body, DEPTH)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "inner",
    [
        "".join(f'<property name="{n}">x</property>' for n in range(30_000)),
        '<propertyList name="a">' + "<item/>" * 140_000 + "</propertyList>",
        '<property name="a" xsi:type="xs:integer">' + "9" * 1_000_000 + "</property>",
        '<property name="a">' + "&amp;" * 200_000 + "</property>",
    ],
    ids=["properties", "items", "digits", "references"],
)
def test_a_body_of_a_megabyte_takes_no_more_than_a_moment(inner: str) -> None:
    body = body_of(inner)
    started = time.process_time()
    with suppress(ParameterValidationFailure):
        read(body, DEPTH)
    assert time.process_time() - started < 2
