"""A response as bytes."""

from http import HTTPStatus

from openucwa.http.message import WITHOUT_BODY, Delivery, Response, header_lines

#: The body of the answer to an internal error.
SORRY = "internal server error; see the server log"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


def encode(response: Response, date: bytes, *, without_body: bool, close: bool) -> bytes:
    """`response` as bytes. `date`: its header line. `without_body`: for HEAD. `close`: the connection ends. ValueError:
    a header contains a line break.
    """
    status = response.status
    line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status
    headers = response.encoded or header_lines(response, response.headers)
    end = b"Connection: close\r\n\r\n" if close else b"\r\n"
    body = b"" if without_body or status in WITHOUT_BODY else response.body
    return b"".join((line, date, headers, end, body))


def delivered(data: bytes, body: int, delivery: Delivery) -> tuple[bytes, int]:
    """What is sent of an encoded response, the last `body` bytes of which are its body; and how many of those."""
    if not delivery.head:
        return b"", 0
    kept = body if delivery.body is None else min(body, delivery.body)
    return data[: len(data) - body + kept], kept
