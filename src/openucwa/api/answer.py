"""What a resource answers, before it is rendered."""

from dataclasses import dataclass
from typing import TypeAlias

from openucwa.http.message import Header
from openucwa.representation.document import Document, Events

#: What is shown as JSON or XML, as the client asks.
Shown: TypeAlias = Document | Events


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request.

    `document`: shown as JSON or XML; None: there is none. `body`: any other body, of the type `content_type`.
    `etag`: that of the resource, without quotes. `location`: the href of what was made. `headers`: any others.
    `cache_control`: who may keep the answer.
    """

    document: Shown | None = None
    status: int = 200
    etag: str | None = None
    location: str | None = None
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    content_type: str = ""
    cache_control: bytes = b"no-cache"


#: Done, and there is nothing to say.
NO_CONTENT = Answer(status=204)


def created(location: str) -> Answer:
    """Something was made, and is not shown."""
    return Answer(status=201, location=location)
