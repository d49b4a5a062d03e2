"""Processes that are measured: started on a core of their own, watched through /proc, ended by their pid.

Here belongs what an operating system knows of a process; what a process serves does not.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

#: Seconds that a server may take to accept connections, or to end.
PATIENCE = 60.0

_TICK = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """Something that keeps the bench from measuring. The text says what."""


@contextmanager
def on(cores: frozenset[int]) -> Iterator[None]:
    """What is started meanwhile runs on these cores, and so do its threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Cores:
    """Who runs where: what is measured on one core, what lays the load, databases included, on another.

    `apart`: whether the machine has two cores to do so.
    """

    def __init__(self) -> None:
        available = sorted(os.sched_getaffinity(0))
        self.server = frozenset(available[:1])
        self.load = frozenset(available[1:2] or available)
        self.both = self.server | self.load
        self.apart = len(available) > 1


class Process:
    """A server process that listens on `port`, from the moment that it accepts connections to its end."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        port: int,
        log: Path,
        *,
        cores: frozenset[int],
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.port = port
        self._log = log
        kept = {key: value for key, value in os.environ.items() if not key.startswith("OPENUCWA_")}
        with log.open("ab") as output, on(cores):
            self._process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**kept, **(environment or {})},
                cwd=folder,
                user=user,
            )
        self.pid = self._process.pid
        try:
            self._wait_for_port()
        except BaseException:
            self.stop()
            raise

    def _wait_for_port(self) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise BenchError(f"{self.name} ended before it listened: {self._last_words()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.002)
        raise BenchError(f"{self.name} does not listen on port {self.port}: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._log.read_text("utf-8", "replace").splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def cpu(self) -> float:
        """Seconds of CPU that it has used, its children included."""
        return sum(_cpu(pid) for pid in self._family())

    def memory(self) -> float:
        """KiB of memory that it has, its children included; what is shared is divided among those who share it."""
        return sum(_proportional(pid) for pid in self._family())

    def _family(self) -> Iterator[int]:
        parents = {int(path.name): _parent(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        found = [self.pid]
        while found:
            yield (one := found.pop())
            found += [pid for pid, parent in parents.items() if parent == one]

    def stop(self) -> None:
        """Ends it, gently first."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(PATIENCE)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _stat(folder: Path) -> list[str]:
    """The fields of a process's stat behind its name; none where it is gone."""
    with suppress(OSError):
        return (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return []


def _parent(folder: Path) -> int:
    fields = _stat(folder)
    return int(fields[1]) if fields else 0


def _cpu(pid: int) -> float:
    fields = _stat(Path(f"/proc/{pid}"))
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def _proportional(pid: int) -> int:
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
        return int(rollup.partition("\nPss:")[2].split()[0])
    return 0
