"""Limits that hold for several nodes together."""

from itertools import count

import pytest

from tests.client import UcwaClient
from tests.cluster.cluster import Cluster
from tests.cluster.conftest import Connect
from tests.cluster.participant import eventually

_NUMBERS = count(1)


@pytest.fixture(params=["nats", "postgresql"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue("three" if request.param == "nats" else "two")
    return found


async def guess(client: UcwaClient, name: str, address: str) -> int:
    """The status of a wrong password."""
    form = {"grant_type": "password", "username": name, "password": "wrong"}
    headers = {"X-Forwarded-For": address}
    return (await client.http.post("/WebTicket/oauthtoken", data=form, headers=headers)).status_code


async def test_failed_sign_ins_at_one_node_throttle_at_the_others(cluster: Cluster, connect: Connect) -> None:
    one, *others = [connect(cluster, index) for index in range(len(cluster.nodes))]

    async def throttled() -> bool:
        # The word reaches the others soon, but perhaps after the next request; so it is tried with many names.
        number = next(_NUMBERS)
        who = f"somebody{number}@contoso.com", f"198.51.100.{number % 250}"
        assert [await guess(one, *who) for _ in range(5)] == [400] * 5
        return all([await guess(other, *who) == 429 for other in others])

    await eventually(throttled)
