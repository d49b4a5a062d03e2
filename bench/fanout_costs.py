"""What the figures in docs/scale.md need and docs/performance.md does not have: costs on PostgreSQL, and of the bus.

    python -m bench.fanout_costs

It takes some minutes and prints what is put down in `bench/fanout_inputs.py`. All of it is CPU, rows and bytes, and no
durations, so other work on the machine disturbs it little. Server and PostgreSQL share the cores.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import msgspec
import nats
from nats.aio.msg import Msg

from bench.client import Connection
from bench.joined_meeting import Meeting, Person, fill, leave_all, wait_all
from bench.processes import BenchError, Cores, free_port
from bench.targets import Openucwa, serve
from openucwa.channel.nats import SUBJECT
from tests.nats import NatsServer
from tests.postgres import PostgresServer

MEETINGS, EACH = 20, 10
#: Seconds in which nothing is asked: a multiple of those between two of the server's looks and notes.
IDLE = 120
ROUNDS = 10
#: Messages of another server, and topics in each of them.
MESSAGES, IN_A_MESSAGE = 2_000, 50
#: Connections that listen besides the server's.
LISTENERS = 20
#: Seconds after which what was asked is done, and PostgreSQL's processes have said what they counted.
SETTLED = 11.0
PATIENCE = 60.0

Database: TypeAlias = "asyncpg.Connection[Any]"

_TICK = os.sysconf("SC_CLK_TCK")
_COUNTS = """
    select xact_commit, tup_inserted + tup_updated + tup_deleted, pg_current_wal_lsn() - '0/0'::pg_lsn
    from pg_stat_database where datname = current_database()
"""
_TABLES = ("applications", "channels", "participations", "topics", "events", "invitations", "meetings", "extensions")


@dataclass(frozen=True)
class Usage:
    """CPU seconds of the server and of PostgreSQL; commits, reads among them; rows written; bytes of WAL."""

    server: float
    database: float
    commits: float
    rows: float
    wal: float

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*(mine - theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    def times(self, count: float) -> "Usage":
        """That often."""
        return Usage(*(count * each for each in astuple(self)))

    def __str__(self) -> str:
        return (
            f"server {1e6 * self.server:,.1f} µs, PostgreSQL {1e6 * self.database:,.1f} µs, "
            f"{self.commits:.3f} transactions, {self.rows:.3f} rows, {self.wal:,.0f} bytes of WAL"
        )


class UsageMeter:
    """Looks at a server and its database."""

    def __init__(self, server: Openucwa, postgres: PostgresServer, database: Database) -> None:
        self._server = server
        self._postmaster = int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
        self._database = database

    async def spent(self) -> Usage:
        """Since their start."""
        await asyncio.sleep(SETTLED)
        commits, rows, wal = await self._database.fetchrow(_COUNTS) or (0, 0, 0)
        return Usage(self._server.process.cpu(), self._cpu(), float(commits), float(rows), float(wal))

    def _cpu(self) -> float:
        children = Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children").read_text().split()
        return _cpu(self._postmaster, ended=True) + sum(_cpu(int(pid)) for pid in children)


def _cpu(pid: int, *, ended: bool = False) -> float:
    """Seconds of CPU of a process. `ended`: those of its children that have ended, too."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / _TICK


async def tell(port: int, meeting: Meeting, people: Sequence[Person], text: str) -> None:
    """Changes a meeting, and returns when all in it have heard."""
    async with await Connection.open(port) as connection:
        waiting = [person.told(text) for person in people]
        await meeting.change(connection, text)
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*waiting)


async def people_cost(server: Openucwa, watch: UsageMeter) -> list[Person]:
    """Joining, waiting, and being told."""
    port = server.process.port
    begin = await watch.spent()
    meetings, people = await fill(server, MEETINGS, EACH, at_a_time=1)
    print("to sign in, open an application and join:", (await watch.spent() - begin).times(1 / len(people)))
    begin = await watch.spent()
    await wait_all(people, port)
    print(f"the first polls ({people[0].heard} answers):", (await watch.spent() - begin).times(1 / len(people)))
    begin = await watch.spent()
    await asyncio.sleep(IDLE - SETTLED)
    idle = (await watch.spent() - begin).times(1 / IDLE)
    print("to wait for a second:", idle.times(1 / len(people)))
    rooms = [(meeting, people[EACH * place :][:EACH]) for place, meeting in enumerate(meetings)]
    loop = asyncio.get_running_loop()
    for name, together in (("a meeting at a time", 1), ("all meetings at once", MEETINGS)):
        at, begin = loop.time(), await watch.spent()
        for number in range(ROUNDS):
            for first in range(0, MEETINGS, together):
                some = rooms[first : first + together]
                await asyncio.gather(*(tell(port, meeting, those, f"{name}, {number}") for meeting, those in some))
                await asyncio.sleep(0.05)  # until they wait again
        spent = await watch.spent() - begin - idle.times(loop.time() - at)
        print(f"to be told, {name}:", spent.times(1 / (ROUNDS * len(people))))
    return people


def takeovers(count: int) -> bytes:
    """What a server says when `count` polls begin to wait."""
    return msgspec.json.encode([f"poll/0/0123456789abcdef/anon:{'0' * 26}/{'1' * 12}/{n}" for n in range(count)])


async def notify_cost(database: Database, watch: UsageMeter, url: str) -> None:
    """A message of LISTEN and NOTIFY, each in a commit of its own, for the server and for PostgreSQL."""
    message = takeovers(IN_A_MESSAGE)
    print(f"a message of {IN_A_MESSAGE} topics has {len(message)} bytes")
    listeners = [await asyncpg.connect(url) for _ in range(LISTENERS)]

    async def send() -> Usage:
        begin = await watch.spent()
        for _ in range(MESSAGES):
            await database.execute("select pg_notify('openucwa_moved', $1)", message.decode())
        return (await watch.spent() - begin).times(1 / MESSAGES)

    print("NOTIFY, to the server alone:", await send())
    for listener in listeners:
        await listener.add_listener("openucwa_moved", lambda *_: None)
    print(f"NOTIFY, to the server and {LISTENERS} more:", await send())
    for listener in listeners:
        await listener.close()


async def nats_cost(server: Openucwa, url: str) -> None:
    """A message of NATS, for the server that hears it; and how many topics the server itself puts into one."""
    client = await nats.connect(url)
    (meeting,), people = await fill(server, 1, EACH * MEETINGS)
    await wait_all(people, server.process.port)
    heard: list[bytes] = []

    async def keep(message: Msg) -> None:
        heard.append(message.data)

    subscription = await client.subscribe(SUBJECT, cb=keep)
    for number in range(ROUNDS):
        await tell(server.process.port, meeting, people, f"round {number}")
        await asyncio.sleep(1)
    await subscription.unsubscribe()
    topics = sum(len(msgspec.json.decode(data)) for data in heard)
    print(f"NATS: {len(heard)} messages with {topics} topics of a meeting with {len(people)} participants")
    for count in (1, IN_A_MESSAGE):
        await asyncio.sleep(SETTLED)
        begin, message = server.process.cpu(), takeovers(count)
        for _ in range(MESSAGES * 10 // count):
            await client.publish(SUBJECT, message)
        await client.flush()
        await asyncio.sleep(SETTLED)
        print(f"NATS, a message of {count}: {1e6 * (server.process.cpu() - begin) / (MESSAGES * 10 // count):.1f} µs")
    await leave_all(people)
    await client.close()


async def main() -> None:
    """All of it."""
    cores = Cores()
    with (
        tempfile.TemporaryDirectory(prefix="openucwa-bench-") as name,
        PostgresServer() as postgres,
        ExitStack() as started,
    ):
        folder = Path(name)
        url = postgres.new_database()
        server = serve("on PostgreSQL", folder, cores.both, free_port(), store=url)
        started.callback(server.process.stop)
        database = await asyncpg.connect(postgres.url(url.rpartition("/")[2], "postgres"))
        watch = UsageMeter(server, postgres, database)
        people = await people_cost(server, watch)
        for table in _TABLES:
            rows, size = await database.fetchrow(
                f"select count(*), pg_total_relation_size('{table}') from {table}"  # noqa: S608
            ) or (0, 0)
            print(f"{table}: {rows} rows, {size / max(rows, 1):,.0f} bytes each, with what is dead of them")
        await notify_cost(database, watch, url)
        await leave_all(people)
        await database.close()
        broker = NatsServer(folder)
        broker.start()
        started.callback(broker.stop)
        place = folder / "nats"
        place.mkdir()
        store, settings = postgres.new_database(), {"bus": broker.url}
        server = serve("on NATS", place, cores.both, free_port(), store=store, **settings)
        started.callback(server.process.stop)
        await nats_cost(server, broker.url)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BenchError as error:
        sys.exit(f"bench: {error}")
