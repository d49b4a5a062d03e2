"""The choice of the event bus, from the settings."""

from openucwa.channel.bus import Bus
from openucwa.channel.local import LocalBus, Relay
from openucwa.config import Config
from openucwa.model.world import World
from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore


def bus_of(config: Config, world: World, store: Store, relay: Relay | None) -> Bus:
    """NATS if configured; otherwise PostgreSQL if that is the store; otherwise the bus of one machine.

    `relay`: the link to the other processes, if this is one of several workers.
    """
    if config.bus is not None:
        from openucwa.channel.nats import NatsBus  # noqa: PLC0415  # a tenth of a second that most can do without

        return NatsBus(config.bus, world)
    if config.store is not None:
        from openucwa.channel.postgres import PostgresBus  # noqa: PLC0415

        return PostgresBus(config.store, world)
    if not isinstance(store, SqliteStore):
        raise TypeError("the bus of one machine needs a store in a file")
    return LocalBus(world, store.foreign_topics, relay)
