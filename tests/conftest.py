"""Common fixtures: a server in this process with a fake clock, and its clients."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from openucwa.app import Service
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from openucwa.store.postgres import PostgresStore
from tests import order
from tests.client import UcwaClient, add_user
from tests.postgres import PostgresServer
from tests.users import DANA, LENE
from tests.world import FakeWorld

# How long an example takes depends on the machine. In CI, hypothesis chooses the same examples each time.
settings.register_profile("suite", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order.sort(items)


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path / "data"), public_url="https://ucwa.example.com")


Make = Callable[..., Awaitable[Service]]


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two users, Lene and Dana, created once because that takes longer than most tests."""
    folder = tmp_path_factory.mktemp("prepared") / "data"

    async def prepare() -> None:
        service = _service(Config(data=str(folder)), FakeWorld())
        await service.store.open()
        await add_user(service, LENE, "Lene Aaling", email="lenea@contoso.com")
        await add_user(service, DANA, "Dana Birkby")
        await service.store.close()
        service.passwords.close()

    asyncio.run(prepare())
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, shared by all tests that do not stop it."""
    with PostgresServer(fsync=False) as server:
        yield server


@pytest.fixture(scope="session")
def empty_store(postgres: PostgresServer) -> str:
    """A database with an empty store, created once and copied by others."""
    url = postgres.new_database()

    async def prepare() -> None:
        store = PostgresStore(url, timeout=60.0)
        await store.open()
        await store.close()

    asyncio.run(prepare())
    return url


@pytest.fixture
def own_database(postgres: PostgresServer, empty_store: str) -> str:
    """The URL of an empty store that belongs to the test."""
    return postgres.new_database(empty_store)


@pytest.fixture(scope="session")
def used_store(postgres: PostgresServer, empty_store: str) -> str:
    """The database that most tests share, one after the other."""
    url = postgres.new_database(empty_store)
    postgres.make_reusable(url)
    return url


@pytest.fixture
def database(postgres: PostgresServer, used_store: str) -> Iterator[str]:
    """The URL of an empty store; the test must not change its tables. (Creating a database for each test would take
    most of the time.)"""
    yield used_store
    postgres.empty(used_store)


def _service(config: Config, world: FakeWorld) -> Service:
    # Cheap hashes: tests sign in often.
    return Service(config, world, passwords=Passwords(hasher=PasswordHasher(1, 8, 1)))


def make_in_process(config: Config, world: FakeWorld, prepared_data: Path) -> Service:
    """A server, not started yet, with a copy of the prepared store unless it has one already."""
    if not Path(config.data).exists():
        shutil.copytree(prepared_data, config.data)
    return _service(config, world)


@pytest.fixture
async def make_service(config: Config, world: FakeWorld, prepared_data: Path) -> AsyncIterator[Make]:
    """Starts servers with the given settings and two users, Lene and Dana."""
    running: list[Service] = []

    async def make(**settings: Any) -> Service:
        service = make_in_process(replace(config, **settings), world, prepared_data)
        await service.start()
        running.append(service)
        return service

    yield make
    for service in running:
        await service.stop()


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service()


Connect = Callable[..., UcwaClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Creates clients of a server in this process."""
    opened: list[httpx.AsyncClient] = []

    def make(service: Service, base_url: str = "https://ucwa.example.com") -> UcwaClient:
        http = httpx.AsyncClient(transport=httpx.ASGITransport(service.asgi), base_url=base_url)
        http.headers.pop("accept-encoding")
        opened.append(http)
        return UcwaClient(http)

    yield make
    for http in opened:
        await http.aclose()


@pytest.fixture
async def lene(service: Service, connect: Connect) -> UcwaClient:
    """An organizer, signed in, with an application."""
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    return client


@pytest.fixture
async def dana(service: Service, connect: Connect) -> UcwaClient:
    """Another user, signed in, with an application."""
    client = connect(service)
    await client.sign_in("danab@contoso.com")
    await client.open()
    return client
