"""The record of what a sandbox was asked, and what it answered."""

import gzip
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from openucwa.app import Service
from openucwa.http.message import Handler, Request, Response
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.sandbox.deviations import deviations
from openucwa.sandbox.durations import shown as shown_time
from openucwa.sandbox.layers import facts_of
from openucwa.sandbox.matching import checked, checked_path, path_matches, user_matches
from openucwa.sandbox.world import SandboxWorld

#: The maximum number of recorded requests, and of bytes of a body.
KEPT = 2_000
BODY_KEPT = 65_536
#: How many headers a filter can name.
MAX_HEADERS = 100


class Message(msgspec.Struct, frozen=True):
    """Headers and body of a request or response. `body`: as text, not compressed, cut off at BODY_KEPT bytes."""

    headers: list[tuple[str, str]]
    body: str


class Entry(msgspec.Struct, frozen=True, rename="camel"):
    """One request. `at`: the sandbox's time; `seconds`: how long it took by the machine's. `status`: None: no answer
    was sent. `deviations`: what the reference does not know.
    """

    number: int
    at: str
    seconds: float
    method: str
    path: str
    query: str
    rel: str
    user: str | None
    fault: str | None
    status: int | None
    request: Message
    response: Message
    deviations: list[str]


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Which requests: what is left out may be anything. `path`: the whole path, in which `*` stands for any text.
    `body`: what the request's body contains. `header`: names of request headers, and what they contain. `since`: the
    number of the last request that is left out.
    """

    method: str | None = None
    path: str | None = None
    rel: str | None = None
    user: str | None = None
    status: int | None = None
    body: str | None = None
    header: dict[str, str] = {}
    since: int = 0


class Expected(Wanted, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """As `Wanted`, and how many there must be. Without a number: at least one."""

    at_least: int | None = None
    at_most: int | None = None
    exactly: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether as many requests came as were expected, how many did, and what was expected."""

    verified: bool
    count: int
    expected: str


class Recording:
    """The last KEPT requests."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.count = 0

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        """Forgets all; numbers continue."""
        self._entries.clear()

    def start_anew(self) -> None:
        """Forgets all; numbers begin with 1."""
        self._entries.clear()
        self.count = 0

    def find(self, wanted: Wanted) -> Sequence[Entry]:
        """The requests, oldest first. ParameterValidationFailure: a text to search for is too long."""
        return list(self._matching(wanted))

    def verify(self, expected: Expected) -> Verdict:
        """As `find`."""
        count = len(self.find(expected))
        if expected.exactly is not None:
            return Verdict(count == expected.exactly, count, f"exactly {expected.exactly}")
        least = expected.at_least if expected.at_least is not None else 0 if expected.at_most is not None else 1
        said = [f"at least {least}"] if least or expected.at_most is None else []
        if expected.at_most is not None:
            said.append(f"at most {expected.at_most}")
        enough = count >= least and (expected.at_most is None or count <= expected.at_most)
        return Verdict(enough, count, " and ".join(said))

    def _matching(self, wanted: Wanted) -> Iterator[Entry]:
        path, body = checked_path(wanted.path), checked("body", wanted.body)
        if len(wanted.header) > MAX_HEADERS:
            raise ParameterValidationFailure({"header": f"must name at most {MAX_HEADERS} headers"})
        headers = {name.lower(): checked("header", text) for name, text in wanted.header.items()}
        for entry in self._entries:
            if (
                entry.number > wanted.since
                and (wanted.method is None or wanted.method.upper() == entry.method)
                and (wanted.rel is None or wanted.rel.lower() == entry.rel.lower())
                and (wanted.user is None or user_matches(entry.user, wanted.user))
                and (wanted.status is None or wanted.status == entry.status)
                and (path is None or path_matches(entry.path, path))
                and body in entry.request.body
                and all(_has(entry.request.headers, name, text) for name, text in headers.items())
            ):
                yield entry


def _has(headers: Sequence[tuple[str, str]], name: str, text: str) -> bool:
    return any(each == name and text in value for each, value in headers)


@dataclass(frozen=True, slots=True)
class Recorded:
    """Wraps a handler: records its requests and responses."""

    handler: Handler
    recording: Recording
    world: SandboxWorld
    elapsed: Callable[[], float]
    service: Callable[[], Service]

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        return self._answer(request)

    async def _answer(self, request: Request) -> Response:
        self.recording.count += 1
        number, at, begun = self.recording.count, self.world.now(), self.elapsed()
        service = self.service()
        facts = facts_of(service, request)
        response: Response | None = None
        try:
            answer = self.handler(request)
            response = answer if isinstance(answer, Response) else await answer
            return response
        finally:
            sent = response is not None and (response.delivery is None or response.delivery.head)
            fault = response.note if response is not None and (response.note or "").startswith("fault: ") else None
            self.recording.add(
                Entry(
                    number=number,
                    at=shown_time(at),
                    seconds=round(self.elapsed() - begun, 6),
                    method=request.method,
                    path=facts.path,
                    query=request.query.decode("latin-1"),
                    rel=facts.rel,
                    user=facts.user,
                    fault=None if fault is None else fault.removeprefix("fault: "),
                    status=response.status if response is not None and sent else None,
                    request=Message(_texts(request.headers), _text(request.body)),
                    response=Message([], "") if response is None or not sent else _shown(response),
                    deviations=deviations(service, request),
                )
            )


def _shown(response: Response) -> Message:
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers]
    compressed = any(name == b"Content-Encoding" for name, _ in response.headers)
    return Message(headers, _text(gzip.decompress(response.body) if compressed else response.body))


def _texts(headers: Mapping[bytes, bytes]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers.items()]


def _text(body: bytes) -> str:
    return body[:BODY_KEPT].decode("utf-8", "replace")
