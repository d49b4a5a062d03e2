"""A resource as a document, independent of JSON and XML.

Structs, because making a frozen dataclass takes ten times as long: 4.7 µs for a Document.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from openucwa.model.values import Scalar


class Link(msgspec.Struct, frozen=True):
    """A typed reference. `title`, `revision`: as on UCWA's pages Web links and Versioning; left out if None."""

    href: str
    title: str | None = None
    revision: int | None = None


#: The values of a documented property.
Property: TypeAlias = Scalar | Sequence[Scalar]


class SharedProperties(dict[str, Property]):
    """Properties that many documents have in common, as a meeting's, when all participants are notified of a change.
    They must not be changed.

    `json`: what the JSON writer made of them; `size`: their approximate size; None: not known yet.
    """

    __slots__ = ("json", "size")

    def __init__(self, properties: Mapping[str, Property]) -> None:
        super().__init__(properties)
        self.json: dict[str, msgspec.Raw] | None = None
        self.size: int | None = None


class Document(msgspec.Struct, frozen=True):
    """One resource.

    `links`, in order, without `self` (that is `href`); a sequence is shown as an array, even one of one; an empty one
    is left out. `embedded`, in order; likewise, but an empty array is shown. `custom`: programmer-defined properties as
    one JSON object (`Extension.properties`), shown after `properties`. `tail`: properties after all others: the
    pass-through property and `etag`. `head`: properties before `rel` (communication's pass-through property).
    `revision`: as of a link to it, shown in the `self` of JSON.
    """

    rel: str
    href: str
    properties: Mapping[str, Property] = {}
    links: Mapping[str, Link | Sequence[Link]] = {}
    embedded: Mapping[str, "Document | Sequence[Document]"] = {}
    custom: bytes = b"{}"
    tail: Mapping[str, Property] = {}
    head: Mapping[str, Property] = {}
    revision: int | None = None


class Reason(msgspec.Struct, frozen=True):
    """An error (UCWA: reason)."""

    code: str
    message: str
    subcode: str | None = None
    parameters: Mapping[str, str] = {}
    debug_info: Mapping[str, str] = {}


class EventEntry(msgspec.Struct, frozen=True):
    """One event within a sender. `relation`: added, updated, deleted, started, completed. `embedded`: the resource,
    shown under `link`'s rel. `within`: the `in` link."""

    relation: str
    rel: str
    link: Link
    embedded: Document | None = None
    within: tuple[str, str] | None = None
    status: str | None = None
    reason: Reason | None = None


def approximate_size(entry: EventEntry) -> int:
    """The approximate size of an event in an answer, in either format."""
    return 100 + len(entry.link.href) + (0 if entry.embedded is None else _size(entry.embedded))


def _size(document: Document) -> int:
    size = 100 + len(document.href) + len(document.custom) + _size_of(document.properties)
    if document.head:
        size += _size_of(document.head)
    if document.tail:
        size += _size_of(document.tail)
    for rel, link in document.links.items():
        for one in (link,) if isinstance(link, Link) else link:
            size += len(rel) + len(one.href) + len(one.title or "") + 30
    for inner in document.embedded.values():
        size += sum(map(_size, (inner,) if isinstance(inner, Document) else inner))
    return size


def _size_of(properties: Mapping[str, Property]) -> int:
    if isinstance(properties, SharedProperties) and properties.size is not None:
        return properties.size
    size = 0
    for name, value in properties.items():
        size += len(name) + 10 + (len(value) if isinstance(value, str) else 20)
        if type(value) is list or type(value) is tuple:
            size += sum(len(item) + 5 if isinstance(item, str) else 20 for item in value)
    if isinstance(properties, SharedProperties):
        properties.size = size
    return size


class Sender(msgspec.Struct, frozen=True):
    """The events of one sender, in order."""

    rel: str
    href: str
    events: Sequence[EventEntry]


class Events(msgspec.Struct, frozen=True):
    """One answer of an event channel. `links` without `self`: next, resync or resume."""

    href: str
    links: Mapping[str, Link]
    senders: Sequence[Sender] = ()
