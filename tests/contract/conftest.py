"""The engines that the suite runs against. Another one is another entry of `ENGINES`."""

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from openucwa.store.contract import Store
from openucwa.store.postgres import PostgresStore
from openucwa.store.sqlite import SqliteStore

#: Makes a store that is not open yet, with further arguments of its class; each call stands for another server on the
#: same store.
Engine: TypeAlias = Callable[..., Store]


def sqlite(request: pytest.FixtureRequest) -> Engine:
    folder: Path = request.getfixturevalue("tmp_path")
    return partial(SqliteStore, folder / "data", timeout=5.0)


def postgres(request: pytest.FixtureRequest) -> Engine:
    url: str = request.getfixturevalue("database")
    return partial(PostgresStore, url, timeout=30.0)


ENGINES: dict[str, Callable[[pytest.FixtureRequest], Engine]] = {"sqlite": sqlite, "postgres": postgres}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """A store of the test's own, as each engine has it."""
    return ENGINES[request.param](request)


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    store = engine()
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def other(engine: Engine, store: Store) -> AsyncIterator[Store]:  # `store` is opened first
    """The same store as another server has it."""
    other = engine()
    await other.open()
    yield other
    await other.close()
