"""The bus of one machine: immediate within this process, by polling the shared store between processes.

Workers of one server also have a relay, which is immediate. The store is polled all the same: for changes by other
programs, and for messages that a relay dropped.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from openucwa.channel.bus import Listener, Listeners, Missed
from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: The topics changed by other processes since the last call; at first: since the store was opened.
MovedElsewhere: TypeAlias = Callable[[], Awaitable[frozenset[str]]]

#: Seconds between two polls of the store.
POLL_INTERVAL = 0.02

logger = logging.getLogger(__name__)


class Relay(Protocol):
    """The link to the other workers of this server. It may lose messages."""

    def listen(self, listener: Listener) -> None:
        """Calls `listener` in the event loop with the topics that the others send."""
        ...

    def send(self, topics: frozenset[str]) -> None:
        """Sends topics to the others; never blocks."""
        ...


class LocalBus:
    """The bus of one machine. `foreign_topics`: None if no other process can share the store; called only while there
    are listeners.
    """

    def __init__(self, world: World, foreign_topics: MovedElsewhere | None = None, relay: Relay | None = None) -> None:
        self._world = world
        self._foreign_topics = foreign_topics
        self._relay = relay
        self._listeners = Listeners()
        self._polling: asyncio.Task[None] | None = None
        self._running = False

    async def start(self) -> None:
        self._running = True
        if self._relay is not None:
            self._relay.listen(self._receive)
        self._start_polling()

    async def stop(self) -> None:
        self._running = False
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.wait({self._polling})

    def publish(self, topics: frozenset[str]) -> None:
        self._receive(topics)
        if self._relay is not None and self._running and topics:
            self._relay.send(topics)

    async def require(self) -> None:
        """The bus of one process is always available."""

    @property
    def reachable(self) -> bool:
        return True

    async def wait_reachable(self, seconds: float) -> bool:
        return True

    def subscribe(self, listener: Listener, missed: Missed | None = None, *, of_log: bool = True) -> Callable[[], None]:
        end = self._listeners.add(listener, missed, of_log=of_log)
        self._start_polling()
        return end

    @property
    def connections(self) -> int:
        """As `Bus.connections`."""
        return 0

    def describe(self) -> str:
        return "this process" if self._foreign_topics is None else "this machine"

    def _receive(self, topics: frozenset[str]) -> None:
        if self._running:
            self._listeners.notify(topics)

    def _start_polling(self) -> None:
        if self._running and self._listeners.of_log and self._foreign_topics is not None and self._polling is None:
            self._polling = asyncio.create_task(self._poll_store(self._foreign_topics), name="openucwa local bus")

    async def _poll_store(self, foreign_topics: MovedElsewhere) -> None:
        try:
            while self._listeners.of_log:
                await self._world.sleep(POLL_INTERVAL)
                try:
                    self._listeners.notify(await foreign_topics())
                except Refusal as refusal:
                    logger.warning("could not read other processes' events from the store: %s", refusal.reason)
        finally:
            self._polling = None
