"""`make bench`: measures the server beside its floors and peers, prints the table, and writes docs/performance.md."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from bench import event_rows, growth_rows, others, page, presence, process_rows, query_rows
from bench.goals import (
    BEFORE,
    BEFORE_ON_POSTGRESQL,
    FASTAPI,
    FASTAPI_POSTGRESQL,
    FASTIFY,
    KINTO,
    ON_POSTGRESQL,
    SERVER,
    WORKS,
)
from bench.http_rows import Bench, http_rows
from bench.issuer import issuer_row
from bench.load import Wrk
from bench.processes import BenchError, Cores, free_port
from bench.targets import Target, serve
from tests.needs import find
from tests.postgres import PostgresServer

ROWS = {
    "start": process_rows.start,
    "workers": process_rows.workers,
    "f": event_rows.delays,
    "g": event_rows.memory,
    "issuer": issuer_row,
    "presence": presence.presence,
    "meeting": growth_rows.meeting_grows,
    "store": growth_rows.store_grows,
    "query": query_rows.queries,
}


def main() -> None:
    arguments = read_arguments()
    begin = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    try:
        with (
            tempfile.TemporaryDirectory(prefix="openucwa-bench-", dir=arguments.folder) as name,
            ExitStack() as started,
        ):
            folder, cores = Path(name), Cores()
            folder.chmod(0o755)
            os.sched_setaffinity(0, cores.load)
            if not cores.apart:
                print("This machine has one core: servers and load share it, so the ratios are closer than they are.")
            bench = Bench(folder, cores, Wrk(folder, cores), arguments.rounds, arguments.seconds)
            asyncio.run(measure(bench, started, arguments.only, arguments.before))
    except BenchError as error:
        sys.exit(f"bench: {error}")
    print(f"measured in {(time.monotonic() - begin) / 60:.0f} minutes")
    finish(bench, write=not (arguments.no_write or arguments.only))


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured, in turn (5)")
    parser.add_argument("--seconds", type=int, default=2, help="how long each time (2)")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=[], help=f"these rows: {','.join([*WORKS, *ROWS])}"
    )
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md as it is")
    parser.add_argument("--before", help="another checkout, with its own .venv, to be measured beside this one")
    parser.add_argument("--folder", help="where databases are made, on the disk that matters (the temporary folder)")
    arguments = parser.parse_args()
    for row in arguments.only:
        if row not in {*WORKS, *ROWS}:
            parser.error(f"there is no row {row}")
    return arguments


async def measure(bench: Bench, started: ExitStack, only: list[str], before: str | None) -> None:
    """All rows that are asked for."""
    works = [work for work in WORKS if work not in ROWS and (not only or work in only)]
    # First what would be disturbed by servers that stand by.
    for row, run in ROWS.items():
        if not only or row in only:
            await run(bench)
    if works:
        print("starting what stands beside each other", flush=True)
        targets, raw_url = await stand_up(bench, started, before)
        await http_rows(bench, works, targets, raw_url)


async def stand_up(bench: Bench, started: ExitStack, before: str | None) -> tuple[list[Target], str | None]:
    """The server first, and the peers that are installed, all at work; and a database for the raw rows, if any."""
    folder, core = bench.folder, bench.cores.server
    targets: list[Target] = []

    async def add(target: Target | None, name: str) -> None:
        if target is None:
            print(f"  {name} is not installed: make bench-peers")
            return
        started.callback(target.process.stop)
        await target.prepare()
        targets.append(target)

    await add(serve(SERVER, folder, core, free_port()), SERVER)
    python = f"{before}/.venv/bin/python"
    if before:
        (folder / "before").mkdir()
        await add(serve(BEFORE, folder / "before", core, free_port(), executable=python), BEFORE)
    await add(others.fastify(folder, core), FASTIFY)
    await add(others.fastapi(folder, core), FASTAPI)
    if find("postgresql") is None:
        print("  PostgreSQL is not installed, so what needs it is not measured: apt-get install postgresql")
        return targets, None
    postgres = started.enter_context(PostgresServer())
    await add(others.fastapi(folder, core, postgres.new_database()), FASTAPI_POSTGRESQL)
    await add(others.kinto(folder, core, postgres.new_database()), KINTO)
    if process_rows.offers("--store"):
        own = folder / "postgresql"
        own.mkdir()
        await add(serve(ON_POSTGRESQL, own, core, free_port(), store=postgres.new_database()), ON_POSTGRESQL)
        if before:
            old = folder / "before-postgresql"
            old.mkdir()
            url = postgres.new_database()
            server = serve(BEFORE_ON_POSTGRESQL, old, core, free_port(), store=url, executable=python)
            await add(server, BEFORE_ON_POSTGRESQL)
    return targets, postgres.new_database()


def finish(bench: Bench, *, write: bool) -> None:
    """Prints the goals, and writes them down where all went well."""
    print("goals", *page.summary(bench), sep="\n")
    if bench.errors:
        sys.exit(f"bench: {bench.errors} requests failed, so nothing of this counts")
    if write:
        page.write(bench)
        print(f"written: {page.PAGE}")


if __name__ == "__main__":
    main()
