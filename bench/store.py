"""How fast the SQLite store reads and writes, beside what raw `sqlite3` does on the same disk.

    python bench/store.py [FOLDER]

FOLDER: where the database is made, on the disk that matters; default: the system's temporary folder.
"""

import asyncio
import itertools
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from openucwa.model.application import Application, Communication
from openucwa.model.event import NewEvent
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel, MeetingSettings
from openucwa.model.user import User
from openucwa.store.sqlite import SqliteStore

SECONDS = 2.0
ORGANIZER = "sip:lenea@contoso.com"
MEETING = "ABCD1234"
KEY = (ORGANIZER, MEETING)
PROPERTIES = b'{"agenda":"' + b"x" * 180 + b'"}'
SETTINGS = MeetingSettings("Everyone", (), "Disabled", "", "Disabled", None, (), "Disabled", "Disabled", "Bench")


def raw(folder: Path) -> tuple[float, float, float]:
    """Raw `sqlite3`: point reads/s, rows/s at 1 row a commit, and rows/s at 32 rows a commit."""
    with closing(sqlite3.connect(folder / "raw.sqlite3", isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute(
            "create table extensions (organizer text, meeting_id text, id text, position integer, type text, etag text,"
            " properties blob, primary key (organizer, meeting_id, id)) without rowid"
        )
        ids = itertools.count()

        def commits(rows: int) -> float:
            count, begin = 0, time.perf_counter()
            while (spent := time.perf_counter() - begin) < SECONDS:
                connection.execute("begin immediate")
                for _ in range(rows):
                    number = next(ids)
                    # As the store's writers do: each adds to a meeting of its own, up to 100 to one.
                    meeting_id = f"{rows}-{number % rows}-{number // rows // 100}"
                    values = (ORGANIZER, meeting_id, str(number), number, "Undefined", "1", PROPERTIES)
                    connection.execute("insert into extensions values (?, ?, ?, ?, ?, ?, ?)", values)
                connection.execute("commit")
                count += rows
            return count / spent

        singly, grouped = commits(1), commits(32)
        read = "select id, type, etag, properties from extensions where organizer = ? and meeting_id = ? and id = ?"
        count, begin = 0, time.perf_counter()
        while (spent := time.perf_counter() - begin) < SECONDS:
            for _ in range(1000):
                connection.execute(read, (ORGANIZER, "1-0-0", "10")).fetchall()
            count += 1000
        return count / spent, singly, grouped


async def reads(read: Callable[[], Awaitable[object]]) -> float:
    """How often a second `read` can be called, one call after the other."""
    count, begin = 0, time.perf_counter()
    while (spent := time.perf_counter() - begin) < SECONDS:
        for _ in range(1000):
            await read()
        count += 1000
    return count / spent


async def writes(write: Callable[[int, int], Awaitable[object]], writers: int) -> float:
    """How many changes a second `writers` make, each waiting for one before the next.

    `write` is given the writer's number and that of its change.
    """
    begin = time.perf_counter()

    async def write_on(writer: int) -> int:
        count = 0
        while time.perf_counter() - begin < SECONDS:
            await write(writer, count)
            count += 1
        return count

    counts = await asyncio.gather(*(write_on(writer) for writer in range(writers)))
    return sum(counts) / (time.perf_counter() - begin)


def meeting(meeting_id: str) -> Meeting:
    return Meeting(ORGANIZER, meeting_id, MeetingRel.MY_ONLINE_MEETINGS, "1", meeting_id, "c", 1, SETTINGS)


async def bench(folder: Path) -> None:
    raw_reads, raw_singly, raw_grouped = raw(folder)
    print(f"raw sqlite3: {raw_reads:9,.0f} point reads/s")
    print(f"             {raw_singly:9,.0f} rows/s, 1 row a commit")
    print(f"             {raw_grouped:9,.0f} rows/s, 32 rows a commit")
    store = SqliteStore(folder, 5.0)
    await store.open()
    await store.users.add(User(ORGANIZER, "Lene", None, None, "-"))
    application = Application(ORGANIZER, "101", "endpoint", "en-US", "bench", None, 1, Communication("1"))
    await store.applications.open(application, None, 1, 64)
    await store.meetings.add(meeting(MEETING), 1_000)
    for number in range(10):
        extension = Extension(str(number), ExtensionType.UNDEFINED, "1", PROPERTIES)
        await store.extensions.add(*KEY, extension, 100, 1)
    for name, read in {
        "extension": lambda: store.extensions.get(*KEY, "5"),
        "session": lambda: store.applications.session(ORGANIZER, "101"),
        "meeting with 10 extensions": lambda: store.meetings.get_with_extensions(*KEY),
    }.items():
        rate = await reads(read)
        print(f"read         {rate:9,.0f}/s = {1e6 / rate:5.1f} us = {rate / raw_reads:4.2f} of raw  {name}")
    for writers in (1, 32):

        async def add_extension(writer: int, number: int, writers: int = writers) -> None:
            meeting_id = f"{writers}-{writer}-{number // 100}"
            if number % 100 == 0:
                await store.meetings.add(meeting(meeting_id), 1_000_000)
            extension = Extension(str(number), ExtensionType.UNDEFINED, "1", PROPERTIES)
            await store.extensions.add(ORGANIZER, meeting_id, extension, 100, 1)

        async def append_event(writer: int, number: int) -> None:
            event = NewEvent(f"conversation/{writer}", "message", {"text": "x" * 180, "number": number})
            await store.events.append(1, [event])

        for name, write in {"add an extension": add_extension, "append an event": append_event}.items():
            rate = await writes(write, writers)
            like = raw_singly if writers == 1 else raw_grouped
            print(
                f"write        {rate:9,.0f}/s = {rate / like:4.2f} of raw at {writers} a commit,"
                f" {rate / raw_grouped:4.2f} of raw at 32: {writers} writers {name}"
            )
    await store.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        asyncio.run(bench(Path(name)))
