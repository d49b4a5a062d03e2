"""The load: what wrk is told to send, and what it measured.

Every server, floor and peer gets the same load by the same words; which paths a server has is the affair of
`targets.py`.
"""

import itertools
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from bench.processes import BenchError, Cores, Process, on

SCRIPT = Path(__file__).with_name("load.lua")

#: Connections of every load.
CONNECTIONS = 32
#: Extensions that a meeting is given by a load of POST; load.lua has the same number.
EACH = 100

Kind = Literal["GET", "NEW", "POST", "PUT", "MIX"]

_numbers = itertools.count(1)


class Line(NamedTuple):
    """A resource that requests go to. `token`: the value of Authorization. `etag`: with its quotes, or nothing."""

    path: str
    token: str
    etag: str = ""


@dataclass(frozen=True)
class Load:
    """What is sent: `kind` says how `lines` are used (load.lua).

    `size`: bytes of an answer, headers included, that is as it should be; 0: they differ.
    """

    kind: Kind
    lines: Sequence[Line]
    headers: Sequence[str] = ()
    body: bytes = b""
    size: int = 0


@dataclass(frozen=True)
class Measured:
    """One round. Times in seconds; `cpu`: of the server; latencies in milliseconds."""

    requests: int
    seconds: float
    cpu: float = 0.0
    p50: float = 0.0
    p99: float = 0.0
    errors: int = 0
    notes: Sequence[str] = field(default=())

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the server's CPU for a request."""
        return self.cpu / max(self.requests, 1) * 1e6


class Wrk:
    """The load generator. BenchError: wrk is missing."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        program = shutil.which("wrk")
        if program is None:
            raise BenchError("wrk is missing; Debian and Ubuntu have it as the package wrk: apt-get install wrk")
        self._program = program
        self._file = folder / "load"
        self._cores = cores

    def run(self, load: Load, server: Process, seconds: int, *, cores: frozenset[int] | None = None) -> Measured:
        """Lays `load` on `server`. BenchError: wrk fails, or the answers are not of the size that they should be."""
        head = "".join(f"{header}\n" for header in load.headers)
        rows = "".join("\t".join(line) + "\n" for line in load.lines)
        self._file.write_bytes(f"{head}\n".encode() + load.body + b"\n" + rows.encode())
        threads = 1 if load.kind in {"GET", "NEW"} else CONNECTIONS
        words = [load.kind, str(self._file), str(threads), str(next(_numbers) * 10_000_000)]
        url = f"http://127.0.0.1:{server.port}/"
        options = ["-t", str(threads), "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--timeout", "30s"]
        before = server.cpu()
        with on(cores or self._cores.load):
            done = subprocess.run(
                [self._program, *options, "-s", str(SCRIPT), url, "--", *words],
                capture_output=True,
                text=True,
                timeout=seconds + 120,
                check=False,
            )
        cpu = server.cpu() - before
        told = done.stdout.rpartition("\nbench ")[2].split()
        if done.returncode or len(told) != 6:
            raise BenchError(f"wrk failed: {done.stderr.strip() or done.stdout.strip()}")
        requests, duration, size, p50, p99, errors = map(int, told)
        if not requests:
            raise BenchError(f"{server.name} answered no request")
        if load.size and abs(size / requests / load.size - 1) > 0.02:
            raise BenchError(
                f"{server.name} answered {size / requests:.0f} bytes a request, not {load.size}; errors: {errors}"
            )
        return Measured(requests, duration / 1e6, cpu, p50 / 1e3, p99 / 1e3, errors)
