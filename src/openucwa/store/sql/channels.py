"""The state of event channels."""
# ruff: noqa: S608 -- statements are put together from constants alone

from openucwa.model.event import ChannelState
from openucwa.model.refusals import ApplicationNotFound
from openucwa.store.engine import UNCACHED, Transaction
from openucwa.store.sql.applications import NO_APPLICATION
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import CHANNELS

_CHANNEL = f"select {CHANNELS.columns} from channels where owner = ? and application_id = ? and instance = ?"

#: No row: there is no such application.
_SERVED = """
    select coalesce(c.served, 0) from applications a
    left join channels c on c.owner = a.owner and c.application_id = a.id and c.instance = ?3
    where a.owner = ?1 and a.id = ?2
"""

_WRITE = f"""
    {CHANNELS.insert}
    on conflict (owner, application_id, instance) do update set {CHANNELS.from_excluded}
"""


class Channels(Part):
    """`store.contract.Channels`, where each method is described."""

    async def get(self, owner: str, application_id: str, instance: str) -> ChannelState:
        row = await self._reader.row(_CHANNEL, owner, application_id, instance)
        if row is None:
            return ChannelState()
        return CHANNELS.record(row)

    async def write(
        self, owner: str, application_id: str, instance: str, expected_served: int, state: ChannelState
    ) -> bool:
        key = (owner, application_id, instance)

        async def work(transaction: Transaction) -> bool:
            found = await transaction.row(_SERVED, *key)
            if found is None:
                raise ApplicationNotFound(NO_APPLICATION)
            if found[0] != expected_served:
                return False
            await transaction.run(_WRITE, *key, *CHANNELS.values(state))
            return True

        return await self._writer.change(work, owner, scope=UNCACHED)
