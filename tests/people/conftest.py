"""People who see each other: Lene, Dana, and as many applications of each as a test wants."""

from collections.abc import Awaitable, Callable

import pytest

from openucwa.app import Service
from tests.client import UcwaClient
from tests.conftest import Connect
from tests.people.watcher import Watcher
from tests.world import FakeWorld

Open = Callable[..., Awaitable[Watcher]]


@pytest.fixture
def open_application(service: Service, connect: Connect, world: FakeWorld) -> Open:
    """Another application of a user."""

    async def open_application(name: str, endpoint: str = "endpoint") -> Watcher:
        client: UcwaClient = connect(service)
        await client.sign_in(f"{name}@contoso.com")
        await client.open(endpoint)
        return Watcher(client, world)

    return open_application


@pytest.fixture
async def lena(open_application: Open) -> Watcher:
    """Lene's application."""
    return await open_application("lenea")


@pytest.fixture
async def dan(open_application: Open) -> Watcher:
    """Dana's application."""
    return await open_application("danab")
