"""How fast the PostgreSQL store reads and writes, beside what raw asyncpg does with as many callers.

    python -m bench.postgres_store [URL]

URL: of an empty database; without it a server of its own is started. Printed are rates, and the ratios of medians of
rounds that take turns: only these mean something elsewhere.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import TypeAlias

import asyncpg
import uvloop

from bench.store import PROPERTIES, SETTINGS
from openucwa.model.application import Application, Communication
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel
from openucwa.model.user import User
from openucwa.store.postgres import PostgresStore
from tests.postgres import PostgresServer

ROUNDS = 5
SECONDS = 1.0
CALLERS = 32

RAW_TABLE = """
    create table tests.raw (organizer text collate "C", meeting_id text collate "C", id text collate "C",
        position bigint, type text, etag text, properties bytea, primary key (organizer, meeting_id, id))
"""
RAW_INSERT = "insert into tests.raw values ($1, $2, $3, $4, 'Undefined', '1', $5)"
RAW_SELECT = "select id, type, etag, properties from extensions where organizer = $1 and meeting_id = $2"

#: Does its thing once, for one of CALLERS.
Call: TypeAlias = Callable[[int], Awaitable[object]]


def organizer(number: int) -> str:
    return f"sip:user{number}@contoso.com"


def meeting(owner: str, meeting_id: str) -> Meeting:
    return Meeting(owner, meeting_id, MeetingRel.MY_ONLINE_MEETINGS, "1", f"{owner}{meeting_id}", "c", 1, SETTINGS)


async def rate(call: Call, callers: int = CALLERS) -> float:
    """How many calls a second `callers` make, each waiting for one before the next."""
    begin = time.perf_counter()

    async def call_on(caller: int) -> int:
        count = 0
        while time.perf_counter() - begin < SECONDS:
            await call(caller)
            count += 1
        return count

    counts = await asyncio.gather(*(call_on(caller) for caller in range(callers)))
    return sum(counts) / (time.perf_counter() - begin)


async def filled(store: PostgresStore) -> None:
    """Users, each with an application, and a meeting with three extensions."""
    for number in range(CALLERS):
        owner = organizer(number)
        await store.users.add(User(owner, "User", None, None, "-"))
        await store.applications.open(
            Application(owner, "101", "endpoint", "en-US", "bench", None, 1, Communication("1")), None, 1, 64
        )
        await store.meetings.add(meeting(owner, "M"), 1_000)
        for extension in range(3):
            await store.extensions.add(owner, "M", new_extension(extension), 100, 1)


def new_extension(number: int) -> Extension:
    return Extension(str(number), ExtensionType.UNDEFINED, "1", PROPERTIES)


def writing(store: PostgresStore, owners: int) -> Call:
    """Each caller adds extensions to meetings of its own, 100 to each; the meetings are those of so many organizers."""
    numbers = [itertools.count() for _ in range(CALLERS)]
    run = f"{time.monotonic_ns():x}"

    async def add(caller: int) -> None:
        owner, number = organizer(caller % owners), next(numbers[caller])
        meeting_id = f"{run}-{caller}-{number // 100}"
        if number % 100 == 0:
            await store.meetings.add(meeting(owner, meeting_id), 1_000_000)
        await store.extensions.add(owner, meeting_id, new_extension(number), 100, 1)

    return add


async def bench(url: str) -> None:
    store = PostgresStore(url, 60.0)
    await store.open()
    await filled(store)
    raw = await asyncpg.create_pool(url, min_size=CALLERS, max_size=CALLERS)
    await raw.execute(f"create schema tests; {RAW_TABLE}")
    ids = itertools.count()

    async def raw_insert(caller: int) -> None:
        number = next(ids)
        await raw.execute(RAW_INSERT, organizer(caller), str(number // 100), str(number), number, PROPERTIES)

    async def raw_select(caller: int) -> None:
        await raw.fetch(RAW_SELECT, organizer(caller), "M")

    async def one_read(caller: int) -> None:
        await store.meetings.get_with_extensions(organizer(caller), "M")

    async def both_reads(caller: int) -> None:
        await store.applications.session(organizer(caller), "101")
        await store.meetings.get_with_extensions(organizer(caller), "M")

    calls: dict[str, tuple[str, Call]] = {
        "raw insert": ("raw insert", raw_insert),
        "add an extension, 32 organizers": ("raw insert", writing(store, CALLERS)),
        "add an extension, 1 organizer": ("raw insert", writing(store, 1)),
        "raw select": ("raw select", raw_select),
        "a meeting with its extensions": ("raw select", one_read),
        "session, then that": ("raw select", both_reads),
    }
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, (_, call) in calls.items():
            rates[name].append(await rate(call))
    for name, (beside, _) in calls.items():
        own, floor = median(rates[name]), median(rates[beside])
        print(f"{name:34}{own:9,.0f}/s {own / floor:6.2f} of {beside}")
    await raw.close()
    await store.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(bench(sys.argv[1]))
    else:
        with PostgresServer() as server:
            uvloop.run(bench(server.new_database()))
