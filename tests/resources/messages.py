"""What goes over the wire, put together and taken apart for the tests of resources."""

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import httpx
from lxml import etree

from tests.client import UcwaClient

NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
XML = {"Content-Type": "application/xml"}
MARK = "{http://www.w3.org/2001/XMLSchema-instance}type"
PASS_THROUGH_VALUE = "please pass this in a PUT request"

_SCHEMAS = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def assert_refused(
    answer: httpx.Response, status: int, code: str, subcode: str | None = None, *named: str
) -> dict[str, Any]:
    """The reason that `answer` gives. `named`: the parameters that it names, and no others."""
    assert answer.status_code == status, answer.text
    reason: dict[str, Any] = answer.json()
    assert reason["code"] == code
    assert reason.get("subcode") == subcode
    assert reason["message"]
    assert {each["name"] for each in reason.get("parameters", [])} == set(named), reason
    return reason


def assert_invalid(answer: httpx.Response, *named: str) -> dict[str, Any]:
    """The reason of a 400 for the parameters of these names."""
    return assert_refused(answer, 400, "BadRequest", "ParameterValidationFailure", *named)


def pass_through(resource: dict[str, Any]) -> dict[str, Any]:
    """The pass-through property that `resource` shows, to be put into a PUT."""
    return {name: value for name, value in resource.items() if value == PASS_THROUGH_VALUE}


def own(extension: dict[str, Any]) -> dict[str, Any]:
    """The programmer-defined properties of an extension."""
    shown = {"rel", "id", "type", "etag", "_links", *pass_through(extension)}
    return {name: value for name, value in extension.items() if name not in shown}


def input_xml(inner: str = "", **properties: str) -> bytes:
    """An <input>. `inner`: properties as they stand in it; `properties`: others, without a mark."""
    unmarked = "".join(
        f"<property name={quoteattr(name)}>{escape(text)}</property>" for name, text in properties.items()
    )
    return f'<input xmlns="{NAMESPACE}" {_SCHEMAS}>{inner}{unmarked}</input>'.encode()


def xml_of(answer: httpx.Response) -> Any:
    """The root of an XML answer."""
    return etree.fromstring(answer.content)


def xml_properties(resource: Any) -> dict[str, Any]:
    """The properties that an element shows: (text, mark), or of a list its items so."""
    shown: dict[str, Any] = {}
    for element in resource:
        if element.tag == f"{{{NAMESPACE}}}property":
            shown[element.get("name")] = (element.text or "", element.get(MARK))
        elif element.tag == f"{{{NAMESPACE}}}propertyList":
            shown[element.get("name")] = [(item.text or "", item.get(MARK)) for item in element]
    return shown


async def get_extensions(client: UcwaClient, href: str) -> list[dict[str, Any]]:
    """The extensions that a collection (or a meeting) at `href` shows."""
    answer = await client.get(href)
    assert answer.status_code == 200, answer.text
    extensions: list[dict[str, Any]] = answer.json()["_embedded"]["onlineMeetingExtension"]
    return extensions
