"""The bus of one machine: within this process at once, from other processes by looking at what they share.

The look is the store's: what is shared is its file. Processes of one server have a shorter way, a relay, by which they
hear at once; what they share is looked at all the same, for what others write, and for what a relay drops.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

from openucwa.channel.bus import Listener, Listeners
from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: The topics that other processes moved since it was last asked; the first time: since the store was opened.
MovedElsewhere: TypeAlias = Callable[[], Awaitable[frozenset[str]]]

#: Seconds between two looks at what other processes did.
LOOK = 0.02

logger = logging.getLogger(__name__)


class Relay(Protocol):
    """The way to the other processes of this server, where it has several. It may lose what it is given."""

    def listen(self, listener: Listener) -> None:
        """From now on calls `listener` in the event loop with what the others send."""
        ...

    def send(self, topics: frozenset[str]) -> None:
        """Tells the others; never blocks."""
        ...


class LocalBus:
    """`moved_elsewhere`: None where no other process can share the store. It is asked only while somebody listens."""

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
        """Memory is always within reach."""

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
                    logger.warning("the store does not say what other processes did: %s", refusal.reason)
        finally:
            self._looking = None
