"""The rows of requests: (a) to (e), the same spread and mixed, the access log, and two processes.

In each round every contestant has its turn, so that what disturbs the machine disturbs them all; ratios are medians
of the rounds' ratios.
"""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from bench import floor
from bench.client import Connection
from bench.goals import (
    BEFORE,
    BEFORE_ON_POSTGRESQL,
    FASTIFY,
    FLOOR,
    ON_POSTGRESQL,
    RAW_ASYNCPG,
    RAW_SQLITE,
    SERVER,
    UNLOGGED,
)
from bench.load import CONNECTIONS, EACH, Kind, Load, Measured, Wrk
from bench.processes import BenchError, Cores, Process, free_port, on
from bench.targets import Target, serve
from bench.work import JSON, XML

#: Seconds of a round that is not counted.
WARM_UP = 1
#: Meetings that spread reads go to.
SPREAD = 1_000

Rounds = dict[str, list[Measured | None]]


@dataclass
class Contestant:
    """Somebody who takes part in a work. `turn`: measures for some seconds."""

    name: str
    turn: Callable[[int], Awaitable[Measured]]
    slow: bool = False


@dataclass
class Bench:
    """What the rows share. `measured`: work, then who did it, then the rounds."""

    folder: Path
    cores: Cores
    wrk: Wrk
    rounds: int
    seconds: int
    measured: dict[str, Rounds] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    errors: int = 0

    async def compete(self, work: str, contestants: list[Contestant]) -> None:
        """Rounds of all, in turn. Those who are an order of magnitude behind have every second round."""
        rows = self.measured.setdefault(work, {each.name: [] for each in contestants})
        for number in range(self.rounds):
            for each in contestants:
                if each.slow and number % 2:
                    rows[each.name].append(None)
                    continue
                if number == 0:
                    await each.turn(WARM_UP)
                told = await each.turn(self.seconds)
                self.errors += told.errors
                rows[each.name].append(told)
        for name, rounds in rows.items():
            print(f"  {work:<7}{name:<24}{line(rounds)}", flush=True)

    def ratio(self, work: str, of: str, beside: str, *, by_cpu: bool = False) -> float | None:
        """Requests a second of one divided by those of another; None where one of them was not measured.

        `by_cpu`: a second of the server's CPU, which a busy machine disturbs less.
        """
        rounds = self.measured.get(work, {})
        pairs = zip(rounds.get(of, ()), rounds.get(beside, ()), strict=False)
        ratios = [
            other.cost / one.cost if by_cpu else one.rate / other.rate
            for one, other in pairs
            if one is not None and other is not None
        ]
        return median(ratios) if ratios else None


def line(rounds: list[Measured | None]) -> str:
    """The medians of rounds."""
    told = [each for each in rounds if each is not None]
    rate, cost = median(each.rate for each in told), median(each.cost for each in told)
    p50, p99 = median(each.p50 for each in told), median(each.p99 for each in told)
    return f"{rate:>9,.0f}/s {cost:>7.1f} us {p50:>8.2f} ms {p99:>8.2f} ms  errors {sum(e.errors for e in told)}"


async def load_of(work: str, target: Target, seconds: int) -> Load:
    """The load of a work on a target, which is made ready for it."""
    kind: Kind = "GET"
    lines, headers, body, answer = [target.read], [JSON], b"", target.answers.get(work)
    match work:
        case "b":
            lines, headers = [target.one], [JSON, f"If-None-Match: {target.one.etag}"]
        case "c":
            each = -(-target.guess * seconds * 3 // (2 * EACH * CONNECTIONS)) + 1
            kind, lines, body = "POST", await target.meetings(await target.owners(each * CONNECTIONS)), target.new
        case "d" | "history":
            kind, lines, body = "PUT", await target.updates(CONNECTIONS), target.changed
        case "mix":
            kind, lines, body = "MIX", await target.updates(CONNECTIONS), target.changed
        case "e":
            headers = [XML]
        case "spread":
            lines, answer = target.spread, target.answers["a"]
        case "miss":
            kind = "NEW"
        case _:
            answer = target.answers["a"]
    return Load(kind, lines, headers, body, answer.size if answer else 0)


def contestant(bench: Bench, work: str, target: Target) -> Contestant:
    """A server that takes part."""

    async def turn(seconds: int) -> Measured:
        load = await load_of(work, target, seconds)
        told = bench.wrk.run(load, target.process, seconds)
        if work == "c":
            target.guess = max(target.guess // 2, int(told.rate))
        return told

    return Contestant(target.name, turn, slow=target.guess < 5_000)


async def http_rows(bench: Bench, works: list[str], targets: list[Target], raw_url: str | None) -> None:
    """All works; the first target is the server, whose answers the floor gives."""
    server = targets[0]
    for work in works:
        print(f"({work})", flush=True)
        taking_part = [target for target in targets if fits(work, target)]
        if work == "spread":
            for target in taking_part:
                target.spread = await target.filled(await target.owners(SPREAD))
        with ExitStack() as started:
            contestants = [contestant(bench, work, target) for target in taking_part]
            if work not in {"miss", "mix", "spread", "log", "history"}:
                contestants.insert(0, await bare(bench, started, work, server))
            if work == "c":
                contestants.append(raw(bench, RAW_SQLITE, "sqlite", str(bench.folder)))
                if raw_url is not None:
                    contestants.append(raw(bench, RAW_ASYNCPG, "postgresql", raw_url))
            if work == "log":
                contestants.append(await with_log(bench, started))
            if work == "history":
                contestants.append(await without_change_log(bench, started))
            await bench.compete(work, contestants)


def fits(work: str, target: Target) -> bool:
    """Whether the target has a part in the work."""
    if work in {"log", "history"}:
        return target.name == SERVER
    if work == "e":
        return target.name in {SERVER, ON_POSTGRESQL, BEFORE, BEFORE_ON_POSTGRESQL}
    if work in {"miss", "spread", "mix"}:
        return target.name in {SERVER, ON_POSTGRESQL, BEFORE, BEFORE_ON_POSTGRESQL, FASTIFY}
    return True


async def bare(bench: Bench, started: ExitStack, work: str, server: Target) -> Contestant:
    """The floor of HTTP: the server's own answer, given by bare ASGI to the same requests."""
    answer, file, port = server.answers[work], bench.folder / f"answer-{work}", free_port()
    floor.save(answer, file)
    command = [sys.executable, "-m", "bench.floor", str(file), str(port)]
    process = Process(FLOOR, command, port, bench.folder / "floor.log", cores=bench.cores.server)
    started.callback(process.stop)
    async with await Connection.open(port) as connection:
        size = (await connection.expect(answer.status, "GET", "/")).size

    async def turn(seconds: int) -> Measured:
        if work in {"c", "d"}:  # any meeting will do: the floor looks at none
            kind: Kind = "POST" if work == "c" else "PUT"
            resource = server.read if work == "c" else server.one
            load = Load(kind, [resource] * CONNECTIONS, [JSON], server.changed, size)
        else:
            load = replace(await load_of(work, server, seconds), size=size)
        return bench.wrk.run(load, process, seconds)

    if abs(size - answer.size) > 5:  # the digits of a date or an etag
        raise BenchError(f"the floor answers {size} bytes to ({work}), the server {answer.size}")
    return Contestant(FLOOR, turn)


def raw(bench: Bench, name: str, kind: str, place: str) -> Contestant:
    """A floor of writing, in a process on the server's core."""

    async def turn(seconds: int) -> Measured:
        with on(bench.cores.server):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bench.raw", kind, place, str(seconds)), stdout=subprocess.PIPE
            )
        told, _ = await process.communicate()
        if process.returncode:
            raise BenchError(f"{name} failed")
        rows, spent, cpu = told.split()
        return Measured(int(rows), float(spent), float(cpu))

    return Contestant(name, turn)


async def with_log(bench: Bench, started: ExitStack) -> Contestant:
    """The server with an access log, as it is when nobody says otherwise."""
    folder = bench.folder / "logging"
    folder.mkdir()
    name = f"{SERVER}, log_level info"
    target = serve(name, folder, bench.cores.server, free_port(), log_level="info")
    started.callback(target.process.stop)
    await target.prepare()
    return contestant(bench, "log", target)


async def without_change_log(bench: Bench, started: ExitStack) -> Contestant:
    """The server without the change log."""
    folder = bench.folder / "unlogged"
    folder.mkdir()
    target = serve(UNLOGGED, folder, bench.cores.server, free_port(), change_log="false")
    started.callback(target.process.stop)
    await target.prepare()
    return contestant(bench, "history", target)
