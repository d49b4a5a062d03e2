"""The log: lines on stderr, one a request, and in the same form whatever else there is to say.

`2026-11-22T10:00:00.123Z info GET /ucwa/v1/applications/7 200 1.2ms 345B user=sip:lenea@contoso.com id=9f3a`

Query strings, headers and bodies are never in a line, so no token is either. Whatever a client sent is escaped, so
that it can't pass for a line of ours. Lines are written after each turn of the event loop, all of them at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TextIO

from openucwa.model.world import World
from openucwa.wire.asgi import AsgiApp, Message, Receive, Scope, Send

#: Characters of a path that a line shows.
MOST_PATH = 500

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_NAMES = {number: name for name, number in LEVELS.items()} | {logging.CRITICAL: "error"}


def escaped(text: str) -> str:
    """`text` on one line: whatever is not printable as Python escapes it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class LogLines:
    """Writes lines to `stream`; none of a level below `level`."""

    def __init__(self, stream: TextIO, level: str, world: World) -> None:
        self.threshold = LEVELS[level]
        self.world = world
        self._stream = stream
        self._waiting: list[str] = []
        self._second = -1
        self._prefix = ""

    def write(self, level: int, text: str) -> None:
        """Adds a line. `level`: logging's number. `text`: on one line already, or with lines that are indented."""
        if level < self.threshold:
            return
        second, ms = divmod(self.world.now(), 1000)
        if second != self._second:
            self._second = second
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        self._waiting.append(f"{self._prefix}.{ms:03}Z {_NAMES.get(level, 'info')} {text}\n")
        if len(self._waiting) > 1:
            return
        try:
            asyncio.get_running_loop().call_soon(self.flush)
        except RuntimeError:  # no loop runs: at start, at the end, in a thread
            self.flush()

    def flush(self) -> None:
        """Writes what waits. A stream that takes nothing any more costs the lines, not the request."""
        lines, self._waiting = self._waiting, []
        try:
            self._stream.write("".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            pass


class LogHandler(logging.Handler):
    """Takes what libraries and other parts say through `logging` into the same lines."""

    def __init__(self, lines: LogLines) -> None:
        super().__init__(lines.threshold)
        self._lines = lines
        self._traceback = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        text = escaped(f"{record.name}: {record.getMessage()}")
        if record.exc_info:
            trace = self._traceback.formatException(record.exc_info)
            text = "\n".join([text, *("    " + escaped(line) for line in trace.splitlines())])
        self._lines.write(record.levelno, text)


def route_logging(lines: LogLines) -> Callable[[], None]:
    """Sends everything that is said through `logging` to `lines`; what is returned undoes it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = [LogHandler(lines)]
    root.setLevel(lines.threshold)

    def undo() -> None:
        root.handlers[:], level = before
        root.setLevel(level)
        lines.flush()

    return undo


class AccessLog:
    """An ASGI layer, the outermost: one line a request, and a last answer to those that a stop cuts off.

    Whose request it was (`openucwa.identity`) and its id (`openucwa.request_id`) are what the layers below have put
    into the scope.
    """

    def __init__(self, app: AsgiApp, lines: LogLines) -> None:
        self._app = app
        self._lines = lines
        self._monotonic = lines.world.monotonic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = self._monotonic()
        status = 0
        size = 0

        def send_and_count(message: Message) -> Awaitable[None]:
            nonlocal status, size
            if "status" in message:
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            return send(message)

        try:
            await self._app(scope, receive, send_and_count)
        except asyncio.CancelledError:
            # uvicorn would log this as a fault and answer 500.
            if not status:
                await send_and_count({"type": "http.response.start", "status": 503, "headers": _CUT_OFF})
                await send_and_count({"type": "http.response.body", "body": b""})
        finally:
            level = logging.ERROR if status >= 500 else logging.INFO
            if level >= self._lines.threshold:
                took = (self._monotonic() - began) * 1000
                self._lines.write(level, _line(scope, status, took, size))


_CUT_OFF = [(b"content-length", b"0"), (b"retry-after", b"5"), (b"connection", b"close")]


def _line(scope: Scope, status: int, took: float, size: int) -> str:
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    if len(path) > MOST_PATH:
        path = path[:MOST_PATH] + "..."
    line = f"{scope['method']} {path} {status or '-'} {took:.1f}ms {size}B"
    if (identity := scope.get("openucwa.identity")) is not None:
        line += f" user={identity}"
    if (request_id := scope.get("openucwa.request_id")) is not None:
        line += f" id={request_id}"
    return escaped(line)
