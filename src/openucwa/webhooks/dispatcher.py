"""Which webhooks this process delivers for: those whose leases it has."""

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from openucwa.changes.tail import Tail
from openucwa.changes.wake import Wake
from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.model.refusals import Refusal
from openucwa.model.webhook import Webhook
from openucwa.model.world import World
from openucwa.store.contract import Leased, Store
from openucwa.webhooks.filters import Filters
from openucwa.webhooks.messages import Messages
from openucwa.webhooks.networks import Networks
from openucwa.webhooks.outbox import LeaseLost, Outbox, OutboxSettings, Parts
from openucwa.webhooks.sender import Sender

#: A lease is renewed this often before it is too short for an attempt.
_RENEWALS = 3
#: Webhooks of one process; the rest is for others.
MAX_LEASED = 10_000
#: Finished deliveries that are forgotten at a time, and seconds between two times.
_FORGOTTEN_AT_A_TIME = 500
_FORGET_INTERVAL = 60.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DispatcherSettings:
    """The settings of these names."""

    deliveries_kept: int
    max_deliveries: int
    webhook_lease: float
    webhook_timeout: float


class Dispatcher:
    """Delivers to webhooks. Every process has one; the store makes sure that one process delivers for a webhook."""

    def __init__(
        self,
        store: Store,
        tail: Tail,
        measures: Measures,
        world: World,
        config: Config,
    ) -> None:
        self._webhooks = store.webhooks
        self._world = world
        self._networks = Networks(config.webhook_allowed_networks)
        self._config = config
        self._settings = config.part(DispatcherSettings)
        self._context: ssl.SSLContext | None = None
        self._outboxes: dict[str, Outbox] = {}
        self._wake = Wake(world)
        self._task: asyncio.Task[None] | None = None
        self._forgotten = world.monotonic()
        self._failed = False
        self._parts = Parts(
            store.webhooks,
            store.change_log,
            tail,
            Messages(world, config),
            measures,
            world,
            config.part(OutboxSettings),
            world.random_bytes(8).hex(),
            Filters(store.meetings, config).admits,
            self._sender,
        )

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="openucwa webhooks")

    async def stop(self) -> None:
        """Ends, and leaves the webhooks to other processes; to be called while the store is still open."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.wait({self._task})
        self._task = None
        for outbox in self._outboxes.values():
            await outbox.stop()
        self._outboxes.clear()
        self._networks.close()
        try:
            await self._webhooks.release(self._parts.holder)
        except Refusal as refusal:
            logger.warning("webhooks were not released: %s", refusal.reason)

    def changed(self) -> None:
        """To be called when this process has changed a webhook or a delivery; others notice within a third of the
        lease.
        """
        self._wake.wake()

    async def _run(self) -> None:
        while True:
            try:
                await self._claim()
                await self._forget()
                self._failed = False
            except Refusal as refusal:
                if not self._failed:
                    logger.warning("webhooks wait for the store: %s", refusal.reason)
                self._failed = True
            except Exception:
                # What goes wrong once must not stop all deliveries.
                logger.exception("webhooks wait")
            await self._wake.wait(self._settings.webhook_lease / _RENEWALS)

    async def _claim(self) -> None:
        now, lease = self._world.now(), self._settings.webhook_lease + self._settings.webhook_timeout
        valid_until = self._world.monotonic() + lease
        leased = await self._webhooks.claim(self._parts.holder, now, now + round(1000 * lease), MAX_LEASED)
        await self._update(leased, valid_until)

    async def _update(self, leased: Sequence[Leased], valid_until: float) -> None:
        by_id = {each.webhook.id: each for each in leased}
        for webhook, outbox in tuple(self._outboxes.items()):
            if webhook not in by_id or outbox.task.done() or not _renewed(outbox, by_id[webhook].webhook, valid_until):
                del self._outboxes[webhook]
                await outbox.stop()
        for webhook, each in by_id.items():
            if webhook not in self._outboxes:
                self._outboxes[webhook] = outbox = Outbox(each, valid_until, self._parts)
                # One that ended for a reason of its own may begin again.
                outbox.task.add_done_callback(lambda _task: self._wake.wake())
        self._parts.measures.webhooks = len(self._outboxes)

    async def _forget(self) -> None:
        if self._world.monotonic() - self._forgotten < _FORGET_INTERVAL:
            return
        self._forgotten = self._world.monotonic()
        before = self._world.now() - 1000 * self._settings.deliveries_kept
        for _ in range(100):
            if await self._webhooks.forget(self._settings.max_deliveries, before, _FORGOTTEN_AT_A_TIME) == 0:
                break

    def _sender(self, url: str) -> Sender:
        if self._context is None:
            self._context = ssl.create_default_context()
        config = self._config
        return Sender(
            url, self._networks, self._context, config.webhook_timeout, config.webhook_concurrency, self._world
        )


def _renewed(outbox: Outbox, webhook: Webhook, valid_until: float) -> bool:
    try:
        outbox.renew(webhook, valid_until)
    except LeaseLost:
        return False
    return True
