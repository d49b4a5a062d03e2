"""What the tests of the event channel share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from openucwa.channel.local import LocalBus, Relay
from openucwa.config import Config
from tests.channel.client import Client, Process
from tests.world import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
async def bus(world: FakeWorld) -> AsyncIterator[LocalBus]:
    bus = LocalBus(world)
    await bus.start()
    yield bus
    await bus.stop()


@pytest.fixture
def config() -> Config:
    return Config()


@pytest.fixture
async def new_process(
    tmp_path: Path, world: FakeWorld, config: Config
) -> AsyncIterator[Callable[..., Awaitable[Process]]]:
    """Starts processes that share one SQLite file; what still runs at the end is stopped."""
    async with AsyncExitStack() as stack:

        async def start(*, elsewhere: bool = False, settings: Config = config, relay: Relay | None = None) -> Process:
            process = Process(tmp_path, world, settings, elsewhere=elsewhere, relay=relay)
            await process.start()
            stack.push_async_callback(process.stop)
            return process

        yield start


@pytest.fixture
async def process(new_process: Callable[..., Awaitable[Process]]) -> Process:
    return await new_process()


@pytest.fixture
async def client(process: Process) -> Client:
    return Client(process, await process.open())
