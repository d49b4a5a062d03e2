"""Tokens of an OpenID provider at several nodes: they agree about all of them."""

import json
import time
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import Connect
from tests.identity.issuers.provider import AUDIENCE, LENE, RunningProvider, sign
from tests.postgres import PostgresServer
from tests.process.running import command

_DRAFT = {"culture": "en-US", "endpointId": "e", "userAgent": "test"}


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    running = RunningProvider()
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def nodes(
    provider: RunningProvider, database_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    issuer = {"url": provider.url, "audience": AUDIENCE, "domains": "contoso.com", "default_scopes": "all"}
    folder, url = tmp_path_factory.mktemp("issuers"), database_server.new_database()
    with Cluster(folder, url, 2, OPENUCWA_ISSUERS=json.dumps([issuer])) as cluster:
        yield cluster
        assert not cluster.faults, "\n".join(cluster.faults)


async def test_user_of_an_issuer_is_one_user_at_all_nodes_and_stays_out_once_removed(
    nodes: Cluster, provider: RunningProvider, connect: Connect
) -> None:
    def token(number: int) -> str:
        claims = {"iss": provider.url, "aud": AUDIENCE, "sub": "x", "exp": int(time.time()) + 600, "jti": str(number)}
        return sign(provider.key, claims | LENE | {"preferred_username": "new@contoso.com"})

    one, other = (connect(nodes, index) for index in range(2))
    one.token, other.token = token(1), token(2)
    assert (await one.open())["id"] == (await other.open())["id"]
    extension = await one.extend(await one.schedule(), id="agenda", type="RoamedParticipantData")
    shown = await other.get(extension["_links"]["self"]["href"])
    assert shown.json()["etag"] == extension["etag"]
    assert command("user", "remove", "sip:new@contoso.com", "--yes", "--store", nodes.url).returncode == 0
    for client in (one, other):
        for bearer in (client.token, token(3)):
            client.token = bearer
            assert (await client.post("/ucwa/v1/applications", json=_DRAFT)).status_code == 401
