"""The answer of a resource, before it is rendered."""

from collections.abc import AsyncGenerator
from typing import TypeAlias

import msgspec

from openucwa.http.message import Header
from openucwa.http.negotiation import JSON, UCWA_JSON, content_type
from openucwa.representation import plain
from openucwa.representation.document import Document, Events

#: A body that is rendered as JSON or XML, as the client asks.
Shown: TypeAlias = Document | Events


class Answer(msgspec.Struct, frozen=True):
    """The answer to a request.

    `document`: rendered as JSON or XML; None: no document. `body`: any other body, of the type `content_type`. `etag`:
    that of the resource, without quotes. `location`: the href of the created resource. `headers`: further headers.
    `gzipped`: a body that was compressed before, beside `body` or in place of it. `cache_control`: the value of
    Cache-Control. `stream`: the pieces of a body that comes while it is sent.
    """

    document: Shown | None = None
    status: int = 200
    etag: str | None = None
    location: str | None = None
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    gzipped: bytes = b""
    content_type: str = ""
    cache_control: bytes = b"no-cache"
    stream: AsyncGenerator[bytes, None] | None = None


#: Success, with nothing to report.
NO_CONTENT = Answer(status=204)


def created(location: str) -> Answer:
    """Answers 201 without a body."""
    return Answer(status=201, location=location)


def plain_answer(media_type: str, root: str, shown: plain.Plain, status: int = 200) -> Answer:
    """Answers with a plain object, as JSON or XML. `root`: the name of the outermost element in XML."""
    is_json = media_type in {JSON, UCWA_JSON}
    body = plain.write_json(shown) if is_json else plain.write_xml(root, shown)
    return Answer(status=status, body=body, content_type=content_type(media_type))
