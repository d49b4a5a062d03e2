"""The XML form of documents, events and errors, and the reading of XML bodies. No property's meaning is known here.

Written by string, which takes a quarter of the time of building a tree first; read by lxml.
"""

import re
from collections.abc import Mapping

from lxml import etree

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.model.values import Scalar, Unfit, Unmarked, Value
from openucwa.representation.custom import custom_values, from_xml_form, xml_form, xml_type
from openucwa.representation.document import Document, EventEntry, Events, Link, Property, Reason, Sender

NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

_NIL = f"{{{_INSTANCE}}}nil"
_TYPE = f"{{{_INSTANCE}}}type"

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_NAMESPACE = f' xmlns="{NAMESPACE}"'
_MARK_OPENS = ' xsi:type="'
_MARK_NAMESPACES = f' xmlns:xsi="{_INSTANCE}" xmlns:xs="{_SCHEMA}"'

#: Blanks other than the plain one are escaped, or a reader would take them for plain ones. What no reader would take at
#: all is replaced: no such character is let into a property, but an error may quote one.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_REPLACED = "\ufffd"
_SPECIAL = re.compile('[\x00-\x1f&<>"\ud800-\udfff\ufffe\uffff]')

#: The names of what a body may hold, by tag: with UCWA's namespace, or with none.
_NAMES = {
    tag: name
    for name in ("input", "resource", "link", "property", "propertyList", "item")
    for tag in (name, f"{{{NAMESPACE}}}{name}")
}


def write(document: Document) -> bytes:
    """One line in UTF-8: links, properties, then the embedded resources."""
    inner = _inside(document)
    # Only a mark holds this text: everywhere else the quotation mark is escaped.
    marks = _MARK_NAMESPACES if _MARK_OPENS in inner else ""
    return (
        f"{_DECLARATION}<resource{_place(document.rel, document.href)}{_NAMESPACE}{marks}>{inner}</resource>"
    ).encode()


def write_events(events: Events) -> bytes:
    """The answer of an event channel (UCWA: events). An event is an element named for its type."""
    inner = "".join(_link(rel, link) for rel, link in events.links.items()) + "".join(map(_sender, events.senders))
    marks = _MARK_NAMESPACES if _MARK_OPENS in inner else ""
    return f'{_DECLARATION}<events href="{_escape(events.href)}"{_NAMESPACE}{marks}>{inner}</events>'.encode()


def write_reason(reason: Reason) -> bytes:
    """An error's body (UCWA: Errors and informational messages)."""
    return f"{_DECLARATION}{_reason(reason, _NAMESPACE)}".encode()


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match[0], _REPLACED), text)


def _inside(document: Document) -> str:
    parts: list[str] = []
    for rel, link in document.links.items():
        parts += [_link(rel, one) for one in ([link] if isinstance(link, Link) else link)]
    parts += [_documented(name, value) for name, value in document.head.items()]
    parts.append(f'<property name="rel">{_escape(document.rel)}</property>')
    parts += [_documented(name, value) for name, value in document.properties.items()]
    if document.custom != b"{}":
        parts += [_custom(name, value) for name, value in custom_values(document.custom).items()]
    parts += [_documented(name, value) for name, value in document.tail.items()]
    for rel, inner in document.embedded.items():
        parts += [_resource(rel, one) for one in ([inner] if isinstance(inner, Document) else inner)]
    return "".join(parts)


def _resource(rel: str, document: Document) -> str:
    """An embedded resource: its element bears what it is to the one that embeds it (a participant may be `from`)."""
    return f"<resource{_place(rel, document.href)}>{_inside(document)}</resource>"


def _place(rel: str, href: str) -> str:
    return f' rel="{_escape(rel)}" href="{_escape(href)}"'


def _target(rel: str, link: Link) -> str:
    title = "" if link.title is None else f' title="{_escape(link.title)}"'
    revision = "" if link.revision is None else f' revision="{link.revision}"'
    return f"{_place(rel, link.href)}{title}{revision}"


def _link(rel: str, link: Link) -> str:
    return f"<link{_target(rel, link)}/>"


def _documented(name: str, value: Property | None) -> str:
    if value is None:
        return ""
    if isinstance(value, Scalar):
        return f'<property name="{_escape(name)}">{_documented_form(value)}</property>'
    items = "".join(f"<item>{_documented_form(item)}</item>" for item in value)
    return f'<propertyList name="{_escape(name)}">{items}</propertyList>'


def _documented_form(value: Scalar) -> str:
    # True and False, as the documented samples show them.
    return str(value) if isinstance(value, bool) else _escape(xml_form(value))


def _custom(name: str, value: Value) -> str:
    if isinstance(value, list):
        items = "".join(f"<item{_mark(item)}>{_escape(xml_form(item))}</item>" for item in value)
        return f'<propertyList name="{_escape(name)}">{items}</propertyList>'
    return f'<property name="{_escape(name)}"{_mark(value)}>{_escape(xml_form(value))}</property>'


def _mark(value: Scalar) -> str:
    type_name = xml_type(value)
    return "" if type_name is None else f'{_MARK_OPENS}xs:{type_name}"'


def _sender(sender: Sender) -> str:
    events = "".join(map(_event, sender.events))
    return f"<sender{_place(sender.rel, sender.href)}>{events}</sender>"


def _event(event: EventEntry) -> str:
    status = "" if event.status is None else f' status="{_escape(event.status)}"'
    within = "" if event.within is None else f"<in{_place(*event.within)}/>"
    embedded = "" if event.embedded is None else _resource(event.rel, event.embedded)
    reason = "" if event.reason is None else _reason(event.reason)
    attributes = f"{_target(event.rel, event.link)}{status}"
    return f"<{event.relation}{attributes}>{within}{embedded}{reason}</{event.relation}>"


def _reason(reason: Reason, namespace: str = "") -> str:
    subcode = "" if reason.subcode is None else f"<subcode>{_escape(reason.subcode)}</subcode>"
    return (
        f"<reason{namespace}><code>{_escape(reason.code)}</code>{subcode}<message>{_escape(reason.message)}</message>"
        f"<debugInfo>{_bag(reason.debug_info)}</debugInfo><parameters>{_parameters(reason.parameters)}</parameters></reason>"
    )


def _parameters(values: Mapping[str, str]) -> str:
    return "".join(
        f'<parameter name="{_escape(name)}"><reason>{_escape(why)}</reason></parameter>' for name, why in values.items()
    )


def _bag(values: Mapping[str, str]) -> str:
    return "".join(f'<property name="{_escape(name)}">{_escape(text)}</property>' for name, text in values.items())


def read(body: bytes, max_depth: int) -> dict[str, object]:
    """The properties of the `<input>` (or, sent back as it was got, the `<resource>`) that `body` is.

    A text without `xsi:type` is `Unmarked`; a propertyList is a list; a property with `xsi:nil` is None.
    Links and embedded resources are ignored.

    DeserializationFailure: not well-formed, with a DOCTYPE, nested deeper than `max_depth`, or not of this form.
    ParameterValidationFailure: a name that is given twice, a text that does not fit its `xsi:type`.
    """
    root = _parse(body, max_depth)
    if _NAMES.get(root.tag) not in {"input", "resource"}:
        raise DeserializationFailure(f"The body's root is <{_shown(root)}>; <input> was expected.")
    properties: dict[str, object] = {}
    for element in _children(root):
        kind = _NAMES.get(element.tag)
        if kind in {"link", "resource"}:
            continue
        name = element.get("name")
        if kind not in {"property", "propertyList"} or name is None:
            raise DeserializationFailure(f"The body holds <{_shown(element)}> where properties with a name belong.")
        if name in properties:
            raise ParameterValidationFailure({name: "is given twice"})
        try:
            properties[name] = _value(element) if kind == "property" else _items(element)
        except Unfit as unfit:
            raise ParameterValidationFailure({name: str(unfit)}) from None
    return properties


def _parse(body: bytes, max_depth: int) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise DeserializationFailure(f"The body is not well-formed XML: {error.msg}.") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise DeserializationFailure("The body holds a DOCTYPE, which is not accepted.")
    depth, level = 0, [root]
    while level:
        depth += 1
        if depth > max_depth:
            raise DeserializationFailure(f"The body is nested deeper than {max_depth} levels.")
        level = [child for element in level for child in element]
    return root


def _children(element: etree._Element) -> list[etree._Element]:
    """The elements inside of one that holds nothing else."""
    children = list(element)
    if any(text and not text.isspace() for text in (element.text, *(child.tail for child in children))):
        raise DeserializationFailure(f"The body holds text in <{_shown(element)}>, outside of any property.")
    return children


def _items(element: etree._Element) -> list[Scalar | None]:
    items = _children(element)
    if any(_NAMES.get(item.tag) != "item" for item in items):
        raise Unfit("is a propertyList that holds something else than items")
    return [_value(item) for item in items]


def _value(element: etree._Element) -> Scalar | None:
    if len(element):
        raise Unfit("holds elements where its text belongs")
    if element.get(_NIL) in {"true", "1"}:
        return None
    text = element.text or ""
    mark = element.get(_TYPE)
    if mark is None:
        return Unmarked(text)
    prefix, _, type_name = mark.strip().rpartition(":")
    if element.nsmap.get(prefix or None) != _SCHEMA:
        raise Unfit(f"is marked as {mark}, which is no type of XML Schema")
    return from_xml_form(text, type_name)


def _shown(element: etree._Element) -> str:
    return etree.QName(element).localname
