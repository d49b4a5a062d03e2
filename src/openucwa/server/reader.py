"""The reading side of a connection: parses bytes into whole requests, with httptools."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import httptools
import msgspec

from openucwa.http.message import BodyFault, Connection, Request
from openucwa.server.head import RefusedRequestError, check_head, is_method, read_target
from openucwa.server.proxies import Proxies
from openucwa.server.shared import Shared
from openucwa.server.states import BODY, DISCARDING, DONE, HEAD, IDLE, READING, Reading

#: Methods as text, so that they are not decoded for each request.
_METHODS = {
    name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
}
#: The methods that are passed to the parser unchanged; it knows only some of the others.
_BEGINNINGS = tuple(name + b" " for name in _METHODS)

Take: TypeAlias = Callable[[Request], None]


class Stop(Exception):  # not an error; ends the parser's work
    """The rest is not to be parsed."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a connection. `client`, `server`: addresses. `proxied`: the client is a trusted proxy."""

    client: str
    server: tuple[str, int]
    scheme: str
    proxied: bool

    @classmethod
    def of(cls, transport: asyncio.BaseTransport, proxies: Proxies, *, secure: bool) -> "Ends":
        """The ends of an open connection."""
        peer, own = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        client = peer[0] if peer else ""
        server = (own[0], own[1]) if own else ("", 0)
        return cls(client, server, "https" if secure else "http", proxies.trust(client))


class RequestReader:
    """Reads the requests of a connection, and passes each to `take`.

    `surplus`: the connection exceeds the maximum. `connection`: the value of the requests' `connection`.
    """

    __slots__ = (
        "_body",
        "_body_limit",
        "_connection",
        "_ends",
        "_framing",
        "_head",
        "_headers",
        "_held",
        "_keep_alive",
        "_method",
        "_parser",
        "_repeated",
        "_shared",
        "_silent",
        "_size",
        "_surplus",
        "_take",
        "_url",
        "state",
        "wants_continue",
    )

    def __init__(self, shared: Shared, ends: Ends, connection: Connection, take: Take, *, surplus: bool) -> None:
        self._shared = shared
        self._ends = ends
        self._connection: Connection | None = connection
        self._take: Take | None = take
        self._surplus = surplus
        self.state: Reading = IDLE
        self._parser: Any = None
        self._size = 0  # bytes that are being parsed
        self._silent = 0  # bytes since the parser last made progress
        self._held = b""  # the beginning of a method whose end has not arrived
        self._method = b""  # a method that the parser does not know
        self._url = b""
        self._headers: dict[bytes, bytes] = {}
        self._repeated: dict[bytes, list[bytes]] | None = None  # the values of repeated headers
        self._head: Request | None = None  # the request whose body is being read
        self._framing = b""  # its framing, for another parser to find the end
        self._body: bytes | bytearray = b""
        self._body_limit = 0
        self._keep_alive = True
        #: Whether the client expects 100 Continue.
        self.wants_continue = False

    def feed(self, data: bytes) -> None:
        """Parses more bytes. RefusedRequestError: the request is malformed or not accepted."""
        if self.state >= DISCARDING:
            return
        self._size = len(data)
        begins = self.state is IDLE
        if self._held:
            data, self._held, begins = self._held + data, b"", True
        if begins and not data.startswith(_BEGINNINGS):
            data = self._check_method(data)
        try:
            self._parse(data)
        except Stop:
            return
        self._silent += self._size
        if self.state >= DISCARDING:
            return
        if self._silent > self._shared.limits.header_bytes:
            raise self._too_large_head()
        if self._silent and self.state is IDLE:
            self._enter(HEAD)  # nothing but empty lines so far

    def rest(self) -> None:
        """Releases whatever only reading needs, unless a request is being read."""
        if self.state is IDLE:
            self._parser = None

    def give_up(self, fault: BodyFault) -> None:
        """Passes on the request whose body is being read, without a body."""
        head = self.discard()
        if head is not None:
            self._hand_on(msgspec.structs.replace(head, fault=fault))

    def discard(self) -> Request | None:
        """Stops reading requests. Returns the one whose body was being read."""
        self._enter(DISCARDING)
        return self._drop_body()

    def end(self) -> Request | None:
        """As `discard`, at the end of the connection."""
        self._enter(DONE)
        self._parser = self._take = self._connection = None
        return self._drop_body()

    # Called by the parser

    def on_message_begin(self) -> None:
        if self.state >= DISCARDING:
            raise Stop
        if not self._framing:
            self._url = b""
            self._enter(HEAD)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        headers = self._headers
        if name not in headers:
            headers[name] = value
            return
        # Joined at the end, because repeated joining takes quadratic time.
        if self._repeated is None:
            self._repeated = {}
        self._repeated.setdefault(name, [headers[name]]).append(value)

    def on_headers_complete(self) -> None:
        headers, self._headers = self._headers, {}
        if self._repeated is not None:
            headers.update((name, b", ".join(values)) for name, values in self._repeated.items())
            self._repeated = None
        if self._framing:
            self._framing = b""
            return
        shared, parser = self._shared, self._parser
        if self._silent + self._size > shared.limits.header_bytes:
            self._check_size(headers)
        self._silent = -self._size
        if self._surplus:
            raise RefusedRequestError(503, "too many connections")
        method = self._method or parser.get_method()
        version = parser.get_http_version()
        check_head(version, headers)
        path, query = read_target(self._url, method, headers)
        ends = self._ends
        client, scheme = ends.client, ends.scheme
        if ends.proxied:
            client, scheme = shared.proxies.origin(headers, client, scheme)
        self._head = request = Request(
            method=_METHODS.get(method) or method.decode("ascii"),
            path=path,
            query=query,
            headers=headers,
            scheme=scheme,
            client=client,
            server=ends.server,
            id=shared.new_id(),
            connection=self._connection,
        )
        shared.begun += 1
        self._keep_alive = version == "1.1" and parser.should_keep_alive()
        if self._method or method == b"CONNECT":
            # There is no telling where such a request ends.
            self.discard()
            self._hand_on(request)
            raise Stop
        if b"content-length" in headers or b"transfer-encoding" in headers:
            self._begin_body(request, version)
        if parser.should_upgrade():
            self._framing = _framing(headers)

    def on_body(self, part: bytes) -> None:
        self._silent = -self._size
        size = len(self._body) + len(part)
        if size > self._body_limit:
            self.give_up(BodyFault.TOO_LARGE)
            raise Stop
        if not self._shared.bodies.take(len(part)):
            self.give_up(BodyFault.NO_ROOM)
            raise Stop
        if not self._body:
            self._body = part
            return
        if isinstance(self._body, bytes):
            self._body = bytearray(self._body)
        self._body += part

    def on_message_complete(self) -> None:
        request = self._head
        if request is None or self._framing:
            return
        self._head = None
        self.wants_continue = False
        if self._body:
            body, self._body = bytes(self._body), b""
            request = msgspec.structs.replace(request, body=body)
        self._enter(IDLE if self._keep_alive else DONE)
        if self._take is not None:
            self._take(request)

    # Further parsers

    def _parse(self, data: bytes) -> None:
        rest: bytes | memoryview = data
        while True:
            if self._parser is None:
                self._parser = httptools.HttpRequestParser(self)
                if self._framing:
                    self._parser.feed_data(self._framing)
            try:
                self._parser.feed_data(rest)
            except httptools.HttpParserUpgrade as offer:
                # The parser takes what follows for another protocol. It is not: a parser that has not seen the offer
                # continues.
                if self.state < DISCARDING:
                    self._parser = None
                    rest = memoryview(rest)[offer.args[0] :]
                    continue
            except httptools.HttpParserCallbackError as error:
                if error.__context__ is not None:
                    raise error.__context__ from None
                raise
            except httptools.HttpParserError:
                if self.state < DISCARDING:
                    raise RefusedRequestError(400, "the request is not valid HTTP/1.1") from None
            return

    def _check_method(self, data: bytes) -> bytes:
        """Checks the beginning of a request. The parser gets another method in place of an unusual one, which the
        handler will refuse.
        """
        start = data.lstrip(b"\r\n")
        method, blank, rest = start.partition(b" ")
        if not is_method(method) or start.startswith(_BEGINNINGS):
            return data
        if blank:
            self._method = method
            return b"GET " + rest
        self._held = start
        return b""

    def _begin_body(self, request: Request, version: str) -> None:
        self._enter(BODY)
        headers = request.headers
        self._body_limit = self._shared.body_limit(request)
        length = headers.get(b"content-length")
        if length is not None and int(length) > self._body_limit:
            self.give_up(BodyFault.TOO_LARGE)
            raise Stop
        expected = headers.get(b"expect")
        self.wants_continue = expected is not None and version == "1.1" and expected.lower() == b"100-continue"

    def _hand_on(self, request: Request) -> None:
        if self._take is not None:
            self._take(request)

    def _drop_body(self) -> Request | None:
        head, self._head = self._head, None
        self._shared.bodies.give_back(len(self._body))
        self._body = b""
        self.wants_continue = False
        return head

    def _enter(self, state: Reading) -> None:
        if state not in READING[self.state]:
            raise RuntimeError(f"{self.state!r} cannot become {state!r}")
        self.state = state

    def _check_size(self, headers: dict[bytes, bytes]) -> None:
        size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in headers.items())
        if size > self._shared.limits.header_bytes:
            raise self._too_large_head()

    def _too_large_head(self) -> RefusedRequestError:
        limit = self._shared.limits.header_bytes
        return RefusedRequestError(431, f"the request line and headers are larger than {limit} bytes")


def _framing(headers: dict[bytes, bytes]) -> bytes:
    """The part of a head that determines where its body ends."""
    names = (b"content-length", b"transfer-encoding")
    lines = [b"%b: %b\r\n" % (name, headers[name]) for name in names if name in headers]
    return b"".join((b"POST / HTTP/1.1\r\n", *lines, b"\r\n"))
