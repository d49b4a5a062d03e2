"""Where the server's time goes: a row's load on a server that runs under cProfile.

    python -m bench.profile ROW [sqlite | postgresql]

ROW: a, b, c, d, e, spread, mix, or new, which is spread with answers that are not kept. Printed: the functions of the
event loop's thread that take most time by themselves. Profiling itself costs, small functions most of all, so what is
here ranks and does not measure.
"""

import asyncio
import os
import pstats
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.http_rows import SPREAD, load_of
from bench.load import Load, Wrk
from bench.processes import Cores, free_port
from bench.targets import serve
from bench.work import JSON
from tests.postgres import PostgresServer

SECONDS = 3
#: Functions that are shown.
MOST = 40


async def profile(work: str, kind: str) -> None:
    """Lays the load, and prints."""
    with tempfile.TemporaryDirectory(prefix="openucwa-bench-") as name, ExitStack() as started:
        folder, cores = Path(name), Cores()
        os.sched_setaffinity(0, cores.load)
        store = started.enter_context(PostgresServer()).new_database() if kind == "postgresql" else None
        under = ("-m", "cProfile", "-o", str(folder / "profile"))
        server = serve("profiled", folder, cores.server, free_port(), interpreter=under, store=store)
        try:
            await server.prepare()
            server.spread = await server.filled(await server.owners(SPREAD)) if work in {"spread", "new"} else []
            load = Load("NEW", server.spread, [JSON]) if work == "new" else await load_of(work, server, SECONDS)
            told = Wrk(folder, cores).run(load, server.process, SECONDS)
        finally:
            server.process.stop()
        print(f"({work}) {told.rate:,.0f}/s under the profiler, errors {told.errors}")
        pstats.Stats(str(folder / "profile")).strip_dirs().sort_stats("tottime").print_stats(MOST)


if __name__ == "__main__":
    asyncio.run(profile(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "sqlite"))
