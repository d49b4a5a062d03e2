"""The server is killed while it writes, again and again, on the same store, of each engine."""

import asyncio
import itertools
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of, self_of
from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE
from tests.world import until

#: How often it is killed. A start of a server takes longer than all else here.
ROUNDS = {"sqlite": 30, "postgres": 15}
WRITERS = 6
SEED = 10_450

#: The meeting that all writers write to; each has others of its own.
HALL = "hall"

#: A resource by the meeting's subject and the extension's id; "": the meeting itself.
Key = tuple[str, str]


def seeded(seed: int) -> random.Random:
    """Chance that is the same every time."""
    return random.Random(seed)  # noqa: S311  # nobody has to be kept from guessing


def content(key: Key, serial: int) -> dict[str, Any]:
    """What is written under `serial`: properties in several columns, or of several kinds, that all tell of it."""
    text = seeded(serial).randbytes(serial * 37 % 2_000).hex()
    if not key[1]:
        attendees = [f"sip:guest{serial}@contoso.com", f"sip:guest{-serial}@contoso.com"]
        return {"subject": key[0], "description": f"{serial} {text}", "attendees": attendees}
    return {"serial": serial, "text": text, "squares": [serial**2, serial**3], "even": serial % 2 == 0, "last": text}


@dataclass
class Content:
    """What a resource holds: `serial`; and as it was answered, or None where there was no answer."""

    serial: int
    resource: dict[str, Any] | None = None

    def agrees_with(self, key: Key, found: dict[str, Any] | None, before: "Content | None") -> bool:
        """Whether `found` is this, whole; without an answer its etag is another than the one `before`."""
        if found is None or any(found[name] != value for name, value in content(key, self.serial).items()):
            return False
        if self.resource is not None:
            return bool(found["etag"] == self.resource["etag"])
        return before is None or before.resource is None or found["etag"] != before.resource["etag"]


State = dict[Key, Content]


@dataclass
class Writer:
    """Creates, replaces and deletes one after the other.

    `sure`: what every answer so far adds up to. `perhaps`: the same with the request that has no answer yet.
    """

    name: str
    random: random.Random
    serials: Iterator[int]
    hall: dict[str, Any]
    sure: State = field(default_factory=dict)
    perhaps: State = field(default_factory=dict)
    answered: int = 0

    async def write(self, client: UcwaClient, answers: asyncio.Semaphore, deaf: asyncio.Event) -> None:
        """Goes on until the server is gone, or `deaf`: then the next answer is as good as lost."""
        try:
            while True:
                await self._write_once(client)
                if deaf.is_set():
                    return
                self.sure = self.perhaps
                self.answered += 1
                answers.release()
        except httpx.TransportError:
            pass

    def check(self, found: dict[Key, dict[str, Any]]) -> bool:
        """Whether the request without an answer was carried out. AssertionError: something is lost, or half there."""
        mine = {key: resource for key, resource in found.items() if self._owns(key)}
        done, undone = self._agrees(mine, self.perhaps), self._agrees(mine, self.sure)
        assert done or undone, f"{self.name} expects {self.sure} or {self.perhaps}, but there is {mine}"
        state = self.sure if undone else self.perhaps
        self.sure = self.perhaps = {key: Content(state[key].serial, resource) for key, resource in mine.items()}
        return not undone

    def _owns(self, key: Key) -> bool:
        return (key[1] or key[0]).startswith(f"{self.name}.")

    def _agrees(self, found: dict[Key, dict[str, Any]], state: State) -> bool:
        return found.keys() == state.keys() and all(
            kept.agrees_with(key, found[key], self.sure.get(key)) for key, kept in state.items()
        )

    async def _write_once(self, client: UcwaClient) -> None:
        key = self._choose()
        stored = self.sure.get(key)
        if stored is None or stored.resource is None:
            await self._create(client, key)
        elif self.random.random() < 0.7:
            await self._replace(client, key, stored.resource)
        else:
            await self._delete(client, key, stored.resource)

    def _choose(self) -> Key:
        if self.random.random() < 0.2:
            return f"{self.name}.{self.random.randrange(2)}", ""
        place = self.random.choice([HALL, *(subject for subject, extension in self.sure if not extension)])
        return place, f"{self.name}.{self.random.randrange(8)}"

    async def _create(self, client: UcwaClient, key: Key) -> None:
        kept = self._intend(key)
        subject, extension = key
        properties = content(key, kept.serial)
        if extension:
            meeting = self.hall if subject == HALL else self.sure[subject, ""].resource
            assert meeting is not None
            answer = await client.post(extensions_of(meeting), json={"id": extension, **properties})
        else:
            answer = await client.post(client.meetings, json=properties)
        assert answer.status_code == 201, answer.text
        kept.resource = answer.json()

    async def _replace(self, client: UcwaClient, key: Key, resource: dict[str, Any]) -> None:
        kept = self._intend(key)
        answer = await client.replace(resource, **content(key, kept.serial))
        assert answer.status_code == 200, answer.text
        kept.resource = answer.json()

    async def _delete(self, client: UcwaClient, key: Key, resource: dict[str, Any]) -> None:
        gone = {each for each in self.sure if each == key or (not key[1] and each[0] == key[0])}
        self.perhaps = {each: kept for each, kept in self.sure.items() if each not in gone}
        answer = await client.delete(self_of(resource))
        assert answer.status_code == 204, answer.text

    def _intend(self, key: Key) -> Content:
        kept = Content(next(self.serials))
        self.perhaps = {**self.sure, key: kept}
        return kept


async def make_writers(client: UcwaClient) -> list[Writer]:
    """The writers, and the meeting that they share."""
    hall = await client.schedule(subject=HALL)
    serials = itertools.count(1)
    return [Writer(f"w{number}", seeded(SEED + number), serials, hall) for number in range(WRITERS)]


async def all_that_is_there(client: UcwaClient) -> dict[Key, dict[str, Any]]:
    """Every meeting of the user and every extension, as one answer shows them."""
    answer = await client.get(client.meetings)
    assert answer.status_code == 200, answer.text
    found: dict[Key, dict[str, Any]] = {}
    for meeting in answer.json()["_embedded"]["myOnlineMeeting"]:
        shown = {(meeting["subject"], ""): meeting} | {
            (meeting["subject"], extension["id"]): extension
            for extension in meeting["_embedded"]["onlineMeetingExtension"]
        }
        assert not shown.keys() & found.keys(), f"there are two meetings {meeting['subject']}"
        found |= shown
    return found


async def write_until_killed(
    server: RunningServer, client: UcwaClient, writers: list[Writer], moments: random.Random, *, arranged: bool
) -> None:
    """Lets all write, and kills the server after some answers and a moment more.

    `arranged`: for certain one write is done whose answer nobody heard, and one is asked for and never done.
    """
    answers = asyncio.Semaphore(0)
    deaf = asyncio.Event()
    last, *others = writers if arranged else [None, *writers]

    async def kill() -> None:
        for _ in range(moments.randrange(1, 50)):
            await answers.acquire()
        await asyncio.sleep(moments.uniform(0, 0.01))  # anywhere between two commits, or in the midst of one
        if last is not None:
            deaf.set()
            await asyncio.wait(writing, return_when=asyncio.FIRST_COMPLETED)
            server.signal(signal.SIGSTOP)
            tasks.create_task(last.write(client, answers, deaf))
            await until(lambda: last.perhaps is not last.sure)
        server.kill()

    async with asyncio.timeout(LIMIT), asyncio.TaskGroup() as tasks:
        writing = [tasks.create_task(writer.write(client, answers, deaf)) for writer in others]
        tasks.create_task(kill())


def integrity(data: Path) -> list[str]:
    """What SQLite finds wrong with the file."""
    (file,) = data.glob("*.sqlite3")
    with closing(sqlite3.connect(file)) as connection:
        checked = [text for (text,) in connection.execute("pragma integrity_check") if text != "ok"]
        return checked + [str(row) for row in connection.execute("pragma foreign_key_check")]


@dataclass
class Outcomes:
    """How many requests had no answer when the server was killed, and were carried out, or not."""

    done: int = 0
    undone: int = 0


def check(writers: list[Writer], found: dict[Key, dict[str, Any]], counts: Outcomes) -> None:
    """Compares what every writer expects with what is there; and nothing else is."""
    for writer in writers:
        under_way = writer.perhaps is not writer.sure
        done = writer.check(found)
        counts.done += under_way and done
        counts.undone += under_way and not done
    expected = {key for writer in writers for key in writer.sure}
    assert found.keys() - expected == {(HALL, "")}


@pytest.fixture(params=ROUNDS)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def place(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Path | str:
    """Where the store is: a folder, or a database's URL."""
    return tmp_path / "data" if engine == "sqlite" else str(request.getfixturevalue("database"))


async def test_every_answered_write_survives_kill_9_complete(engine: str, place: Path | str) -> None:
    rounds = ROUNDS[engine]
    add_user(place, LENE)
    moments = seeded(SEED)
    counts = Outcomes()
    writers: list[Writer] = []
    async with httpx.AsyncClient(timeout=LIMIT) as http:
        client = UcwaClient(http)
        for number in range(rounds + 1):
            with RunningServer(place, OPENUCWA_LOG_LEVEL="warning") as server:
                http.base_url = server.urls[0]
                if not writers:
                    await client.sign_in("lenea@contoso.com")
                    await client.open()
                    writers = await make_writers(client)
                check(writers, await all_that_is_there(client), counts)
                if number < rounds:
                    await write_until_killed(server, client, writers, moments, arranged=number % 5 == 0)
    if isinstance(place, Path):
        assert not integrity(place)
    # What the test is worth: there was much to lose, and kills came before and after commits that nobody heard of.
    assert sum(writer.answered for writer in writers) > 10 * rounds
    assert counts.done > 0
    assert counts.undone > 0
