"""Conversations of two with one user on each node, by either bus."""

import asyncio
from typing import Any

import pytest

from tests.cluster.cluster import Cluster, same_at
from tests.cluster.conftest import Come, Connect
from tests.cluster.participant import Participant, eventually, listening
from tests.users import DANA


@pytest.fixture(params=["nats", "postgresql"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Nodes that hear of each other in one of two ways."""
    found: Cluster = request.getfixturevalue("three" if request.param == "nats" else "two")
    return found


async def available(person: Participant) -> None:
    href = f"{person.client.app}/communication/makeMeAvailable"
    answer = await person.client.post(href, json={"supportedModalities": ["Messaging"]})
    assert answer.status_code == 204, answer.text


async def close(*people: Participant) -> None:
    """Ends their applications, so that nobody else's invitations come to them."""
    for person in people:
        assert (await person.client.delete(person.client.app)).status_code == 204


async def call(lene: Participant) -> str:
    """Lene invites Dana; the invitation's href."""
    body = {"to": DANA, "operationId": "call"}
    answer = await lene.client.post(f"{lene.client.app}/communication/startMessaging", json=body)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


async def invitation(dana: Participant) -> dict[str, Any]:
    """The one that Dana has."""
    answer = (await dana.client.get(f"{dana.client.app}/communication/invitations")).json()
    (link,) = answer["_links"]["messagingInvitation"]
    return dict((await dana.client.get(link["href"])).json()["_links"])


async def test_users_on_different_nodes_talk(cluster: Cluster, come: Come) -> None:
    lene, dana = await come(cluster, "lenea@contoso.com", 0, "two"), await come(cluster, "danab@contoso.com", 1, "two")
    await available(dana)
    async with listening(lene, dana):
        await call(lene)
        await eventually(lambda: _true(dana.conversation))
        assert (await dana.client.post((await invitation(dana))["accept"]["href"])).status_code == 204
        await eventually(lambda: _true(lene.view.people and dana.view.people))
        for number in range(3):
            assert (await lene.say(f"lene-{number}")).status_code == 201
            assert (await dana.say(f"dana-{number}")).status_code == 201
        said = {f"{name}-{number}" for name in ("lene", "dana") for number in range(3)}
        await eventually(lambda: _true(len(lene.view.messages) == len(dana.view.messages) == len(said)))
        assert lene.view.messages == dana.view.messages, "in one order"
        assert (await lene.client.delete(lene.here)).status_code == 204
        await eventually(lambda: _true(lene.conversation is None and dana.conversation is None))
    await close(lene, dana)


async def test_one_of_two_applications_on_different_nodes_has_the_conversation(cluster: Cluster, come: Come) -> None:
    lene, desk = await come(cluster, "lenea@contoso.com", 0, "two"), await come(cluster, "danab@contoso.com", 1, "desk")
    phone = await come(cluster, "danab@contoso.com", 0, "phone")
    for each in (desk, phone):
        await available(each)
    await call(lene)
    accepts = [(each, (await invitation(each))["accept"]["href"]) for each in (desk, phone)]
    answers = await asyncio.gather(*(each.client.post(href) for each, href in accepts))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    await close(lene, desk, phone)


async def test_one_operation_sent_to_two_nodes_starts_one_invitation(
    cluster: Cluster, come: Come, connect: Connect
) -> None:
    lene, dana = await come(cluster, "lenea@contoso.com", 0, "two"), await come(cluster, "danab@contoso.com", 1, "two")
    await available(dana)
    body = {"to": DANA, "operationId": "once"}
    href = f"{lene.client.app}/communication/startMessaging"
    other = same_at(lene.client, connect(cluster, 1))
    answers = await asyncio.gather(*(client.post(href, json=body) for client in (lene.client, other) * 3))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    await close(lene, dana)


async def _true(value: object) -> object:
    return value
