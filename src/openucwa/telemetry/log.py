"""The log: requests and messages as lines in one format (`log_forms.py`).

`2026-11-22T10:00:00.123Z info GET /ucwa/v1/applications/7 200 1.2ms 345B client=192.0.2.1 user=sip:lene@contoso.com`

Lines contain no query strings, headers or bodies, so no tokens either. Text from clients is escaped, so that it cannot
pass for another line. Writing is in `log_writer.py`.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from openucwa.config import Config
from openucwa.http.message import Request, Response
from openucwa.model.world import World
from openucwa.telemetry.audit import Act
from openucwa.telemetry.log_forms import FORMS, Form
from openucwa.telemetry.log_writer import LogFile, LogWriter

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

_NAMES = {number: name for name, number in LEVELS.items()} | {logging.CRITICAL: "error"}


class Writer(Protocol):
    """The destination of log lines."""

    def write(self, line: str) -> bool:
        """Queues a line. False: it is dropped, because too many are waiting to be written."""
        ...

    def flush(self) -> None:
        """Returns when everything is written, or after a short time."""
        ...

    def reopen(self, path: str | None) -> None:
        """Writes to this file from now on; None: to stderr. ConfigError: it is not writable."""
        ...


class LogLines:
    """Formats lines, except those below `level`. `form`: one of `log_forms.FORMS`. `worker`: the number of this
    process, if several write to one log.
    """

    def __init__(self, writer: Writer, level: str, world: World, form: str = "text", worker: int | None = None) -> None:
        self.threshold = LEVELS[level]
        self._world = world
        self._form: Form = FORMS[form](worker)
        self._writer = writer
        self._dropped = 0
        self._second = -1
        self._prefix = ""

    @classmethod
    def of(cls, config: Config, world: World, worker: int | None = None) -> "LogLines":
        """The log according to the settings. ConfigError: its file is not writable."""
        writer = LogWriter(LogFile(config.log_file), config.log_backlog)
        return cls(writer, config.log_level, world, config.log_format, worker)

    def reload(self, config: Config) -> None:
        """Applies level and file of reloaded settings. ConfigError: the file is not writable."""
        self.threshold = LEVELS[config.log_level]
        logging.getLogger().setLevel(self.threshold)
        self.reopen(config.log_file)

    def reopen(self, path: str | None) -> None:
        """Writes to this file from now on; None: to stderr. ConfigError: it is not writable."""
        self._writer.reopen(path)

    def request(self, level: int, request: Request, response: Response | None, seconds: float) -> None:
        """Adds the line of a request, as `log_forms.Form.request`. `level`: logging's number."""
        if level >= self.threshold:
            self._add(self._form.request(self._now(), _NAMES[level], request, response, seconds * 1000))

    def message(self, level: int, logger: str, text: str, trace: str = "", request_id: str | None = None) -> None:
        """Adds a message of `logger`, as `log_forms.Form.message`. `level`: logging's number."""
        if level >= self.threshold:
            name = _NAMES.get(level, "info")
            self._add(self._form.message(self._now(), name, logger, text, trace, request_id))

    def act(self, act: Act) -> None:
        """Adds an act of the audit trail, whatever the threshold."""
        self._add(self._form.act(self._now(), act))

    def flush(self) -> None:
        """Returns when everything is written, or after a short time."""
        self._writer.flush()

    def _now(self) -> str:
        second, ms = divmod(self._world.now(), 1000)
        if second != self._second:
            self._second = second
            self._prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{self._prefix}.{ms:03}Z"

    def _add(self, line: str) -> None:
        if not self._writer.write(line):
            self._dropped += 1
        elif self._dropped:
            dropped, self._dropped = self._dropped, 0
            self.message(logging.WARNING, __name__, f"{dropped} log lines were dropped: too many were waiting")


class LogHandler(logging.Handler):
    """Passes messages of the `logging` module to the same lines."""

    def __init__(self, lines: LogLines) -> None:
        super().__init__()
        self._lines = lines
        self._traceback = logging.Formatter()

    def emit(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, Act):
            self._lines.act(record.msg)
            return
        trace = self._traceback.formatException(record.exc_info) if record.exc_info else ""
        # A message about a request says so: `extra={"request_id": ...}`.
        request_id = getattr(record, "request_id", None)
        self._lines.message(record.levelno, record.name, record.getMessage(), trace, request_id)


def route_logging(lines: LogLines) -> Callable[[], None]:
    """Sends all messages of the `logging` module to `lines`; returns a function that undoes it."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers[:] = [LogHandler(lines)]
    root.setLevel(lines.threshold)

    def undo() -> None:
        root.handlers[:], level = before
        root.setLevel(level)
        lines.flush()

    return undo
