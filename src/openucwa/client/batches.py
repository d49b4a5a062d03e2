"""The bodies of batches (UCWA: batch): several requests in one, and their answers."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from openucwa.client.errors import InvalidAnswer, UcwaError
from openucwa.client.formats import Format
from openucwa.client.resources import Value
from openucwa.client.session import Answer, read_answer
from openucwa.client.wire import Response

#: How many requests a batch may have.
MAX_PARTS = 100

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch. `href`: as it stands in an answer. `properties`: its body."""

    method: str
    href: str
    properties: Mapping[str, Value] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def write_batch(parts: Sequence[Part], form: Format) -> tuple[bytes, str]:
    """The body of a batch and its Content-Type."""
    boundary = uuid.uuid4().hex
    lines: list[bytes] = []
    for part in parts:
        body = b"" if part.properties is None else form.write(part.properties)
        headers = {"Accept": form.media_type, **({"Content-Type": form.media_type} if body else {}), **part.headers}
        head = [f"{part.method} {part.href} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += [
            f"--{boundary}\r\nContent-Type: application/http; msgtype=request\r\n\r\n".encode(),
            "\r\n".join([*head, "", ""]).encode("latin-1"),
            body + b"\r\n",
        ]
    return b"".join([*lines, f"--{boundary}--\r\n".encode()]), f"multipart/batching; boundary={boundary}"


def read_batch(response: Response) -> list[Answer | UcwaError]:
    """The answers of a batch, in order. InvalidAnswer: it is malformed."""
    found = _BOUNDARY.search(response.header("content-type") or "")
    if found is None:
        raise InvalidAnswer("the answer to the batch has no boundary")
    delimiter = b"--" + found[1].strip().encode("latin-1")
    pieces = re.split(rb"(?:\A|\r\n)" + re.escape(delimiter) + rb"(?:--)?[ \t]*(?=\r\n|\Z)", response.body)
    return [_answer(piece) for piece in pieces[1:-1]]


def _answer(piece: bytes) -> Answer | UcwaError:
    _, _, message = piece.partition(b"\r\n\r\n")
    head, _, body = message.partition(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").split("\r\n")
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise InvalidAnswer("a part of the answer to the batch has no status")
    fields = (line.partition(":") for line in lines if line)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in fields)
    try:
        return read_answer(Response(int(words[1]), headers, body))
    except UcwaError as error:
        return error
