"""The formats of log lines: text for people, JSON for programs, with the same content.

Text from clients is escaped in both.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from openucwa.http.message import Request, Response
from openucwa.telemetry.audit import LOGGER, Act

#: Maximum number of characters of a path in a line.
MAX_PATH = 500


def escaped(text: str) -> str:
    """`text` on one line: unprintable characters are escaped as in Python."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Form(Protocol):
    """A format of lines. `when`: the time in ISO form. `level`: its name. The result has no line end."""

    def request(self, when: str, level: str, request: Request, response: Response | None, ms: float) -> str:
        """The line of a request that took `ms`. `response`: None if the client disconnected before it."""
        ...

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        """A message of `logger`. `trace`: its traceback, or ''. `request_id`: that of the request it is about."""
        ...

    def act(self, when: str, act: Act) -> str:
        """An act of the audit trail."""
        ...


class Text:
    """`TIME LEVEL METHOD PATH STATUS 1.2ms 345B client=ADDRESS rel=REL user=WHO id=ID note="WHY"`; unknown fields are
    left out.

    Tracebacks are on lines of their own, indented. `worker`: the number of this process, if several write to one log.
    """

    def __init__(self, worker: int | None = None) -> None:
        self._mark = "" if worker is None else f"worker={worker} "

    def request(self, when: str, level: str, request: Request, response: Response | None, ms: float) -> str:
        status = "-" if response is None else response.status
        line = f"{request.method} {shown_path(request)} {status} {ms:.1f}ms {_size(request, response)}B"
        if request.client:
            line += f" client={request.client}"
        if response is not None and response.rel is not None:
            line += f" rel={response.rel}"
        if response is not None and response.identity is not None:
            line += f" user={response.identity}"
        line += f" id={request.id}"
        if response is not None and response.note is not None:
            line += f' note="{response.note}"'
        return f"{when} {level} {self._mark}{escaped(line)}"

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        line = escaped(f"{logger}: {text}" + (f" id={request_id}" if request_id else ""))
        return "\n".join(
            [f"{when} {level} {self._mark}{line}", *("    " + escaped(each) for each in trace.splitlines())]
        )

    def act(self, when: str, act: Act) -> str:
        return f"{when} info {self._mark}{LOGGER}: {act}"


class _Request(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    method: str
    path: str
    status: int | None
    ms: float
    bytes: int
    worker: int | None = None
    client: str | None = None
    rel: str | None = None
    user: str | None = None
    id: str | None = None
    note: str | None = None


class _Message(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    logger: str
    message: str
    worker: int | None = None
    id: str | None = None
    trace: str = ""


class Json:
    """An object with the same fields; `status` is null if there was no response; unknown fields are left out."""

    def __init__(self, worker: int | None = None) -> None:
        self._worker = worker
        self._encode = msgspec.json.Encoder().encode

    def request(self, when: str, level: str, request: Request, response: Response | None, ms: float) -> str:
        return self._encode(
            _Request(
                when,
                level,
                escaped(request.method),
                escaped(shown_path(request)),
                None if response is None else response.status,
                round(ms, 1),
                _size(request, response),
                self._worker,
                escaped(request.client) or None,
                None if response is None else response.rel,
                None if response is None or response.identity is None else escaped(response.identity),
                request.id,
                None if response is None or response.note is None else escaped(response.note),
            )
        ).decode()

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        lines = "\n".join(escaped(each) for each in trace.splitlines())
        return self._encode(_Message(when, level, logger, escaped(text), self._worker, request_id, lines)).decode()

    def act(self, when: str, act: Act) -> str:
        head: dict[str, str | int] = {"time": when, "level": "info", "logger": LOGGER, "act": act.name()}
        if self._worker is not None:
            head["worker"] = self._worker
        return self._encode(head | act.values()).decode()


FORMS: Mapping[str, type[Text] | type[Json]] = {"text": Text, "json": Json}


def shown_path(request: Request) -> str:
    """The path of a request, shortened if necessary; it may contain unprintable characters."""
    path = request.path.decode("latin-1")
    return path if len(path) <= MAX_PATH else path[:MAX_PATH] + "..."


def _size(request: Request, response: Response | None) -> int:
    """The size of the sent body, in bytes."""
    return 0 if response is None or request.method == "HEAD" else len(response.body)
