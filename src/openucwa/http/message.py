"""Requests and responses as values: the interface between a connection and a handler."""

import enum
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

#: A header as it is sent: its name in canonical case, its value.
Header: TypeAlias = tuple[bytes, bytes]


#: The status of a request whose client disconnected before the response, in logs and metrics; it is never sent.
CLIENT_CLOSED_REQUEST = 499


class BodyFault(enum.Enum):
    """Why a request's body was not read."""

    #: Larger than allowed for this caller: the handler answers 413, after the checks that come before it.
    TOO_LARGE = enum.auto()
    #: It did not arrive within `body_timeout`: 408.
    TOO_SLOW = enum.auto()
    #: The bodies in flight exceed the server's budget: 503.
    NO_ROOM = enum.auto()


class Connection(Protocol):
    """The connection of a request."""

    def park(self, on_close: Callable[[], object] | None) -> None:
        """Says that the answer may take long, so that buffers can be released. `on_close` is called if the client
        closes the connection before the answer; None: the wait is over.
        """
        ...


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One HTTP request.

    `method`: as sent. `path`: raw, percent-encoded, begins with `/`. `query`: raw, without `?`; `b""` if there is none.
    `headers`: by lower-case name; the values of a repeated header are joined by `, ` (RFC 9110, 5.2). `body`: the whole
    body, unless `fault` says why there is none. `scheme`: `http` or `https`, as the client used it. `client`: the
    address of the client, which trusted proxies may supply; empty if unknown. `server`: host and port of the listener.
    `id`: the request id in the log and the response. `connection`: None if there is none, as within a batch.
    """

    method: str
    path: bytes
    query: bytes = b""
    headers: Mapping[bytes, bytes] = {}
    body: bytes = b""
    fault: BodyFault | None = None
    scheme: str = "http"
    client: str = ""
    server: tuple[str, int] = ("127.0.0.1", 80)
    id: str = ""
    connection: Connection | None = None

    def header(self, name: bytes) -> str | None:
        """The value of a header by its lower-case name, decoded as ISO-8859-1; None: the request does not have it."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Delivery(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a response is sent, if not whole, at once and in order.

    `head`: whether anything is sent. `body`: the number of bytes of the body that are sent, although `Content-Length`
    promises all; None: all. `seconds`: how long the body takes, in even pieces. `reset`: whether the connection is
    reset and not closed. `stream`: the pieces of a body whose length is not known, which ends with the connection.
    Unless all is sent, the connection ends with it.
    """

    head: bool = True
    body: int | None = None
    seconds: float = 0.0
    reset: bool = False
    stream: AsyncGenerator[bytes, None] | None = None

    @property
    def whole(self) -> bool:
        """Whether the client gets the response in the end."""
        return self.head and self.body is None and not self.reset and self.stream is None


class Response(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The response to a request.

    `headers`: all but `Date`, `Content-Length` and `Connection`, which the connection adds. `body`: whole; `b""` for
    none. `close`: whether the connection ends with this response. For logs and metrics: `rel`, the rel of the resource;
    `identity`, that of the caller; `note`, a remark for the log, such as why a request was refused; None if unknown or
    absent; `reported`, whether the log has the cause already, so that a 5xx is not an error in it. `delivery`: None: it
    is sent whole and at once.
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    close: bool = False
    rel: str | None = None
    identity: str | None = None
    note: str | None = None
    reported: bool = False
    delivery: Delivery | None = None
    #: `header_lines` of `headers`, if that was done before: an eighth of what a cached response costs in Python.
    encoded: bytes = b""


#: Statuses whose responses never have a body (RFC 9110, 6.4.1).
WITHOUT_BODY = frozenset({204, 304})


def header_lines(response: Response, headers: Iterable[Header]) -> bytes:
    """Headers of a response as they are sent, and its Content-Length. ValueError: one of them contains a line break."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    streamed = response.delivery is not None and response.delivery.stream is not None
    if response.status not in WITHOUT_BODY and not streamed:
        lines.append(b"Content-Length: %d\r\n" % len(response.body))
    joined = b"".join(lines)
    if joined.count(b"\n") != len(lines) or joined.count(b"\r") != len(lines):
        raise ValueError("a header contains a line break")
    return joined


#: Answers a request: at once, or with a coroutine if it has to wait. It never raises.
Handler: TypeAlias = Callable[[Request], Response | Coroutine[Any, Any, Response]]

#: The maximum size of a request's body, decided by its head (`Request.body` is still empty).
BodyLimit: TypeAlias = Callable[[Request], int]

#: The response if a request is so malformed that there is no `Request`, or if its handler failed: by status and a
#: sentence.
Refused: TypeAlias = Callable[[int, str], Response]
