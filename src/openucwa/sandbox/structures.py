"""Bodies in JSON and XML as `compare` sees them: their texts, place by place, and their structure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from openucwa.representation.xml import NAMESPACE

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"


def read(text: str, content_type: str) -> Any:
    """A value of JSON, or the root of an XML document; None: it is neither."""
    if "xml" in content_type.partition(";")[0]:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        try:
            return etree.fromstring(text.encode(), parser)
        except etree.XMLSyntaxError:
            return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def pairs(one: Any, other: Any) -> Iterator[tuple[str, str]]:
    """The texts at the same places of two bodies."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() & other.keys():
            yield from pairs(one[name], other[name])
    elif isinstance(one, list) and isinstance(other, list):
        for left, right in zip(one, other, strict=False):
            yield from pairs(left, right)
    elif isinstance(one, str) and isinstance(other, str):
        yield one, other
    elif etree.iselement(one) and etree.iselement(other):
        yield from _xml_pairs(one, other)


def _xml_pairs(one: etree._Element, other: etree._Element) -> Iterator[tuple[str, str]]:
    for name, value in one.attrib.items():
        if (there := other.get(name)) is not None:
            yield str(value), there
    if one.text and other.text and not len(one) and not len(other):
        yield one.text, other.text
    waiting: dict[str, list[etree._Element]] = {}
    for child in other.iterchildren("*"):
        waiting.setdefault(_step(child), []).append(child)
    for child in one.iterchildren("*"):
        if same := waiting.get(_step(child)):
            yield from _xml_pairs(child, same.pop(0))


def differences(one: Any, other: Any) -> Iterator[str]:
    """What is in one body and not in the other: places with their types. The order counts for nothing, as in UCWA."""
    a, b = set(structure(one)), set(structure(other))
    for name, here, there in (("A", a, b), ("B", b, a)):
        missing = here - there
        # What is within something that is missing is not said again.
        yield from (f"{place} only from {name}" for place in sorted(missing) if place.rpartition("/")[0] not in missing)


def structure(body: Any) -> Iterator[str]:
    """The places of a body with their types, for XML as XPath. What is repeated has one place; names that are ids count
    as one.
    """
    return _xml_structure(body, "") if etree.iselement(body) else _json_structure(body, "")


def _json_structure(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            shown = _name(name)
            yield from _json_structure(each, f"{place}.{shown}" if place else shown)
    elif isinstance(value, list):
        yield f"{place}: list"
        for each in value:
            yield from _json_structure(each, f"{place}[]")
    elif value is not None:
        kind = {bool: "boolean", str: "text"}.get(type(value), "number")
        yield f"{place}: {kind}"


def _xml_structure(element: etree._Element, place: str) -> Iterator[str]:
    here = f"{place}/{_step(element)}"
    yield here
    for name, value in element.attrib.items():
        if name == _TYPE:
            yield f"{here}/@type={str(value).rpartition(':')[2]}"
        elif name not in {"name", "rel"}:
            yield f"{here}/@{name!s}"
    if (element.text or "").strip() and not len(element):
        yield f"{here}/text()"
    for child in element.iterchildren("*"):
        yield from _xml_structure(child, here)


def _step(element: etree._Element) -> str:
    """`property[@name='subject']`, `link[@rel='self']`, `item`; with the namespace if it is not UCWA's."""
    tag = etree.QName(element)
    step = tag.localname if tag.namespace == NAMESPACE else f"{{{tag.namespace or ''}}}{tag.localname}"
    for key in ("name", "rel"):
        if (value := element.get(key)) is not None:
            return f"{step}[@{key}='{_name(str(value))}']"
    return step


def _name(name: str) -> str:
    return "GUID" if _GUID.fullmatch(name) else name
