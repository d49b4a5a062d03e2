"""A sandbox that belongs to a test run: in a thread or as a process, and what a test does with it."""

import asyncio
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any
from urllib.parse import quote, urlencode

import uvloop

from openucwa.client import AsyncClient, Client, Password
from openucwa.config import Config
from openucwa.sandbox.durations import ms_of
from openucwa.sandbox.remote import ask
from openucwa.sandbox.server import make_sandbox
from openucwa.sandbox.users import DEFAULT, SandboxUser, Seed, read_seed
from openucwa.sandbox.world import SandboxWorld
from openucwa.server.listeners import bind, close
from openucwa.server.server import Server

#: Seconds that a start may take.
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class SandboxClock:
    """The server's clock. Each call returns its time, ISO 8601."""

    url: str

    @property
    def now(self) -> str:
        return str(ask(self.url, "GET", "/clock")["now"])

    def advance(self, duration: str | float) -> str:
        """Lets time pass: seconds, or text such as `15m`. Returns when all that was due is done."""
        return self._change(advance=duration)

    def set(self, now: str) -> str:
        return self._change(now=now)

    def freeze(self) -> str:
        return self._change(frozen=True)

    def run(self) -> str:
        return self._change(frozen=False)

    def _change(self, **change: object) -> str:
        return str(ask(self.url, "POST", "/clock", change)["now"])


@dataclass(frozen=True, slots=True)
class SandboxFaults:
    """The rules by which requests fail."""

    url: str

    def add(
        self,
        fault: str,
        *,
        rel: str | None = None,
        method: str | None = None,
        user: str | None = None,
        path: str | None = None,
        after: int = 0,
        count: int | None = 1,
        probability: float = 1.0,
        **parameters: str | float,
    ) -> str:
        """Adds a rule, as /sandbox/faults; returns its id. `parameters`: those of the fault, such as `seconds`."""
        rule = {"fault": fault, "parameters": parameters, "rel": rel, "method": method, "user": user, "path": path}
        added = ask(self.url, "POST", "/faults", rule | {"after": after, "count": count, "probability": probability})
        return str(added["id"])

    def all(self) -> Sequence[Mapping[str, Any]]:
        """The rules, with how often they struck (`hits`)."""
        found: Sequence[Mapping[str, Any]] = ask(self.url, "GET", "/faults")["rules"]
        return found

    def remove(self, rule: str) -> None:
        ask(self.url, "DELETE", f"/faults/{quote(rule, safe='')}")

    def clear(self) -> None:
        ask(self.url, "DELETE", "/faults")

    @property
    def catalogue(self) -> Mapping[str, Any]:
        """All faults, and the errors of each operation."""
        found: Mapping[str, Any] = ask(self.url, "GET", "/faults/catalogue")
        return found


@dataclass(frozen=True, slots=True)
class SandboxRequests:
    """The requests that the server has received."""

    url: str

    def find(self, **match: str | int) -> Sequence[Mapping[str, Any]]:
        """The requests, oldest first: by `method`, `path`, `rel`, `user`, `status`, `body`, `since`."""
        found: Sequence[Mapping[str, Any]] = ask(self.url, "GET", f"/requests?{urlencode(match)}")["requests"]
        return found

    def verify(
        self, *, at_least: int | None = None, at_most: int | None = None, exactly: int | None = None, **match: object
    ) -> None:
        """AssertionError: not as many requests match as are expected, by default at least one."""
        wanted = {"atLeast": at_least, "atMost": at_most, "exactly": exactly} | match
        verdict = ask(self.url, "POST", "/requests/verify", wanted_only(wanted))
        if not verdict["verified"]:
            came = "\n".join(f"  {each['method']} {each['path']} {each['status']}" for each in self.find())
            raise AssertionError(
                f"{verdict['count']} requests match {match}, expected {verdict['expected']}; received:\n{came}"
            )

    @property
    def deviations(self) -> Sequence[Mapping[str, Any]]:
        """The requests in which a client departed from the reference, and how."""
        found: Sequence[Mapping[str, Any]] = ask(self.url, "GET", "/requests/deviations")["requests"]
        return found

    def clear(self) -> None:
        ask(self.url, "DELETE", "/requests")


def wanted_only(values: Mapping[str, object]) -> dict[str, object]:
    """`values` without those that are None."""
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class SandboxServer:
    """A running sandbox. `url`: its address. `users`: its users, with their passwords."""

    url: str
    users: tuple[SandboxUser, ...]

    @property
    def clock(self) -> SandboxClock:
        return SandboxClock(self.url)

    @property
    def faults(self) -> SandboxFaults:
        return SandboxFaults(self.url)

    @property
    def requests(self) -> SandboxRequests:
        return SandboxRequests(self.url)

    @property
    def waiting_polls(self) -> int:
        """The number of polls that wait at the moment."""
        return int(ask(self.url, "GET", "")["waitingPolls"])

    def reset(self, user: str | None = None) -> None:
        """Returns to the state after the start; `user`: removes only what this user (a SIP URI) has."""
        ask(self.url, "POST", "/reset", {} if user is None else {"user": user})

    def snapshot(self, name: str) -> None:
        """Keeps the present state under a name."""
        ask(self.url, "PUT", f"/snapshots/{quote(name, safe='')}")

    def restore(self, name: str) -> None:
        """Returns to a snapshot."""
        ask(self.url, "POST", f"/snapshots/{quote(name, safe='')}/restore")

    def password(self, user: SandboxUser | None = None) -> Password:
        """The credentials of a user, by default the first."""
        of = user or self.users[0]
        return Password(of.uri.removeprefix("sip:"), of.password)

    def client(self, user: SandboxUser | None = None, **options: Any) -> Client:
        """A client of `openucwa.client`, with the credentials of a user, by default the first."""
        return Client(self.url, self.password(user), **options)

    def async_client(self, user: SandboxUser | None = None, **options: Any) -> AsyncClient:
        """As `client`, for asyncio."""
        return AsyncClient(self.url, self.password(user), **options)


Running = tuple[str, tuple[SandboxUser, ...]]


@contextmanager
def in_thread(file: Path | None, random_seed: int | None, now: str | None, *, frozen: bool) -> Iterator[Running]:
    """A sandbox in a thread: its address and users."""
    seed = DEFAULT if file is None else read_seed(file)
    started: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    start = None if now is None else ms_of(now)

    def run() -> None:
        try:
            world = SandboxWorld(seed=random_seed, now=start, frozen=frozen)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_serve(world, seed, started, stop))
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is raised where the server was wanted
            started.put(error)

    # Without a handler of the test run's own, Python would write warnings to its stderr.
    logger, handler = logging.getLogger("openucwa"), logging.NullHandler()
    logger.addHandler(handler)
    thread = threading.Thread(target=run, name="openucwa sandbox", daemon=True)
    thread.start()
    try:
        url = started.get(timeout=PATIENCE)
        if isinstance(url, BaseException):
            raise url
        try:
            yield url, seed.users
        finally:
            loop, event = stop[0]
            loop.call_soon_threadsafe(event.set)
            thread.join(PATIENCE)
    finally:
        logger.removeHandler(handler)


async def _serve(
    world: SandboxWorld,
    seed: Seed,
    started: "queue.SimpleQueue[str | BaseException]",
    stop: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]],
) -> None:
    listeners = bind(("http://127.0.0.1:0",))
    try:
        sandbox = make_sandbox(Config(listen=(listeners[0].url,)), world, seed)
        server = Server(sandbox, sandbox.config)
        ended = asyncio.Event()
        await sandbox.start()
        try:
            await server.start(listeners, None)
            stop.append((asyncio.get_running_loop(), ended))
            started.put(listeners[0].url)
            await ended.wait()
            server.stop_accepting()
            await sandbox.release()
            await server.finish(sandbox.config.shutdown_timeout, asyncio.Event())
        finally:
            await server.close()
            await sandbox.stop()
    finally:
        close(listeners)


@contextmanager
def in_process(
    file: Path | None, random_seed: int | None, now: str | None, arguments: Sequence[str], *, frozen: bool
) -> Iterator[Running]:
    """A sandbox as a process: its address and users."""
    users = (DEFAULT if file is None else read_seed(file)).users
    options = ["--listen", "http://127.0.0.1:0", *arguments]
    for name, value in (("--seed", file), ("--random-seed", random_seed), ("--now", now)):
        if value is not None:
            options += [name, str(value)]
    if frozen:
        options.append("--frozen")
    with (
        TemporaryFile() as log,
        subprocess.Popen(  # noqa: S603  # this interpreter, with arguments of the test
            [sys.executable, "-m", "openucwa", "sandbox", *options], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None  # noqa: S101  # it is a pipe
            line = process.stdout.readline()
            if not line:
                status = process.wait()
                log.seek(0)
                said = log.read().decode(errors="replace").strip()
                raise RuntimeError(f"openucwa sandbox ended with status {status}: {said}")
            yield line.split()[-1], users
        finally:
            process.terminate()
