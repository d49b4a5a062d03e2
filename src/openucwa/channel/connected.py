"""The common base of buses between servers: one connection, re-established as necessary, and the outgoing messages."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress

from openucwa.channel.bus import Listener, Listeners, Missed
from openucwa.model.refusals import CallbackChannelError
from openucwa.model.world import World

#: Seconds between two attempts to connect.
RETRY = 1.0
#: The maximum number of topics queued while there is no connection; polls find further ones in the log.
MAX_KEPT = 100_000

logger = logging.getLogger(__name__)


class ConnectedBus(ABC):
    """`Bus` over one connection. Whenever that ends, for whatever reason, a new one is made, for ever.

    Topics are queued until the other side has confirmed them, and are sent again on the next connection. Others' topics
    that were sent meanwhile are lost, so listeners are notified to read the log.

    `address`: what it connects to, for people, without secrets.
    """

    def __init__(self, address: str, world: World) -> None:
        self._address = address
        self._world = world
        self._connections = 0
        self._listeners = Listeners()
        self._outgoing: set[str] = set()
        self._unconfirmed: set[str] = set()
        self._work = asyncio.Event()
        self._tried = asyncio.Event()
        self._up = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    @property
    @abstractmethod
    def _connected(self) -> bool:
        """Whether there is a connection that lives."""

    def _came_up(self) -> None:
        """Is called when a connection is ready."""
        self._connections += 1
        self._tried.set()
        self._up.set()
        self._listeners.miss()

    def _take(self) -> set[str]:
        """The topics to send next; on a new connection first those that the previous one left unconfirmed."""
        self._unconfirmed, self._outgoing = self._outgoing, set()
        return self._unconfirmed

    def _confirm(self) -> None:
        """Is called when what was taken has arrived."""
        self._unconfirmed = set()

    @abstractmethod
    async def _connection_once(self) -> None:
        """One connection from its beginning, when it calls `_came_up`, to its end; it sends what it can `_take`
        meanwhile, and ends when the bus is `_stopping` and all is sent."""

    async def start(self) -> None:
        """As `Bus.start`."""
        self._stopping = False
        self._tried.clear()
        self._task = asyncio.create_task(self._stay_connected(), name=f"openucwa bus, {self._address}")
        # Ready: others can be notified of changes, unless there is nobody to reach.
        await self._tried.wait()

    async def stop(self) -> None:
        """As `Bus.stop`."""
        self._stopping = True
        self._work.set()
        if self._task is not None:
            if not self._connected:
                self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def publish(self, topics: frozenset[str]) -> None:
        """As `Bus.publish`."""
        self._listeners.notify(topics)
        if topics and (self._connected or len(self._outgoing) + len(topics) <= MAX_KEPT):
            self._outgoing |= topics
            self._work.set()

    async def require(self) -> None:
        """As `Bus.require`."""
        if not self._connected:
            raise CallbackChannelError("the event bus cannot be reached", reason=f"{self._address} cannot be reached")

    @property
    def reachable(self) -> bool:
        """As `Bus.reachable`."""
        return self._connected

    async def wait_reachable(self, seconds: float) -> bool:
        """As `Bus.wait_reachable`."""
        self._hurry.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._up.wait()
        return self._connected

    def subscribe(self, listener: Listener, missed: Missed | None = None, *, of_log: bool = True) -> Callable[[], None]:
        """As `Bus.subscribe`."""
        return self._listeners.add(listener, missed, of_log=of_log)

    @property
    def connections(self) -> int:
        """As `Bus.connections`."""
        return self._connections

    def describe(self) -> str:
        """As `Bus.describe`."""
        return f"{self._address}, {'connected' if self._connected else 'not connected'}"

    async def _stay_connected(self) -> None:
        known_away = False
        at_once = True
        while not self._stopping:
            try:
                await self._connection_once()
                if not self._stopping:
                    logger.warning("the event bus's connection to %s has ended", self._address)
            except Exception as error:  # noqa: BLE001  # whatever it is, the next attempt may succeed
                # Not the error's text: it may hold what the server said about our credentials.
                level = logging.DEBUG if known_away else logging.WARNING
                logger.log(level, "%s cannot be reached: %s", self._address, type(error).__name__)
                known_away = True
            else:
                known_away = False
                if at_once:
                    at_once = False
                    continue
            finally:
                self._up.clear()
                self._tried.set()
                self._outgoing |= self._unconfirmed
                self._unconfirmed = set()
            if not self._stopping:
                await self._pause()
                at_once = True

    async def _pause(self) -> None:
        """Waits until the next attempt is due, or somebody can't wait for it."""
        self._hurry.clear()
        waits = [asyncio.ensure_future(wait) for wait in (self._world.sleep(RETRY), self._hurry.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
