"""Limits that hold for several processes of one deployment, from the request to the other process."""

from typing import Any

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.world import FakeWorld


async def two(make_service: Make, connect: Connect, **settings: Any) -> tuple[UcwaClient, UcwaClient]:
    """Clients of two processes on one store; what one publishes reaches the other."""
    one, other = [await make_service(**settings) for _ in range(2)]
    one.bus.subscribe(other.sharing.received, of_log=False)
    other.bus.subscribe(one.sharing.received, of_log=False)
    return connect(one), connect(other)


async def signed_in(client: UcwaClient, password: str) -> int:
    """The status of a sign-in as Lene."""
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": password}
    return (await client.http.post("/WebTicket/oauthtoken", data=form)).status_code


async def test_failed_sign_ins_at_one_process_throttle_at_the_other(make_service: Make, connect: Connect) -> None:
    one, other = await two(make_service, connect)
    assert [await signed_in(one, "wrong") for _ in range(5)] == [400] * 5
    assert await signed_in(other, "wrong") == 429


async def test_applications_opened_at_one_process_count_at_the_other(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    one, other = await two(make_service, connect, application_rate=0.01, application_burst=4)
    await one.sign_in("lenea@contoso.com")
    other.token = one.token
    for number in range(4):
        await one.open(f"endpoint {number}")
    await world.advance(1)
    body = {"culture": "en-us", "endpointId": "another", "userAgent": "tests"}
    refused = await other.post("/ucwa/v1/applications", json=body)
    assert refused.status_code == 429


async def test_restarted_process_begins_without_failures(
    make_service: Make, connect: Connect, world: FakeWorld
) -> None:
    first = connect(await make_service())
    assert [await signed_in(first, "wrong") for _ in range(6)] == [400] * 5 + [429]
    assert await signed_in(connect(await make_service()), "wrong") == 400


async def test_idle_server_does_not_poll_its_store_for_the_sake_of_limits(service: Service, world: FakeWorld) -> None:
    before = world.sleepers
    service.bus.subscribe(service.sharing.received, of_log=False)
    await world.settle()
    assert world.sleepers == before
