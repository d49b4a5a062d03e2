"""The bus of one machine: immediate within this process, by polling the shared store between processes.

Workers of one server also have a relay, which is immediate. The store is polled all the same: for changes by other
programs, and for messages that a relay dropped.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from openucwa.channel.bus import Listener, Listeners
from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: The topics changed by other processes since the last call; at first: since the store was opened.
MovedElsewhere: TypeAlias = Callable[[], Awaitable[frozenset[str]]]

#: Seconds between two polls of the store.
LOOK = 0.02

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
    """The bus of one machine. `moved_elsewhere`: None if no other process can share the store; called only while there
    are listeners.
    """

    def __init__(self, world: World, moved_elsewhere: MovedElsewhere | None = None, relay: Relay | None = None) -> None:
        self._world = world
        self._moved_elsewhere = moved_elsewhere
        self._relay = relay
        self._listeners = Listeners()
        self._looking: asyncio.Task[None] | None = None
        self._running = False

    async def start(self) -> None:
        self._running = True
        if self._relay is not None:
            self._relay.listen(self._hear)
        self._look()

    async def stop(self) -> None:
        self._running = False
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    def publish(self, topics: frozenset[str]) -> None:
        self._hear(topics)
        if self._relay is not None and self._running and topics:
            self._relay.send(topics)

    async def require(self) -> None:
        """The bus of one process is always available."""

    @property
    def reachable(self) -> bool:
        return True

    async def wait_reachable(self, seconds: float) -> bool:
        return True

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        end = self._listeners.add(listener)
        self._look()
        return end

    def describe(self) -> str:
        return "this process" if self._moved_elsewhere is None else "this machine"

    def _hear(self, topics: frozenset[str]) -> None:
        if self._running:
            self._listeners.tell(topics)

    def _look(self) -> None:
        if self._running and self._listeners and self._moved_elsewhere is not None and self._looking is None:
            self._looking = asyncio.create_task(self._look_on(self._moved_elsewhere), name="openucwa local bus")

    async def _look_on(self, moved_elsewhere: MovedElsewhere) -> None:
        try:
            while self._listeners:
                await self._world.sleep(LOOK)
                try:
                    self._listeners.tell(await moved_elsewhere())
                except Refusal as refusal:
                    logger.warning("could not read other processes' events from the store: %s", refusal.reason)
        finally:
            self._looking = None
