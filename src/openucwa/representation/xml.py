"""The XML form of documents, events and errors, and the parsing of XML bodies. The meaning of properties is not known
here.

Written as text, in a quarter of the time that building a tree takes; parsed by lxml.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias, cast

from lxml import etree

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.model.values import InvalidValue, Scalar, UntypedText, Value
from openucwa.representation.custom import custom_values, from_xml_form, xml_form, xml_type
from openucwa.representation.document import Document, EventEntry, Events, Link, Property, Reason, Sender
from openucwa.representation.limits import StructureLimits

NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

_NIL = f"{{{_INSTANCE}}}nil"
_TYPE = f"{{{_INSTANCE}}}type"

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_NAMESPACE = f' xmlns="{NAMESPACE}"'
_TYPE_OPENS = ' xsi:type="'
_TYPE_NAMESPACES = f' xmlns:xsi="{_INSTANCE}" xmlns:xs="{_SCHEMA}"'

#: White space other than blanks is escaped, or a parser would turn it into blanks. Characters that XML excludes are
#: replaced: no property contains them, but an error may quote one.
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_REPLACED = "\ufffd"
_SPECIAL = re.compile('[\x00-\x1f&<>"\ud800-\udfff\ufffe\uffff]')

#: Property names by tag: with UCWA's namespace, or with none.
_NAMES = {
    tag: name
    for name in ("input", "resource", "link", "property", "propertyList", "item")
    for tag in (name, f"{{{NAMESPACE}}}{name}")
}

_BLANKS = " \t\r\n"
#: The prefixes of XML Schema that need no declaration.
_USUAL_PREFIXES = frozenset({"xs", "xsd"})
#: What may precede the root or a DOCTYPE. Matching takes linear time.
_PROLOG = re.compile(r"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_BEGINS_AS_DECLARATION = re.compile(r"<\?xml[ \t\r\n?]")
_DECLARED = re.compile(
    r"""<\?xml\s++version\s*+=\s*+["']1\.[0-9]+["'](?:\s++encoding\s*+=\s*+["'][A-Za-z][A-Za-z0-9._:-]*+["'])?"""
    r"""(?:\s++standalone\s*+=\s*+["'](?:yes|no)["'])?\s*+\?>""",
    re.ASCII,
)
_NO_LINE_END = re.compile(r"[^\n]")
_IS_LARGER = etree.XPath("count(//*) > $limit or count(//@*) > $limit")
_HAS_TYPES = etree.XPath("boolean(//@xsi:type)", namespaces={"xsi": _INSTANCE})


def write(document: Document) -> bytes:
    """A document on one line, in UTF-8: links, properties, then the embedded resources."""
    inner = _inside(document)
    # Only such an attribute contains this text: everywhere else quotation marks are escaped.
    namespaces = _TYPE_NAMESPACES if _TYPE_OPENS in inner else ""
    return (
        f"{_DECLARATION}<resource{_place(document.rel, document.href)}{_NAMESPACE}{namespaces}>{inner}</resource>"
    ).encode()


def write_events(events: Events) -> bytes:
    """The answer of an event channel (UCWA: events). Each event is an element named after its type."""
    inner = "".join(_link(rel, link) for rel, link in events.links.items()) + "".join(map(_sender, events.senders))
    namespaces = _TYPE_NAMESPACES if _TYPE_OPENS in inner else ""
    return f'{_DECLARATION}<events href="{_escape(events.href)}"{_NAMESPACE}{namespaces}>{inner}</events>'.encode()


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
    """An embedded resource; its rel is its relation to the embedding one (a participant may be `from`)."""
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
    # True and False, as in the documented samples.
    return str(value) if isinstance(value, bool) else _escape(xml_form(value))


def _custom(name: str, value: Value) -> str:
    if isinstance(value, list):
        items = "".join(f"<item{_type_attribute(item)}>{_escape(xml_form(item))}</item>" for item in value)
        return f'<propertyList name="{_escape(name)}">{items}</propertyList>'
    return f'<property name="{_escape(name)}"{_type_attribute(value)}>{_escape(xml_form(value))}</property>'


def _type_attribute(value: Scalar) -> str:
    type_name = xml_type(value)
    return "" if type_name is None else f'{_TYPE_OPENS}xs:{type_name}"'


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


def read(text: str, limits: StructureLimits) -> dict[str, object]:
    """The properties of the `<input>` element `text` (or of a `<resource>`, sent back as received).

    A text without `xsi:type` is an `UntypedText`; a propertyList is a list; a property with `xsi:nil` is None. Links
    are in `_links`, as in JSON: rel and href. Embedded resources are ignored.

    DeserializationFailure: not well-formed, with a DOCTYPE, over one of `limits`, or not of this form.
    ParameterValidationFailure: a repeated name, or a text that does not match its `xsi:type`.
    """
    root = _parse(text, limits)
    if _NAMES.get(root.tag) not in {"input", "resource"}:
        raise DeserializationFailure(f"unexpected root element <{_shown(root)}>; <input> was expected")
    types = _types(root) if _HAS_TYPES(root) else {}
    properties: dict[str, object] = {}
    for element in _children(root):
        kind = _NAMES.get(element.tag)
        if kind in {"link", "resource"}:
            continue
        name = element.get("name")
        if kind not in {"property", "propertyList"} or name is None:
            raise DeserializationFailure(f"unexpected element <{_shown(element)}>; named properties were expected")
        if name in properties:
            raise ParameterValidationFailure({name: "is given twice"})
        try:
            properties[name] = _value(element, types) if kind == "property" else _items(element, types)
        except InvalidValue as invalid:
            raise ParameterValidationFailure({name: str(invalid)}) from None
    if links := _links(root):
        properties.setdefault("_links", links)
    return properties


def _links(root: etree._Element) -> dict[str, object]:
    links = [element for element in root if _NAMES.get(element.tag) == "link"]
    return {str(link.get("rel")): {"href": link.get("href")} for link in links}


def _parse(text: str, limits: StructureLimits) -> etree._Element:
    # Checked here, because the parser's own switches come too late: by then it has parsed the DTD, in quadratic time.
    text = _without_declaration(text)
    begin = cast("re.Match[str]", _PROLOG.match(text)).end()
    if text.startswith("<!", begin) and not text.startswith("<!--", begin):
        raise DeserializationFailure("the body contains a DOCTYPE, which is not accepted")
    if not text.startswith("<", begin) or text.startswith(("<!", "<?"), begin):
        # Such as a second byte order mark, which the parser would remove, and then see a DOCTYPE that was not seen
        # here.
        raise DeserializationFailure("the body is not well-formed XML: it does not begin with an element")
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise DeserializationFailure(f"the body is not well-formed XML: {error.msg}") from None
    # Counted in C: no loop over the elements before it is known that there are few.
    declarations = sum(1 for _ in etree.iterwalk(root, events=("start-ns",)))
    if _IS_LARGER(root, limit=limits.elements) or declarations > limits.elements:
        raise DeserializationFailure(limits.too_many)
    if _deeper_than(limits.depth)(root):
        raise DeserializationFailure(limits.too_deep)
    return root


def _without_declaration(text: str) -> str:
    """`text` with blanks in place of its XML declaration: the encoding has been applied already."""
    if not _BEGINS_AS_DECLARATION.match(text):
        return text
    declaration = _DECLARED.match(text)
    if declaration is None:
        raise DeserializationFailure("the body is not well-formed XML: its declaration is malformed")
    return _NO_LINE_END.sub(" ", declaration[0]) + text[declaration.end() :]


@lru_cache(4)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


#: The `xsi:type` of an element, as written, and the namespace of its prefix; None: unbound.
_Types: TypeAlias = Mapping[etree._Element, tuple[str, str | None]]


def _types(root: etree._Element) -> _Types:
    """The types of all elements that have one. In one pass, since asking an element for its namespaces builds a
    dictionary of all in scope.
    """
    types: dict[etree._Element, tuple[str, str | None]] = {}
    bindings: dict[str, list[str]] = {}
    declared: list[str] = []
    for event, found in etree.iterwalk(root, events=("start-ns", "end-ns", "start")):
        if event == "start-ns":
            prefix, uri = found
            bindings.setdefault(prefix, []).append(uri)
            declared.append(prefix)
        elif event == "end-ns":
            bindings[declared.pop()].pop()
        elif (type_name := found.get(_TYPE)) is not None:
            bound = bindings.get(type_name.strip(_BLANKS).rpartition(":")[0])
            types[found] = type_name, bound[-1] if bound else None
    return types


def _children(element: etree._Element) -> list[etree._Element]:
    """The children of an element without text of its own."""
    children = list(element)
    if any(text and text.strip(_BLANKS) for text in (element.text, *(child.tail for child in children))):
        raise DeserializationFailure(f"unexpected text in <{_shown(element)}>, outside of any property")
    return children


def _items(element: etree._Element, types: _Types) -> list[Scalar | None]:
    items = _children(element)
    if any(_NAMES.get(item.tag) != "item" for item in items):
        raise InvalidValue("is a propertyList with elements other than <item>")
    return [_value(item, types) for item in items]


def _value(element: etree._Element, types: _Types) -> Scalar | None:
    if len(element):
        raise InvalidValue("contains elements where text was expected")
    if element.get(_NIL) in {"true", "1"}:
        return None
    text = element.text or ""
    if (typed := types.get(element)) is None:
        return UntypedText(text)
    type_name, namespace = typed
    prefix, _, local_name = type_name.strip(_BLANKS).rpartition(":")
    # Tools that move an element to another document drop declarations that only a value refers to.
    if namespace != _SCHEMA and (namespace is not None or prefix not in _USUAL_PREFIXES):
        raise InvalidValue(f"has the type {type_name[:80]}, which is not one of XML Schema")
    return from_xml_form(text, local_name)


def _shown(element: etree._Element) -> str:
    return etree.QName(element).localname[:80]
