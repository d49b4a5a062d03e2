"""The CPU that presence costs: users who each are subscribed to by 50 others, and change it every 10 minutes.

    python -m bench.presence [--users 400] [--seconds 10]
    python -m bench.presence --users 10000 --seconds 60   # the full size: some minutes

Handler, store (SQLite) and event channels run in this process, without sockets: each user has an application that polls
without a pause and is told of contacts in sets, at most every 5 seconds. What the clients do is parsing a link, and is
in the figure. The figure for 10,000 users is that of one user, multiplied. The last line is a row of the table in
docs/scale.md.
"""

import argparse
import asyncio
import json
import logging
import random
import re
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.http_rows import Bench
from openucwa.app import Service
from openucwa.config import Config
from openucwa.http.message import Request, Response
from openucwa.identity.tokens import Caller
from openucwa.model.scopes import ANY_SCOPE
from openucwa.model.user import User
from openucwa.model.world import RealWorld

#: Contacts of each user, and seconds between two changes of one.
CONTACTS = 50
EVERY = 600
SCALE = 10_000
#: Users who are set up at a time.
AT_A_TIME = 100
#: Those who begin to poll at a time: each is told of all contacts then.
POLLS_AT_A_TIME = 1_000
#: Seconds without an answer after which all have had what their subscription began with, and the most to wait for that.
QUIET = 6.0
MAX_WAIT = 600.0
#: Nobody becomes inactive during the measurement, which would be a change of everybody at once.
AVAILABLE = {"inactiveTimeout": "PT12H"}
_NEXT = re.compile(rb'"(?:next|resume)":{"href":"([^"]+)"')


class Client:
    """A user's application. `answers`, `events`: how many it has had."""

    def __init__(self, service: Service, uri: str) -> None:
        self._service = service
        expires = service.world.now() + 3_600_000
        token = service.tokens.issue(Caller(uri, uri, None, 1, expires, ANY_SCOPE))
        self._headers = {b"authorization": b"Bearer " + token.encode(), b"host": b"127.0.0.1"}
        self.app = ""
        self.answers = self.events = 0

    async def send(self, method: str, href: str, body: Mapping[str, Any] | None = None) -> Response:
        path, _, query = href.partition("?")
        headers, content = self._headers, b""
        if body is not None:
            headers, content = headers | {b"content-type": b"application/json"}, json.dumps(body).encode()
        request = Request(method=method, path=path.encode(), query=query.encode(), headers=headers, body=content)
        answer = self._service.handler(request)
        response = answer if isinstance(answer, Response) else await answer
        if response.status >= 300:
            raise RuntimeError(f"{method} {href}: {response.status} {response.body[:200]!r}")
        return response

    async def open(self) -> None:
        """Opens the application, and makes the user available."""
        opening = {"culture": "en-US", "endpointId": "bench", "userAgent": "bench"}
        opened = json.loads((await self.send("POST", "/ucwa/v1/applications", opening)).body)
        self.app = opened["_links"]["self"]["href"]
        await self.send("POST", f"{self.app}/me/makeMeAvailable", AVAILABLE)

    async def subscribe(self, contacts: list[str]) -> None:
        await self.send("POST", f"{self.app}/people/presenceSubscriptions", {"duration": 30, "uris": contacts})

    async def listen(self) -> None:
        """Polls without end."""
        href = f"{self.app}/events?ack=1&medium=5"
        while True:
            # Nothing of the answer is kept while the next poll waits.
            href = self._take((await self.send("GET", href)).body)

    def _take(self, body: bytes) -> str:
        """Counts an answer; where the next one is."""
        self.answers += 1
        self.events += body.count(b'"type":')
        if (found := _NEXT.search(body)) is None:
            raise RuntimeError(f"no link to the next poll: {body[:200]!r}")
        return found[1].decode()


@dataclass(frozen=True)
class Figures:
    """What was measured. `cpu`, `idle`: shares of a core. `memory`: MiB of the process. `late`: changes that were due
    and not made, because the process was busy.
    """

    users: int
    seconds: float
    changes: int
    late: int
    answers: int
    events: int
    cpu: float
    idle: float
    memory: float
    set_up: float

    @property
    def ms_per_change(self) -> float:
        """CPU for one change and all that it causes."""
        return 1000 * (self.cpu - self.idle) * self.seconds / self.changes

    def lines(self) -> Iterator[str]:
        yield f"{self.users:,} users, {CONTACTS} contacts each, a change every {EVERY} s: {self.seconds:.0f} s"
        yield f"  set up in {self.set_up:.0f} s; {self.memory:,.0f} MiB"
        yield f"  {self.changes} changes ({self.late} late), {self.answers} answers with {self.events} events"
        yield f"  CPU: {100 * self.cpu:.1f} % of a core, of it waiting {100 * self.idle:.1f} %"
        if not self.changes or not self.answers:
            return
        per_answer = 1000 * (self.cpu - self.idle) * self.seconds / self.answers
        yield f"  {self.ms_per_change:.1f} ms for each change, {per_answer:.2f} ms for each answer"
        times = SCALE / self.users
        per_second = self.events / self.seconds * times
        yield f"  {SCALE:,} users: {self.cpu * times:.1f} cores, {per_second:,.0f} events a second"
        cells = (
            f"{self.users:,}",
            f"{self.changes} in {self.seconds:.0f} s",
            f"{self.answers:,}; {self.events:,}",
            f"{self.ms_per_change:.0f} ms",
            f"{per_answer:.1f} ms",
            f"{100 * self.idle:.0f} %",
            f"{100 * self.cpu:.0f} %",
            f"{self.memory:,.0f} MiB",
        )
        yield f"| {' | '.join(cells)} |"


async def measure(users: int, seconds: float, folder: Path) -> Figures:
    begun = time.perf_counter()
    service = Service(Config(data=str(folder / "data"), public_url="http://127.0.0.1"), RealWorld())
    await service.start()
    uris = [f"sip:user{number}@contoso.com" for number in range(users)]
    await _each([partial(service.store.users.add, User(uri, uri, None, None, "")) for uri in uris], "users")
    clients = [Client(service, uri) for uri in uris]
    await _each([client.open for client in clients], "applications")
    contacts = [[uris[(number + step) % users] for step in range(1, CONTACTS + 1)] for number in range(users)]
    subscribing = [partial(client.subscribe, each) for client, each in zip(clients, contacts, strict=True)]
    await _each(subscribing, "subscriptions")
    polls: list[asyncio.Task[None]] = []
    for start in range(0, users, POLLS_AT_A_TIME):
        beginning = clients[start : start + POLLS_AT_A_TIME]
        polls += [asyncio.create_task(client.listen()) for client in beginning]
        await _settle(beginning, polls)
    idle = await _cpu(4.0)
    set_up = time.perf_counter() - begun
    told = [sum(client.answers for client in clients), sum(client.events for client in clients)]
    chance = random.Random(1)  # noqa: S311  # nothing secret
    changes, busy = 0, False
    begin, cpu = time.perf_counter(), time.process_time()
    while (spent := time.perf_counter() - begin) < seconds:
        if changes < spent * users / EVERY:
            busy = not busy
            body = {"availability": "Busy" if busy else "Away"}
            client = chance.choice(clients)
            await client.send("POST", f"{client.app}/me/presence", body)
            changes += 1
        await asyncio.sleep(0.01)
    figures = Figures(
        users=users,
        seconds=spent,
        changes=changes,
        late=max(0, int(spent * users / EVERY) - changes),
        answers=sum(client.answers for client in clients) - told[0],
        events=sum(client.events for client in clients) - told[1],
        cpu=(time.process_time() - cpu) / spent,
        idle=idle,
        memory=_resident(),
        set_up=set_up,
    )
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    await service.stop()
    return figures


async def _each(work: Sequence[Callable[[], Awaitable[object]]], what: str) -> None:
    """Does all of it, some at a time, so that commits are shared and memory stays bounded."""
    for start in range(0, len(work), AT_A_TIME):
        await asyncio.gather(*(each() for each in work[start : start + AT_A_TIME]))
        if start and start % (20 * AT_A_TIME) == 0:
            print(f"  {start:,} {what}", flush=True)


async def _settle(clients: Sequence["Client"], polls: Sequence[asyncio.Task[None]]) -> None:
    """Waits until all have had what their subscription began with. RuntimeError: a poll failed; it takes too long."""
    end = time.perf_counter() + MAX_WAIT
    before = -1
    while (now := sum(client.answers for client in clients)) != before or now < len(clients):
        before = now
        if time.perf_counter() > end:
            raise RuntimeError(f"{now:,} answers for {len(clients):,} clients after {MAX_WAIT:.0f} s")
        await asyncio.sleep(QUIET)
        for poll in polls:
            if poll.done():
                poll.result()


def _resident() -> float:
    """The memory of this process, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


async def presence(bench: Bench) -> None:
    """The row of `make bench`."""
    print("(presence)", flush=True)
    folder = bench.folder / "presence"
    folder.mkdir()
    print(*(await measure(400, 10.0, folder)).lines(), sep="\n", flush=True)


async def _cpu(seconds: float) -> float:
    """The share of a core that is used while nothing changes."""
    begin, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(seconds)
    return (time.process_time() - cpu) / (time.perf_counter() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        print(*asyncio.run(measure(asked.users, asked.seconds, Path(folder))).lines(), sep="\n")


if __name__ == "__main__":
    main()
