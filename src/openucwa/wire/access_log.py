"""The log: lines on stderr, one a request, and in the same form (`log_forms.py`) whatever else there is to say.

`2026-11-22T10:00:00.123Z info GET /ucwa/v1/applications/7 200 1.2ms 345B user=sip:lenea@contoso.com id=9f3a`

Query strings, headers and bodies are never in a line, so no token is either. Whatever a client sent is escaped, so
that it can't pass for a line of ours. Lines are written after each turn of the event loop, all of them at once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TextIO

from openucwa.model.measures import Measures
from openucwa.model.world import World
from openucwa.wire.asgi import AsgiApp, Message, Receive, Scope, Send
from openucwa.wire.log_forms import FORMS, Form

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_NAMES = {number: name for name, number in LEVELS.items()} | {logging.CRITICAL: "error"}

#: Under which status a request is counted whose client went away before its answer.
CLIENT_GONE = 499


class LogLines:
    """Writes lines to `stream`; none of a level below `level`. `form`: of `log_forms.FORMS`.

    `worker`: the number of this process, where several write to one log.
    """

    def __init__(self, stream: TextIO, level: str, world: World, form: str = "text", worker: int | None = None) -> None:
        self.threshold = LEVELS[level]
        self.world = world
        self._form: Form = FORMS[form](worker)
        self._stream = stream
        self._waiting: list[str] = []
        self._second = -1
        self._prefix = ""

    def request(self, level: int, scope: Scope, status: int, took: float, size: int) -> None:
        """Adds the line of a request, as `log_forms.Form.request`. `level`: logging's number. `took`: seconds."""
        if level >= self.threshold:
            self._add(self._form.request(self._now(), _NAMES[level], scope, status, took * 1000, size))

    def message(self, level: int, logger: str, text: str, trace: str = "", request_id: str | None = None) -> None:
        """Adds what `logger` says, as `log_forms.Form.message`. `level`: logging's number."""
        if level >= self.threshold:
            name = _NAMES.get(level, "info")
            self._add(self._form.message(self._now(), name, logger, text, trace, request_id))

    def _now(self) -> str:
        second, ms = divmod(self.world.now(), 1000)
        if second != self._second:
            self._second = second
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._prefix}.{ms:03}Z"

    def _add(self, line: str) -> None:
        self._waiting.append(f"{line}\n")
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
        trace = self._traceback.formatException(record.exc_info) if record.exc_info else ""
        # Who speaks of a request says so: `extra={"request_id": ...}`.
        request_id = getattr(record, "request_id", None)
        self._lines.message(record.levelno, record.name, record.getMessage(), trace, request_id)


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
    """An ASGI layer, the outermost: each request is a line and counts, and those that a stop cuts off are answered.

    Whose request it was (`openucwa.identity`), its id (`openucwa.request_id`) and what it was about (`openucwa.rel`)
    are what the layers below have put into the scope.
    """

    def __init__(self, app: AsgiApp, lines: LogLines, measures: Measures) -> None:
        self._app = app
        self._lines = lines
        self._measures = measures
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
            self.tell(scope, status, self._monotonic() - began, size)

    def tell(self, scope: Scope, status: int, seconds: float, size: int) -> None:
        """A request was answered, after `seconds`, with a body of `size` bytes. `status`: 0 where the client left."""
        self._measures.request(scope.get("openucwa.rel", "none"), scope["method"], status or CLIENT_GONE, seconds)
        level = logging.ERROR if status >= 500 else logging.INFO
        if level >= self._lines.threshold:
            self._lines.request(level, scope, status, seconds, size)


_CUT_OFF = [(b"content-length", b"0"), (b"retry-after", b"5"), (b"connection", b"close")]
