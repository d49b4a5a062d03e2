"""Presence that changes because time passes: users who become idle or away, and subscriptions that expire.

Each process sweeps; the store makes sure that each change is made once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.model.refusals import Refusal
from openucwa.model.world import World
from openucwa.store.contract import Presences, Subscriptions

#: How many of each one change deals with, so that other changes do not wait for long.
AT_A_TIME = 100

logger = logging.getLogger(__name__)


class PresenceSweeper:
    """Sweeps every `presence_sweep_interval` seconds."""

    def __init__(
        self, presence: Presences, subscriptions: Subscriptions, world: World, config: Config, measures: Measures
    ) -> None:
        self._presence = presence
        self._subscriptions = subscriptions
        self._world = world
        self._measures = measures
        self._interval = config.presence_sweep_interval
        self._notice = 1000 * config.presence_subscription_notice
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._sweep_regularly(), name="openucwa presence")

    async def stop(self) -> None:
        """Ends; to be called while the store is still open."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def sweep(self) -> None:
        """Makes all changes that are due."""
        now = self._world.now()
        await _all(lambda: self._presence.update_due(now, AT_A_TIME))
        await _all(lambda: self._subscriptions.expire(now, AT_A_TIME))
        await _all(lambda: self._subscriptions.announce_ending(now + self._notice, AT_A_TIME, now))

    async def _sweep_regularly(self) -> None:
        while True:
            await self._world.sleep(self._interval)
            try:
                await self.sweep()
                self._measures.swept["presence"] = self._world.now()
            except Refusal as refusal:
                logger.warning("presence not updated: %s", refusal.reason)
            except Exception:
                # What goes wrong once must not stop all later sweeps.
                logger.exception("presence not updated")


async def _all(some: Callable[[], Awaitable[int]]) -> None:
    while await some() == AT_A_TIME:
        pass
