"""Every statement, run by every engine."""

from openucwa.store.contract import Store
from openucwa.store.sql import SqlStore
from tests.store.recording import RecordedStore, walk


async def test_engine_accepts_every_statement(store: Store) -> None:
    assert isinstance(store, SqlStore)
    await walk(RecordedStore(store.reader, store.writer))
