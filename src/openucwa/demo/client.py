"""The demo's client: HTTP by the standard library, JSON and XML, and a screen that shows each exchange.

It knows only what the server answers, and shares no code with it. What to request and what to expect is in `walk.py`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import Any, Protocol, TextIO, TypeAlias
from urllib.parse import urlsplit

import click
from lxml import etree

Scalar: TypeAlias = str | int | float | bool | datetime
Value: TypeAlias = Scalar | list[Scalar]
Values: TypeAlias = Mapping[str, Value]

#: Seconds to wait for an answer; no request of the demo takes long.
TIMEOUT = 30.0
#: Lines of a body that are shown.
MAX_LINES = 64

#: The headers of an answer that matter to an application.
SHOWN_HEADERS = ("WWW-Authenticate", "Content-Type", "Location", "ETag", "Retry-After", "X-Ms-diagnostics")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d+)\)/")
_TOKEN = re.compile(r"(cwt=[\w.-]{12})[\w.-]+")
_NAMESPACE = "http://schemas.microsoft.com/rtc/2012/03/ucwa"
_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


class StepFailed(Exception):  # the result of a step, not an error of the program
    """What the server did wrong."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A resource or error from an answer. `links`: href by rel; `embedded`: resources by rel.

    `events`: those of an event channel's answer.
    """

    properties: dict[str, Value] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    embedded: dict[str, list["Seen"]] = field(default_factory=dict)
    events: list["Event"] = field(default_factory=list)

    def link(self, rel: str) -> str:
        """The href of a link. StepFailed: there is none."""
        if rel not in self.links:
            raise StepFailed(f"the answer has no link {rel}")
        return self.links[rel]

    def inner(self, rel: str) -> "Seen":
        """An embedded resource, the first of its rel. StepFailed: there is none."""
        if not self.embedded.get(rel):
            raise StepFailed(f"the answer embeds no {rel}")
        return self.embedded[rel][0]

    def text(self, name: str) -> str:
        """A property that is a string. StepFailed: there is none."""
        value = self.properties.get(name)
        if not isinstance(value, str):
            raise StepFailed(f"the answer has no {name}")
        return value

    def quoted_etag(self) -> str:
        """The etag as it stands in a header. StepFailed: there is none."""
        return f'"{self.text("etag")}"'


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `rel`: of its resource; `within`: rel of its `in`; `seen`: the embedded resource."""

    rel: str
    kind: str
    within: str | None
    status: str | None
    title: str | None
    seen: Seen


class Form(Protocol):
    """A media type of resources."""

    name: str
    media_type: str

    def write(self, values: Values) -> str:
        """A request body, indented."""
        ...

    def read(self, body: bytes) -> Seen:
        """The parsed body. StepFailed: it is malformed."""
        ...

    def pretty(self, body: bytes) -> str:
        """The body, indented."""
        ...


class Json:
    """UCWA's JSON: `_links`, `_embedded`, and dates as strings."""

    name = "JSON"
    media_type = "application/json"

    def write(self, values: Values) -> str:
        return json.dumps(values, indent=2, ensure_ascii=False, default=_json_date)

    def read(self, body: bytes) -> Seen:
        try:
            return self._seen(json.loads(body))
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            raise StepFailed(f"the answer is not a resource in JSON: {error}") from None

    def pretty(self, body: bytes) -> str:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)

    def _seen(self, members: dict[str, Any]) -> Seen:
        links = members.pop("_links", {})
        embedded = members.pop("_embedded", {})
        senders = members.pop("sender", [])
        return Seen(
            properties={name: _with_dates(value) for name, value in members.items()},
            links={rel: link["href"] for rel, link in links.items()},
            embedded={
                rel: [self._seen(each) for each in (inner if isinstance(inner, list) else [inner])]
                for rel, inner in embedded.items()
            },
            events=[self._event(event) for sender in senders for event in sender["events"]],
        )

    def _event(self, event: dict[str, Any]) -> Event:
        link, within = event["link"], event.get("in", {}).get("rel")
        seen = self._seen(event.get("_embedded", {}).get(link["rel"], {}))
        return Event(link["rel"], event["type"], within, event.get("status"), link.get("title"), seen)


class Xml:
    """UCWA's XML: `<resource>` with links and properties; values other than strings carry their type."""

    name = "XML"
    media_type = "application/xml"

    def write(self, values: Values) -> str:
        names: Any = {None: _NAMESPACE}
        if not all(isinstance(value, str | list) for value in values.values()):
            names |= {"xsi": _INSTANCE, "xs": _SCHEMA}
        root = etree.Element(f"{{{_NAMESPACE}}}input", nsmap=names)
        for name, value in values.items():
            if isinstance(value, list):
                many = etree.SubElement(root, f"{{{_NAMESPACE}}}propertyList", name=name)
                for item in value:
                    _fill(etree.SubElement(many, f"{{{_NAMESPACE}}}item"), item)
            else:
                _fill(etree.SubElement(root, f"{{{_NAMESPACE}}}property", name=name), value)
        return etree.tostring(root, pretty_print=True, encoding="unicode").rstrip()

    def read(self, body: bytes) -> Seen:
        try:
            return self._seen(_parsed(body))
        except (etree.XMLSyntaxError, ValueError, KeyError) as error:
            raise StepFailed(f"the answer is not a resource in XML: {error}") from None

    def pretty(self, body: bytes) -> str:
        return etree.tostring(_parsed(body), pretty_print=True, encoding="unicode").rstrip()

    def _seen(self, element: etree._Element) -> Seen:
        seen = Seen(links={"self": element.get("href", "")})
        for child in element:
            kind = etree.QName(child).localname
            attributes = {str(name): str(value) for name, value in child.attrib.items()}
            if kind == "link":
                seen.links[attributes["rel"]] = attributes["href"]
            elif kind == "resource":
                seen.embedded.setdefault(attributes["rel"], []).append(self._seen(child))
            elif kind == "sender":
                seen.events.extend(map(self._event, child))
            elif kind == "propertyList":
                seen.properties[attributes["name"]] = [_value(item) for item in child]
            elif kind == "property":
                seen.properties[attributes["name"]] = _value(child)
            else:  # of a reason: code, subcode, message
                seen.properties[kind] = child.text or ""
        return seen

    def _event(self, element: etree._Element) -> Event:
        parts = {etree.QName(child).localname: child for child in element}
        within = parts["in"].get("rel") if "in" in parts else None
        seen = self._seen(parts["resource"]) if "resource" in parts else Seen()
        kind = etree.QName(element).localname
        return Event(element.get("rel", ""), kind, within, element.get("status"), element.get("title"), seen)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer. `seen` is empty if there was no body in the requested format."""

    status: int
    headers: HTTPMessage
    seen: Seen


class Screen:
    """Where the walk is shown. `colour`: whether to use colours; `verbose`: whether to show each exchange."""

    def __init__(self, stream: TextIO, *, colour: bool, verbose: bool = False) -> None:
        self._stream = stream
        self._colour = colour
        self.verbose = verbose

    def say(self, text: str = "", **style: Any) -> None:
        """Prints one or more lines. `style`: as for `click.style`."""
        click.echo(click.style(text, **style) if style else text, self._stream, color=self._colour)

    def detail(self, text: str = "", **style: Any) -> None:
        """As `say`, if the screen is verbose."""
        if self.verbose:
            self.say(text, **style)

    def request(self, method: str, target: str, headers: Mapping[str, str], body: str) -> None:
        """Shows a request."""
        self.detail(f"  > {click.style(f'{method} {target}', bold=True)}")
        self._rest(">", headers.items(), body, "cyan")

    def answer(self, status: int, reason: str, headers: HTTPMessage, body: str, limit: int) -> None:
        """Shows an answer, with the headers that matter and at most `limit` lines of its body."""
        self.detail(f"  < {click.style(f'{status} {reason}', bold=True)}")
        shown = [(name, value) for name in SHOWN_HEADERS for value in headers.get_all(name, [])]
        self._rest("<", shown, body, "yellow", limit)

    def _rest(
        self, mark: str, headers: Iterable[tuple[str, str]], body: str, colour: str, limit: int = MAX_LINES
    ) -> None:
        for name, value in headers:
            self.detail(f"  {mark} {abbreviated(f'{name}: {value}')}", dim=True)
        lines = abbreviated(body).splitlines()
        if len(lines) > limit:
            left_out = len(lines) - limit
            lines = [*lines[:limit], f"... and {left_out} more lines" if limit else f"... {left_out} lines"]
        for line in lines:
            self.detail(f"      {line}", fg=colour)


class Client:
    """An application of one user. `base`: the server's URL. It shows each exchange on `screen`."""

    def __init__(self, base: str, screen: Screen) -> None:
        url = urlsplit(base)
        self._connection = HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT)
        self._screen = screen
        self.token: str | None = None

    def send(
        self,
        method: str,
        href: str,
        accept: Form,
        headers: Mapping[str, str],
        body: str,
        content_type: str,
        limit: int = MAX_LINES,
    ) -> Answer:
        """Sends a request and returns its answer, showing at most `limit` lines of the body.

        StepFailed: there is no answer, or it is malformed.
        """
        url = urlsplit(href)
        target = f"{url.path}?{url.query}" if url.query else url.path
        sent = {"Accept": accept.media_type}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        if body:
            sent["Content-Type"] = content_type
        sent |= headers
        self._screen.request(method, target, sent, body)
        try:
            self._connection.request(method, target, body.encode() if body else None, sent)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            raise StepFailed(f"no answer: {error or type(error).__name__}") from None
        kind = response.headers.get_content_type()
        forms: dict[str, Form] = {form.media_type: form for form in (Json(), Xml())}
        form = forms.get(kind) if content else None
        seen = Seen() if form is None else form.read(content)
        shown = content.decode(errors="replace") if form is None else form.pretty(content)
        self._screen.answer(response.status, response.reason, response.headers, shown, limit)
        return Answer(response.status, response.headers, seen)

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()


def abbreviated(text: str) -> str:
    """`text` with tokens shortened: anyone who has a token can act as its user."""
    return _TOKEN.sub(r"\1...", text)


def _json_date(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(value)
    return f"/Date({(value - _EPOCH) // timedelta(milliseconds=1)})/"


def _with_dates(value: object) -> Value:
    if isinstance(value, list):
        return [_with_dates(item) for item in value]  # type: ignore[misc]  # no lists in lists
    if isinstance(value, str) and (date := _DATE.fullmatch(value)):
        return _EPOCH + timedelta(milliseconds=int(date[1]))
    return value  # type: ignore[return-value]  # JSON has no other scalars


def _parsed(body: bytes) -> etree._Element:
    return etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))


def _fill(element: etree._Element, value: Scalar) -> None:
    """Sets the element's value, marked with its XML Schema type unless it is a string."""
    kind = {bool: "boolean", int: "integer", float: "double", datetime: "dateTime"}.get(type(value))
    if kind is not None:
        element.set(f"{{{_INSTANCE}}}type", f"xs:{kind}")
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = value.isoformat() if isinstance(value, datetime) else str(value)


def _value(element: etree._Element) -> Scalar:
    text = element.text or ""
    match element.get(f"{{{_INSTANCE}}}type", "").rpartition(":")[2]:
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
