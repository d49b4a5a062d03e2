"""Programmer-defined properties, through HTTP: whatever they hold comes through both formats unchanged."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from openucwa.config import Config
from tests.client import UcwaClient, extensions_of, self_of
from tests.conftest import make_in_process
from tests.resources.messages import MARK, assert_invalid, input_xml, own, xml_of, xml_properties
from tests.world import FakeWorld

Properties = dict[str, Any]

IN_JSON = {"Content-Type": "application/json"}
IN_XML = {"Content-Type": "application/xml", "Accept": "application/xml"}

#: What XML 1.0 can't carry, surrogates apart.
NOT_IN_XML = "".join(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r") + "\ufffe\uffff"
#: Names that are not the programmer's.
DOCUMENTED = {"id", "type"}
IGNORED = {"rel", "href", "etag", "_links", "_embedded"}

texts = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters=NOT_IN_XML), max_size=30),
    st.sampled_from(
        ["", " ", "\r\n", "\r", "\t x ", "]]>", "&amp;", "<a>", "5", "true", "x/Date(1)/", "2016-09-26T23:20:29Z"]
    ),
).filter(lambda text: not text.startswith("/Date("))
names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=NOT_IN_XML), min_size=1, max_size=128
).filter(lambda name: name.lower() not in DOCUMENTED | IGNORED)
integers = st.one_of(st.integers(), st.sampled_from([2**53 + 1, -(2**63) - 1, 2**64, 10**3999, -(10**3999)]))
doubles = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([-0.0, 5e-324, 1e22, 1.0, 1.7976931348623157e308])
)
dates = st.integers(-62_135_596_800_000, 253_402_300_799_999).map(lambda ms: f"/Date({ms})/")
values = st.one_of(
    texts,
    integers,
    doubles,
    st.booleans(),
    dates,
    st.lists(texts, max_size=4),
    st.lists(st.one_of(integers, doubles), max_size=4),
    st.lists(st.booleans(), max_size=4),
    st.lists(dates, max_size=4),
)
properties = st.dictionaries(names, values, max_size=6)

#: Texts that cannot be written in XML: halves of surrogate pairs among them.
uncarriable = st.tuples(
    st.text(max_size=3), st.sampled_from([*NOT_IN_XML, "\ud800", "\udfff"]), st.text(max_size=3)
).map("".join)
anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)

often = settings(max_examples=40)


@dataclass
class Exchange:
    """An organizer and a meeting, on a server in this process that is spoken to one request after the other."""

    runner: asyncio.Runner
    client: UcwaClient
    meeting: dict[str, Any]

    def request(self, method: str, href: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.client.request(method, href, **options))

    def post(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        return self.request("POST", extensions_of(self.meeting), content=content, headers=headers)

    def put(self, extension: dict[str, Any], content: bytes, headers: dict[str, str]) -> httpx.Response:
        answer = self.request("PUT", self_of(extension), content=content, headers=headers | {"If-Match": "*"})
        assert answer.status_code == 200, answer.text
        return answer

    def in_json(self, extension: dict[str, Any]) -> dict[str, Any]:
        answer = self.request("GET", self_of(extension))
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def in_xml(self, extension: dict[str, Any]) -> Any:
        answer = self.request("GET", self_of(extension), headers={"Accept": "application/xml"})
        assert answer.status_code == 200, answer.text
        return xml_of(answer)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory, prepared_data: Path) -> Iterator[Exchange]:
    config = Config(
        data=str(tmp_path_factory.mktemp("custom") / "data"), max_extensions=1_000_000, max_meetings=1_000_000
    )
    with asyncio.Runner() as runner:
        service = make_in_process(config, FakeWorld(), prepared_data)
        runner.run(service.start())
        http = httpx.AsyncClient(transport=httpx.ASGITransport(service.asgi), base_url="http://127.0.0.1")
        client = UcwaClient(http)
        runner.run(client.sign_in("lenea@contoso.com"))
        runner.run(client.open())
        yield Exchange(runner, client, runner.run(client.schedule()))
        runner.run(http.aclose())
        runner.run(service.stop())


def same(one: object, other: object) -> bool:
    """Whether both are the same to the last digit and sign; 1, 1.0 and true are not."""
    return repr(one) == repr(other)


def unchanging(xml: Any) -> dict[str, Any]:
    """What an extension's XML shows, but for its etag."""
    return {name: shown for name, shown in xml_properties(xml).items() if name != "etag"}


@often
@given(given_properties=properties)
def test_values_posted_in_json_survive_xml(exchange: Exchange, given_properties: Properties) -> None:
    answer = exchange.post(json.dumps(given_properties).encode(), IN_JSON)
    assert answer.status_code == 201, answer.text
    extension = answer.json()
    assert same(own(extension), given_properties)
    exchange.put(extension, etree.tostring(exchange.in_xml(extension)), IN_XML)
    assert same(own(exchange.in_json(extension)), given_properties)


@often
@given(given_properties=properties)
def test_values_posted_in_xml_survive_json(exchange: Exchange, given_properties: Properties) -> None:
    inner = "".join(in_xml(name, value) for name, value in given_properties.items())
    answer = exchange.post(input_xml(inner), {"Content-Type": "application/xml"})
    assert answer.status_code == 201, answer.text
    extension = answer.json()
    assert same(own(extension), given_properties)
    before = unchanging(exchange.in_xml(extension))
    exchange.put(extension, json.dumps(exchange.in_json(extension)).encode(), IN_JSON)
    assert same(unchanging(exchange.in_xml(extension)), before)


@often
@given(given_properties=properties)
def test_xml_whose_types_a_client_lost_changes_nothing(exchange: Exchange, given_properties: Properties) -> None:
    extension = exchange.post(json.dumps(given_properties).encode(), IN_JSON).json()
    xml = exchange.in_xml(extension)
    for element in xml.iter():
        element.attrib.pop(MARK, None)
    exchange.put(extension, etree.tostring(xml), IN_XML)
    assert same(own(exchange.in_json(extension)), given_properties)


@often
@given(given_properties=properties)
def test_embedded_copies_are_the_same_in_both_formats(exchange: Exchange, given_properties: Properties) -> None:
    meeting = exchange.runner.run(exchange.client.schedule())
    content = json.dumps(given_properties).encode()
    extension = exchange.request("POST", extensions_of(meeting), content=content, headers=IN_JSON).json()
    for href in (extensions_of(meeting), self_of(meeting)):
        embedded = exchange.request("GET", href).json()["_embedded"]["onlineMeetingExtension"]
        assert same(embedded, [extension])
        nested = xml_of(exchange.request("GET", href, headers={"Accept": "application/xml"}))[-1]
        assert same(xml_properties(nested), xml_properties(exchange.in_xml(extension)))


@often
@given(name=st.one_of(names, uncarriable), text=uncarriable)
@example(name="note", text="\x00")
def test_values_that_xml_cannot_represent_are_refused_by_name(exchange: Exchange, name: str, text: str) -> None:
    for value in (text, [text]):
        answer = exchange.post(json.dumps({name: value}).encode(), IN_JSON)
        shown = name.encode(errors="replace").decode() if any("\ud800" <= c <= "\udfff" for c in name + text) else name
        assert_invalid(answer, shown)


@often
@given(body=st.dictionaries(st.text(max_size=5), anything, max_size=4))
def test_any_input_is_either_stored_whole_or_refused_with_a_reason(exchange: Exchange, body: Properties) -> None:
    answer = exchange.post(json.dumps(body).encode(), IN_JSON)
    if answer.status_code == 201:
        given_names = {name for name, value in body.items() if value is not None}
        assert set(own(answer.json())) == {
            name for name in given_names if name not in IGNORED and name.lower() not in DOCUMENTED
        }
    else:
        assert answer.status_code == 400
        assert answer.json()["subcode"] in {"ParameterValidationFailure", "DeserializationFailure"}


def in_xml(name: str, value: Any) -> str:
    """A property as a client writes it, each value with its mark."""
    if isinstance(value, list):
        items = "".join(f"<item{mark(item)}>{text_of(item)}</item>" for item in value)
        return f"<propertyList name={quoteattr(name)}>{items}</propertyList>"
    return f"<property name={quoteattr(name)}{mark(value)}>{text_of(value)}</property>"


def mark(value: Any) -> str:
    if isinstance(value, str):
        return ' xsi:type="xs:dateTime"' if value.startswith("/Date(") else ""
    kinds = {bool: "boolean", int: "integer", float: "double"}
    return f' xsi:type="xs:{kinds[type(value)]}"'


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith("/Date("):
        return iso(int(value[6:-2]))
    return escape(value, {"\r": "&#13;"}) if isinstance(value, str) else repr(value)


def iso(ms: int) -> str:
    """An instant in ISO 8601."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds")
