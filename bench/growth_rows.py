"""The rows of growth: what a read costs as the store grows, and as the meeting that is read grows.

Every read here bears a query that nobody had before, so that it comes from the store and not from an answer that was
kept; where a kept answer may serve, (a) has told.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import linear_regression, median

from bench.client import Connection
from bench.http_rows import Bench
from bench.load import Load
from bench.processes import free_port
from bench.targets import PASSWORD, Account, Openucwa, add_user, open_application, serve, sign_in
from bench.work import JSON, NEW

#: Extensions of the meetings that are read.
SIZES = (1, 10, 25, 50, 100)
#: Organizers whose meetings are read, and how many each has; those of all others stand between them in the tables.
READ, EACH = 10, 100
OTHERS, MEETINGS = 1_000, 999

#: What the copies of a row have of their own, by table and column; all other columns are as they were.
#: `o` and `m`: the organizer and the meeting that are made.
_COPIES: Mapping[str, Mapping[str, str]] = {
    "meetings": {"organizer": "o.name", "id": "m.name", "position": "m.number"},
    "conference_ids": {"organizer": "o.name", "meeting_id": "m.name", "id": "o.number || '-' || m.number"},
    "extensions": {"organizer": "o.name", "meeting_id": "m.name"},
}


async def meeting_grows(bench: Bench) -> None:
    """A GET of all extensions of one meeting, by how many there are."""
    print("(a) as the meeting grows", flush=True)
    with ExitStack() as started:
        folder = bench.folder / "growing"
        folder.mkdir()
        server = serve("growing", folder, bench.cores.server, free_port())
        started.callback(server.process.stop)
        lines = await server.meetings(await server.owners(len(SIZES)))
        async with await Connection.open(server.process.port) as connection:
            for line, size in zip(lines, SIZES, strict=True):
                for _ in range(size):
                    await connection.expect(201, "POST", line.path, {"Authorization": line.token}, NEW)
        loads = {size: Load("NEW", [line], [JSON]) for size, line in zip(SIZES, lines, strict=True)}
        costs = interleaved(bench, {size: (server, load) for size, load in loads.items()})
    slope, start = linear_regression(SIZES, [costs[size] for size in SIZES])
    bench.figures["meeting"] = max(costs[size] / (start + slope * size) for size in SIZES)
    told = ", ".join(f"{size}: {costs[size]:.0f}" for size in SIZES)
    bench.notes["meeting"] = f"µs of CPU by extensions: {told}; {start:.0f} and {slope:.1f} for each"
    print(f"  {bench.notes['meeting']}", flush=True)


async def store_grows(bench: Bench) -> None:
    """Reads of the same thousand meetings, in a store that has no others, and in one that has a million."""
    print("(a) as the store grows", flush=True)
    with ExitStack() as started:
        small = await stored(bench, started, "small", 0)
        large = await stored(bench, started, "large", OTHERS)
        spread = interleaved(bench, {name: (it, Load("NEW", it.spread, [JSON])) for name, it in both(small, large)})
        one = interleaved(bench, {name: (it, Load("GET", it.spread[:1], [JSON])) for name, it in both(small, large)})
    ratios = {"each meeting in turn": spread, "one meeting again and again": one}
    bench.figures["store"] = max(costs["large"] / costs["small"] for costs in ratios.values())
    bench.notes["store"] = "; ".join(
        f"{name}: {costs['small']:.1f} and {costs['large']:.1f} µs of CPU" for name, costs in ratios.items()
    )
    print(f"  {bench.notes['store']}", flush=True)


def both(small: Openucwa, large: Openucwa) -> list[tuple[str, Openucwa]]:
    return [("small", small), ("large", large)]


def interleaved(bench: Bench, loads: Mapping[object, tuple[Openucwa, Load]]) -> dict[object, float]:
    """The median of each load's cost, in microseconds of the server's CPU, over rounds in turn."""
    costs: dict[object, list[float]] = {key: [] for key in loads}
    for number in range(-1, bench.rounds):
        for key, (server, load) in loads.items():
            told = bench.wrk.run(load, server.process, bench.seconds if number >= 0 else 1)
            bench.errors += told.errors
            if number >= 0:
                costs[key].append(told.cost)
    return {key: median(found) for key, found in costs.items()}


async def stored(bench: Bench, started: ExitStack, name: str, others: int) -> Openucwa:
    """A server whose store has a thousand meetings to read, and `others` organizers with as many each."""
    folder = bench.folder / name
    folder.mkdir()
    places = ["--data", str(folder / "data")]
    # Evenly among the others by name, which is the order of the tables.
    readers = [f"sip:u{(2 * number + 1) * OTHERS // READ // 2:04}x@contoso.com" for number in range(READ)]
    for uri in readers:
        add_user(uri, places)
    server = serve(name, folder, bench.cores.server, free_port())
    try:
        async with await Connection.open(server.process.port) as connection:
            accounts = [await reader(connection, uri) for uri in readers]
        owners = [account for account in accounts for _ in range(EACH)]
        server.spread = await server.filled(owners)
    finally:
        server.process.stop()
    if others:
        fill(folder / "data" / "openucwa.sqlite3", others)
    again = serve(name, folder, bench.cores.server, free_port())
    started.callback(again.process.stop)
    again.spread = server.spread
    async with await Connection.open(again.process.port) as connection:
        for line in again.spread:
            await connection.expect(200, "GET", line.path, {"Authorization": line.token})
    return again


async def reader(connection: Connection, uri: str) -> Account:
    token = await sign_in(connection, {"grant_type": "password", "username": uri, "password": PASSWORD})
    return Account(token, await open_application(connection, token), EACH)


def fill(file: Path, others: int) -> None:
    """Copies one meeting, with its conference id and one of its extensions, to other organizers, a thousand to each.

    In SQL: by HTTP a million meetings would take the time of many benches.
    """
    numbers = "with recursive n(number) as (select 0 union all select number + 1 from n where number < {0} - 1) "
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("pragma synchronous = off")
        connection.execute("begin immediate")
        for table, names in (("bench_o", "sip:u%04d@contoso.com"), ("bench_m", "%08d")):
            count = others if table == "bench_o" else MEETINGS
            connection.execute(
                f"create temp table {table} as {numbers.format(count)}"  # noqa: S608  # names of this module
                f"select number, printf('{names}', number) as name from n"
            )
        (organizer,) = connection.execute("select min(organizer) from meetings").fetchone()
        for table, own in _COPIES.items():
            columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
            taken = ", ".join(own.get(column, f"t.{column}") for column in columns)
            connection.execute(
                f"insert into {table} ({', '.join(columns)}) select {taken} from bench_o o cross join bench_m m"  # noqa: S608
                f" cross join (select * from {table} where organizer = ? limit 1) t",
                (organizer,),
            )
        connection.execute("commit")
        connection.execute("pragma wal_checkpoint(truncate)")
