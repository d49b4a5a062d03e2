"""The rows of events: (f) how long a change takes to reach those who wait, (g) what a waiting poll costs.

The clients are in this process, on the other core than the server, so their reading of the answers is in the delays.
"""

import asyncio
import resource
import time
from contextlib import ExitStack
from statistics import median, quantiles

from bench.client import Connection
from bench.http_rows import Bench
from bench.joined_meeting import Meeting, Person, fill, leave_all, wait_all
from bench.processes import free_port
from bench.targets import Openucwa, serve

#: Changes that one waiting participant is told of, and a thousand.
CHANGES = 300
ROUNDS = 10
MANY = 1_000
#: Polls that are to wait on one process, in meetings of this many participants.
POLLS = 18_000
EACH = 10
#: Files that this process and the server have open besides the connections of the polls.
OTHER_FILES = 200
#: Seconds between a change and the next, in which the server has nothing to do.
PAUSE, PAUSE_OF_MANY = 0.01, 0.5


async def delays(bench: Bench) -> None:
    """(f)."""
    print("(f)", flush=True)
    with ExitStack() as started:
        server = running(bench, started, "delay", meeting_size=str(MANY + 1))
        one = [spread[-1] for spread in await changes(server, 1, CHANGES)]
        bench.figures["f-one"] = quantiles(one, n=100)[98]
        bench.notes["f-one"] = f"p50 {median(one):.1f} ms, {CHANGES} changes"
        print(f"  one waiting: p50 {median(one):.1f} ms, p99 {bench.figures['f-one']:.1f} ms", flush=True)
        many = await changes(server, MANY, ROUNDS)
        last = [spread[-1] for spread in many]
        bench.figures["f-thousand"] = max(last)
        half = median(median(spread) for spread in many)
        bench.notes["f-thousand"] = (
            f"the worst of {ROUNDS} changes; median {median(last):.0f} ms, half of them {half:.0f}"
        )
        print(f"  {MANY} waiting: half of them {half:.0f} ms, the last {max(last):.0f} ms at worst", flush=True)


async def changes(server: Openucwa, participants: int, rounds: int) -> list[list[float]]:
    """For each change the milliseconds from sending it to the answers of all who wait, in order."""
    (meeting,), people = await fill(server, 1, participants)
    await wait_all(people, server.process.port)
    async with await Connection.open(server.process.port) as connection:
        told = [await one_change(connection, meeting, people, number) for number in range(rounds)]
    await leave_all(people)
    return told


async def one_change(connection: Connection, meeting: Meeting, people: list[Person], number: int) -> list[float]:
    text = f"round {number} of the bench"
    waiting = [person.told(text) for person in people]
    # Until all wait again after the change before.
    await asyncio.sleep(PAUSE if len(people) == 1 else PAUSE_OF_MANY)
    begin = time.perf_counter()
    await meeting.change(connection, text)
    return sorted((at - begin) * 1000 for at in await asyncio.gather(*waiting))


async def memory(bench: Bench) -> None:
    """(g)."""
    print("(g)", flush=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    polls = min(POLLS, most - OTHER_FILES) // EACH * EACH
    with ExitStack() as started:
        server = running(bench, started, "memory")
        # Warm: what grows once, whoever comes, is there already.
        _, first = await fill(server, 10, EACH)
        await wait_all(first, server.process.port)
        await leave_all(first)
        _, people = await fill(server, polls // EACH, EACH)
        before = server.process.memory()
        begin = time.perf_counter()
        await wait_all(people, server.process.port)
        spent = time.perf_counter() - begin
        waiting = sum(person.waits for person in people)
        grown = (server.process.memory() - before) / polls
        bench.figures["g-memory"], bench.figures["g-count"] = grown, waiting
        bench.notes["g-memory"] = "growth of the process from nobody waiting to all, connections included"
        bench.notes["g-count"] = f"in meetings of {EACH} participants; all waited after {spent:.0f} s"
        if polls < POLLS:
            bench.notes["g-count"] += f"; this machine allows {most} open files"
        print(f"  {waiting} waiting, {grown:.1f} KiB each", flush=True)
        await leave_all(people)


def running(bench: Bench, started: ExitStack, name: str, **settings: str) -> Openucwa:
    """A server of its own, with a new store."""
    folder = bench.folder / name
    folder.mkdir()
    server = serve(name, folder, bench.cores.server, free_port(), **settings)
    started.callback(server.process.stop)
    return server
