"""Resources, events and links as they stand in answers, whatever the format (UCWA: Resources in UCWA)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from urllib.parse import unquote_plus

from openucwa.client.errors import InvalidAnswer, Reason

Scalar: TypeAlias = str | int | float | bool | datetime
#: The value of a property. Dates are aware of their time zone.
Value: TypeAlias = Scalar | Sequence[Scalar]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_JSON_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
#: What the value of a pass-through property begins with.
_PASS = "please pass this"  # noqa: S105  # no password


@dataclass(frozen=True, slots=True)
class Link:
    """A link (UCWA: Web links)."""

    href: str
    title: str | None = None
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource. `properties` in the order of the answer; `links` and `embedded` by rel, several of one rel in
    order.

    Properties of documented resources are texts in XML; `text`, `flag`, `number` and `moment` read both formats.
    """

    rel: str = ""
    href: str = ""
    properties: Mapping[str, Value] = field(default_factory=dict)
    links: Mapping[str, Sequence[Link]] = field(default_factory=dict)
    embedded: Mapping[str, Sequence["Resource"]] = field(default_factory=dict)

    def find_link(self, rel: str) -> str | None:
        """The href of the first link of that rel, or of the first resource embedded as it; None: there is none."""
        if found := self.links.get(rel):
            return found[0].href
        return next((each.href for each in self.embedded.get(rel, ())), None)

    def link(self, rel: str) -> str:
        """As `find_link`. InvalidAnswer: there is none."""
        if (href := self.find_link(rel)) is None:
            raise InvalidAnswer(f"{self.rel or 'the answer'} has no link {rel}")
        return href

    def inner(self, rel: str) -> "Resource":
        """The first resource that is embedded as `rel`. InvalidAnswer: there is none."""
        if not (found := self.embedded.get(rel)):
            raise InvalidAnswer(f"{self.rel or 'the answer'} embeds no {rel}")
        return found[0]

    @property
    def etag(self) -> str:
        """The etag, without quotation marks. InvalidAnswer: there is none."""
        return self.text("etag")

    def text(self, name: str) -> str:
        """A property that is a text. InvalidAnswer: there is none."""
        value = self.properties.get(name)
        if not isinstance(value, str):
            raise InvalidAnswer(f"{self.rel or 'the answer'} has no {name}")
        return value

    def texts(self, name: str) -> list[str]:
        """A property that is a list of texts; empty if there is none."""
        value = self.properties.get(name, ())
        if isinstance(value, str):
            return [value]
        return [str(each) for each in value] if isinstance(value, list | tuple) else []

    def flag(self, name: str) -> bool:
        """A property that is a boolean; false if there is none."""
        value = self.properties.get(name)
        return value.lower() == "true" if isinstance(value, str) else bool(value)

    def number(self, name: str) -> int | None:
        """A property that is an integer; None: there is none."""
        value = self.properties.get(name)
        if isinstance(value, str | int):
            try:
                return int(value)
            except ValueError:
                pass
        return None

    def moment(self, name: str) -> datetime | None:
        """A property that is a date; None: there is none."""
        value = self.properties.get(name)
        if isinstance(value, str):
            try:
                return datetime.fromisoformat(value)
            except ValueError:
                return None
        return value if isinstance(value, datetime) else None


@dataclass(frozen=True, slots=True)
class Event:
    """One event (UCWA: Events). `type`: added, updated, deleted, started or completed; or APPLICATION_RENEWED.

    `rel`, `href`, `title`: of the resource that it is about; `resource`: that resource, if it was sent along. `sender`:
    the rel and href of the sender. `within`: the rel of the `in` link. `status`, `reason`: how an operation ended.
    """

    type: str
    rel: str
    href: str
    title: str | None = None
    sender: tuple[str, str] = ("", "")
    within: str | None = None
    resource: Resource | None = None
    status: str | None = None
    reason: Reason | None = None

    @property
    def message(self) -> str | None:
        """The text of an incoming message, as it was sent, plain or HTML; None: the event has none."""
        if self.rel != "message" or self.resource is None:
            return None
        uri = self.resource.find_link("plainMessage") or self.resource.find_link("htmlMessage")
        return None if uri is None else unquote_plus(uri.partition(",")[2])


#: The type of the event that says that the application had ended and was reopened: conversations are over.
APPLICATION_RENEWED = "openucwa:renewed"


@dataclass(frozen=True, slots=True)
class EventSet:
    """One answer of the event channel. `links`: href by rel: next, resync or resume."""

    links: Mapping[str, str]
    events: Sequence[Event]


Document: TypeAlias = Resource | EventSet | Reason


def own_properties(resource: Resource) -> dict[str, Value]:
    """The programmer-defined properties of an extension: without id, type, etag and the pass-through property."""
    return {
        name: value
        for name, value in resource.properties.items()
        if name not in {"id", "type", "etag"} and not is_pass_through(name, value)
    }


def sent_back(resource: Resource) -> dict[str, Value]:
    """The properties that a PUT must return unchanged."""
    return {name: value for name, value in resource.properties.items() if is_pass_through(name, value)}


def is_pass_through(name: str, value: Value) -> bool:
    """Whether this is the property, named by a GUID, that a PUT must return unchanged (UCWA: PUT operations)."""
    return isinstance(value, str) and value.startswith(_PASS) and _GUID.fullmatch(name) is not None


def parse_json_date(text: str) -> datetime | None:
    """The date in a text of the form `/Date(ms)/`; None: it is another text, or a date beyond those of Python."""
    if (found := _JSON_DATE.fullmatch(text)) is None:
        return None
    try:
        return EPOCH + timedelta(milliseconds=int(found[1]))
    except OverflowError:
        return None


def json_date(value: datetime) -> str:
    """A date as `/Date(ms)/`. ValueError: it has no time zone."""
    if value.tzinfo is None:
        raise ValueError("a date needs a time zone, such as datetime.UTC")
    return f"/Date({(value - EPOCH) // timedelta(milliseconds=1)})/"
