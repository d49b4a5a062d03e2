"""The row of queries: what it costs to find meetings, in a store of a thousand and in one of a million.

In SQL the stores are filled, as by HTTP it would take the time of many benches; the store answers the queries in this
process, so that nothing else is in the figures. On PostgreSQL the time until the answer is told, too.
"""
# ruff: noqa: S608 -- statements are put together from constants alone

import random
import sqlite3
import time
from collections.abc import Awaitable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import asyncpg

from bench.http_rows import Bench
from openucwa.meetings.filter_syntax import FilterLimits, read_filter
from openucwa.model.filters import Order
from openucwa.store.contract import MeetingQuery, QueryLimits, Store
from openucwa.store.postgres import PostgresStore
from openucwa.store.sqlite import SqliteStore
from tests.needs import find
from tests.postgres import PostgresServer

#: Organizers of the large store, meetings of each, and organizers that ask in it.
ORGANIZERS, MEETINGS, ASKING = 1_000, 1_000, 10
#: What is asked, by the number of meetings that it finds.
FILTERS = {
    1: "extensions('order')/number eq {0}",
    10: "extensions('order')/customer eq 'c{1}' and extensions('order')/status eq 'open'",
    100: "extensions('order')/status eq 'open'",
}
LIMITS = QueryLimits(values=1_000, bytes=1_048_576, steps=1_000, comparisons=10_000)
_ROUNDS, _QUERIES = 5, 200

#: A meeting of organizer `o.name`, and its extension; `m`: its number.
_MEETING = (
    "'myOnlineMeetings', '1', o.name || '-' || m, 'c', 1700000000000 + m, 'Invited', '[]', 'Disabled', '', 'Disabled',"
    " null, '[]', 'Disabled', 'Disabled', 'Order ' || m, m, 1"
)
_MEETING_COLUMNS = (
    "organizer, id, rel, etag, conference_id, conversation_id, created, access_level, attendees,"
    " automatic_leader_assignment, description, entry_exit_announcement, expiration_time, leaders,"
    " lobby_bypass_for_phone_users, phone_user_admission, subject, position, changed"
)
_PROPERTIES = (
    '\'{"number":\' || m || \',"customer":"c\' || ((m / 10) % 10) || \'","status":"\' ||'
    " case when m % 10 = 0 then 'open' else 'closed' end || '\"}'"
)


async def queries(bench: Bench) -> None:
    """Queries by data of extensions, each of another organizer or for other data than the one before."""
    print("queries as the store grows", flush=True)
    costs: dict[str, dict[int, float]] = {}
    first = 0.0
    for name, organizers in (("small", 1), ("large", ORGANIZERS)):
        folder = bench.folder / f"queries {name}"
        store = SqliteStore(folder, 60.0)
        await store.open()
        fill(folder / "openucwa.sqlite3", organizers)
        first, costs[name], _ = await measured(store, organizers)
        await store.close()
    bench.figures["query"] = max(costs["large"][count] / costs["small"][count] for count in FILTERS)
    told = ", ".join(f"{count}: {cost:.0f} ({cost / count:.0f} each)" for count, cost in costs["large"].items())
    notes = [f"µs of CPU by meetings found among 10^6: {told}; an organizer's first query: {first * 1000:.0f} ms"]
    if find("postgresql") is not None:
        notes.append(await on_postgres())
    bench.notes["query"] = "; ".join(notes)
    print(f"  {bench.notes['query']}", flush=True)


async def on_postgres() -> str:
    """What to tell of a million meetings in PostgreSQL."""
    with PostgresServer() as server:
        url = server.new_database()
        store = PostgresStore(url, timeout=60.0)
        await store.open()
        await fill_postgres(url)
        first, _, times = await measured(store, ORGANIZERS)
        await store.close()
    told = ", ".join(f"{count}: {spent * 1e6:.0f}" for count, spent in times.items())
    return f"on PostgreSQL µs until the answer: {told}; first query: {first * 1000:.0f} ms"


async def measured(store: Store, organizers: int) -> tuple[float, dict[int, float], dict[int, float]]:
    """Seconds of the first query of an organizer (median); microseconds of CPU, and seconds, by meetings found."""
    names = [organizer(number * organizers // ASKING) for number in range(min(ASKING, organizers))]
    firsts = [await timed(ask(store, name, FILTERS[1].format(7, 0), 1)) for name in names]
    costs: dict[int, list[float]] = {count: [] for count in FILTERS}
    times: dict[int, list[float]] = {count: [] for count in FILTERS}
    chance = random.Random(1)  # noqa: S311  # the same in each store
    for _ in range(_ROUNDS):
        for count, text in FILTERS.items():
            asked = [
                (chance.choice(names), text.format(chance.randrange(MEETINGS), chance.randrange(10)))
                for _ in range(_QUERIES)
            ]
            cpu, begin = time.process_time(), time.perf_counter()
            for name, wanted in asked:
                await ask(store, name, wanted, count)
            costs[count].append((time.process_time() - cpu) / _QUERIES * 1e6)
            times[count].append((time.perf_counter() - begin) / _QUERIES)
    return median(firsts), medians(costs), medians(times)


def medians(found: dict[int, list[float]]) -> dict[int, float]:
    return {count: median(each) for count, each in found.items()}


async def timed(work: Awaitable[object]) -> float:
    begin = time.perf_counter()
    await work
    return time.perf_counter() - begin


async def ask(store: Store, user: str, text: str, count: int) -> None:
    """A query that finds `count` meetings."""
    wanted = read_filter(text, FilterLimits(1_000, 10, 10))
    query = MeetingQuery(user, wanted, Order("creationTime"), None, 100, assigned=True)
    found = await store.queries.find(query, LIMITS)
    if len(found.meetings) != count:
        raise RuntimeError(f"{len(found.meetings)} meetings of {user} instead of {count}: {text}")


def organizer(number: int) -> str:
    return f"sip:u{number:04}@contoso.com"


def inserts(organizers: str) -> Sequence[str]:
    """The statements that add meetings and extensions. `organizers`: what to put behind `from`: o(name), n(m)."""
    columns = "organizer, meeting_id, id, type, etag, properties, position, changed"
    extension = "'order', 'RoamedParticipantData', '1', {properties}, 1, 1"
    return (
        f"insert into meetings ({_MEETING_COLUMNS}) select o.name, 'M' || m, {_MEETING} from {organizers}",
        f"insert into extensions ({columns}) select o.name, 'M' || m, {extension} from {organizers}",
    )


def fill(file: Path, organizers: int) -> None:
    """Meetings with an extension each, in SQLite."""
    numbers = "(with recursive n(number) as (select 0 union all select number + 1 from n where number < {0} - 1) {1})"
    names = numbers.format(organizers, "select printf('sip:u%04d@contoso.com', number) as name from n")
    each = numbers.format(MEETINGS, "select number as m from n")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("begin immediate")
        for statement in inserts(f"{names} o cross join {each} n"):
            connection.execute(statement.format(properties=f"cast({_PROPERTIES} as blob)"))
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)")


async def fill_postgres(url: str) -> None:
    """The same in PostgreSQL."""
    connection = await asyncpg.connect(url)
    try:
        name = "'sip:u' || lpad(s::text, 4, '0') || '@contoso.com' as name"
        names = f"(select {name} from generate_series(0, {ORGANIZERS - 1}) s)"
        each = f"(select m from generate_series(0, {MEETINGS - 1}) m)"
        async with connection.transaction():
            for table in ("meetings", "extensions"):
                await connection.execute(f"alter table {table} disable trigger user")
            for statement in inserts(f"{names} o cross join {each} n"):
                await connection.execute(statement.format(properties=f"convert_to({_PROPERTIES}, 'UTF8')"), timeout=600)
            for table in ("meetings", "extensions"):
                await connection.execute(f"alter table {table} enable trigger user")
        await connection.execute("vacuum analyze", timeout=600)
    finally:
        await connection.close()
