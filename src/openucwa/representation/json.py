"""The JSON form of documents, events and errors, and the parsing of JSON bodies. The meaning of members is not known
here.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NoReturn, TypeVar

import msgspec

from openucwa.model.refusals import DeserializationFailure, ParameterValidationFailure
from openucwa.model.values import MAX_INTEGER_DIGITS, InvalidValue
from openucwa.representation.custom import json_form, read_integer, read_number
from openucwa.representation.document import (
    Document,
    EventEntry,
    Events,
    Link,
    Property,
    Reason,
    Sender,
    SharedProperties,
)
from openucwa.representation.limits import StructureLimits

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_SURROGATE = re.compile("[\ud800-\udfff]")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*\\?(?:"|\Z)', re.DOTALL)
#: The effect of each bracket on the depth.
_STEPS = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
#: Characters without structural meaning.
_NO_MARKS = bytes(set(range(256)) - _STEPS.keys() - {ord(",")})


def write(document: Document) -> bytes:
    """One line, no blanks, UTF-8; the members in the order of the documented samples."""
    return _ENCODER.encode(_resource(document))


def write_events(events: Events) -> bytes:
    """The answer of an event channel (UCWA: events)."""
    links: dict[str, object] = {"self": {"href": events.href}}
    for rel, link in events.links.items():
        links[rel] = _link(link)
    return _ENCODER.encode({"_links": links, "sender": [_sender(sender) for sender in events.senders]})


def write_reason(reason: Reason) -> bytes:
    """An error's body (UCWA: Errors and informational messages)."""
    return _ENCODER.encode(_reason(reason))


def read(text: str, limits: StructureLimits) -> dict[str, object]:
    """The members of the object `text`; its dates are still strings.

    DeserializationFailure: not JSON, not an object, or over one of `limits`. ParameterValidationFailure: a repeated
    name, a number out of range, a string that is not Unicode.
    """
    members = read_value(text, limits)
    if not isinstance(members, dict):
        raise DeserializationFailure("the body is JSON, but not an object")
    return members


def read_value(text: str, limits: StructureLimits) -> object:
    """Any JSON value, as `read` reads an object. What is wrong in an array is reported by the index of its item."""
    _check_structure(text, limits)
    try:
        try:
            value = _DECODER.decode(text)
            faulty = "\\ud" in text or "\\uD" in text
        except InvalidValue:
            value = _LENIENT_DECODER.decode(text)
            faulty = True
    except json.JSONDecodeError as error:
        raise DeserializationFailure(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    if faulty:
        for name, inner in _named(value):
            if (fault := _fault(name) or _fault(inner)) is not None:
                raise ParameterValidationFailure({_printable(name): fault})
    return value


def _named(value: object) -> Iterable[tuple[str, object]]:
    """The members of an object; the items of an array by their index; any other value without a name."""
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list):
        return ((f"/{place}", item) for place, item in enumerate(value))
    return (("", value),)


def _resource(document: Document) -> dict[str, object]:
    members: dict[str, object] = {}
    if document.head:
        _add(members, document.head)
    members["rel"] = document.rel
    if document.properties:
        _add(members, document.properties)
    if document.custom != b"{}":
        members |= _MEMBERS.decode(document.custom)
    if document.tail:
        _add(members, document.tail)
    own: dict[str, object] = {"href": document.href}
    if document.revision is not None:
        own["revision"] = str(document.revision)
    links: dict[str, object] = {"self": own}
    for rel, link in document.links.items():
        if isinstance(link, Link):
            links[rel] = _link(link)
        elif link:
            links[rel] = [_link(one) for one in link]
    members["_links"] = links
    if document.embedded:
        members["_embedded"] = {
            rel: _resource(inner) if isinstance(inner, Document) else [_resource(one) for one in inner]
            for rel, inner in document.embedded.items()
        }
    return members


def _add(members: dict[str, object], properties: Mapping[str, Property | None]) -> None:
    if isinstance(properties, SharedProperties):
        if properties.json is None:
            properties.json = {
                name: msgspec.Raw(_ENCODER.encode(json_form(value))) for name, value in properties.items()
            }
        members |= properties.json
        return
    for name, value in properties.items():
        if value is not None:
            members[name] = value if type(value) is str else json_form(value)


def _link(link: Link) -> dict[str, object]:
    shown: dict[str, object] = {"href": link.href}
    if link.title is not None:
        shown["title"] = link.title
    if link.revision is not None:
        shown["revision"] = str(link.revision)  # a text, as captured
    return shown


def _sender(sender: Sender) -> dict[str, object]:
    return {"rel": sender.rel, "href": sender.href, "events": [_event(event) for event in sender.events]}


def _event(event: EventEntry) -> dict[str, object]:
    shown: dict[str, object] = {"link": {"rel": event.rel} | _link(event.link)}
    if event.within is not None:
        rel, href = event.within
        shown["in"] = {"rel": rel, "href": href}
    shown["type"] = event.relation
    if event.embedded is not None:
        shown["_embedded"] = {event.rel: _resource(event.embedded)}
    if event.status is not None:
        shown["status"] = event.status
    if event.reason is not None:
        shown["reason"] = _reason(event.reason)
    return shown


def _reason(reason: Reason) -> dict[str, object]:
    shown: dict[str, object] = {"code": reason.code}
    if reason.subcode is not None:
        shown["subcode"] = reason.subcode
    shown["message"] = reason.message
    if reason.parameters:
        shown["parameters"] = [{"name": name, "reason": why} for name, why in reason.parameters.items()]
    if reason.debug_info:
        shown["debugInfo"] = reason.debug_info
    return shown


def _integer(text: str) -> int:
    return int(text) if len(text) <= MAX_INTEGER_DIGITS else read_integer(text)


@dataclass(frozen=True, slots=True)
class _Fault:
    """Stands for an invalid number, until the name of its property is known: what is wrong with it."""

    words: str


def _lenient(read: Callable[[str], T]) -> Callable[[str], T | _Fault]:
    """`read`, except that a value that it refuses becomes a `_Fault`."""

    def reading(text: str) -> T | _Fault:
        try:
            return read(text)
        except InvalidValue as invalid:
            return _Fault(str(invalid))

    return reading


def _no_constant(name: str) -> NoReturn:
    raise DeserializationFailure(f"the body is not JSON: {name} is not a JSON value")


def _members(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise ParameterValidationFailure({_printable(name): "is given twice"})
            seen.add(name)
    return members


#: The standard decoder, because msgspec's misses repeated names, and loses digits of long integers.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_int=_integer, parse_float=read_number, parse_constant=_no_constant
)
_LENIENT_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_int=_lenient(_integer),
    parse_float=_lenient(read_number),
    parse_constant=_no_constant,
)


def _fault(value: object) -> str | None:
    """What is wrong somewhere in `value`; the message follows the member's name."""
    if isinstance(value, str):
        return "contains half of a surrogate pair" if _SURROGATE.search(value) else None
    if isinstance(value, _Fault):
        return value.words
    if isinstance(value, list):
        return next((fault for item in value if (fault := _fault(item)) is not None), None)
    if isinstance(value, dict):
        return _fault([*value, *value.values()])
    return None


def _check_structure(text: str, limits: StructureLimits) -> None:
    """Counts brackets and commas before anything is built from them."""
    brackets = text.count("{") + text.count("[")
    if brackets <= limits.depth and brackets + text.count(",") <= limits.elements:
        return
    marks = _STRING.sub(b"", text.encode()).translate(None, _NO_MARKS)
    # Each value either is the first in its brackets or follows a comma.
    if marks.count(b"{") + marks.count(b"[") + marks.count(b",") > limits.elements:
        raise DeserializationFailure(limits.too_many)
    steps = map(_STEPS.__getitem__, marks.translate(None, b","))
    if max(accumulate(steps), default=0) > limits.depth:
        raise DeserializationFailure(limits.too_deep)


def _printable(name: str) -> str:
    return name.encode(errors="replace").decode()
