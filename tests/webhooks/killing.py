"""Changes with a webhook, while servers, the receiver and PostgreSQL are killed; and what must have come of it.

`bench/webhooks.py` does the same with many changes.
"""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from openucwa.webhooks.signing import sign
from tests.client import UcwaClient, extensions_of, if_match, self_of
from tests.ports import free_ports
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE
from tests.webhooks.receiver_process import ReceiverProcess

WRITERS = 8
MEETINGS_PER_WRITER = 2
#: A lease that is taken over soon, and rates that are no limit.
SETTINGS = {
    "OPENUCWA_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "OPENUCWA_WEBHOOK_LEASE": "2",
    "OPENUCWA_WEBHOOK_TIMEOUT": "1",
    "OPENUCWA_MAX_EXTENSIONS": "1000000",
    "OPENUCWA_APPLICATION_BURST": "1000000",
    "OPENUCWA_LOG_LEVEL": "warning",
}

#: Seconds that anything may take while processes are killed and started.
PATIENCE = 3 * LIMIT

#: Kills something, and starts it again.
Kill = Callable[[], None]


class Servers:
    """Servers on one store: a folder, or the URL of a database, which may have several."""

    def __init__(self, place: Path | str, count: int) -> None:
        self._place = place
        self._ports = free_ports(count)
        self._running: list[RunningServer | None] = [None] * count

    @property
    def urls(self) -> Sequence[str]:
        return [f"http://127.0.0.1:{port}" for port in self._ports]

    def start(self) -> None:
        for index in range(len(self._ports)):
            self._start(index)

    def kill(self, index: int) -> None:
        """Kills one and starts it again."""
        running = self._running[index]
        assert running is not None
        running.kill()
        self._start(index)

    def stop(self) -> None:
        for running in self._running:
            if running is not None:
                running.kill()

    def _start(self, index: int) -> None:
        listen = ("--listen", f"http://127.0.0.1:{self._ports[index]}")
        self._running[index] = RunningServer(self._place, *listen, **SETTINGS)


@dataclass
class Outcome:
    """What happened. `log`: of each meeting the changes in the log, in order, as (type, extension, etag). `answered`:
    the changes that were answered. `seconds`: until the last one was delivered.
    """

    log: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    answered: list[tuple[str, tuple[str, str, str]]] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)
    secret: str = ""
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def changes(self) -> int:
        return sum(map(len, self.log.values()))

    def has_answered(self, count: int) -> bool:
        """Whether so many changes were answered."""
        return len(self.answered) >= count

    def check(self) -> None:
        """AssertionError: a change was not delivered, or out of order, or with a wrong signature."""
        for meeting, change in self.answered:
            assert change in self.log[meeting], f"{change} was answered and is not in the log"
        delivered: dict[str, list[int]] = defaultdict(list)
        ids: dict[str, tuple[str, int]] = {}
        for message in self.messages:
            body = message["body"].encode()
            timestamp = int(message["webhook-timestamp"])
            assert message["webhook-signature"] == sign(self.secret, message["webhook-id"], timestamp, body)
            data = json.loads(body)
            meeting = data["data"]["onlineMeetingId"]
            number = self.log[meeting].index(_change(data))
            known = ids.setdefault(message["webhook-id"], (meeting, number))
            assert known == (meeting, number), "an id stands for one change"
            delivered[meeting].append(number)
        assert len(ids) == self.changes, "each change has one id"
        for meeting, numbers in delivered.items():
            assert numbers == sorted(numbers), f"{meeting}: out of order"
            assert set(numbers) == set(range(len(self.log[meeting]))), f"{meeting}: not everything was delivered"


async def storm(
    servers: Servers,
    receiver: ReceiverProcess,
    changes: int,
    kills: Sequence[tuple[str, Kill]],
    patience: float = PATIENCE,
) -> Outcome:
    """Makes at least `changes` changes; after each equal part of them the next of `kills`, by its name, is done."""
    outcome = Outcome()
    begin = time.monotonic()
    clients = [await _client(url) for url in servers.urls]
    start = (await clients[0].get(f"{clients[0].app}/openucwa/changes")).json()
    made = await clients[0].post(f"{clients[0].app}/openucwa/webhooks", json={"url": receiver.url})
    assert made.status_code == 201, made.text
    outcome.secret = made.json()["secret"]
    meetings = [await clients[0].schedule(subject=f"{number}") for number in range(WRITERS * MEETINGS_PER_WRITER)]
    stop = asyncio.Event()
    writers = [
        asyncio.create_task(_write(clients, meetings[number::WRITERS], outcome, stop, random.Random(number), number))  # noqa: S311
        for number in range(WRITERS)
    ]
    try:
        for number, (name, kill) in enumerate(kills, 1):
            await _until(partial(outcome.has_answered, changes * number // (len(kills) + 1)), patience, writers)
            await asyncio.to_thread(kill)
            outcome.kills[name] += 1
        await _until(partial(outcome.has_answered, changes), patience, writers)
    finally:
        stop.set()
        await asyncio.gather(*writers)
    href = start["_links"]["next"]["href"]
    more = True
    while more:
        shown = (await _ask(clients, "GET", href)).json()
        for change in shown["_embedded"]["openucwa:change"]:
            what = "extension" if "extensionId" in change else "meeting"
            key = (f"{what}.{change['kind']}", change.get("extensionId", ""), change.get("etagAfter", ""))
            outcome.log[change["onlineMeetingId"]].append(key)
        more, href = shown["more"], shown["_links"]["next"]["href"]
    wanted = outcome.changes
    await _until(lambda: len({each["webhook-id"] for each in receiver.messages()}) >= wanted, patience, [])
    outcome.messages = receiver.messages()
    outcome.seconds = time.monotonic() - begin
    for client in clients:
        await client.http.aclose()
    return outcome


async def _client(url: str) -> UcwaClient:
    client = UcwaClient(httpx.AsyncClient(base_url=url, timeout=LIMIT))
    await client.sign_in("lenea@contoso.com")
    await client.open()
    return client


async def _until(condition: Callable[[], bool], patience: float, tasks: Sequence["asyncio.Task[None]"]) -> None:
    end = time.monotonic() + patience
    while not condition():
        for task in tasks:
            assert not task.done(), task.exception()
        assert time.monotonic() < end, "what was waited for did not happen"
        await asyncio.sleep(0.05)


async def _ask(clients: Sequence[UcwaClient], method: str, href: str, **options: Any) -> httpx.Response:
    """The first answer that is none of a server in trouble."""
    end = time.monotonic() + PATIENCE
    while True:
        for client in clients:
            with suppress(httpx.HTTPError):
                answer = await client.request(method, href, **options)
                if answer.status_code < 500:
                    return answer
        assert time.monotonic() < end, f"no answer to {method} {href}"
        await asyncio.sleep(0.1)


async def _write(
    clients: Sequence[UcwaClient],
    meetings: Sequence[dict[str, Any]],
    outcome: Outcome,
    stop: asyncio.Event,
    chance: random.Random,
    writer: int,
) -> None:
    """Adds, replaces and removes extensions. What is not answered may have been done."""
    number = 0
    while not stop.is_set():
        number += 1
        meeting = chance.choice(meetings)
        client = chance.choice(clients)
        name = f"w{writer}n{number}"
        try:
            await _change_one(client, meeting, name, outcome, chance)
        except httpx.HTTPError:
            await asyncio.sleep(0.1)


async def _change_one(
    client: UcwaClient, meeting: dict[str, Any], name: str, outcome: Outcome, chance: random.Random
) -> None:
    meeting_id = meeting["onlineMeetingId"]
    text = "x" * chance.randrange(500)
    added = await client.post(extensions_of(meeting), json={"id": name, "type": "RoamedOrganizerData", "text": text})
    if added.status_code != 201:
        await asyncio.sleep(0.1)
        return
    extension = added.json()
    outcome.answered.append((meeting_id, ("extension.added", name, extension["etag"])))
    if chance.random() < 0.5:
        replaced = await client.replace(extension, text=text + "y")
        if replaced.status_code != 200:
            return
        extension = replaced.json()
        outcome.answered.append((meeting_id, ("extension.replaced", name, extension["etag"])))
    removed = await client.delete(self_of(extension), headers=if_match(extension))
    if removed.status_code == 204:
        outcome.answered.append((meeting_id, ("extension.removed", name, "")))


def _change(message: dict[str, Any]) -> tuple[str, str, str]:
    data = message["data"]
    return message["type"], data.get("extensionId", ""), data.get("etagAfter", "")


def prepare(place: Path | str) -> None:
    """Adds the user."""
    add_user(place, LENE)
