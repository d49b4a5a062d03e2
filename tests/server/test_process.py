"""The life of a server from start to stop, and what it is told meanwhile. Real sockets, in the test's loop."""

import asyncio
import gc
import http.client
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from openucwa.config import Config
from openucwa.http.message import Handler
from openucwa.model.refusals import ServiceUnavailable
from openucwa.model.world import RealWorld
from openucwa.server.control import ProcessControl, Signals
from openucwa.server.listeners import ListenError, bind, close
from openucwa.server.process import serve
from tests.certificate import make_certificate
from tests.ports import free_port
from tests.server.serving import LIMIT, Echo, RunningServer, SmallService, serving, text
from tests.world import FakeWorld, until


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"http://127.0.0.1:{other.getsockname()[1]}"


def https(certificate: tuple[str, str], *urls: str) -> Config:
    return Config(listen=urls or ("https://127.0.0.1:0",), tls_cert=certificate[0], tls_key=certificate[1])


async def start(handler: Handler, config: Config | None = None, world: FakeWorld | None = None) -> RunningServer:
    service = SmallService(handler, world or RealWorld())
    running = RunningServer(service, config or Config(listen=("http://127.0.0.1:0",)))
    await running.ready()
    return running


async def test_http_and_https_are_served_side_by_side(echo: Echo, certificate: tuple[str, str]) -> None:
    running = await start(echo, https(certificate, "http://127.0.0.1:0", "https://127.0.0.1:0"))
    trusting = ssl.create_default_context(cafile=certificate[0])
    for index, tls in enumerate((None, trusting)):
        client = await running.connect("localhost" if tls else "127.0.0.1", index, tls)
        await client.get()
        assert (await client.answer()).status == 200
    assert [request.scheme for request in echo.requests] == ["http", "https"]
    assert [request.server[1] for request in echo.requests] == [running.port(0), running.port(1)]
    assert await running.end() == 0


async def test_tls_below_1_2_is_refused(echo: Echo, certificate: tuple[str, str]) -> None:
    running = await start(echo, https(certificate))
    old = ssl.create_default_context(cafile=certificate[0])
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await running.connect("localhost", tls=old)
    assert await running.end() == 0


async def test_malformed_input_on_an_https_port_is_harmless(
    echo: Echo, certificate: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    running = await start(echo, https(certificate))
    plain = await running.connect()
    await plain.get()
    await plain.rest()
    client = await running.connect("localhost", tls=ssl.create_default_context(cafile=certificate[0]))
    await client.get()
    assert (await client.answer()).status == 200
    assert await running.end() == 0
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@needs_ipv6
async def test_ipv6_is_served(echo: Echo) -> None:
    running = await start(echo, Config(listen=("http://[::1]:0",)))
    client = await running.connect("::1")
    await client.get()
    assert (await client.answer()).status == 200
    assert await running.end() == 0


def test_waiting_request_with_others_queued_notices_a_disconnect(
    certificate: tuple[str, str],
) -> None:
    async def drop_while_waiting() -> int:
        echo = Echo()
        running = await start(echo, https(certificate))
        client = await running.connect("localhost", tls=ssl.create_default_context(cafile=certificate[0]))
        await client.get("/wait")
        await client.get("/next")
        await echo.waits.wait()
        client.drop()
        await asyncio.wait_for(echo.gone.wait(), LIMIT)
        return await running.end()

    # The loop that the server runs in, because only that one notices, over TLS, while reading is paused.
    assert uvloop.run(drop_while_waiting()) == 0


async def test_ready_means_that_connections_are_accepted(echo: Echo) -> None:
    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", running.port(), timeout=LIMIT)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()

    running = await start(echo)
    assert running.service.calls == ["start"]
    assert await asyncio.to_thread(ask) == 200
    assert await running.end() == 0


async def test_stop_releases_polls_finishes_requests_and_only_then_ends_the_service(echo: Echo) -> None:
    running = await start(echo, world=FakeWorld())
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    running.control.stop.set()
    await until(lambda: "release" in running.service.calls)
    with pytest.raises(ConnectionRefusedError):
        await running.connect()
    assert running.service.calls == ["start", "release"]
    echo.go.set()
    answer = await client.answer()
    assert (answer.status, answer.closes) == (200, True)
    assert await running.task == 0
    assert running.service.calls == ["start", "release", "stop"]
    await running.end()


async def test_request_being_sent_at_a_stop_is_the_last(echo: Echo) -> None:
    running = await start(echo, world=FakeWorld())
    client = await running.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
    await running.settle()
    running.control.stop.set()
    await until(lambda: "release" in running.service.calls)
    await client.send(b"b")
    answer = await client.answer()
    assert (answer.body, answer.closes) == (b"POST /  a 2", True)
    await running.end()


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_stop_closes_idle_connections_at_once(certificate: tuple[str, str], secure: bool, loop: str) -> None:
    async def stop() -> None:
        running = await start(Echo(), https(certificate) if secure else None)
        tls = ssl.create_default_context(cafile=certificate[0]) if secure else None
        host = "localhost" if secure else "127.0.0.1"
        idle = [await running.connect(host, tls=tls) for _ in range(2)]
        # This one never answers the server's goodbye.
        mute = await asyncio.to_thread(_connect, host, running.port(), tls)
        await idle[0].get()
        assert (await idle[0].answer()).status == 200
        began = asyncio.get_running_loop().time()
        running.control.stop.set()
        assert await running.task == 0
        assert asyncio.get_running_loop().time() - began < 1.0
        for client in idle:
            assert await client.rest() == b""
        mute.close()
        await running.end()

    if loop == "uvloop":
        uvloop.run(stop())
    else:
        asyncio.run(stop())


def _connect(host: str, port: int, tls: ssl.SSLContext | None) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    return plain if tls is None else tls.wrap_socket(plain, server_hostname=host)


async def test_request_exceeding_the_grace_period_is_answered_503(echo: Echo) -> None:
    running = await start(echo, world=FakeWorld())
    waiting, sending = await running.connect(), await running.connect()
    await waiting.get("/wait")
    await sending.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na")
    await echo.waits.wait()
    await running.settle()
    running.control.stop.set()
    await until(lambda: "release" in running.service.calls)
    await running.world.advance(10)
    for client in (waiting, sending):
        answer = await client.answer()
        assert (answer.status, answer.closes) == (503, True)
    await running.world.advance(3)
    assert await running.task == 0
    assert running.service.calls == ["start", "release", "stop"]
    await running.end()


async def test_second_signal_stops_at_once(echo: Echo) -> None:
    running = await start(echo, world=FakeWorld())
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    running.control.end()
    await until(lambda: "release" in running.service.calls)
    running.control.end()
    assert (await client.answer()).status == 503
    assert await running.task == 1
    await running.end()


async def test_cancelled_server_leaves_nothing_open(echo: Echo) -> None:
    running = await start(echo)
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    running.task.cancel()
    assert await client.rest() == b""
    await until(lambda: running.service.calls == ["start", "stop"])
    close(bind(running.urls))
    client.drop()


async def test_failed_start_releases_the_addresses() -> None:
    class Failing(SmallService):
        async def start(self) -> None:
            raise ServiceUnavailable("the store is damaged", 1)

    listeners = bind(["http://127.0.0.1:0"])
    with pytest.raises(ServiceUnavailable, match="the store is damaged"):
        await serve(Failing(Echo()), Config(), listeners=listeners)
    close(bind([listeners[0].url]))


async def test_address_that_cannot_be_had_is_noticed_before_the_service_starts(echo: Echo, taken: str) -> None:
    service = SmallService(echo)
    with pytest.raises(ListenError):
        await serve(service, Config(listen=(taken,)))
    assert service.calls == []


async def test_status_address_answers_from_before_the_start_until_after_the_stop(echo: Echo) -> None:
    class ObservedService(SmallService):
        def status(self, connections: object) -> Handler:
            return lambda _request: text(200, b",".join(call.encode() for call in self.calls))

    port = free_port()
    config = Config(listen=("http://127.0.0.1:0",), status_listen=(f"http://127.0.0.1:{port}",))
    service = ObservedService(echo)
    running = RunningServer(service, config)
    await running.ready()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"start")
    await running.end()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()


# Control


async def test_certificate_is_reloaded_without_a_restart(
    echo: Echo, certificate: tuple[str, str], tmp_path: Path
) -> None:
    running = await start(echo, https(certificate))
    old = ssl.create_default_context(cafile=certificate[0])
    before = await running.connect("localhost", tls=old)
    renewed = make_certificate(tmp_path)
    running.control.reload(https(renewed))
    after = await running.connect("localhost", tls=ssl.create_default_context(cafile=renewed[0]))
    for client in (before, after):
        await client.get()
        assert (await client.answer()).status == 200
    await running.end()


async def test_sighup_reloads_the_settings(caplog: pytest.LogCaptureFixture) -> None:
    used: list[str] = []
    control = ProcessControl(lambda: Config(log_level="debug"))
    control.on_reload(lambda config: used.append(config.log_level))
    with Signals(control):
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: used)
    assert used == ["debug"]
    assert not control.stop.is_set()


async def test_invalid_reloaded_settings_are_named_and_change_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def load() -> Config:
        raise ListenError("setting log_level: there is no such level")

    control = ProcessControl(load)
    control.hang_up()
    assert "could not reload the settings: setting log_level: there is no such level" in caplog.text


async def test_full_collection_runs_in_a_quiet_moment(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[bool] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(True))
    async with serving(echo) as server:
        await server.world.advance(600)
        client = await server.connect()
        for _ in range(5):
            await client.get("/now")
            await client.answer()
            await server.world.advance(1)
            assert not collected
        await server.world.advance(1)
        assert collected == [True]
