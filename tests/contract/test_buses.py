"""What holds of every bus between servers, against a real server of each kind; and against what is none."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from openucwa.channel import connected
from openucwa.channel.bus import Bus
from openucwa.channel.nats import NatsBus
from openucwa.channel.postgres import PostgresBus
from openucwa.model.refusals import CallbackChannelError
from tests.nats import NatsServer
from tests.needs import need
from tests.postgres import GUARDED, GUARDED_PASSWORD, PostgresServer
from tests.streams import serving
from tests.world import QuickWorld, until

#: Seconds that anything is waited for.
LIMIT = 60.0


@dataclass(frozen=True)
class BusKind:
    """A kind of bus and a server for it. `guarded`: the URL of somebody whose password is SECRET."""

    module: str
    bus: Callable[[str, QuickWorld], Bus]
    url: str
    guarded: str
    server: NatsServer | PostgresServer


SECRET = GUARDED_PASSWORD


@pytest.fixture(scope="module")
def postgres_server() -> Iterator[PostgresServer]:
    with PostgresServer(fsync=False) as server:
        yield server


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[BusKind]:
    need("nats-server")
    accounts = tmp_path / "nats.conf"
    guarded = f'{{user: "{GUARDED}", password: "{SECRET}"}}'
    accounts.write_text(f'authorization {{ users = [ {guarded}, {{user: "open", password: "open"}} ] }}')
    server = NatsServer(tmp_path, "--config", str(accounts))
    server.start()
    place = server.url.removeprefix("nats://")
    yield BusKind(
        "openucwa.channel.nats",
        NatsBus,
        f"nats://open:open@{place}",
        f"nats://{GUARDED}:{SECRET}@{place}",
        server,
    )
    server.stop()


@pytest.fixture
def listen_notify(postgres_server: PostgresServer) -> BusKind:
    return BusKind(
        "openucwa.channel.postgres",
        PostgresBus,
        postgres_server.url("postgres"),
        postgres_server.url("postgres", f"{GUARDED}:{SECRET}"),
        postgres_server,
    )


@pytest.fixture(params=["nats", "listen_notify"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BusKind:
    """A bus that no slow moment of the machine costs its connection."""
    found: BusKind = request.getfixturevalue(request.param)
    monkeypatch.setattr(f"{found.module}.PING_INTERVAL", LIMIT)
    monkeypatch.setattr(f"{found.module}.ANSWER_TIMEOUT", LIMIT)
    return found


@asynccontextmanager
async def started(
    kind: BusKind, *, url: str | None = None, connected: bool = True, world: QuickWorld | None = None
) -> AsyncIterator[Bus]:
    bus = kind.bus(url or kind.url, world or QuickWorld())
    await bus.start()
    try:
        if connected:
            await reached(bus)
        yield bus
    finally:
        await asyncio.wait_for(bus.stop(), LIMIT)


async def reached(bus: Bus) -> None:
    await until(lambda: bus.describe().endswith(", connected"), LIMIT)


async def away(bus: Bus) -> None:
    await until(lambda: bus.describe().endswith(", not connected"), LIMIT)


async def tried_again(*worlds: QuickWorld) -> None:
    """Returns when the buses of these worlds have tried to connect several times."""
    await until(lambda: all(world.sleeps > 2 for world in worlds), LIMIT)


async def test_published_topics_reach_every_process_once(kind: BusKind) -> None:
    async with started(kind) as one, started(kind) as other:
        at_one: list[str] = []
        at_other: list[str] = []
        one.subscribe(at_one.extend)
        other.subscribe(at_other.extend)
        one.publish(frozenset({"application/sip:lenea@contoso.com/1"}))
        await until(lambda: at_other, LIMIT)
        other.publish(frozenset({"back"}))
        await until(lambda: len(at_one) == 2, LIMIT)
        assert at_other == ["application/sip:lenea@contoso.com/1", "back"]
        assert at_one == ["application/sip:lenea@contoso.com/1", "back"]


async def test_thousands_of_topics_at_once_all_arrive(kind: BusKind) -> None:
    async with started(kind) as one, started(kind) as other:
        heard: set[str] = set()
        other.subscribe(heard.update)
        topics = frozenset(f"conversation/{number:0200}ü" for number in range(5_000))
        one.publish(topics)
        await until(lambda: len(heard) == len(topics), LIMIT)
        assert heard == topics


async def test_topics_published_right_before_a_stop_are_delivered(kind: BusKind) -> None:
    async with started(kind) as other:
        heard: list[str] = []
        other.subscribe(heard.extend)
        async with started(kind) as one:
            one.publish(frozenset({"last words"}))
        await until(lambda: heard, LIMIT)
        assert heard == ["last words"]


async def test_bus_connects_when_the_server_appears_and_reconnects(kind: BusKind) -> None:
    kind.server.stop()
    worlds = QuickWorld(), QuickWorld()
    async with (
        started(kind, connected=False, world=worlds[0]) as one,
        started(kind, connected=False, world=worlds[1]) as other,
    ):
        heard: list[str] = []
        other.subscribe(heard.extend)
        await tried_again(*worlds)
        for turn in ("first", "second"):
            with pytest.raises(CallbackChannelError, match="event bus"):
                await one.require()
            kind.server.start()
            await reached(one)
            await reached(other)
            await one.require()
            one.publish(frozenset({turn}))
            await until(lambda turn=turn: turn in heard, LIMIT)
            kind.server.stop()
            await away(one)
            await away(other)
        assert heard == ["first", "second"]
        kind.server.start()


class HeldWorld(QuickWorld):
    """Whoever wants to try again has to wait while it is held. `held`: how many tried to meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0
        self._go_on = asyncio.Event()
        self._go_on.set()

    def hold(self) -> None:
        self._go_on.clear()

    def release(self) -> None:
        self._go_on.set()

    async def sleep(self, seconds: float) -> None:
        self.held += not self._go_on.is_set()
        await self._go_on.wait()
        await super().sleep(seconds)


async def test_topics_that_the_server_did_not_confirm_are_sent_again_on_the_next_connection(kind: BusKind) -> None:
    world = HeldWorld()
    async with started(kind, world=world) as one:
        world.hold()
        kind.server.pause()
        one.publish(frozenset({"unconfirmed"}))
        kind.server.stop()
        await until(lambda: world.held, LIMIT)
        one.publish(frozenset({"published meanwhile"}))
        kind.server.start()
        async with started(kind) as other:
            heard: set[str] = set()
            other.subscribe(heard.update)
            world.release()
            await until(lambda: heard == {"unconfirmed", "published meanwhile"}, LIMIT)


async def test_topics_waiting_for_a_connection_are_limited(kind: BusKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connected, "MAX_KEPT", 2)
    world = HeldWorld()
    async with started(kind, world=world) as one:
        world.hold()
        kind.server.stop()
        await until(lambda: world.held, LIMIT)
        for topic in ("a", "b", "c"):
            one.publish(frozenset({topic}))
        kind.server.start()
        async with started(kind) as other:
            heard: set[str] = set()
            other.subscribe(heard.update)
            world.release()
            await reached(one)
            one.publish(frozenset({"d"}))
            await until(lambda: "d" in heard, LIMIT)
            assert heard == {"a", "b", "d"}


async def test_listeners_learn_after_every_reconnection_that_topics_may_be_lost(kind: BusKind) -> None:
    missed: list[bool] = []
    async with started(kind) as bus:
        bus.subscribe(lambda topics: None, lambda: missed.append(True))
        kind.server.stop()
        await away(bus)
        assert not missed
        kind.server.start()
        await until(lambda: missed, LIMIT)
        assert bus.describe().endswith(", connected")


async def test_server_that_no_longer_answers_is_noticed(kind: BusKind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{kind.module}.PING_INTERVAL", 0.1)
    monkeypatch.setattr(f"{kind.module}.ANSWER_TIMEOUT", 1.0)
    async with started(kind) as bus:
        kind.server.pause()  # the connection stays, and nobody is there
        try:
            await away(bus)
            with pytest.raises(CallbackChannelError):
                await bus.require()
        finally:
            kind.server.resume()
        await reached(bus)


async def test_neither_log_nor_description_shows_a_password(kind: BusKind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place = kind.guarded.rpartition("@")[2]
    async with started(kind, url=kind.guarded) as bus:
        assert bus.describe().endswith(f" at {place}, connected")
    async with started(kind, url=kind.guarded.replace(SECRET, "wrong-secret"), connected=False) as bus:
        await until(lambda: "cannot be reached" in caplog.text, LIMIT)
        with pytest.raises(CallbackChannelError) as refused:
            await bus.require()
        assert "secret" not in str(refused.value)
        assert bus.describe().endswith(f" at {place}, not connected")
    assert place in caplog.text
    assert "secret" not in caplog.text
    assert GUARDED not in caplog.text


async def hangs_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def says_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


@pytest.mark.parametrize("behaviour", [hangs_up, says_nothing, talks_nonsense])
async def test_other_kind_of_server_is_unreachable_and_delays_neither_start_nor_stop(
    kind: BusKind, behaviour: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> None:
    met = 0

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await behaviour(reader, writer)

    async with serving(meet) as port, started(kind, url=elsewhere(kind, port), connected=False) as bus:
        await until(lambda: met, LIMIT)
        with pytest.raises(CallbackChannelError):
            await bus.require()


async def test_closed_port_is_retried_and_reported_once(kind: BusKind, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    world = QuickWorld()
    async with started(kind, url=elsewhere(kind, port), connected=False, world=world) as bus:
        await tried_again(world)
        with pytest.raises(CallbackChannelError):
            await bus.require()
        heard: list[str] = []
        bus.subscribe(heard.extend)
        bus.publish(frozenset({"here"}))
        assert heard == ["here"], "this process is told all the same"
    assert [record.levelname for record in caplog.records if record.name == connected.__name__] == ["WARNING"]


def elsewhere(kind: BusKind, port: int) -> str:
    """The URL of the same at another port."""
    return kind.url.replace(f":{kind.server.port}", f":{port}")
