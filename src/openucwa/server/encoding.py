"""A response as bytes."""

import logging
from http import HTTPStatus

from openucwa.http.message import Delivery, Refused, Response, header_lines

#: What a client is told of an internal error.
SORRY = "internal server error; see the server log"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

logger = logging.getLogger("openucwa.server")

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
#: Statuses whose responses never have a body (RFC 9110, 6.4.1).
_WITHOUT_BODY = frozenset({204, 304})


def encode(response: Response, date: bytes, *, without_body: bool, close: bool) -> bytes:
    """`response` as bytes. `date`: its header line. `without_body`: for HEAD. `close`: the connection ends. ValueError:
    a header contains a line break.
    """
    status, body = response.status, response.body
    count = len(response.headers)
    encoded = response.encoded
    headers = encoded + b"%b: %b\r\n" % response.headers[-1] if encoded else header_lines(response.headers)
    if headers.count(b"\n") != count or headers.count(b"\r") != count:
        raise ValueError("a header contains a line break")
    if status in _WITHOUT_BODY:
        length = body = b""
    else:
        length = b"Content-Length: %d\r\n" % len(body)
        if without_body:
            body = b""
    end = b"Connection: close\r\n\r\n" if close else b"\r\n"
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    return b"".join((line, date, headers, length, end, body))


def delivered(data: bytes, body: int, delivery: Delivery) -> tuple[bytes, int]:
    """What is sent of an encoded response, the last `body` bytes of which are its body; and how many of those."""
    if not delivery.head:
        return b"", 0
    kept = body if delivery.body is None else min(body, delivery.body)
    return data[: len(data) - body + kept], kept


def encode_or(
    refused: Refused, response: Response, date: bytes, *, without_body: bool, close: bool
) -> tuple[bytes, Response]:
    """As `encode`, and `response` itself; if it cannot be sent, an internal error, which the log tells of."""
    try:
        return encode(response, date, without_body=without_body, close=close), response
    except (TypeError, ValueError):
        logger.exception("a response cannot be sent")
    instead = refused(500, SORRY)
    return encode(instead, date, without_body=False, close=close), instead
