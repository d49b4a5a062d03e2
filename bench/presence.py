"""The CPU that presence costs: users who each are subscribed to by 50 others, and change it every 10 minutes.

    python -m bench.presence [--users 400] [--seconds 10]

Handler, store (SQLite) and event channels run in this process, without sockets: each user has an application that polls
without a pause and is told of contacts in sets, at most every 5 seconds. What the clients do is parsing a link, and is
in the figure. The figure for 10,000 users is that of one user, multiplied.
"""

import argparse
import asyncio
import json
import logging
import random
import re
import tempfile
import time
from collections.abc import Mapping
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

    async def begin(self, contacts: list[str]) -> None:
        """Opens the application, makes the user available, and subscribes."""
        opening = {"culture": "en-US", "endpointId": "bench", "userAgent": "bench"}
        self.app = json.loads((await self.send("POST", "/ucwa/v1/applications", opening)).body)["_links"]["self"][
            "href"
        ]
        await self.send("POST", f"{self.app}/me/makeMeAvailable", {})
        await self.send("POST", f"{self.app}/people/presenceSubscriptions", {"duration": 30, "uris": contacts})

    async def listen(self) -> None:
        """Polls without end."""
        href = f"{self.app}/events?ack=1&medium=5"
        while True:
            body = (await self.send("GET", href)).body
            self.answers += 1
            self.events += body.count(b'"type":')
            if (found := _NEXT.search(body)) is None:
                raise RuntimeError(f"no link to the next poll: {body[:200]!r}")
            href = found[1].decode()


async def measure(users: int, seconds: float, folder: Path) -> None:
    service = Service(Config(data=str(folder / "data"), public_url="http://127.0.0.1"), RealWorld())
    await service.start()
    uris = [f"sip:user{number}@contoso.com" for number in range(users)]
    for uri in uris:
        await service.store.users.add(User(uri, uri, None, None, ""))
    clients = [Client(service, uri) for uri in uris]
    for number, client in enumerate(clients):
        await client.begin([uris[(number + step) % users] for step in range(1, CONTACTS + 1)])
    polls = [asyncio.create_task(client.listen()) for client in clients]
    await asyncio.sleep(8)  # until all have had what their subscription began with
    idle = await _cpu(2.0)
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
        await asyncio.sleep(0.02)
    used = (time.process_time() - cpu) / spent
    answers = sum(client.answers for client in clients) - told[0]
    events = sum(client.events for client in clients) - told[1]
    for poll in polls:
        poll.cancel()
    await asyncio.gather(*polls, return_exceptions=True)
    await service.stop()
    print(f"{users} users, {CONTACTS} contacts each, a change every {EVERY} s: {spent:.0f} s")
    print(f"  {changes} changes, {answers} answers with {events} events")
    print(f"  CPU: {100 * used:.1f} % of a core, of it waiting {100 * idle:.1f} %")
    if changes and answers:
        print(f"  {1000 * (used - idle) * spent / answers:.2f} ms for each answer")
        times = SCALE / users
        print(f"  {SCALE:,} users: {used * times:.1f} cores, {events / spent * times:,.0f} events a second")


async def presence(bench: Bench) -> None:
    """The row of `make bench`."""
    print("(presence)", flush=True)
    folder = bench.folder / "presence"
    folder.mkdir()
    await measure(400, 10.0, folder)


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
        asyncio.run(measure(asked.users, asked.seconds, Path(folder)))


if __name__ == "__main__":
    main()
