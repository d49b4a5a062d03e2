"""Event channels on PostgreSQL, written by two servers."""

import asyncio

import asyncpg

from openucwa.model.event import ChannelState
from openucwa.store.postgres import PostgresStore
from tests.contract.samples import MANY, application
from tests.users import LENE

_WAITING = "select count(*) from pg_locks where not granted"


async def test_of_two_servers_that_serve_the_same_set_of_events_at_once_one_succeeds(
    store: PostgresStore, database: str
) -> None:
    other = PostgresStore(database, timeout=30.0)
    await other.open()
    await store.applications.open(application("1"), None, 1, MANY)
    await store.channels.write(LENE, "1", "", 0, ChannelState(served=1))
    blocking = await asyncpg.connect(database)
    async with blocking.transaction():
        await blocking.execute("select from channels for update")
        writes = [
            asyncio.create_task(each.channels.write(LENE, "1", "", 1, ChannelState(served=2)))
            for each in (store, other)
        ]
        while await blocking.fetchval(_WAITING) < len(writes):  # noqa: ASYNC110 -- nothing else says that they wait
            await asyncio.sleep(0.01)
    assert sorted(await asyncio.gather(*writes)) == [False, True]
    await blocking.close()
    await other.close()
