"""The floors of writing: rows that a loop puts into a database, with nothing around it.

    python -m bench.raw sqlite FOLDER SECONDS
    python -m bench.raw postgresql URL SECONDS

Printed: rows, the seconds that they took, and those of CPU. SQLite: one writer, 32 rows a commit, WAL,
`synchronous=FULL`. PostgreSQL: asyncpg, 32 tasks with a connection each, one row a commit. The rows are those of
extensions with 200 bytes of properties, 100 to a meeting.
"""

import asyncio
import itertools
import secrets
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from bench.work import PROPERTIES

ROWS = 32
ORGANIZER = "sip:lenea@contoso.com"

SQLITE = """
create table if not exists extensions (
    organizer text not null, meeting_id text not null, id text not null, position integer not null,
    type text not null, etag text not null, properties blob not null,
    primary key (organizer, meeting_id, id)
) strict, without rowid
"""
POSTGRESQL = """
create table if not exists raw_extensions (
    organizer text not null, meeting_id text not null, id text not null, position bigint not null,
    type text not null, etag text not null, properties bytea not null,
    primary key (organizer, meeting_id, id)
)
"""


def row(writer: int, number: int, run: str) -> tuple[object, ...]:
    """The `number`th row of a writer, each of whom fills meetings of its own."""
    meeting = f"{run}-{writer}-{number // 100}"
    return ORGANIZER, meeting, secrets.token_hex(16), number, "RoamedOrganizerData", str(number), PROPERTIES


def sqlite(folder: Path, seconds: float) -> tuple[int, float]:
    """Rows that a loop inserts into SQLite, and the seconds that it took."""
    run, rows = secrets.token_hex(4), 0
    with closing(sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute(SQLITE)
        begin = time.perf_counter()
        for number in itertools.count():
            connection.execute("begin immediate")
            for writer in range(ROWS):
                values = row(writer, number, run)
                connection.execute("insert into extensions values (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("commit")
            rows += ROWS
            if (spent := time.perf_counter() - begin) >= seconds:
                break
        return rows, spent


async def postgresql(url: str, seconds: float) -> tuple[int, float]:
    """Rows that 32 tasks insert into PostgreSQL, and the seconds that it took."""
    import asyncpg  # noqa: PLC0415  # the loop for SQLite has no use for it

    run = secrets.token_hex(4)
    async with asyncpg.create_pool(url, min_size=ROWS, max_size=ROWS) as pool:
        await pool.execute(POSTGRESQL)
        begin = time.perf_counter()

        async def write(writer: int) -> int:
            for number in itertools.count():
                await pool.execute(
                    "insert into raw_extensions values ($1, $2, $3, $4, $5, $6, $7)", *row(writer, number, run)
                )
                if time.perf_counter() - begin >= seconds:
                    break
            return number + 1

        rows = sum(await asyncio.gather(*(write(writer) for writer in range(ROWS))))
        return rows, time.perf_counter() - begin


if __name__ == "__main__":
    kind, place, duration = sys.argv[1], sys.argv[2], float(sys.argv[3])
    begin_cpu = time.process_time()
    if kind == "sqlite":
        written, spent = sqlite(Path(place), duration)
    else:
        import uvloop

        written, spent = uvloop.run(postgresql(place, duration))
    print(written, spent, time.process_time() - begin_cpu)
