"""The process that serves: its connections, its life from start to stop, and nothing that a request says.

All listeners, http and https, serve one application in one event loop.
"""

import asyncio
import gc
import logging
import resource
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from email.utils import formatdate
from typing import Any, Protocol, cast

from uvicorn.config import Config as UvicornConfig
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.model.world import World
from openucwa.wire.access_log import AccessLog, LogLines
from openucwa.wire.asgi import AsgiApp
from openucwa.wire.http_protocol import HttpProtocol
from openucwa.wire.listeners import Listener, bind, close, listen_error, tls_context
from openucwa.wire.status import addresses

#: Connections that may wait to be accepted.
BACKLOG = 2048
#: Files that the process needs open besides its connections.
OTHER_FILES = 100
#: Seconds between two looks at what is still under way at a stop.
LOOK = 0.02
#: When the garbage collection looks at new objects, at those that it saw once, and at all: with thousands of polls the
#: last of these takes a second, and there is hardly anything to be found, as requests and connections leave no circles.
COLLECTING = (10_000, 5, 200)
#: Seconds in which a request that was cut off may still be answered.
CUT_OFF = 0.5

logger = logging.getLogger("openucwa")


class Service(Protocol):
    """What is served."""

    @property
    def asgi(self) -> AsgiApp:
        """The application."""
        ...

    @property
    def world(self) -> World:
        """Its clocks and its chance."""
        ...

    @property
    def measures(self) -> Measures:
        """What it counts."""
        ...

    def status(self, connections: Callable[[], int]) -> AsgiApp:
        """The application of the status address. `connections`: how many are open."""
        ...

    async def start(self) -> None:
        """Makes it ready for requests."""
        ...

    async def release(self) -> None:
        """Lets polls that wait for events answer at once, from now on."""
        ...

    async def stop(self) -> None:
        """Ends it; no request is under way any more."""
        ...


async def serve(
    service: Service,
    config: Config,
    *,
    listeners: Sequence[Listener] | None = None,
    lines: LogLines | None = None,
    ready: Callable[[list[str]], None] | None = None,
    stop: asyncio.Event | None = None,
    force: asyncio.Event | None = None,
    worker: int = 0,
) -> int:
    """Serves `service` until `stop` is set or the process gets SIGTERM or SIGINT; the exit status.

    `listeners`: addresses that were taken before; else those of the settings. `lines`: where requests are logged.
    `ready` is called with the listeners' URLs once they accept connections.
    At a stop no more connections are accepted, polls are released, and what is under way may finish for
    `shutdown_timeout`; what then still isn't done is answered 503. A second signal, or `force`, waits for nothing; the
    status is then 1. Who gives `force` looks after signals as well.
    `worker`: which of several processes this is, from 0: it settles the ports of the status addresses. These answer
    from before the service starts until it has ended.
    ListenError: an address or the certificate can't be used. Besides: whatever `service.start` raises.
    """
    stop = stop or asyncio.Event()
    signals: AbstractContextManager[object] = nullcontext()
    if force is None:
        force = asyncio.Event()
        signals = Signals(stop, force)
    bound = bind(config.listen) if listeners is None else listeners
    try:
        tls = _tls(config, bound)
        _allow_files(config.max_connections + OTHER_FILES)
        with signals, _collecting_seldom():
            log = AccessLog(service.asgi, lines, service.measures) if lines is not None else None
            server = _Server(_behind_proxies(log or service.asgi, config), config)
            async with _status(service.status, server, config, worker):
                await service.start()
                try:
                    await server.start(bound, tls)
                    if ready is not None:
                        ready([listener.url for listener in bound])
                    await stop.wait()
                    server.stop_accepting()
                    await service.release()
                    await server.finish(config.shutdown_timeout, force)
                finally:
                    server.close()
                    await service.stop()
    finally:
        close(bound)
    return 1 if force.is_set() else 0


class _Server:
    """The connections of all listeners."""

    def __init__(self, app: AsgiApp, config: Config) -> None:
        self._settings = config
        self._uvicorn = UvicornConfig(
            cast("Any", app),
            http=HttpProtocol,
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
        self._uvicorn.load()
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []
        self._clock: asyncio.TimerHandle | None = None

    async def start(self, listeners: Sequence[Listener], tls: ssl.SSLContext | None) -> None:
        loop = asyncio.get_running_loop()
        self._set_date(loop)
        for listener in listeners:
            for bound in listener.sockets:
                try:
                    bound.listen(BACKLOG)
                except OSError as error:
                    raise listen_error(listener.url, error) from None
        for listener in listeners:
            for bound in listener.sockets:
                server = await loop.create_server(
                    lambda: HttpProtocol(self._uvicorn, self._state, loop, self._settings),
                    sock=bound,
                    backlog=BACKLOG,
                    ssl=tls if listener.secure else None,
                    ssl_handshake_timeout=self._settings.header_timeout if listener.secure else None,
                )
                self._servers.append(server)

    def count(self) -> int:
        """How many connections are open."""
        return len(self._state.connections)

    def stop_accepting(self) -> None:
        """Refuses connections from now on; those that are idle end."""
        for server in self._servers:
            server.close()
        for connection in list(self._state.connections):
            connection.shutdown()

    async def finish(self, patience: float, force: asyncio.Event) -> None:
        """Waits for what is under way, for `patience` seconds or until `force`; then answers the rest 503."""
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        state = self._state  # uvicorn's, whose sets tell nobody when they change
        while (state.connections or state.tasks) and loop.time() < end and not force.is_set():  # noqa: ASYNC110
            await asyncio.sleep(LOOK)
        if tasks := list(self._state.tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=CUT_OFF)

    def close(self) -> None:
        """Ends whatever is still there."""
        self.stop_accepting()
        for connection in list(self._state.connections):
            cast("HttpProtocol", connection).transport.abort()
        if self._clock is not None:
            self._clock.cancel()

    def _set_date(self, loop: asyncio.AbstractEventLoop) -> None:
        self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
        self._clock = loop.call_later(1, self._set_date, loop)


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@asynccontextmanager
async def _status(
    app: Callable[[Callable[[], int]], AsgiApp], server: _Server, config: Config, worker: int
) -> AsyncIterator[None]:
    """The status addresses, where there are any, answer for as long as the block lasts."""
    if not config.status_listen:
        yield
        return
    listeners = bind(addresses(config.status_listen, worker))
    status = _Server(app(server.count), config)
    try:
        await status.start(listeners, None)
        for listener in listeners:
            logger.info("status at %s", listener.url)
        yield
    finally:
        status.close()
        close(listeners)


class Signals:
    """While it is entered, the first SIGTERM or SIGINT sets `stop` and a further one `force`."""

    def __init__(self, stop: asyncio.Event, force: asyncio.Event) -> None:
        self._stop = stop
        self._force = force
        self._set: list[signal.Signals] = []

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(ValueError, RuntimeError):  # outside of the main thread signals are somebody else's
                loop.add_signal_handler(number, self._notice)
                self._set.append(number)

    def __exit__(self, *_error: object) -> None:
        loop = asyncio.get_running_loop()
        for number in self._set:
            loop.remove_signal_handler(number)

    def _notice(self) -> None:
        (self._force if self._stop.is_set() else self._stop).set()


def _behind_proxies(app: AsgiApp, config: Config) -> AsgiApp:
    """`app`, told by trusted proxies who really sent a request."""
    if config.trusted_proxies:
        app = cast("AsgiApp", ProxyHeadersMiddleware(cast("Any", app), list(config.trusted_proxies)))
    return app


def _tls(config: Config, listeners: Sequence[Listener]) -> ssl.SSLContext | None:
    if not any(listener.secure for listener in listeners) or config.tls_cert is None or config.tls_key is None:
        return None
    return tls_context(config.tls_cert, config.tls_key)


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
