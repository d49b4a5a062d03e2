"""What the tests of the PostgreSQL store share."""

from collections.abc import AsyncIterator, Iterator

import pytest

from openucwa.store.postgres import PostgresStore
from tests.postgres import PostgresServer


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresStore]:
    store = PostgresStore(database, timeout=30.0)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that the tests of one module may stop or kill, and have to start again."""
    with PostgresServer(fsync=False) as server:
        yield server
