"""Whatever an extension holds comes through both formats unchanged."""

import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from openucwa.meetings.extension import ExtensionLimits, read_extension
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.values import FIRST_INSTANT, LAST_INSTANT, Instant, Value
from openucwa.representation import json, xml
from openucwa.representation.custom import custom_values, encode
from openucwa.representation.dates import parse_json_date
from openucwa.representation.document import Document
from openucwa.representation.limits import StructureLimits

GUID = "56de7bbf-1081-43e6-bbf2-1cabf3224c83"
TYPE_MARK = "{http://www.w3.org/2001/XMLSchema-instance}type"
RESERVED = {"id", "type", "rel", "href", "etag", "_links", "_embedded"}

_NOT_IN_XML = "".join(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r") + "\ufffe\uffff"
characters = st.characters(codec="utf-8", exclude_characters=_NOT_IN_XML)
strings = st.one_of(
    st.text(characters, max_size=40),
    st.sampled_from(
        ["", " ", "\r\n", "\r", " a\t", "]]>", "&amp;", "<a>", "x/Date(1)/", "/Date(1)/ ", "5", "true", "🎉"]
    ),
).filter(lambda text: not _is_date(text))
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=_NOT_IN_XML), min_size=1, max_size=128
).filter(lambda name: name.lower() not in RESERVED)
integers = st.one_of(
    st.integers(),
    st.integers(3_900, 3_999).flatmap(lambda digits: st.sampled_from([10**digits, 3 - 10**digits])),
    st.sampled_from([2**63, 2**64, -(2**63) - 1, 2**53 + 1]),
)
numbers = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([-0.0, 5e-324, 1e22, 1.0, 1.7976931348623157e308, 0.1]),
)
instants = st.integers(FIRST_INSTANT.ms, LAST_INSTANT.ms).map(Instant)
scalars = st.one_of(strings, integers, numbers, st.booleans(), instants)
arrays = st.one_of(
    st.lists(strings, max_size=4),
    st.lists(st.one_of(integers, numbers), max_size=4),
    st.lists(st.booleans(), max_size=4),
    st.lists(instants, max_size=4),
)
properties = st.dictionaries(names, st.one_of(scalars, arrays), max_size=8)
many = settings(max_examples=200)


def _is_date(text: str) -> bool:
    try:
        return parse_json_date(text) is not None
    except ValueError:
        return True


def exactly(value: object) -> object:
    """Something that is equal only for values that are the same to the last bit."""
    if isinstance(value, list):
        return [exactly(item) for item in value]
    return type(value), struct.pack(">d", value) if isinstance(value, float) else value


def all_exactly(values: dict[str, Value]) -> object:
    return [(name, exactly(value)) for name, value in values.items()]


def canonical(body: dict[str, object], stored: bytes | None = None) -> bytes:
    extension = None if stored is None else Extension("x", ExtensionType.UNDEFINED, "1", stored)
    limits = ExtensionLimits(300, 1_000_000)
    return read_extension(body, href="/x", pass_through=GUID, stored=extension, limits=limits).properties


def shown(custom: bytes) -> Document:
    tail = {GUID: "please pass this in a PUT request", "etag": "1"}
    return Document("onlineMeetingExtension", "/x", {"id": "x", "type": "Undefined"}, custom=custom, tail=tail)


@many
@given(properties)
def test_values_survive_being_stored(values: dict[str, Value]) -> None:
    assert all_exactly(custom_values(encode(values))) == all_exactly(values)


@many
@given(properties)
def test_values_survive_json(values: dict[str, Value]) -> None:
    stored = encode(values)
    sent_back = json.read(json.write(shown(stored)).decode(), StructureLimits())
    assert canonical(sent_back) == canonical(sent_back, stored) == stored


@many
@given(properties)
def test_values_survive_xml(values: dict[str, Value]) -> None:
    stored = encode(values)
    sent_back = xml.read(xml.write(shown(stored)).decode(), StructureLimits())
    assert canonical(sent_back) == canonical(sent_back, stored) == stored


@many
@given(properties)
def test_values_survive_xml_without_types(values: dict[str, Value]) -> None:
    stored = encode(values)
    root = etree.fromstring(xml.write(shown(stored)))
    for element in root.iter():
        element.attrib.pop(TYPE_MARK, "")
    assert canonical(xml.read(etree.tostring(root).decode(), StructureLimits()), stored) == stored


@many
@given(properties)
def test_values_survive_an_embedded_representation(values: dict[str, Value]) -> None:
    stored = encode(values)
    collection = Document("onlineMeetingExtensions", "/", embedded={"onlineMeetingExtension": [shown(stored)] * 2})
    in_json = json.read(json.write(collection).decode(), StructureLimits())["_embedded"]["onlineMeetingExtension"][1]  # type: ignore[index]
    assert canonical(in_json) == stored
    in_xml = etree.tostring(etree.fromstring(xml.write(collection))[-1])
    assert canonical(xml.read(in_xml.decode(), StructureLimits())) == stored


@many
@given(st.text(st.characters(codec="utf-8")))
def test_any_text_makes_well_formed_xml_and_json(text: str) -> None:
    document = Document(text, text, {text: text}, tail={"list": [text]})
    etree.fromstring(xml.write(document))
    assert json.read(json.write(document).decode(), StructureLimits())["list"] == [text]
