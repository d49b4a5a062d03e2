"""Requests and responses as values: what the connection hands to a handler, and what it gets back."""

import enum
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec

#: A header as it is sent: its name in canonical case, its value.
Header: TypeAlias = tuple[bytes, bytes]


class BodyFault(enum.Enum):
    """Why a request's body is not there to be read."""

    #: Larger than the server takes from this caller: the handler answers 413, after the checks that come before it.
    TOO_LARGE = enum.auto()
    #: It did not come within `body_timeout`: 408.
    TOO_SLOW = enum.auto()
    #: The bodies in flight exceed the server's budget: 503.
    NO_ROOM = enum.auto()


class Connection(Protocol):
    """The connection that a request came by."""

    def park(self, on_close: Callable[[], object] | None) -> None:
        """Says that the answer may take long, so that buffers can be released meanwhile.

        `on_close` is called if the client closes the connection before the answer; None: the wait is over.
        """
        ...


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One HTTP request.

    `method`: as sent. `path`: raw, percent-encoded, begins with `/`. `query`: raw, without `?`; `b""` where there is
    none. `headers`: by lower-case name; the values of a repeated header are joined by `, ` (RFC 9110, 5.2).
    `body`: the whole body, unless `fault` says why there is none. `scheme`: `http` or `https`, as the client used it.
    `client`: the address of the client, behind trusted proxies the one they name; empty where it is unknown.
    `server`: host and port of the listener. `id`: the request id that the log and the answer bear.
    `connection`: None where there is none, as within a batch.
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
        """The value of a header by its lower-case name, decoded as ISO-8859-1; None: the request has none."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")


class Response(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The answer to a request.

    `headers`: all but `Date`, `Content-Length` and `Connection`, which the connection adds. `body`: whole; `b""` for
    none. `close`: whether the connection ends with this response.
    For logs and metrics: `rel`, the rel of the resource; `identity`, whom the request was answered for;
    `note`, what the log should say besides (why a request was refused); None where there is nothing to say.
    """

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""
    close: bool = False
    rel: str | None = None
    identity: str | None = None
    note: str | None = None


#: Answers a request: at once, or with a coroutine where something has to be waited for. It never raises.
Handler: TypeAlias = Callable[[Request], Response | Coroutine[Any, Any, Response]]

#: How many bytes of body a request may have, judged by its head (`Request.body` is still empty).
BodyLimit: TypeAlias = Callable[[Request], int]

#: The response where no request comes about to be handed to a handler, or its handler fails: by status and a sentence.
Refused: TypeAlias = Callable[[int, str], Response]
