"""A resource as a document, independent of JSON and XML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from openucwa.model.values import Scalar


@dataclass(frozen=True, slots=True)
class Link:
    """A typed reference. `title`, `revision`: as on UCWA's Web links page; left out if None."""

    href: str
    title: str | None = None
    revision: int | None = None


#: The values of a documented property.
Property: TypeAlias = Scalar | Sequence[Scalar]


@dataclass(frozen=True, slots=True)
class Document:
    """One resource.

    `links`, in order, without `self` (that is `href`); a sequence is shown as an array, even one of one; an empty one
    is left out. `embedded`, in order; likewise, but an empty array is shown. `custom`: programmer-defined properties as
    one JSON object (`Extension.properties`), shown after `properties`. `tail`: properties after all others: the
    pass-through property and `etag`. `head`: properties before `rel` (communication's pass-through property).
    """

    rel: str
    href: str
    properties: Mapping[str, Property] = field(default_factory=dict)
    links: Mapping[str, Link | Sequence[Link]] = field(default_factory=dict)
    embedded: Mapping[str, "Document | Sequence[Document]"] = field(default_factory=dict)
    custom: bytes = b"{}"
    tail: Mapping[str, Property] = field(default_factory=dict)
    head: Mapping[str, Property] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """An error (UCWA: reason)."""

    code: str
    message: str
    subcode: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    debug_info: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EventEntry:
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
    size = 100 + len(document.href) + len(document.custom)
    for values in (document.properties, document.head, document.tail):
        for name, value in values.items():
            size += len(name) + 10 + (len(value) if isinstance(value, str) else 20)
            if not isinstance(value, Scalar):
                size += sum(len(item) + 5 if isinstance(item, str) else 20 for item in value)
    for rel, link in document.links.items():
        for one in (link,) if isinstance(link, Link) else link:
            size += len(rel) + len(one.href) + len(one.title or "") + 30
    for inner in document.embedded.values():
        size += sum(map(_size, (inner,) if isinstance(inner, Document) else inner))
    return size


@dataclass(frozen=True, slots=True)
class Sender:
    """The events of one sender, in order."""

    rel: str
    href: str
    events: Sequence[EventEntry]


@dataclass(frozen=True, slots=True)
class Events:
    """One answer of an event channel. `links` without `self`: next, resync or resume."""

    href: str
    links: Mapping[str, Link]
    senders: Sequence[Sender] = ()
