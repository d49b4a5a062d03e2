"""What is NATS's own. What holds of every bus, `tests/contract/test_buses.py` tests."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openucwa.channel.nats import SUBJECT, NatsBus
from openucwa.config_options import ConfigError
from openucwa.model.world import RealWorld
from tests.nats import NatsServer, needs_server
from tests.world import QuickWorld, until


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def started(url: str, subject: str = SUBJECT) -> AsyncIterator[NatsBus]:
    bus = NatsBus(url, QuickWorld(), subject)
    await bus.start()
    try:
        await until(lambda: bus.describe().endswith(", connected"))
        yield bus
    finally:
        await asyncio.wait_for(bus.stop(), 60)


@needs_server
async def test_deployments_with_different_subjects_are_separate(server: NatsServer) -> None:
    async with (
        started(server.url, subject="a") as one,
        started(server.url, subject="b") as stranger,
        started(server.url, subject="a") as other,
    ):
        at_stranger: list[str] = []
        at_other: list[str] = []
        stranger.subscribe(at_stranger.extend)
        other.subscribe(at_other.extend)
        one.publish(frozenset({"x"}))
        await until(lambda: at_other)
        stranger.publish(frozenset({"y"}))
        assert at_stranger == ["y"]


@needs_server
async def test_malformed_message_is_ignored(server: NatsServer) -> None:
    async with started(server.url) as bus:
        heard: list[str] = []
        bus.subscribe(heard.extend)
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for text in (b'{"no": "list"}', b"\xff", b'["yes"]'):
            writer.write(b"PUB openucwa.moved %d\r\n%s\r\n" % (len(text), text))
        await writer.drain()
        await until(lambda: heard)
        assert heard == ["yes"]
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("url", ["", "127.0.0.1:4222", "http://host:4222", "nats://", "nats://host:many"])
def test_malformed_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="nats://HOST:PORT"):
        NatsBus(url, RealWorld())
