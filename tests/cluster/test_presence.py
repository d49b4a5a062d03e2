"""Presence crosses nodes, by either bus; of several nodes one notices that a user became idle."""

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.conftest import Come
from tests.cluster.participant import Participant

LENE, DANA = "lenea@contoso.com", "danab@contoso.com"


@pytest.fixture(params=["nats", "postgresql"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Nodes that hear of each other in one of two ways."""
    found: Cluster = request.getfixturevalue("three" if request.param == "nats" else "two")
    return found


async def event_texts(person: Participant) -> list[str]:
    """The events of the next set that has any: rel and type."""
    while True:
        body = (await person.poll()).json()
        person.next = next(body["_links"][rel]["href"] for rel in ("next", "resume") if rel in body["_links"])
        if events := [event for sender in body["sender"] for event in sender["events"]]:
            return [f"{event['link']['rel']} {event['type']}" for event in events]


async def availability(person: Participant) -> str:
    answer = await person.client.get(f"{person.client.app}/people/{DANA}/presence")
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["availability"]
    return found


async def test_presence_set_on_one_node_is_sent_by_another(cluster: Cluster, come: Come) -> None:
    lene, dana = await come(cluster, LENE, 0, "watching"), await come(cluster, DANA, 1, "watched")
    body = {"duration": 10, "uris": [f"sip:{DANA}"]}
    made = await lene.client.post(f"{lene.client.app}/people/presenceSubscriptions", json=body)
    assert made.status_code == 201, made.text
    assert await event_texts(lene) == ["presenceSubscription added", "contact added", "contactPresence updated"]
    assert await availability(lene) == "Offline"

    me = f"{dana.client.app}/me"
    answer = await dana.client.post(f"{me}/makeMeAvailable", json={"inactiveTimeout": "00:00:01", "signInAs": "Busy"})
    assert answer.status_code == 204, answer.text
    assert "contactPresence updated" in await event_texts(lene)
    answer = await dana.client.post(f"{me}/note", json={"message": "here"})
    assert answer.status_code == 204, answer.text
    events = await event_texts(lene)
    while "contactNote updated" not in events:
        events += await event_texts(lene)

    # Both nodes look for users who became idle: each change is told once.
    while await availability(lene) != "IdleBusy":
        events += await event_texts(lene)
    assert events.count("contactPresence updated") <= 1
    await dana.client.delete(dana.client.app)
    assert "contactPresence updated" in await event_texts(lene)
    assert await availability(lene) == "Offline"
