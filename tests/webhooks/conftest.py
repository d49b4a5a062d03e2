"""A server that may deliver to this machine, with a receiver."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect, Make
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture
async def service(make_service: Make) -> Service:
    return await make_service(
        webhook_allowed_networks=("127.0.0.0/8",), change_poll_interval=3_600.0, webhook_retry_period=600
    )


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def lene(service: Service, connect: Connect) -> UcwaClient:
    client = connect(service)
    await client.sign_in("lenea@contoso.com")
    await client.open()
    return client


@pytest.fixture
async def dana(service: Service, connect: Connect) -> UcwaClient:
    client = connect(service)
    await client.sign_in("danab@contoso.com")
    await client.open()
    return client


def webhooks_of(client: UcwaClient) -> str:
    """The href of a user's webhooks."""
    return f"{client.app}/openucwa/webhooks"


async def subscribe(client: UcwaClient, receiver: Receiver, **properties: Any) -> dict[str, Any]:
    """A new webhook of the user's."""
    answer = await client.post(webhooks_of(client), json={"url": receiver.url, **properties})
    assert answer.status_code == 201, answer.text
    webhook: dict[str, Any] = answer.json()
    return webhook
