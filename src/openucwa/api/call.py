"""A request on its way through the pipeline: what is known about it, for the resource that answers it."""

from collections.abc import Coroutine
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from openucwa.http.lists import ListLimits
from openucwa.http.message import Request, Response
from openucwa.http.negotiation import UCWA_TYPES
from openucwa.http.query import Query, parse
from openucwa.identity.tokens import Caller
from openucwa.model.application import Session
from openucwa.model.change import Author
from openucwa.representation.patches import Patch

T = TypeVar("T")


class Parts(Protocol):
    """Answers the parts of a batch."""

    def part(self, request: Request) -> Coroutine[Any, Any, Response]:
        """The response to one part; a part is processed like any other request."""
        ...


class Context(msgspec.Struct, kw_only=True):
    """The caller, the application, and the prefix of links.

    `method`: as sent. `prefix`: the spelling of `/ucwa/v1` in the request's path. `base`: the base of absolute hrefs.
    `known_caller`: None on a resource that requires no token. `known_session`: None if the path names no application.
    `parts`: answers the parts of a batch. `lists`: limits of headers whose value is a list.
    """

    request: Request
    method: str
    prefix: str
    base: str
    parts: Parts
    lists: ListLimits
    known_caller: Caller | None = None
    known_session: Session | None = None

    @property
    def caller(self) -> Caller:
        """The caller, on resources that require a token."""
        if self.known_caller is None:
            raise RuntimeError("there is a caller only on resources that require a token")
        return self.known_caller

    @property
    def session(self) -> Session:
        """The session of the application in the path."""
        if self.known_session is None:
            raise RuntimeError("there is a session only below /applications/{application_id}")
        return self.known_session

    @property
    def author(self) -> Author:
        """The caller with the application, for the change log."""
        opened = self.session.application
        return Author(self.caller.identity, opened.id, opened.user_agent)

    @property
    def application(self) -> str:
        """The href of the application in the path."""
        return f"{self.prefix}/applications/{self.session.application.id}"


class Call(Context, Generic[T], kw_only=True):
    """A request that has passed all checks.

    `target`: what the path names (`Resource.locate`). `etag`: its etag, if it has one. `media_type`: that of the
    answer. `kind`: whether the body is JSON or XML. `given`: the properties of the body. `values`: the documented
    input, validated. `body`: the body of an operation that takes other types than these two; `encoding`: its codec,
    None if it is not text; `text`: its decoded text. `patch`: the patch in the body, if there is one. `if_match`: the
    etags of If-Match; None: any.
    """

    target: T
    etag: str | None = None
    media_type: str = UCWA_TYPES[0]
    kind: Literal["json", "xml"] | None = None
    given: dict[str, object] = {}
    values: dict[str, Any] = {}
    body: bytes = b""
    encoding: str | None = None
    text: str = ""
    patch: Patch | None = None
    if_match: frozenset[str] | None = None

    @property
    def query(self) -> Query:
        """The query of the URL."""
        return parse(self.request.query)
