"""The supervisor: binds the listeners, and starts, watches and stops the workers.

It serves nothing itself and opens no store. Each worker accepts from sockets of its own, which the supervisor keeps
open as well: connections waiting to be accepted outlive the worker, and are answered by its replacement.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any

from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.model.world import World
from openucwa.server.control import ProcessControl, Signals, reloaded
from openucwa.server.listeners import Listener, close, share
from openucwa.workers.link import Failed, InheritedListener, Link, Ready, Reload, Start, Stop, TopicsChanged

#: Seconds between the start of a worker and that of its replacement; doubled for each that did not get ready.
PAUSE = 1.0
#: Failed starts in a row that a worker may have, once all have been ready. Before that the first failure ends the
#: server.
MAX_FAILURES = 5
#: Seconds beyond `shutdown_timeout` for closing a worker's store, and for a forced stop.
LAST = 5.0

logger = logging.getLogger("openucwa.workers")


class WorkersError(ConfigError):
    """Workers do not get ready. The text says why."""


async def supervise(
    config: Config,
    listeners: Sequence[Listener],
    control: ProcessControl,
    world: World,
    ready: Callable[[list[str]], None],
) -> int:
    """Runs `config.workers` processes on bound listeners, until SIGTERM or SIGINT; returns the exit status.

    `ready`: called with the listeners' URLs once all workers accept connections. A worker that ends is replaced. The
    first signal is passed on, and every worker may finish requests in flight; a second one stops them at once, and the
    status is 1. SIGHUP is passed on as well. ListenError, WorkersError: they do not start, or no longer.
    """
    with Signals(control):
        return await _Supervisor(config, listeners, world, ready, control).run()


class _Worker:
    """A worker process, from start to end. `why`: its own message if it could not serve."""

    def __init__(self, process: asyncio.subprocess.Process, link: Link) -> None:
        self.process = process
        self.link = link
        self.ready = False
        self.why: str | None = None

    async def ended(self) -> str:
        """The reason of its end, once it has ended."""
        status = await self.process.wait()
        self.link.close()
        if self.why is not None:
            return self.why
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended with status {status}"


class _Supervisor:
    """The workers, each kept running by a task of its own."""

    def __init__(
        self,
        config: Config,
        listeners: Sequence[Listener],
        world: World,
        ready: Callable[[list[str]], None],
        control: ProcessControl,
    ) -> None:
        self._config = config
        self._shares = share(listeners, config.workers)
        self._world = world
        self._ready = ready
        self._stop = control.stop
        self._force = control.force
        control.on_reload(self._reload)
        self._workers: dict[int, _Worker] = {}
        self._never_ready = set(range(config.workers))
        self._trouble: str | None = None

    async def run(self) -> int:
        """As `supervise`."""
        keepers = [asyncio.create_task(self._keep_running(index)) for index in range(self._config.workers)]
        try:
            await self._stopped(keepers)
            self._order(Stop())
            self._refuse_connections()
            if not await self._ended(keepers, self._config.shutdown_timeout + LAST, self._force):
                self._order(Stop(force=True))
                await self._ended(keepers, LAST)
        finally:
            self._refuse_connections()
            for worker in self._workers.values():
                worker.process.kill()
            await asyncio.gather(*keepers)
        if self._trouble is not None:
            raise WorkersError(self._trouble)
        return 1 if self._force.is_set() else 0

    async def _stopped(self, keepers: Sequence["asyncio.Task[None]"]) -> None:
        """Returns at the stop, or when a task of a worker ended without one."""
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stopping, *keepers}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self._stop.set()

    async def _ended(
        self, keepers: Sequence["asyncio.Task[None]"], seconds: float, unless: asyncio.Event | None = None
    ) -> bool:
        """Whether all ended within `seconds` and before `unless`."""
        waits: list[asyncio.Future[Any]] = [
            asyncio.ensure_future(asyncio.wait(keepers)),
            asyncio.ensure_future(self._world.sleep(seconds)),
        ]
        if unless is not None:
            waits.append(asyncio.ensure_future(unless.wait()))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        return all(keeper.done() for keeper in keepers)

    def _refuse_connections(self) -> None:
        """Closes the sockets, so that none is listened on after its worker has stopped."""
        for listeners in self._shares:
            close(listeners)

    def _reload(self, config: Config) -> None:
        self._config = reloaded(self._config, config)
        self._order(Reload(self._config))

    def _order(self, order: Stop | Reload) -> None:
        for worker in self._workers.values():
            worker.link.send(order)

    async def _keep_running(self, index: int) -> None:
        """Keeps a worker with this index running, until the stop."""
        failures = 0
        while not self._stop.is_set():
            began = self._world.monotonic()
            worker, how = await self._run_worker(index)
            if self._stop.is_set():
                return
            failures = 0 if worker is not None and worker.ready else failures + 1
            if failures and (self._never_ready or failures >= MAX_FAILURES):
                self._give_up(index, how, said=worker is not None and worker.why is not None)
                return
            logger.error("worker %d %s; starting a replacement", index, how)
            rest = began + PAUSE * 2**failures - self._world.monotonic()
            if rest > 0:
                await self._pause(rest)

    async def _run_worker(self, index: int) -> tuple[_Worker | None, str]:
        """Runs a worker until its end; returns it, and how it ended."""
        try:
            worker = await self._start(index)
        except OSError as error:
            return None, f"cannot be started: {error.strerror}"
        self._workers[index] = worker
        if self._stop.is_set():
            worker.link.send(Stop())
        try:
            while (message := await worker.link.receive()) is not None:
                match message:
                    case TopicsChanged():
                        for other in self._workers.values():
                            if other is not worker and other.ready:
                                other.link.pass_on(message)
                    case Ready():
                        worker.ready = True
                        self._note_ready(index, worker)
                    case Failed(why):
                        worker.why = why
            return worker, await worker.ended()
        finally:
            del self._workers[index]

    async def _start(self, index: int) -> _Worker:
        """A new process with everything it needs to know."""
        listeners = tuple(
            InheritedListener(listener.url, tuple(bound.fileno() for bound in listener.sockets))
            for listener in self._shares[index]
        )
        own, theirs = socket.socketpair()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "openucwa.workers.worker",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), *(number for listener in listeners for number in listener.descriptors)),
                # Modules are found on the same path as here.
                env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                # Ctrl-C at the terminal is for this process, which passes it on.
                start_new_session=True,
            )
        except BaseException:
            own.close()
            raise
        finally:
            theirs.close()
        link = await Link.over(own)
        link.send(Start(index, self._config, listeners))
        return _Worker(process, link)

    def _note_ready(self, index: int, worker: _Worker) -> None:
        logger.info("worker %d is ready, process %d", index, worker.process.pid)
        if index in self._never_ready:
            self._never_ready.remove(index)
            if not self._never_ready:
                self._ready([listener.url for listener in self._shares[0]])

    def _give_up(self, index: int, how: str, *, said: bool) -> None:
        if self._trouble is None:
            # A worker's own message is what a server with one process would print.
            self._trouble = how if said else f"worker {index} {how} before it was ready"
        self._stop.set()

    async def _pause(self, seconds: float) -> None:
        """Waits `seconds`, or until the stop."""
        waits = {asyncio.ensure_future(self._stop.wait()), asyncio.ensure_future(self._world.sleep(seconds))}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
