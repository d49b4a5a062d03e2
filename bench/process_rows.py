"""The rows of processes: start to first answer, what the server takes idle, and two processes beside one."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from statistics import median

from bench.client import Connection
from bench.http_rows import Bench
from bench.load import Load
from bench.processes import free_port
from bench.targets import serve
from bench.work import JSON

STARTS = 5
#: Seconds after which a server that was asked nothing counts as idle.
IDLE = 1.0


def offers(option: str) -> bool:
    """Whether `openucwa serve` has the option."""
    command = [sys.executable, "-m", "openucwa", "serve", "--help"]
    environment = os.environ | {"COLUMNS": "200"}
    return option in subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


async def start(bench: Bench) -> None:
    """Start to first answer, and memory idle, with a new store each time."""
    print("start", flush=True)
    times, sizes = [], []
    for number in range(STARTS):
        folder = bench.folder / f"start{number}"
        folder.mkdir()
        begin = time.perf_counter()
        server = serve("start", folder, bench.cores.server, free_port())
        try:
            async with await Connection.open(server.process.port) as connection:
                times.append((await connection.expect(200, "GET", "/")).at - begin)
            time.sleep(IDLE)  # noqa: ASYNC251  # nothing else is to happen meanwhile
            sizes.append(server.process.memory() / 1024)
        finally:
            server.process.stop()
    bench.figures["start"], bench.figures["idle"] = median(times), median(sizes)
    bench.notes["start"] = f"median of {STARTS} starts, each with a new store; the longest {max(times):.2f} s"
    bench.notes["idle"] = "resident, after one request"
    print(f"  {median(times):.2f} s, {median(sizes):.1f} MiB", flush=True)


async def workers(bench: Bench) -> None:
    """Two processes and one, each with both cores to run on."""
    print("workers", flush=True)
    if not offers("--workers"):
        bench.notes["workers"] = "this version has no --workers"
        return
    with ExitStack() as started:
        servers = []
        for count in (1, 2):
            folder = bench.folder / f"workers{count}"
            folder.mkdir()
            server = serve(f"{count} processes", folder, bench.cores.both, free_port(), "--workers", str(count))
            started.callback(server.process.stop)
            await server.prepare()
            servers.append((server, Load("GET", [server.read], [JSON], size=server.answers["a"].size)))
        ratios, rates = [], []
        for number in range(-1, bench.rounds):
            seconds = bench.seconds if number >= 0 else 1
            one, two = (
                bench.wrk.run(load, server.process, seconds, cores=bench.cores.both) for server, load in servers
            )
            bench.errors += one.errors + two.errors
            if number >= 0:
                ratios.append(one.cost / two.cost)
                rates.append((one.cost, two.cost, two.rate / one.rate))
    bench.figures["workers"] = median(ratios)
    first, second, faster = (median(column) for column in zip(*rates, strict=True))
    bench.notes["workers"] = (
        f"{first:.1f} and {second:.1f} µs of CPU for a request; {faster:.2f} times the requests,"
        " with the load on the same two cores"
    )
    print(f"  {bench.figures['workers']:.2f}: {bench.notes['workers']}", flush=True)
