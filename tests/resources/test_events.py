"""events: what a poll takes and how it is answered, from the first one on."""

import asyncio
from typing import Any

import httpx
import pytest

from openucwa.app import Service
from tests.client import PASSWORD, UcwaClient
from tests.conftest import Connect, Make
from tests.resources.messages import assert_invalid, assert_refused
from tests.world import FakeWorld, until


async def poll(client: UcwaClient, world: FakeWorld, query: str, seconds: float = 200) -> httpx.Response:
    """A poll, and the time that it takes."""
    task = asyncio.ensure_future(client.get(f"{client.app}/events?{query}"))
    await world.settle()
    if not task.done():
        await world.advance(seconds)
    return await asyncio.wait_for(task, 60)


def links(answer: httpx.Response) -> dict[str, Any]:
    return {rel: link["href"].partition("?")[2] for rel, link in answer.json()["_links"].items()}


async def test_poll_without_events_ends_after_three_minutes(
    service: Service, lene: UcwaClient, world: FakeWorld
) -> None:
    task = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await until(lambda: service.channels.count)
    await world.advance(179)
    assert not task.done()
    await world.advance(2)
    answer = await asyncio.wait_for(task, 60)
    assert (answer.status_code, answer.json()["sender"]) == (200, [])
    assert links(answer) == {"self": "ack=1", "next": "ack=2"}


async def test_ack_out_of_order_gets_a_resync_link(lene: UcwaClient, world: FakeWorld) -> None:
    answer = await poll(lene, world, "ack=7", 0)
    assert answer.json()["sender"] == []
    assert links(answer) == {"self": "ack=7", "resync": "ack=1"}


async def test_second_poll_replaces_the_first(lene: UcwaClient, world: FakeWorld) -> None:
    first = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await world.settle()
    second = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await world.settle()
    assert_refused(await asyncio.wait_for(first, 60), 409, "Conflict", "PGetReplaced")
    await world.advance(200)
    assert (await asyncio.wait_for(second, 60)).status_code == 200


async def test_poll_of_lower_priority_does_not_replace_the_first(lene: UcwaClient, world: FakeWorld) -> None:
    first = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1&priority=2"))
    await world.settle()
    assert_refused(await lene.get(f"{lene.app}/events?ack=1&priority=1"), 409, "Conflict", "PGetReplaced")
    await world.advance(200)
    assert (await asyncio.wait_for(first, 60)).status_code == 200


async def test_events_of_make_me_available_are_in_order(lene: UcwaClient, world: FakeWorld) -> None:
    assert (await lene.post(f"{lene.app}/me/makeMeAvailable", json={})).status_code == 204
    body = (await poll(lene, world, "ack=1", 6)).json()
    shown = [
        (sender["rel"], event["link"]["rel"], event["type"]) for sender in body["sender"] for event in sender["events"]
    ]
    assert shown == [
        ("communication", "communication", "updated"),
        ("me", "me", "updated"),
        ("me", "presence", "added"),
        ("me", "note", "added"),
        ("me", "location", "added"),
    ]
    embedded = body["sender"][0]["events"][0]["_embedded"]
    assert list(embedded) == ["communication"]


async def test_events_are_available_in_xml_too(lene: UcwaClient, world: FakeWorld) -> None:
    await lene.post(f"{lene.app}/me/makeMeAvailable", json={})
    lene.accept = "application/vnd.microsoft.com.ucwa+xml"
    answer = await poll(lene, world, "ack=1", 6)
    assert answer.headers["Content-Type"].startswith(lene.accept)
    assert '<link rel="next" href="' in answer.text
    assert '<updated rel="communication"' in answer.text


@pytest.mark.parametrize("name", ["ack", "low", "medium", "timeout", "priority"])
async def test_parameter_that_is_not_a_number_is_named(lene: UcwaClient, name: str) -> None:
    assert_invalid(await lene.get(f"{lene.app}/events?{name}=x"), name)


async def test_last_of_repeated_parameters_counts(service: Service, lene: UcwaClient, world: FakeWorld) -> None:
    task = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1&timeout=180&timeout=600"))
    await until(lambda: service.channels.count)
    await world.advance(500)
    assert not task.done()
    await world.advance(101)
    assert (await asyncio.wait_for(task, 60)).status_code == 200


async def test_after_five_minutes_without_a_poll_the_next_says_resume(lene: UcwaClient, world: FakeWorld) -> None:
    await poll(lene, world, "ack=1")
    await world.advance(301)
    answer = await poll(lene, world, "ack=2")
    assert links(answer) == {"self": "ack=2", "resume": "ack=3"}


async def test_waiting_poll_is_refused_after_a_password_change(
    service: Service, lene: UcwaClient, world: FakeWorld
) -> None:
    task = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await until(lambda: service.channels.count)
    await service.store.users.change_password("sip:lenea@contoso.com", await service.passwords.hash("another one"))
    await world.advance(181)
    assert_refused(await asyncio.wait_for(task, 60), 401, "Unauthorized")


async def test_waiting_poll_is_refused_after_the_token_expired(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    service = await make_service(token_lifetime=100)
    lene = connect(service)
    await lene.sign_in("lenea@contoso.com")
    await lene.open()
    task = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await until(lambda: service.channels.count)
    await world.advance(181)
    assert_refused(await asyncio.wait_for(task, 60), 401, "Unauthorized")


async def test_events_of_a_refused_poll_are_there_for_the_next_token(
    service: Service, lene: UcwaClient, world: FakeWorld
) -> None:
    meeting = await lene.schedule()
    task = asyncio.ensure_future(lene.get(f"{lene.app}/events?ack=1"))
    await until(lambda: service.channels.count)
    await service.store.users.change_password("sip:lenea@contoso.com", await service.passwords.hash(PASSWORD))
    old = lene.token
    await lene.sign_in("lenea@contoso.com")
    join = {"onlineMeetingUri": meeting["onlineMeetingUri"], "operationId": "1"}
    answer = await lene.post(f"{lene.app}/communication/joinOnlineMeeting", json=join)
    assert answer.status_code == 201, answer.text
    assert_refused(await asyncio.wait_for(task, 60), 401, "Unauthorized")
    assert lene.token != old
    answer = await poll(lene, world, "ack=1", 1)
    assert "communication" in {sender["rel"] for sender in answer.json()["sender"]}
