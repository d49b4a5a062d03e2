"""The serving process, from start to stop. All listeners, http and https, share one handler and one event loop."""

import asyncio
import gc
import logging
import resource
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from openucwa.config import Config
from openucwa.http.message import BodyLimit, Handler, Refused, Request
from openucwa.model.measures import Load
from openucwa.model.world import World
from openucwa.server.control import ProcessControl, Signals
from openucwa.server.listeners import Listener, Tls, bind, close
from openucwa.server.server import Server
from openucwa.server.shared import Application, Observer

#: Files that the process needs besides its connections.
OTHER_FILES = 100
#: Garbage collection thresholds: new objects, survivors, and full collections. With thousands of polls a full
#: collection takes a second and finds hardly anything, as requests and connections leave no cycles.
COLLECTING = (10_000, 5, 200)
#: Seconds between two full collections, and seconds without a request that it waits for; without a quiet moment, it
#: runs after twice the interval.
COLLECT_EVERY = 600.0
QUIET = 1.0

logger = logging.getLogger("openucwa")


class Service(Application, Protocol):
    """The application, from start to stop."""

    def status(self, load: Callable[[], Load]) -> Handler:
        """The handler of the status addresses. `load`: returns what the listeners hold at the moment."""
        ...

    async def start(self) -> None:
        """Prepares to answer requests."""
        ...

    async def release(self) -> None:
        """Ends waiting polls; from now on none waits."""
        ...

    async def stop(self) -> None:
        """Undoes `start`; also called if that failed."""
        ...


async def serve(
    service: Service,
    config: Config,
    *,
    listeners: Sequence[Listener] | None = None,
    control: ProcessControl | None = None,
    observer: Observer | None = None,
    ready: Callable[[list[str]], None] | None = None,
) -> int:
    """Serves `service` until it is to stop; returns the exit status.

    `listeners`: bound addresses; default: those of the settings. `control`: the source of commands; default: signals.
    `observer`: notified of each request. `ready`: called with the listeners' URLs once they accept connections. At a
    stop no more connections are accepted, polls end, and requests in flight have `shutdown_timeout` to finish; after
    that they are answered 503. The status is 1 if the second signal forced it. The status addresses answer from before
    the service starts until it has ended.

    ListenError: an address or the certificate is invalid. Also raises whatever `service.start` raises.
    """
    if control is None:
        control = ProcessControl()
        with Signals(control):
            return await serve(service, config, listeners=listeners, control=control, observer=observer, ready=ready)
    bound = bind(config.listen) if listeners is None else listeners
    try:
        tls = Tls(config) if any(listener.secure for listener in bound) else None
        if tls is not None:
            control.on_reload(tls.reload)
        _allow_files(config.max_connections + OTHER_FILES)
        with _collecting_seldom():
            server = Server(service, config, observer)
            collecting = asyncio.create_task(_collect(server), name="openucwa garbage")
            try:
                async with _status(service, lambda: server.load(tls.expiry if tls else None), config):
                    await _run(service, server, bound, tls.context if tls else None, config, control, ready)
            finally:
                collecting.cancel()
    finally:
        close(bound)
    return 1 if control.force.is_set() else 0


async def _run(
    service: Service,
    server: Server,
    listeners: Sequence[Listener],
    tls: ssl.SSLContext | None,
    config: Config,
    control: ProcessControl,
    ready: Callable[[list[str]], None] | None,
) -> None:
    await service.start()
    try:
        await server.start(listeners, tls)
        if ready is not None:
            ready([listener.url for listener in listeners])
        await control.stop.wait()
        server.stop_accepting()
        await service.release()
        await server.finish(config.shutdown_timeout, control.force)
    finally:
        await server.close()
        await service.stop()


@dataclass(frozen=True, slots=True)
class _Status:
    """The application of the status addresses."""

    handler: Handler
    world: World
    body_limit: BodyLimit
    refused: Refused


@asynccontextmanager
async def _status(service: Service, load: Callable[[], Load], config: Config) -> AsyncIterator[None]:
    """Serves the status addresses, if there are any, during the block."""
    if not config.status_listen:
        yield
        return
    listeners = bind(config.status_listen)
    application = _Status(service.status(load), service.world, _no_body, service.refused)
    status = Server(application, config)
    try:
        await status.start(listeners, None)
        for listener in listeners:
            logger.info("status at %s", listener.url)
        yield
    finally:
        await status.close()
        close(listeners)


def _no_body(_request: Request) -> int:
    return 0


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*before)


async def _collect(server: Server) -> None:
    """A full collection from time to time, during a second without requests."""
    shared = server.shared
    while True:
        await shared.world.sleep(COLLECT_EVERY)
        end = shared.world.monotonic() + COLLECT_EVERY
        begun = -1
        while begun != shared.begun and shared.world.monotonic() < end:
            begun = shared.begun
            await shared.world.sleep(QUIET)
        gc.collect()


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
