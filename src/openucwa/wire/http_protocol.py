"""One connection: uvicorn's HTTP/1.1 protocol with the limits that it lacks.

Here belongs what keeps a connection bounded in time and memory, and what HTTP says of requests before an application
sees them: slow, endless or malformed headers, targets that are no path, pipelining, a close that doesn't cost the
client its answer. Parsing and writing are uvicorn's (and llhttp's); bodies are the affair of `whole_body.py`.
"""

import asyncio
from collections.abc import Sized
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config as UvicornConfig
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from openucwa.config import Config
from openucwa.wire.asgi import Receive, Scope, Send
from openucwa.wire.exchange import Exchange, Signal, head

#: Seconds that the server goes on reading, and throwing away, after an answer that the client may not have waited for.
#: Closing at once would reset the connection, and the client could lose the answer (RFC 9112, 9.6).
LINGER = 2.0

#: Requests that may wait on one connection behind the one that is being answered.
MOST_PIPELINED = 100

_ASGI = {"version": "3.0", "spec_version": "2.3"}
_NO_STATE: dict[str, Any] = {}

_OVERLOADED = b'{"code":"ServiceUnavailable","message":"the server has as many connections as it may have"}'


async def overloaded(_scope: Scope, _receive: Receive, send: Send) -> None:
    """What a connection too many is answered."""
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(_OVERLOADED)).encode()),
        (b"cache-control", b"no-cache"),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _OVERLOADED})


class RefusedRequestError(Exception):
    """A request that is refused below the application, with `status`; the text is for people."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Flow(FlowControl):
    """Flow control that reads on only while no request waits in the pipeline, so that the pipeline stays short."""

    def __init__(self, transport: asyncio.Transport, pipeline: Sized) -> None:
        super().__init__(transport)
        self._is_writable_event = cast("Any", Signal())
        self._is_writable_event.set()
        self._pipeline = pipeline

    def resume_reading(self) -> None:
        if not self._pipeline:
            super().resume_reading()


class _Pipeline(list[tuple[RequestResponseCycle, Any]]):
    """The requests in line, the newest first. uvicorn's deque has room for 64 of them, in each connection."""

    __slots__ = ()

    def appendleft(self, newest: tuple[RequestResponseCycle, Any]) -> None:
        self.insert(0, newest)

    def popleft(self) -> tuple[RequestResponseCycle, Any]:
        return self.pop(0)


class _Exit:
    """What an answer sees of the transport: closing goes through the protocol, which may linger."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, protocol: "HttpProtocol") -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = protocol.close


class HttpProtocol(HttpToolsProtocol):
    """A connection, from its opening to its end."""

    # Beside what uvicorn's class keeps in a dictionary, which is small only as long as it has at most 30 keys.
    __slots__ = (
        "_answering",
        "_exit",
        "_header_timeout",
        "_ignored",
        "_leaving",
        "_most_connections",
        "_most_header_bytes",
        "_origin",
        "_refusal",
        "_size",
        "_timer",
        "_unheard",
    )

    def __init__(
        self,
        config: UvicornConfig,
        server_state: ServerState,
        loop: asyncio.AbstractEventLoop,
        settings: Config,
    ) -> None:
        super().__init__(config, server_state, _NO_STATE, loop)
        self.pipeline = cast("Any", _Pipeline())
        self.timeout_keep_alive = cast("int", settings.keep_alive)  # any number will do for call_later
        self._header_timeout = settings.header_timeout
        self._most_header_bytes = settings.max_header_bytes
        self._most_connections = settings.max_connections
        self._timer: asyncio.TimerHandle | None = None  # for the headers; then for lingering
        self._unheard = 0  # bytes since the application last heard of any
        self._size = 0  # bytes of what is being parsed
        self._ignored: list[tuple[bytes, bytes]] = []  # where the trailers of a chunked body go
        self.headers = self._ignored
        self._answering: Exchange | None = None
        self._refusal: RefusedRequestError | None = None
        self._leaving = False

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.flow = _Flow(transport, self.pipeline)
        self._exit = cast("asyncio.Transport", _Exit(transport, self))
        if len(self.connections) > self._most_connections:
            self.app = cast("Any", overloaded)
            self._origin = (self.scheme, self.client[0] if self.client else "")
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        self.pipeline.clear()
        super().connection_lost(exc)
        if self._answering is not None:
            # uvicorn tells the newest request only, which may be one that waited behind this.
            self._answering.lose()
        # What knows this connection is let go of, so that nothing is left for the garbage collection.
        self._answering = self.cycle = self._exit = cast("Any", None)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._refusal is not None or self._leaving:
            return
        if not self.parser:
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        try:
            self._parse(data)
        except RefusedRequestError as refusal:
            self._refuse(refusal)
            return
        self._unheard += self._size
        if self._unheard > self._most_header_bytes:
            self._refuse(self._headers_too_large())
        elif (self._in_head and not self.pipeline) or (self._unheard and not (self._under_way or self._in_body)):
            self._start_timer()
        else:
            self._stop_timer()

    def _parse(self, data: bytes) -> None:
        self._size = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # An offer to change protocols, not taken up: what follows is HTTP/1.1.
            self._parse(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError as error:
            if isinstance(error.__context__, RefusedRequestError):
                raise error.__context__ from None
            raise RefusedRequestError(400, "The request line cannot be used.") from error
        except httptools.HttpParserError as error:
            raise RefusedRequestError(400, "The request is not valid HTTP/1.1.") from error

    def shutdown(self) -> None:
        """Called when the server stops: ends an idle connection, lets a request under way be the last."""
        if self._answering is not None and not self._answering.response_complete:
            self._answering.keep_alive = False
        else:
            self.transport.close()

    def let_go(self) -> None:
        """Gives up the parser until more comes, unless it is in the middle of a request."""
        if not (self._in_head or self._in_body):
            self.parser = cast("Any", None)

    def close(self) -> None:
        """Ends the connection; while the client is still sending, only after that or after `LINGER`."""
        self.pipeline.clear()
        if not self._in_body and self._refusal is None:
            self.transport.close()
        elif not self._leaving:
            self._leaving = True
            self._stop_timer()
            self._timer = self.loop.call_later(LINGER, self.transport.close)
            self.flow.resume_reading()
            if self.transport.can_write_eof():
                self.transport.write_eof()

    @property
    def _under_way(self) -> bool:
        return self._answering is not None and not self._answering.response_complete

    @property
    def _in_head(self) -> bool:
        # uvicorn begins a new list with each message.
        return self.headers is not self._ignored

    @property
    def _in_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    # One request

    def on_message_begin(self) -> None:
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_headers_complete(self) -> None:
        if self._unheard + self._size > self._most_header_bytes:
            self._check_size()
        self._check_head()
        self._unheard = -self._size
        self._begin()
        # Trailers must not get among the headers of a request that is being handled.
        self._ignored.clear()
        self.headers = self._ignored

    def _begin(self) -> None:
        """Hands the request to the application, once those before it are answered."""
        raw_path, _, query = self.url.partition(b"?")
        path = raw_path.decode("ascii")
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": self.parser.get_http_version(),
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "root_path": "",
            "method": self.parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
            "state": {},
        }
        before = self.cycle
        self.cycle = Exchange(
            scope,
            self,
            self._exit,
            expect_100_continue=self.expect_100_continue,
            keep_alive=self._goes_on(),
        )
        if before is None or before.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _goes_on(self) -> bool:
        """Whether the connection is to be kept after this request."""
        return self.parser.get_http_version() == "1.1" and bool(self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        self._unheard = -self._size
        super().on_body(body)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._refusal is not None and not (self._under_way or self._leaving or self.transport.is_closing()):
            self._write_refusal(self._refusal)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cast("Exchange", cycle)
        super()._start_asgi_task(cycle, app)

    def _should_upgrade(self) -> bool:
        return False

    def _check_size(self) -> None:
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self._most_header_bytes:
            raise self._headers_too_large()

    def _check_head(self) -> None:
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        if version != "1.1":
            if version != "1.0":
                raise RefusedRequestError(505, "This server speaks HTTP/1.1.")
            self.expect_100_continue = False
        elif not hosts:
            raise RefusedRequestError(400, "A request has to bear a Host header.")
        if len(hosts) > 1:
            raise RefusedRequestError(400, "A request has to bear one Host header only.")
        if b"#" in self.url:
            self.url = self.url.partition(b"#")[0]
        if not self.url.startswith(b"/"):
            self._use_path_of_target()
        if len(self.pipeline) >= MOST_PIPELINED:
            raise RefusedRequestError(503, "Too many requests wait on this connection.")

    def _use_path_of_target(self) -> None:
        """Makes a path of a target that has another form (RFC 9112, 3.2): `http://host/path`, or `*` of OPTIONS."""
        if self.url == b"*" and self.parser.get_method() == b"OPTIONS":
            self.url = b"/"
            return
        target = httptools.parse_url(self.url)
        if target.schema is None or target.schema.lower() not in {b"http", b"https"} or not target.host:
            raise RefusedRequestError(400, "The request's target has to be a path or an absolute URL.")
        authority = b"[" + target.host + b"]" if b":" in target.host else target.host
        if target.port:
            authority += b":%d" % target.port
        # Such a target overrides the Host header. The list is the scope's too: it changes in place.
        self.headers[:] = [(name, value) for name, value in self.headers if name != b"host"]
        self.headers.insert(0, (b"host", authority))
        self.url = (target.path or b"/") + (b"?" + target.query if target.query is not None else b"")

    # Ends

    def _headers_too_large(self) -> RefusedRequestError:
        return RefusedRequestError(431, f"Request line and headers are larger than {self._most_header_bytes} bytes.")

    def _headers_too_slow(self) -> None:
        self._timer = None
        if not self._in_head and not self._unheard:
            self.transport.close()  # nothing was asked, so nothing is answered
        else:
            self._refuse(
                RefusedRequestError(408, f"The request's headers did not come within {self._header_timeout:g} s.")
            )

    def _refuse(self, refusal: RefusedRequestError) -> None:
        """Reads no more requests and answers `refusal`, after the answers to the requests before it."""
        if self._leaving:
            return
        self._refusal = refusal
        self._stop_timer()
        self.logger.info("refused %s: %s", self.client[0] if self.client else "a client", refusal)
        if self._in_body and self.cycle is not self._answering:
            self.pipeline.popleft()  # the request whose body is broken, the newest in line
        elif self._in_body:
            if self.cycle.response_started:
                self.close()
            else:
                self._write_refusal(refusal)
            return
        if not self._under_way:
            self._write_refusal(refusal)

    def _write_refusal(self, refusal: RefusedRequestError) -> None:
        text = str(refusal).encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"cache-control", b"no-cache"),
            (b"connection", b"close"),
        ]
        self.transport.write(head(refusal.status, headers) + b"\r\n" + text)
        self.close()

    def _start_timer(self) -> None:
        if self._timer is None and not self._leaving:
            self._timer = self.loop.call_later(self._header_timeout, self._headers_too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
