"""The two formats of resources, JSON and XML: reading answers and writing bodies. What properties mean is not known
here.

UCWA: Resource representations.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from lxml import etree

from openucwa.client.errors import InvalidAnswer, Reason
from openucwa.client.resources import (
    Document,
    Event,
    EventSet,
    Link,
    Resource,
    Scalar,
    Value,
    json_date,
    parse_json_date,
)

_NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = f"{{{_INSTANCE}}}type"


class Format(Protocol):
    """A media type of resources."""

    name: str
    media_type: str

    def write(self, properties: Mapping[str, Value], links: Mapping[str, str] | None = None) -> bytes:
        """The body of a request. `links`: href by rel, for requests that take some."""
        ...

    def read(self, body: bytes) -> Document:
        """The content of an answer. InvalidAnswer: it is malformed."""
        ...

    def pretty(self, body: bytes) -> str:
        """A body, indented. InvalidAnswer: it is malformed."""
        ...


class Json:
    """UCWA's JSON."""

    name = "JSON"
    media_type = "application/json"

    def write(self, properties: Mapping[str, Value], links: Mapping[str, str] | None = None) -> bytes:
        members: dict[str, object] = dict(properties)
        if links:
            members["_links"] = {rel: {"href": href} for rel, href in links.items()}
        return json_text(members)

    def read(self, body: bytes) -> Document:
        try:
            members = json.loads(body)
            if "sender" in members:
                return _event_set(members)
            return _reason(members) if "code" in members and "rel" not in members else _resource(members)
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise InvalidAnswer(f"the answer is not UCWA JSON: {error}") from None

    def pretty(self, body: bytes) -> str:
        try:
            return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
        except ValueError as error:
            raise InvalidAnswer(f"invalid JSON: {error}") from None


def json_text(value: object) -> bytes:
    """JSON of which nothing is known but that dates in it are UCWA's."""
    return json.dumps(value, ensure_ascii=False, default=_json_value).encode()


def _json_value(value: object) -> object:
    if not isinstance(value, datetime):
        raise TypeError(f"a property cannot be a {type(value).__name__}")
    return json_date(value)


def _resource(members: dict[str, Any]) -> Resource:
    links: dict[str, Any] = members.get("_links", {})
    embedded: dict[str, Any] = members.get("_embedded", {})
    return Resource(
        rel=members.get("rel", ""),
        href=links.get("self", {}).get("href", ""),
        properties={
            name: _dated(value) for name, value in members.items() if name not in {"rel", "_links", "_embedded"}
        },
        links={rel: [_link(each) for each in _several(link)] for rel, link in links.items()},
        embedded={rel: [_resource(each) for each in _several(inner)] for rel, inner in embedded.items()},
    )


def _several(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else [found]


def _link(members: dict[str, Any]) -> Link:
    revision = members.get("revision")
    return Link(members["href"], members.get("title"), None if revision is None else int(revision))


def _dated(value: Any) -> Any:
    if isinstance(value, list):
        return [_dated(item) for item in value]
    return (parse_json_date(value) or value) if isinstance(value, str) else value


def _event_set(members: dict[str, Any]) -> EventSet:
    links = {rel: link["href"] for rel, link in members["_links"].items()}
    events = [
        _event(event, (sender["rel"], sender["href"])) for sender in members["sender"] for event in sender["events"]
    ]
    return EventSet(links, events)


def _event(event: dict[str, Any], sender: tuple[str, str]) -> Event:
    link = event["link"]
    found = event.get("_embedded", {}).get(link["rel"])
    return Event(
        type=event["type"],
        rel=link["rel"],
        href=link["href"],
        title=link.get("title"),
        sender=sender,
        within=event.get("in", {}).get("rel"),
        resource=None if found is None else _resource(found),
        status=event.get("status"),
        reason=_reason(event["reason"]) if "reason" in event else None,
    )


def _reason(members: dict[str, Any]) -> Reason:
    return Reason(
        code=members.get("code", ""),
        subcode=members.get("subcode"),
        message=members.get("message", ""),
        parameters={each["name"]: each["reason"] for each in members.get("parameters", ())},
        debug_info=members.get("debugInfo", {}),
    )


class Xml:
    """UCWA's XML. Values other than strings bear their type in `xsi:type`."""

    name = "XML"
    media_type = "application/xml"

    def write(self, properties: Mapping[str, Value], links: Mapping[str, str] | None = None) -> bytes:
        names: Any = {None: _NAMESPACE}
        if any(not isinstance(each, str) for value in properties.values() for each in _several(value)):
            names |= {"xsi": _INSTANCE, "xs": _SCHEMA}
        root = etree.Element(f"{{{_NAMESPACE}}}input", nsmap=names)
        for rel, href in (links or {}).items():
            etree.SubElement(root, f"{{{_NAMESPACE}}}link", rel=rel, href=href)
        for name, value in properties.items():
            if isinstance(value, list | tuple):
                many = etree.SubElement(root, f"{{{_NAMESPACE}}}propertyList", name=name)
                for item in value:
                    _fill(etree.SubElement(many, f"{{{_NAMESPACE}}}item"), item)
            else:
                _fill(etree.SubElement(root, f"{{{_NAMESPACE}}}property", name=name), value)
        return etree.tostring(root)

    def read(self, body: bytes) -> Document:
        try:
            root = _parsed(body)
            match etree.QName(root).localname:
                case "events":
                    return _xml_event_set(root)
                case "reason":
                    return _xml_reason(root)
                case _:
                    return _xml_resource(root)
        except (etree.XMLSyntaxError, ValueError, KeyError) as error:
            raise InvalidAnswer(f"the answer is not UCWA XML: {error}") from None

    def pretty(self, body: bytes) -> str:
        try:
            return etree.tostring(_parsed(body), pretty_print=True, encoding="unicode").rstrip()
        except etree.XMLSyntaxError as error:
            raise InvalidAnswer(f"invalid XML: {error}") from None


def _parsed(body: bytes) -> etree._Element:
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _fill(element: etree._Element, value: object) -> None:
    """Sets the element's value, marked with its type unless it is a string."""
    kind = {bool: "boolean", int: "integer", float: "double"}.get(type(value))
    if isinstance(value, datetime):
        json_date(value)  # only for the error
        kind = "dateTime"
    elif kind is None and not isinstance(value, str):
        raise TypeError(f"a property cannot be a {type(value).__name__}")
    if kind is not None:
        element.set(_TYPE, f"xs:{kind}")
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)


def _xml_resource(element: etree._Element) -> Resource:
    properties: dict[str, Value] = {}
    links: dict[str, list[Link]] = {}
    embedded: dict[str, list[Resource]] = {}
    for child in element:
        kind = etree.QName(child).localname
        if kind == "link":
            revision = child.get("revision")
            link = Link(str(child.attrib["href"]), child.get("title"), None if revision is None else int(revision))
            links.setdefault(str(child.attrib["rel"]), []).append(link)
        elif kind == "resource":
            embedded.setdefault(str(child.attrib["rel"]), []).append(_xml_resource(child))
        elif kind == "propertyList":
            properties[str(child.attrib["name"])] = [_xml_value(item) for item in child]
        elif kind == "property":
            properties[str(child.attrib["name"])] = _xml_value(child)
    properties.pop("rel", None)
    href = element.get("href", "")
    return Resource(element.get("rel", ""), href, properties, {"self": [Link(href)], **links}, embedded)


def _xml_value(element: etree._Element) -> Scalar:
    text = element.text or ""
    match element.get(_TYPE, "").rpartition(":")[2]:
        case "boolean":
            return text == "true"
        case "integer":
            return int(text)
        case "double":
            return float(text)
        case "dateTime":
            return datetime.fromisoformat(text)
        case _:
            return text


def _xml_event_set(root: etree._Element) -> EventSet:
    links = {"self": root.get("href", "")}
    events: list[Event] = []
    for child in root:
        if etree.QName(child).localname == "link":
            links[str(child.attrib["rel"])] = str(child.attrib["href"])
        else:
            sender = (child.get("rel", ""), child.get("href", ""))
            events += [_xml_event(event, sender) for event in child]
    return EventSet(links, events)


def _xml_event(element: etree._Element, sender: tuple[str, str]) -> Event:
    parts = {etree.QName(child).localname: child for child in element}
    return Event(
        type=etree.QName(element).localname,
        rel=element.get("rel", ""),
        href=element.get("href", ""),
        title=element.get("title"),
        sender=sender,
        within=parts["in"].get("rel") if "in" in parts else None,
        resource=_xml_resource(parts["resource"]) if "resource" in parts else None,
        status=element.get("status"),
        reason=_xml_reason(parts["reason"]) if "reason" in parts else None,
    )


def _xml_reason(root: etree._Element) -> Reason:
    parts = {etree.QName(child).localname: child for child in root}

    def text(name: str) -> str | None:
        return None if name not in parts else parts[name].text or ""

    parameters = parts.get("parameters", ())
    debug_info = parts.get("debugInfo", ())
    return Reason(
        code=text("code") or "",
        subcode=text("subcode"),
        message=text("message") or "",
        parameters={str(each.get("name")): "".join(str(t) for t in each.itertext()) for each in parameters},
        debug_info={str(each.get("name") or etree.QName(each).localname): each.text or "" for each in debug_info},
    )
