"""Batches on the wire: several HTTP requests, or responses, in one body (UCWA: Batching requests).

Only the format: the allowed content and the processing of parts belong to the batch resource.
"""

import http
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from openucwa.http.charset import without_mark
from openucwa.http.message import Response
from openucwa.http.negotiation import value_and_parameters
from openucwa.model.refusals import DeserializationFailure, TooManyRequests

MEDIA_TYPE = "multipart/batching"

_PART_TYPE = "application/http"
_LINE_END = re.compile(rb"\r?\n")
#: The end of a head: an empty line.
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(r"([A-Za-z]+) +([!-~]+) +HTTP/[0-9](?:\.[0-9])?")
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
#: Headers about a connection or the length of a body; a part has neither.
_NOT_PASSED_ON = {"connection", "content-length", "data", "expect", "keep-alive", "transfer-encoding"}
Header = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PartRequest:
    """A request in a batch. `target`: path and query. `headers`: names in lower case; Content-Length is the body's."""

    method: str
    target: str
    headers: list[Header]
    body: bytes


def parse(body: bytes, content_type: str, max_parts: int = 100, max_headers: int = 100) -> list[PartRequest]:
    """The requests of a batch, in order.

    Also accepted: lines that end in LF alone, a leading empty line or byte order mark, a closing delimiter without its
    dashes, wrong lengths, a part whose body is in a header `Data`, and targets with scheme and host.

    DeserializationFailure: malformed, or a part has more than `max_headers` headers. TooManyRequests: more than
    `max_parts` parts.
    """
    parts = split(body, _boundary(content_type), max_parts)
    if len(parts) > max_parts:
        # This status makes clients repeat the requests in smaller batches.
        raise TooManyRequests(f"a batch may contain at most {max_parts} requests", retry_after=1)
    return [_part(number, part, max_headers) for number, part in enumerate(parts, 1)]


def build(responses: Sequence[Response], boundary: str) -> bytes:
    """The body of a batch's response. `boundary` must be unguessable for clients."""
    delimiter = f"--{boundary}".encode()
    lines: list[bytes] = []
    for response in responses:
        # Old clients read the part's head from its last line, which must be Content-Type.
        headers = sorted(response.headers, key=_is_content_type)
        lines += [
            delimiter,
            b"Content-Type: application/http; msgtype=response",
            b"",
            f"HTTP/1.1 {response.status} {_PHRASES.get(response.status, '')}".encode("latin-1"),
            *(b"%s: %s" % header for header in headers),
            b"",
            response.body,
        ]
    return b"\r\n".join([*lines, delimiter + b"--", b""])


def _is_content_type(header: tuple[bytes, bytes]) -> bool:
    return header[0] == b"Content-Type"


def content_type(boundary: str) -> str:
    """The Content-Type of a body from `build`."""
    return f'{MEDIA_TYPE}; boundary="{boundary}"'


def _boundary(content_type: str) -> bytes:
    boundary = value_and_parameters(content_type)[1].get("boundary", "")
    if not boundary:
        raise DeserializationFailure("the Content-Type of the batch has no boundary")
    return boundary.encode("latin-1")


def split(body: bytes, boundary: bytes, max_parts: int) -> list[bytes]:
    """The parts of a multipart body, each with the end of the delimiter's line; no more than `max_parts` + 1 are read.

    DeserializationFailure: there is no part, or the last one is incomplete.
    """
    # RFC 2046, 5.1.1: blanks may follow a delimiter.
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    body = without_mark(body)
    parts: list[bytes] = []
    before: re.Match[bytes] | None = None
    for match in delimiter.finditer(body):
        if before is not None:
            parts.append(body[before.end() : match.start()])
        before = match
        if match[1] or len(parts) > max_parts:
            break
    else:
        if parts and before is not None and body[before.end() :].strip():
            raise DeserializationFailure(f"part {len(parts) + 1} is incomplete: the closing delimiter is missing")
    if not parts:
        raise DeserializationFailure("the body has no parts: no boundary delimiters were found")
    return parts


def head_and_content(part: bytes) -> tuple[bytes, bytes]:
    """The headers of a part from `split`, and the rest of it."""
    return _halves(_LINE_END.sub(b"", part, count=1))


def headers_of(number: int, head: bytes, max_headers: int) -> list[Header]:
    """The headers of part `number`, names in lower case. DeserializationFailure: malformed, or too many."""
    return _headers(number, _lines(head, max_headers), max_headers)


def _part(number: int, part: bytes, max_headers: int) -> PartRequest:
    head, content = head_and_content(part)
    outer = dict(headers_of(number, head, max_headers))
    kind, parameters = value_and_parameters(outer.get("content-type", ""))
    if kind != _PART_TYPE or parameters.get("msgtype", "request").lower() != "request":
        raise DeserializationFailure(f"part {number}: the Content-Type must be {_PART_TYPE}; msgtype=request")
    head, body = _halves(content.lstrip(b"\r\n"))
    request_line, *lines = _lines(head, max_headers + 1)
    method, target = _request_line(number, request_line)
    headers = _headers(number, lines, max_headers)
    if not body.strip(b" \t\r\n"):
        # An old client sends its JSON in one line of the head.
        body = dict(headers).get("data", outer.get("data", "")).encode("latin-1")
        if body and all(name != "content-type" for name, _ in headers):
            headers.append(("content-type", "application/json"))
    headers = [header for header in headers if header[0] not in _NOT_PASSED_ON]
    if body:
        headers.append(("content-length", str(len(body))))
    return PartRequest(method, target, headers, body)


def _halves(text: bytes) -> tuple[bytes, bytes]:
    """The text before and after the first empty line; a leading empty line ends an empty head."""
    if (empty := _LINE_END.match(text)) is not None:
        return b"", text[empty.end() :]
    head, *rest = _HEAD_END.split(text, maxsplit=1)
    return head, rest[0] if rest else b""


def _lines(head: bytes, most: int) -> list[str]:
    """The first `most` lines of a head, and all others as one more."""
    return [line.decode("latin-1") for line in _LINE_END.split(head, maxsplit=most)]


def _request_line(number: int, line: str) -> tuple[str, str]:
    found = _REQUEST_LINE.fullmatch(line.rstrip())
    if found is None:
        raise DeserializationFailure(f"part {number}: a request line such as GET /path HTTP/1.1 was expected")
    method, target = found.groups()
    if not target.startswith("/"):
        target = _origin_form(number, target)
    return method.upper(), target


def _origin_form(number: int, url: str) -> str:
    """Path and query of an absolute target. Its host is ignored: the batch was sent to this server."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if not parts.netloc:
        raise DeserializationFailure(f"part {number}: the request target must be a path or a URL")
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _headers(number: int, lines: Sequence[str], max_headers: int) -> list[Header]:
    if len(lines) > max_headers:
        raise DeserializationFailure(f"part {number} has more than {max_headers} header lines")
    headers = []
    for line in filter(None, lines):
        name, colon, value = line.partition(":")
        if not colon or not _FIELD_NAME.fullmatch(name):
            raise DeserializationFailure(f"part {number}: a line is not a header")
        headers.append((name.lower(), value.strip()))
    return headers
