"""CPU that a request takes in the server's process where the store is PostgreSQL, without sockets to clients.

    python -m bench.postgres_requests [--before FOLDER]

32 callers in the process each send the next request as soon as the last one was answered. The rows are those of
docs/performance.md: GET again (`a`), with a new query string each time (`miss`), POST (`c`), PUT (`d`), and 19 GET to
one PUT (`mix`). FOLDER is another checkout, with a `.venv` of its own; both take turns, and a ratio is the median of
the rounds' ratios. CPU is steadier than requests a second on a busy machine. `make bench` has the same rows with the
cost of the connections.
"""

import argparse
import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from openucwa.app import Service
from openucwa.config import Config
from openucwa.http.message import Request, Response
from openucwa.model.user import User
from openucwa.model.world import RealWorld

CALLERS = 32
PASSWORD = "correct horse battery staple"  # noqa: S105  # of a user that lives for a minute
URI = "sip:organizer@contoso.com"
#: Requests in a round: of each row that only reads, and of those that write.
READS, WRITES = 3_200, 960
ROUNDS = 3

BODY = {"type": "RoamedParticipantData", "text": "x" * 200}
PASS_THROUGH = {"4c093470-df6e-54cb-84ec-2a4f9099f84c": "please pass this in a PUT request"}

Send = Callable[[int], Coroutine[Any, Any, None]]


class Client:
    """The requests of one user, who has a meeting for each caller."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._headers = {b"accept": b"application/json", b"host": b"127.0.0.1"}
        self._numbers = itertools.count()

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """The response, which is a success. A request has a task of its own, as with a connection."""
        given = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
        route, _, query = path.partition("?")
        request = Request(
            method=method, path=route.encode(), query=query.encode(), headers=self._headers | given, body=body, id="1"
        )
        answer = self._service.handler(request)
        response = answer if isinstance(answer, Response) else await asyncio.create_task(answer)
        if response.status >= 300:
            raise RuntimeError(f"{method} {path} was answered with {response.status}: {response.body!r}")
        return response

    async def post(self, path: str, content: object) -> Any:
        response = await self.send("POST", path, json.dumps(content).encode(), content_type="application/json")
        return json.loads(response.body)

    async def prepare(self) -> None:
        """Signs in, and makes the meetings, each with three extensions."""
        form = urlencode({"grant_type": "password", "username": URI.removeprefix("sip:"), "password": PASSWORD})
        answer = await self.send(
            "POST", "/WebTicket/oauthtoken", form.encode(), content_type="application/x-www-form-urlencoded"
        )
        token = json.loads(answer.body)["access_token"]
        self._headers[b"authorization"] = f"Bearer {token}".encode()
        new = {"culture": "en-US", "endpointId": "bench", "userAgent": "bench"}
        application = (await self.post("/ucwa/v1/applications", new))["_links"]["self"]["href"]
        self._family = f"{application}/onlineMeetings/myOnlineMeetings"
        self.collections = [await self.meeting() for _ in range(CALLERS)]
        for collection in self.collections:
            for _ in range(3):
                made = await self.post(collection, {"id": f"n{next(self._numbers)}", **BODY})
            self.last = made["id"]
        self._etags = [json.loads((await self.send("GET", path)).body)["etag"] for path in self._ones()]

    async def meeting(self) -> str:
        """The path of a new meeting's extensions."""
        made = await self.post(self._family, {"subject": "bench"})
        return f"{made['_links']['self']['href']}/onlineMeetingExtensions"

    def _ones(self) -> list[str]:
        return [f"{path}/n{3 * caller + 2}" for caller, path in enumerate(self.collections)]

    async def again(self, caller: int) -> None:
        await self.send("GET", self.collections[0])

    async def miss(self, caller: int) -> None:
        await self.send("GET", f"{self.collections[0]}?n={next(self._numbers)}")

    async def create(self, caller: int) -> None:
        number = next(self._numbers)
        if number % 80 == 0:
            self.collections[caller] = await self.meeting()
        await self.post(self.collections[caller], {"id": f"n{number}", **BODY})

    async def update(self, caller: int) -> None:
        path = self._ones()[caller]
        body = json.dumps({"id": path.rpartition("/")[2], **BODY, **PASS_THROUGH}).encode()
        etag = f'"{self._etags[caller]}"'
        response = await self.send("PUT", path, body, content_type="application/json", if_match=etag)
        self._etags[caller] = json.loads(response.body)["etag"]

    async def mixed(self, caller: int) -> None:
        await (self.update(caller) if next(self._numbers) % 20 == 0 else self.again(caller))


async def measure(url: str) -> dict[str, float]:
    """Row -> microseconds of CPU for a request, on a store that is new."""
    with tempfile.TemporaryDirectory() as folder:
        service = Service(Config(data=folder, store=url, log_level="error"), RealWorld())
        await service.start()
        try:
            password = await service.passwords.hash(PASSWORD)
            await service.store.users.add(User(URI, "Organizer", None, None, password))
            client = Client(service)
            await client.prepare()
            rows = {
                "a": (client.again, READS),
                "miss": (client.miss, READS),
                "d": (client.update, WRITES),
                "mix": (client.mixed, READS),
                "c": (client.create, WRITES),
            }
            return {row: await _cost(send, count) for row, (send, count) in rows.items()}
        finally:
            await service.stop()


async def _cost(send: Send, count: int) -> float:
    async def call(caller: int, requests: int) -> None:
        for _ in range(requests):
            await send(caller)

    await asyncio.gather(*(call(caller, 3) for caller in range(CALLERS)))
    began = time.process_time()
    await asyncio.gather(*(call(caller, count // CALLERS) for caller in range(CALLERS)))
    return 1e6 * (time.process_time() - began) / count


def compare(before: str | None) -> None:
    """Prints the rows of this checkout, and of the one before."""
    from tests.postgres import PostgresServer  # noqa: PLC0415  # the other checkout's Python need not have it

    pythons = [sys.executable] + ([f"{before}/.venv/bin/python"] if before else [])
    rounds: list[list[dict[str, float]]] = [[] for _ in pythons]
    with PostgresServer() as postgres:
        for _ in range(ROUNDS):
            for python, measured in zip(pythons, rounds, strict=True):
                command = [python, str(Path(__file__)), postgres.new_database()]
                measured.append(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
    print(_table(rounds))


def _table(rounds: Sequence[Sequence[dict[str, float]]]) -> str:
    lines = []
    for row in rounds[0][0]:
        costs = [median(each[row] for each in measured) for measured in rounds]
        line = f"{row:6}" + "".join(f"{cost:10.1f} us" for cost in costs)
        if len(rounds) > 1:
            ratio = median(old[row] / new[row] for new, old in zip(*rounds, strict=True))
            line += f"   {ratio:.2f} times less than before"
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("postgresql://"):
        import uvloop  # noqa: PLC0415  # the event loop of `openucwa serve`

        print(json.dumps(uvloop.run(measure(sys.argv[1]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", help="another checkout, with a .venv of its own")
    compare(parser.parse_args().before)


if __name__ == "__main__":
    main()
