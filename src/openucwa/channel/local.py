"""The bus of one machine: within this process at once, from other processes by looking at what they share.

The look is the store's: on SQLite `PRAGMA data_version` tells whether another process committed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from openucwa.channel.bus import Listener, Listeners
from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: The topics that other processes moved since it was last asked; the first time: since the store was opened.
MovedElsewhere: TypeAlias = Callable[[], Awaitable[frozenset[str]]]

#: Seconds between two looks at what other processes did.
LOOK = 0.05

logger = logging.getLogger(__name__)


class LocalBus:
    """`moved_elsewhere`: None where no other process can share the store. It is asked only while somebody listens."""

    def __init__(self, world: World, moved_elsewhere: MovedElsewhere | None = None) -> None:
        self._world = world
        self._moved_elsewhere = moved_elsewhere
        self._listeners = Listeners()
        self._looking: asyncio.Task[None] | None = None
        self._running = False

    async def start(self) -> None:
        self._running = True
        self._look()

    async def stop(self) -> None:
        self._running = False
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait({self._looking})

    def publish(self, topics: frozenset[str]) -> None:
        if self._running:
            self._listeners.tell(topics)

    async def require(self) -> None:
        """Memory is always within reach."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        end = self._listeners.add(listener)
        self._look()
        return end

    def describe(self) -> str:
        return "this process" if self._moved_elsewhere is None else "this machine"

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
                    logger.warning("the store does not say what other processes did: %s", refusal)
        finally:
            self._looking = None
