"""The forms of the log's lines: text for people, JSON for programs. Both say the same.

What is logged and when it is written belongs to `access_log.py`. Whatever a client sent is escaped in both forms.
"""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from openucwa.wire.asgi import Scope

#: Characters of a path that a line shows.
MOST_PATH = 500


def escaped(text: str) -> str:
    """`text` on one line: whatever is not printable as Python escapes it."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class Form(Protocol):
    """A form of lines. `when`: the time in ISO form. `level`: by its name. What is returned has no end of line."""

    def request(self, when: str, level: str, scope: Scope, status: int, ms: float, size: int) -> str:
        """The line of a request that took `ms`. `status`: 0 for none. `size`: bytes of the answer's body.

        Whose it was (`openucwa.identity`) and its id (`openucwa.request_id`) are what is in the scope.
        """
        ...

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        """What `logger` said. `trace`: the traceback that goes with it, or ''. `request_id`: of the request that it
        was said about."""
        ...


class Text:
    """`TIME LEVEL METHOD PATH STATUS 1.2ms 345B user=WHO id=ID`; traces on lines of their own, indented.

    `worker`: the number of this process, where several write to one log.
    """

    def __init__(self, worker: int | None = None) -> None:
        self._mark = "" if worker is None else f"worker={worker} "

    def request(self, when: str, level: str, scope: Scope, status: int, ms: float, size: int) -> str:
        line = f"{scope['method']} {shown_path(scope)} {status or '-'} {ms:.1f}ms {size}B"
        if (identity := scope.get("openucwa.identity")) is not None:
            line += f" user={identity}"
        if (request_id := scope.get("openucwa.request_id")) is not None:
            line += f" id={request_id}"
        return f"{when} {level} {self._mark}{escaped(line)}"

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        line = escaped(f"{logger}: {text}" + (f" id={request_id}" if request_id else ""))
        return "\n".join(
            [f"{when} {level} {self._mark}{line}", *("    " + escaped(each) for each in trace.splitlines())]
        )


class _Request(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    method: str
    path: str
    status: int | None
    ms: float
    bytes: int
    worker: int | None = None
    user: str | None = None
    id: str | None = None


class _Message(msgspec.Struct, omit_defaults=True):
    time: str
    level: str
    logger: str
    message: str
    worker: int | None = None
    id: str | None = None
    trace: str = ""


class Json:
    """An object with the same fields; `status` is null where there was none, and what is not known is left out."""

    def __init__(self, worker: int | None = None) -> None:
        self._worker = worker
        self._encode = msgspec.json.Encoder().encode

    def request(self, when: str, level: str, scope: Scope, status: int, ms: float, size: int) -> str:
        return self._encode(
            _Request(
                when,
                level,
                escaped(scope["method"]),
                escaped(shown_path(scope)),
                status or None,
                round(ms, 1),
                size,
                self._worker,
                None if (identity := scope.get("openucwa.identity")) is None else escaped(identity),
                scope.get("openucwa.request_id"),
            )
        ).decode()

    def message(self, when: str, level: str, logger: str, text: str, trace: str, request_id: str | None) -> str:
        lines = "\n".join(escaped(each) for each in trace.splitlines())
        return self._encode(_Message(when, level, logger, escaped(text), self._worker, request_id, lines)).decode()


FORMS: Mapping[str, type[Text] | type[Json]] = {"text": Text, "json": Json}


def shown_path(scope: Scope) -> str:
    """The path of a request, cut where it is long; it may hold what can't be printed."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    return path if len(path) <= MOST_PATH else path[:MOST_PATH] + "..."
