"""The engines that the suite runs against. Another one is another entry of `ENGINES`."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore

#: Name -> an unopened store; those made for the same folder are one store to different servers.
ENGINES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: SqliteStore(folder, timeout=5.0)}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    """Makes a store that is not open yet; each call stands for another server on the same store."""
    return lambda: ENGINES[request.param](tmp_path / "data")


@pytest.fixture
async def store(engine: Callable[[], Store]) -> AsyncIterator[Store]:
    store = engine()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def other(engine: Callable[[], Store], store: Store) -> AsyncIterator[Store]:  # `store` is opened first
    """The same store as another server has it."""
    other = engine()
    await other.open()
    yield other
    await other.close()
