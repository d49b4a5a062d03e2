"""The servers that these tests share."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from tests.client import UcwaClient
from tests.cluster.cluster import Cluster
from tests.cluster.participant import Participant
from tests.nats import NatsServer
from tests.needs import need
from tests.postgres import PostgresServer


@pytest.fixture(scope="package")
def database_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that tests may stop and restart."""
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="package")
def nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    need("nats-server")
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")
def three(
    database_server: PostgresServer, nats: NatsServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three nodes, connected by NATS."""
    folder = tmp_path_factory.mktemp("three")
    with Cluster(folder, database_server.new_database(), 3, OPENUCWA_BUS=nats.url) as cluster:
        yield cluster
        assert not cluster.faults, "\n".join(cluster.faults)


@pytest.fixture(scope="package")
def two(database_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two nodes, connected by PostgreSQL."""
    with Cluster(tmp_path_factory.mktemp("two"), database_server.new_database(), 2) as cluster:
        yield cluster
        assert not cluster.faults, "\n".join(cluster.faults)


Connect = Callable[..., UcwaClient]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Creates clients of a node, or of nginx, that are closed after the test."""
    async with AsyncExitStack() as stack:

        def make(cluster: Cluster, index: int | None = None) -> UcwaClient:
            client = cluster.client(index)
            stack.push_async_callback(client.http.aclose)
            return client

        yield make


Come = Callable[..., Awaitable[Participant]]


@pytest.fixture
def come(connect: Connect, request: pytest.FixtureRequest) -> Come:
    """Creates a user with an application, connected to a node or to nginx.

    By default it is an application of the test's own: what happened in one of another test would be reported here.
    """
    own = f"room {zlib.crc32(request.node.nodeid.encode()):x}"

    async def come(cluster: Cluster, name: str, index: int | None = None, endpoint: str = own) -> Participant:
        client = connect(cluster, index)
        await client.sign_in(name)
        return Participant(name, client, await client.open(endpoint))

    return come
