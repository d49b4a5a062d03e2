"""The bus of several machines, against a real NATS server; and against what is none."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from openucwa.channel.nats import NatsBus
from openucwa.config import ConfigError
from openucwa.model.refusals import CallbackChannelError
from openucwa.model.world import RealWorld
from tests.world import until

SERVER = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/bin")

needs_server = pytest.mark.skipif(
    SERVER is None and "CI" not in os.environ, reason="nats-server is not installed (it is a package of Debian)"
)


class QuickWorld(RealWorld):
    """The real one, but for not waiting long between two attempts."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.02))


class NatsServer:
    """A nats-server on a free port of its own, which can be stopped, halted and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self._log = folder / "nats.log"
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert SERVER is not None
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [SERVER, "--addr", "127.0.0.1", "--port", str(self.port), *self._options], stdout=log, stderr=log
            )

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def started(url: str, *, connected: bool = True, subject: str | None = None) -> AsyncIterator[NatsBus]:
    bus = NatsBus(url, QuickWorld()) if subject is None else NatsBus(url, QuickWorld(), subject)
    await bus.start()
    try:
        if connected:
            await reached(bus)
        yield bus
    finally:
        await asyncio.wait_for(bus.stop(), 10)


async def reached(bus: NatsBus) -> None:
    await until(lambda: bus.describe().endswith(", connected"), 10)


async def away(bus: NatsBus) -> None:
    await until(lambda: bus.describe().endswith(", not connected"), 10)


@needs_server
async def test_what_one_process_publishes_all_of_them_hear_once(server: NatsServer) -> None:
    async with started(server.url) as one, started(server.url) as other:
        at_one: list[str] = []
        at_other: list[str] = []
        one.subscribe(at_one.extend)
        other.subscribe(at_other.extend)
        one.publish(frozenset({"application/sip:lenea@contoso.com/1"}))
        await until(lambda: at_other)
        other.publish(frozenset({"back"}))
        await until(lambda: len(at_one) == 2)
        assert at_other == ["application/sip:lenea@contoso.com/1", "back"]
        assert at_one == ["application/sip:lenea@contoso.com/1", "back"]


@needs_server
async def test_thousands_of_topics_at_once_all_arrive(server: NatsServer) -> None:
    async with started(server.url) as one, started(server.url) as other:
        heard: set[str] = set()
        other.subscribe(heard.update)
        topics = frozenset(f"conversation/{number:0200}" for number in range(5_000))
        one.publish(topics)
        await until(lambda: len(heard) == len(topics))
        assert heard == topics


@needs_server
async def test_deployments_with_subjects_of_their_own_do_not_hear_each_other(server: NatsServer) -> None:
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
async def test_what_was_published_right_before_the_stop_is_handed_over(server: NatsServer) -> None:
    async with started(server.url) as other:
        heard: list[str] = []
        other.subscribe(heard.extend)
        async with started(server.url) as one:
            one.publish(frozenset({"last words"}))
        await until(lambda: heard)
        assert heard == ["last words"]


@needs_server
async def test_it_connects_once_the_server_is_there(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    async with started(server.url, connected=False) as bus:
        await asyncio.sleep(0.1)
        with pytest.raises(CallbackChannelError):
            await bus.require()
        server.start()
        try:
            await reached(bus)
            await bus.require()
        finally:
            server.stop()


@needs_server
async def test_it_connects_again_each_time_the_server_comes_back(server: NatsServer) -> None:
    async with started(server.url) as one, started(server.url) as other:
        heard: list[str] = []
        other.subscribe(heard.extend)
        for turn in ("first", "second"):
            server.stop()
            await away(one)
            await away(other)
            with pytest.raises(CallbackChannelError, match="event bus"):
                await one.require()
            one.publish(frozenset({"dropped"}))
            server.start()
            await reached(one)
            await reached(other)
            await one.require()
            one.publish(frozenset({turn}))
            await until(lambda turn=turn: turn in heard)
        assert heard == ["first", "second"]


@needs_server
async def test_a_server_that_no_longer_answers_is_noticed(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openucwa.channel.nats.PING_INTERVAL", 0.1)
    async with started(server.url) as bus:
        assert server.process is not None
        server.process.send_signal(signal.SIGSTOP)  # the connection stays, and nobody is there
        await away(bus)
        with pytest.raises(CallbackChannelError):
            await bus.require()
        server.process.send_signal(signal.SIGCONT)
        await reached(bus)


@needs_server
async def test_neither_log_nor_description_shows_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = NatsServer(tmp_path, "--user", "node", "--pass", "right-secret")
    server.start()
    try:
        address = server.url.removeprefix("nats://")
        async with started(f"nats://node:right-secret@{address}") as bus:
            assert bus.describe() == f"NATS at {address}, connected"
        async with started(f"nats://node:wrong-secret@{address}", connected=False) as bus:
            await until(lambda: "cannot be reached" in caplog.text)
            with pytest.raises(CallbackChannelError) as refused:
                await bus.require()
            assert "secret" not in str(refused.value)
            assert bus.describe() == f"NATS at {address}, not connected"
    finally:
        server.stop()
    assert address in caplog.text
    assert "secret" not in caplog.text


@needs_server
async def test_a_message_that_is_no_list_of_topics_harms_nobody(server: NatsServer) -> None:
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


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("behaviour", [hangs_up, says_nothing, talks_nonsense])
async def test_what_is_no_nats_server_is_not_reached_and_does_not_hold_up_start_or_stop(
    behaviour: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> None:
    met = asyncio.Event()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.set()
        await behaviour(reader, writer)

    async with await asyncio.start_server(meet, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        async with started(f"nats://127.0.0.1:{port}", connected=False) as bus:
            await asyncio.wait_for(met.wait(), 5)
            with pytest.raises(CallbackChannelError):
                await bus.require()


async def test_a_port_where_nobody_listens_is_tried_again_and_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with started(f"nats://127.0.0.1:{port}", connected=False) as bus:
        await asyncio.sleep(0.2)
        with pytest.raises(CallbackChannelError):
            await bus.require()
        heard: list[str] = []
        bus.subscribe(heard.extend)
        bus.publish(frozenset({"here"}))
        assert heard == ["here"], "this process is told all the same"
    assert [record.levelname for record in caplog.records if record.name == "openucwa.channel.nats"] == ["WARNING"]


@pytest.mark.parametrize("url", ["", "127.0.0.1:4222", "http://host:4222", "nats://", "nats://host:many"])
def test_a_url_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match="nats://HOST:PORT"):
        NatsBus(url, RealWorld())
