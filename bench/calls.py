"""What a request costs in Python: calls of functions and CPU, in one process, without sockets.

    python -m bench.calls [--functions COUNT] [ROW ...]

The rows are those of docs/performance.md: a, b, e, miss, c, d, mix. 32 connections, whose transport only takes what is
written, each get the next request once all have been answered. Printed for each row: the calls of Python functions and
of built-in ones for a request; and its CPU in microseconds, in the round that took least, as whatever else the machine
does only adds to it. With --functions, also the functions with most time of their own, under cProfile.
"""

import argparse
import asyncio
import cProfile
import gc
import itertools
import json
import pstats
import re
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

import uvloop

from bench.load import CONNECTIONS, EACH
from bench.work import CHANGED, NEW
from openucwa.app import Service
from openucwa.config import Config
from openucwa.model.user import User
from openucwa.model.world import RealWorld
from openucwa.server.connection import Connection
from openucwa.server.process import COLLECTING
from openucwa.server.shared import Shared
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines

PASSWORD = "correct horse battery staple"  # noqa: S105  # of a user that lives for a minute
URI = "sip:organizer@contoso.com"
#: Turns of all connections that are counted, and that are timed.
COUNTED, TIMED = 60, 120
#: One request in so many is a PUT in the row `mix`.
SHARE = 20

_ETAG = re.compile(rb'ETag: "([0-9]+)"')


class Taking(asyncio.Transport):
    """A transport whose client takes everything at once. `written`: the last response."""

    def __init__(self, answered: Callable[[], None]) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8080)})
        self._answered = answered
        self.written = b""

    def write(self, data: Any) -> None:
        self.written = data
        self._answered()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""

    def close(self) -> None:
        """There is nothing to close."""


class Connections:
    """The connections of one server. `cpu`: the CPU time of the last requests, in seconds."""

    def __init__(self, shared: Shared) -> None:
        self.cpu = 0.0
        self._left = 0
        self._done = shared.loop.create_future()
        self._transports = [Taking(self._answered) for _ in range(CONNECTIONS)]
        self._all = [Connection(shared, secure=False) for _ in self._transports]
        for connection, transport in zip(self._all, self._transports, strict=True):
            connection.connection_made(transport)

    async def send(self, requests: Sequence[bytes]) -> list[bytes]:
        """The responses to one request on each of the first connections, all of them successes."""
        self._left, self._done = len(requests), asyncio.get_running_loop().create_future()
        began = time.process_time()
        for connection, request in zip(self._all, requests, strict=False):
            connection.data_received(request)
        await self._done
        self.cpu = time.process_time() - began
        responses = [transport.written for transport in self._transports[: len(requests)]]
        if bad := [each for each in responses if each[9:10] not in {b"2", b"3"}]:
            raise RuntimeError(f"a request was answered with {bad[0]!r}")
        return responses

    def _answered(self) -> None:
        self._left -= 1
        if not self._left:
            self._done.set_result(None)


class Load:
    """The requests of one user: `turn` sends one on each connection."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._numbers = itertools.count()
        self._head = "Host: 127.0.0.1\r\nAccept: application/json\r\n"

    async def prepare(self) -> None:
        """Signs in, and makes a meeting with three extensions for each connection."""
        form = urlencode({"grant_type": "password", "username": URI.removeprefix("sip:"), "password": PASSWORD})
        token = await self._post("/WebTicket/oauthtoken", form.encode(), "application/x-www-form-urlencoded")
        self._head += f"Authorization: Bearer {token['access_token']}\r\n"
        new = json.dumps({"culture": "en-US", "endpointId": "bench", "userAgent": "bench"}).encode()
        application = await self._post("/ucwa/v1/applications", new)
        self._family = f"{application['_links']['self']['href']}/onlineMeetings/myOnlineMeetings"
        self._meetings = [await self._meeting() for _ in range(CONNECTIONS)]
        made = [[await self._post(path, NEW) for _ in range(3)][-1] for path in self._meetings]
        self._paths = [f"{path}/{each['id']}" for path, each in zip(self._meetings, made, strict=True)]
        self._etags = [each["etag"] for each in made]
        self._filling: list[str] = []

    async def turn(self, row: str) -> None:
        """One request on each connection."""
        number = next(self._numbers)
        if row == "c" and number % EACH == 0:
            self._filling = [await self._meeting() for _ in range(CONNECTIONS)]
        requests = [self._request(row, place, number) for place in range(CONNECTIONS)]
        for place, response in enumerate(await self._connections.send(requests)):
            if requests[place].startswith(b"PUT") and (found := _ETAG.search(response)) is not None:
                self._etags[place] = found[1].decode()

    def _request(self, row: str, place: int, number: int) -> bytes:
        one = self._paths[place]
        match row:
            case "a" | "e":
                request = self._message("GET", self._meetings[0])
                return request.replace(b"application/json", b"application/xml") if row == "e" else request
            case "b":
                return self._message("GET", one, f'If-None-Match: "{self._etags[place]}"\r\n')
            case "miss":
                return self._message("GET", f"{self._meetings[0]}?n={number * CONNECTIONS + place}")
            case "c":
                return self._message("POST", self._filling[place], body=NEW)
            case "mix" if (number + place) % SHARE:
                return self._message("GET", self._meetings[place])
            case _:
                return self._message("PUT", one, f'If-Match: "{self._etags[place]}"\r\n', CHANGED)

    def _message(
        self, method: str, path: str, headers: str = "", body: bytes = b"", kind: str = "application/json"
    ) -> bytes:
        if body:
            headers += f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{self._head}{headers}\r\n".encode() + body

    async def _post(self, path: str, body: bytes, kind: str = "application/json") -> Any:
        (response,) = await self._connections.send([self._message("POST", path, body=body, kind=kind)])
        return json.loads(response.partition(b"\r\n\r\n")[2])

    async def _meeting(self) -> str:
        made = await self._post(self._family, b"{}")
        return f"{made['_links']['self']['href']}/onlineMeetingExtensions"


async def measure(row: str, functions: int) -> None:
    """Prints a row."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config(data=folder, log_level="error")
        service = Service(config, RealWorld())
        await service.start()
        try:
            password = await service.passwords.hash(PASSWORD)
            await service.store.users.add(User(URI, "Organizer", None, None, password))
            log = AccessLog(LogLines.of(config, service.world), service.measures)
            connections = Connections(Shared(service, config, log))
            load = Load(connections)
            await load.prepare()
            python, builtin, profile = await _count(lambda: load.turn(row))
            cost = await _time(lambda: load.turn(row), connections)
            print(f"{row:5}{python:7.1f} Python functions {builtin:7.1f} built-in {cost:8.2f} us")
            if functions:
                profile.sort_stats("tottime").print_stats(functions)
        finally:
            await service.stop()


async def _count(turn: Callable[[], Awaitable[None]]) -> tuple[float, float, pstats.Stats]:
    """The calls of Python functions and of built-in ones for a request, without those of this module."""
    for _ in range(COUNTED // 4):
        await turn()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(COUNTED):
        await turn()
    profile.disable()
    found = pstats.Stats(profile)
    calls = {"python": 0, "built-in": 0}
    for (file, _, _), (_, count, *_) in found.stats.items():  # type: ignore[attr-defined]  # it is documented
        if file != __file__:
            calls["built-in" if file == "~" else "python"] += count
    requests = COUNTED * CONNECTIONS
    return calls["python"] / requests, calls["built-in"] / requests, found


async def _time(turn: Callable[[], Awaitable[None]], connections: Connections) -> float:
    """Microseconds of CPU of this process for a request, in the turn that took least."""
    best = float("inf")
    for _ in range(TIMED):
        await turn()
        best = min(best, connections.cpu)
    return 1e6 * best / CONNECTIONS


async def measure_all(rows: Sequence[str], functions: int) -> None:
    gc.set_threshold(*COLLECTING)
    for row in rows:
        await measure(row, functions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--functions", type=int, default=0, help="how many functions are shown for each row")
    parser.add_argument("rows", nargs="*", metavar="ROW", default=["a", "b", "e", "miss", "d", "c", "mix"])
    arguments = parser.parse_args()
    uvloop.run(measure_all(arguments.rows, arguments.functions))


if __name__ == "__main__":
    main()
