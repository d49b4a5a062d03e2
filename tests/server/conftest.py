"""A server with an echo on it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TypeAlias

import pytest
import uvloop

from tests.certificate import make_certificate
from tests.server.serving import Echo, RunningServer, serving

LoopFactory: TypeAlias = Callable[[], asyncio.AbstractEventLoop]


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def server(echo: Echo) -> AsyncIterator[RunningServer]:
    async with serving(echo, limit=10_000, max_header_bytes=4096) as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def nothing_above_info(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Servers run on uvloop; whoever embeds one may have another."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
