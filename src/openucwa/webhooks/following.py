"""The followers of the change log in this process: waiting requests, and webhooks."""

from openucwa.changes.tail import Tail
from openucwa.config import Config
from openucwa.model.measures import Measures
from openucwa.model.world import World
from openucwa.store.contract import Store
from openucwa.webhooks.dispatcher import Dispatcher
from openucwa.webhooks.filters import Filters
from openucwa.webhooks.messages import Messages
from openucwa.webhooks.networks import Networks
from openucwa.webhooks.subscriptions import Subscriptions


class Following:
    """The parts, connected. Nothing of it runs if there is no change log (`change_log`)."""

    def __init__(self, store: Store, world: World, config: Config, measures: Measures) -> None:
        self._store = store
        self._enabled = config.change_log
        self.tail = Tail(store.change_log, world, config.change_poll_interval)
        self.subscriptions = subscriptions(store, world, config)
        self.dispatcher = Dispatcher(store, self.tail, measures, world, config)

    async def start(self) -> None:
        """To be called once the store is open."""
        if self._enabled:
            self._store.on_invalidate(self.tail.committed)
            await self.dispatcher.start()

    async def release(self) -> None:
        """Ends all waiting requests; from now on none waits."""
        await self.tail.stop()

    async def stop(self) -> None:
        """Ends; to be called while the store is still open."""
        await self.tail.stop()
        await self.dispatcher.stop()


def subscriptions(store: Store, world: World, config: Config) -> Subscriptions:
    """The rules for webhooks, also for commands."""
    networks = Networks(config.webhook_allowed_networks)
    filters = Filters(store.meetings, config)
    return Subscriptions(store, filters, Messages(world, config), networks, world, config)
