"""Where the event channels of applications stand."""

from openucwa.model.event import ChannelState
from openucwa.model.refusals import ApplicationNotFound
from openucwa.store.engine import CHANNELS, Transaction
from openucwa.store.sql import columns
from openucwa.store.sql.applications import NO_APPLICATION
from openucwa.store.sql.part import Part

_CHANNEL = """
    select served, acknowledged, delivered, low, medium, timeout from channels
    where owner = ? and application_id = ? and instance = ?
"""

#: No row: there is no such application.
_SERVED = """
    select coalesce(c.served, 0) from applications a
    left join channels c on c.owner = a.owner and c.application_id = a.id and c.instance = ?3
    where a.owner = ?1 and a.id = ?2
"""

_WRITE = """
    insert into channels (owner, application_id, instance, served, acknowledged, delivered, low, medium, timeout)
    values (?, ?, ?, ?, ?, ?, ?, ?, ?)
    on conflict (owner, application_id, instance) do update set served = excluded.served,
        acknowledged = excluded.acknowledged, delivered = excluded.delivered, low = excluded.low,
        medium = excluded.medium, timeout = excluded.timeout
"""


class Channels(Part):
    """The channels of `store.contract.Applications`; each method is described there."""

    async def channel(self, owner: str, application_id: str, instance: str) -> ChannelState:
        row = await self._reader.row(_CHANNEL, owner, application_id, instance)
        if row is None:
            return ChannelState()
        return ChannelState(row[0], columns.numbers(row[1]), columns.numbers(row[2]), *row[3:])

    async def write_channel(
        self, owner: str, application_id: str, instance: str, expected_served: int, state: ChannelState
    ) -> bool:
        key = (owner, application_id, instance)

        async def work(transaction: Transaction) -> bool:
            found = await transaction.row(_SERVED, *key)
            if found is None:
                raise ApplicationNotFound(NO_APPLICATION)
            if found[0] != expected_served:
                return False
            await transaction.run(
                _WRITE,
                *key,
                state.served,
                columns.json(state.acknowledged),
                columns.json(state.delivered),
                state.low,
                state.medium,
                state.timeout,
            )
            return True

        return await self._writer.change(work, owner, within=CHANNELS)
