"""A response as bytes."""

from http import HTTPStatus

from openucwa.http.message import Response, header_lines

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

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
