"""Two servers asked the same: a recorded session is sent to both, and their answers are compared.

Ids, etags, tokens and addresses differ from server to server. What a server answers in place of something recorded is
learned from its answers, and replaces it in what is sent to it from then on. A recorded credential is only sent to
the server that it was recorded at: another one gets its own, or none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from openucwa.sandbox import structures

#: Request headers that belong to a connection, not to what is asked.
_NOT_SENT = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "x-openucwa-fault"}
#: Request headers that contain credentials.
_CREDENTIALS = {"authorization", "proxy-authorization", "cookie"}
#: Response headers that are never the same, or of the connection.
_NOT_COMPARED = {"date", "x-request-id", "content-length", "connection", "keep-alive", "x-ms-server-fqdn", "server"}
#: Response headers whose values count; of the others only whether they are there.
_VALUES = {"content-type", "cache-control", "allow", "retry-after", "content-encoding"}
#: The minimum length of an id that is replaced by another.
_SHORTEST = 4
#: The time that an answer may take, in seconds: a poll takes some.
PATIENCE = 240.0


class HarHeader(msgspec.Struct, frozen=True):
    """A header."""

    name: str
    value: str


class HarText(msgspec.Struct, frozen=True, rename="camel"):
    """A body. `mime_type`: its Content-Type."""

    text: str = ""
    mime_type: str = ""


class HarRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A request. `url`: absolute."""

    method: str
    url: str
    headers: list[HarHeader] = []
    post_data: HarText = HarText()


class HarResponse(msgspec.Struct, frozen=True):
    """A response."""

    status: int
    headers: list[HarHeader] = []
    content: HarText = HarText()


class HarEntry(msgspec.Struct, frozen=True):
    """A request with its response."""

    request: HarRequest
    response: HarResponse


class HarLog(msgspec.Struct, frozen=True):
    """The recorded requests, in order."""

    entries: list[HarEntry]


class Har(msgspec.Struct, frozen=True):
    """A file of HAR 1.2, as far as it is needed here."""

    log: HarLog


@dataclass(slots=True)
class Side:
    """One of the two servers. `words`: what is sent instead of what was recorded. `own`: texts that came from this
    server, or are meant for it; a credential among them may be sent to it.
    """

    url: str
    http: httpx.Client
    words: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    def send(self, entry: HarEntry) -> httpx.Response:
        """The response to what was recorded, in this server's words."""
        asked = entry.request
        parts = urlsplit(asked.url)
        target = self.said(parts.path + (f"?{parts.query}" if parts.query else ""))
        at_home = _origin(asked.url) == _origin(self.url)
        headers = [
            (header.name, self.said(header.value))
            for header in asked.headers
            if (name := header.name.lower()) not in _NOT_SENT
            and (at_home or name not in _CREDENTIALS or self._is_own(self.said(header.value)))
        ]
        body = self.said(asked.post_data.text).encode()
        answer = self.http.request(asked.method, f"{self.url}{target}", headers=headers, content=body)
        self._learn(entry.response, answer)
        return answer

    def said(self, text: str) -> str:
        """`text` in this server's words."""
        known = [word for word in self.words if word in text]
        if not known:
            return text
        longest_first = "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True))
        return re.sub(longest_first, lambda found: self.words[found[0]], text)

    def _is_own(self, value: str) -> bool:
        """Whether this header's value, with or without its scheme, came from this server or is meant for it."""
        return value in self.own or value.partition(" ")[2] in self.own

    def _learn(self, recorded: HarResponse, answer: httpx.Response) -> None:
        before = structures.read(recorded.content.text, recorded.content.mime_type)
        for old, new in structures.pairs(before, _body(answer)):
            self.own.add(new)
            if old != new and len(old) >= _SHORTEST:
                for old_part, new_part in _parts(old, new):
                    self.words.setdefault(old_part, new_part)


def _parts(old: str, new: str) -> Iterator[tuple[str, str]]:
    """What differs between two texts: the segments of two hrefs alike, or all of them. A token may contain slashes."""
    olds, news = old.split("/"), new.split("/")
    if len(olds) != len(news) or not old.startswith(("/", "http://", "https://")):
        yield old, new
        return
    for one, other in zip(olds, news, strict=True):
        if one != other and len(one) >= _SHORTEST:
            yield one, other


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port; None: the port of the scheme."""
    parts = httpx.URL(url)
    return parts.scheme, parts.host, parts.port


def compare(
    har: Har, a: str, b: str, replaced: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
) -> Iterator[tuple[str, Sequence[str]]]:
    """For each recorded request what it was, and the differences of the answers of the servers `a` and `b`.

    `replaced`: what to send to each instead of something recorded, such as a password. httpx.HTTPError: one of them
    does not answer.
    """
    with httpx.Client(timeout=PATIENCE) as one, httpx.Client(timeout=PATIENCE) as other:
        sides = [
            Side(url.rstrip("/"), http, dict(words), set(words.values()))
            for url, http, words in ((a, one, replaced[0]), (b, other, replaced[1]))
        ]
        for entry in har.log.entries:
            answers = [side.send(entry) for side in sides]
            yield f"{entry.request.method} {urlsplit(entry.request.url).path}", list(differences(*answers))


def differences(a: httpx.Response, b: httpx.Response) -> Iterator[str]:
    """The differences: of status, headers, and the structure of JSON or XML."""
    if a.status_code != b.status_code:
        yield f"status {a.status_code} and {b.status_code}"
    names = [{name for name in each.headers if name not in _NOT_COMPARED} for each in (a, b)]
    yield from (f"header {name} only from A" for name in sorted(names[0] - names[1]))
    yield from (f"header {name} only from B" for name in sorted(names[1] - names[0]))
    for name in sorted(_VALUES & names[0] & names[1]):
        if a.headers[name] != b.headers[name]:
            yield f"header {name}: {a.headers[name]} and {b.headers[name]}"
    yield from structures.differences(_body(a), _body(b))


def _body(answer: httpx.Response) -> Any:
    return structures.read(answer.text, answer.headers.get("content-type", ""))
