"""The answer of a resource, before it is rendered."""

from typing import TypeAlias

import msgspec

from openucwa.http.message import Header
from openucwa.representation.document import Document, Events

#: A body that is rendered as JSON or XML, as the client asks.
Shown: TypeAlias = Document | Events


class Answer(msgspec.Struct, frozen=True):
    """The answer to a request.

    `document`: rendered as JSON or XML; None: no document. `body`: any other body, of the type `content_type`. `etag`:
    that of the resource, without quotes. `location`: the href of the created resource. `headers`: further headers.
    `cache_control`: the value of Cache-Control.
    """

    document: Shown | None = None
    status: int = 200
    etag: str | None = None
    location: str | None = None
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    content_type: str = ""
    cache_control: bytes = b"no-cache"


#: Success, with nothing to report.
NO_CONTENT = Answer(status=204)


def created(location: str) -> Answer:
    """Answers 201 without a body."""
    return Answer(status=201, location=location)
