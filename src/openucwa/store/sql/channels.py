"""The state of event channels."""
# ruff: noqa: S608 -- statements are put together from constants alone

from openucwa.model.event import ChannelState
from openucwa.model.refusals import ApplicationNotFound
from openucwa.store.engine import UNCACHED
from openucwa.store.sql.applications import NO_APPLICATION
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import CHANNELS

_CHANNEL = f"select {CHANNELS.columns} from channels where owner = ? and application_id = ? and instance = ?"

#: Writes nothing where there is no such application, or another set has been served. The condition stands twice because
#: PostgreSQL checks the second one again on a row that another node has just written.
_WRITE = f"""
    insert into channels ({", ".join(CHANNELS.all_columns)})
    select ?1, ?2, ?3, cast(?4 as bigint), ?5, ?6, cast(?7 as bigint), cast(?8 as bigint), cast(?9 as bigint)
    from applications where owner = ?1 and id = ?2 and cast(?10 as bigint) = coalesce(
        (select served from channels where owner = ?1 and application_id = ?2 and instance = ?3), 0
    )
    on conflict (owner, application_id, instance) do update set {CHANNELS.from_excluded}
    where channels.served = cast(?10 as bigint)
"""

_APPLICATION = "select 1 from applications where owner = ? and id = ?"


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
        row = (owner, application_id, instance, *CHANNELS.values(state))
        if await self._writer.run(owner, _WRITE, *row, expected_served, scope=UNCACHED):
            return True
        if await self._reader.row(_APPLICATION, owner, application_id) is None:
            raise ApplicationNotFound(NO_APPLICATION)
        return False
