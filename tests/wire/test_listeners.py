"""Addresses, certificates, and the life of a server from start to stop. Real sockets, in the test's loop."""

import asyncio
import http.client
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop
from openucwa.wire.whole_body import WholeBody

from openucwa.config import Config
from openucwa.model.refusals import ServiceUnavailable
from openucwa.wire.listeners import Listener, ListenError, bind, close, share, tls_context
from openucwa.wire.serving import serve
from tests.certificate import make_certificate
from tests.wire.serving import LIMIT, Client, Echo, SmallService, too_slow
from tests.world import until


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def service(echo: Echo) -> SmallService:
    return SmallService(WholeBody(echo, 1000, 5.0, too_slow))


class Running:
    """`serve` in a task, from when it is ready."""

    def __init__(self, service: SmallService, config: Config) -> None:
        self.stop = asyncio.Event()
        self.urls: list[str] = []
        self._task = asyncio.create_task(serve(service, config, ready=self.urls.extend, stop=self.stop))

    async def ready(self) -> None:
        await until(lambda: self.urls or self._task.done())
        if self._task.done():
            await self._task

    def port(self, index: int = 0) -> int:
        return int(self.urls[index].rpartition(":")[2])

    async def connect(self, host: str = "127.0.0.1", index: int = 0, tls: ssl.SSLContext | None = None) -> Client:
        return Client(*await asyncio.open_connection(host, self.port(index), ssl=tls))

    def cancel(self) -> None:
        self._task.cancel()

    async def end(self) -> int:
        self.stop.set()
        async with asyncio.timeout(LIMIT):
            return await self._task


async def start(service: SmallService, *urls: str, **settings: object) -> Running:
    running = Running(service, Config(listen=urls or ("http://127.0.0.1:0",), **settings))  # type: ignore[arg-type]
    await running.ready()
    return running


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield f"http://127.0.0.1:{other.getsockname()[1]}"


@pytest.fixture
def bound() -> Iterator[list[Listener]]:
    listeners: list[Listener] = []
    yield listeners
    close(listeners)


def test_port_0_becomes_a_free_one(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0", "https://127.0.0.1:0"])
    ports = [int(listener.url.rpartition(":")[2]) for listener in bound]
    assert bound[0].url == f"http://127.0.0.1:{ports[0]}"
    assert bound[1].url == f"https://127.0.0.1:{ports[1]}"
    assert 0 not in ports
    assert [listener.secure for listener in bound] == [False, True]


def test_a_name_with_several_addresses_has_one_port(bound: list[Listener]) -> None:
    bound += bind(["http://localhost:0"])
    assert len({taken.getsockname()[1] for taken in bound[0].sockets}) == 1
    assert bound[0].url.startswith("http://localhost:")


def test_of_shared_addresses_each_process_has_sockets_of_its_own(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0", "http://localhost:0"])
    shares = share(bound, 3)
    try:
        assert [[listener.url for listener in each] for each in shares] == 3 * [[listener.url for listener in bound]]
        numbers = [one.fileno() for each in shares for listener in each for one in listener.sockets]
        assert len(set(numbers)) == 3 * sum(len(listener.sockets) for listener in bound)
    finally:
        for each in shares[1:]:
            close(each)


def test_a_shared_address_is_not_shared_with_other_servers(bound: list[Listener]) -> None:
    bound += bind(["http://127.0.0.1:0"])
    _, second = share(bound, 2)
    try:
        for each in (bound[0], second[0]):
            each.sockets[0].listen()
        with pytest.raises(ListenError, match="the port is taken"):
            bind([bound[0].url])
    finally:
        close(second)


@needs_ipv6
def test_an_ipv6_address_keeps_its_brackets(bound: list[Listener]) -> None:
    bound += bind(["http://[::1]:0"])
    assert bound[0].url.startswith("http://[::1]:")


@needs_ipv6
def test_both_families_can_have_the_same_port(bound: list[Listener]) -> None:
    bound += bind(["http://0.0.0.0:0"])
    port = bound[0].url.rpartition(":")[2]
    bound += bind([f"http://[::]:{port}"])
    assert bound[1].url == f"http://[::]:{port}"


def test_a_port_that_is_taken_is_named_and_nothing_else_is_kept(taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    with pytest.raises(ListenError, match=f"^cannot listen on {taken}: the port is taken$"):
        bind([f"http://127.0.0.1:{free}", taken])
    close(bind([f"http://127.0.0.1:{free}"]))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://nowhere.invalid:80", "there is no host nowhere.invalid"),
        ("http://192.0.2.1:0", "this machine has no such address"),
    ],
)
def test_an_address_that_cannot_be_had_is_named(url: str, why: str) -> None:
    with pytest.raises(ListenError, match=f"^cannot listen on {url}: {why}$"):
        bind([url])


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path, certificate: tuple[str, str]) -> None:
    with pytest.raises(ListenError, match=r"/none\.pem cannot be read: No such file or directory$"):
        tls_context(str(tmp_path / "none.pem"), certificate[1])


def test_a_certificate_that_is_none_is_named(tmp_path: Path, certificate: tuple[str, str]) -> None:
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(ListenError, match=r"^the certificate \S+/bad\.pem and the key \S+ cannot be used: .+"):
        tls_context(str(tmp_path / "bad.pem"), certificate[1])


def test_a_key_of_another_certificate_is_refused(tmp_path: Path, certificate: tuple[str, str]) -> None:
    with pytest.raises(ListenError, match=r"cannot be used: key values mismatch$"):
        tls_context(certificate[0], make_certificate(tmp_path, "other")[1])


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(tmp_path: Path, certificate: tuple[str, str]) -> None:
    locked = tmp_path / "locked.key"
    subprocess.run(
        ["openssl", "ec", "-aes128", "-passout", "pass:secret", "-in", certificate[1], "-out", str(locked)],
        check=True,
        capture_output=True,
        timeout=30,
    )
    with pytest.raises(ListenError, match="cannot be used"):
        tls_context(certificate[0], str(locked))


async def test_http_and_https_are_served_side_by_side(
    service: SmallService, echo: Echo, certificate: tuple[str, str]
) -> None:
    cert, key = certificate
    running = await start(service, "http://127.0.0.1:0", "https://127.0.0.1:0", tls_cert=cert, tls_key=key)
    trusting = ssl.create_default_context(cafile=cert)
    for index, tls in enumerate((None, trusting)):
        client = await running.connect("localhost" if tls else "127.0.0.1", index, tls)
        await client.get()
        assert (await client.answer()).status == 200
        client.drop()
    assert [scope["scheme"] for scope in echo.scopes] == ["http", "https"]
    assert await running.end() == 0


async def test_tls_below_1_2_is_refused(service: SmallService, certificate: tuple[str, str]) -> None:
    cert, key = certificate
    running = await start(service, "https://127.0.0.1:0", tls_cert=cert, tls_key=key)
    old = ssl.create_default_context(cafile=cert)
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await running.connect("localhost", tls=old)
    assert await running.end() == 0


async def test_rubbish_on_an_https_port_harms_nobody(
    service: SmallService, certificate: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    cert, key = certificate
    running = await start(service, "https://127.0.0.1:0", tls_cert=cert, tls_key=key)
    plain = await running.connect()
    await plain.get()
    await plain.rest()
    plain.drop()
    client = await running.connect("localhost", tls=ssl.create_default_context(cafile=cert))
    await client.get()
    assert (await client.answer()).status == 200
    client.drop()
    assert await running.end() == 0
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@needs_ipv6
async def test_ipv6_is_served(service: SmallService) -> None:
    running = await start(service, "http://[::1]:0")
    client = await running.connect("::1")
    await client.get()
    assert (await client.answer()).status == 200
    client.drop()
    assert await running.end() == 0


def test_a_request_that_waits_with_others_behind_it_learns_that_its_client_is_gone(
    certificate: tuple[str, str],
) -> None:
    async def drop_while_waiting() -> int:
        echo = Echo()
        service = SmallService(WholeBody(echo, 1000, 5.0, too_slow))
        cert, key = certificate
        running = await start(service, "https://127.0.0.1:0", tls_cert=cert, tls_key=key)
        client = await running.connect("localhost", tls=ssl.create_default_context(cafile=cert))
        await client.get("/wait")
        await client.get("/next")
        await echo.waits.wait()
        client.drop()
        await asyncio.wait_for(echo.gone.wait(), LIMIT)
        return await running.end()

    # The loop that the server runs in, because only that one notices, over TLS, while reading is paused.
    assert uvloop.run(drop_while_waiting()) == 0


async def test_ready_means_that_connections_are_accepted(service: SmallService) -> None:
    def ask() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", running.port(), timeout=LIMIT)
        try:
            connection.request("GET", "/")
            return connection.getresponse().status
        finally:
            connection.close()

    running = await start(service)
    assert service.calls == ["start"]
    assert await asyncio.to_thread(ask) == 200
    assert await running.end() == 0


async def test_a_stop_releases_polls_finishes_what_is_under_way_and_only_then_ends_the_service(
    service: SmallService, echo: Echo
) -> None:
    running = await start(service)
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    ending = asyncio.create_task(running.end())
    await until(lambda: "release" in service.calls)
    with pytest.raises(ConnectionRefusedError):
        await running.connect()
    assert service.calls == ["start", "release"]
    echo.go.set()
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (200, "close")
    assert await ending == 0
    assert service.calls == ["start", "release", "stop"]
    client.drop()


async def test_a_stop_closes_idle_connections_at_once(service: SmallService) -> None:
    running = await start(service)
    fresh, idle = await running.connect(), await running.connect()
    await idle.get()
    assert (await idle.answer()).status == 200
    assert await running.end() == 0
    assert await fresh.rest() == b""
    assert await idle.rest() == b""
    fresh.drop()
    idle.drop()


async def test_what_outlasts_the_patience_of_a_stop_is_cut_off(service: SmallService, echo: Echo) -> None:
    running = await start(service, shutdown_timeout=0.05)
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    assert await running.end() == 0
    await client.rest()
    assert service.calls == ["start", "release", "stop"]
    client.drop()


async def test_a_server_that_is_cancelled_leaves_nothing_open(service: SmallService, echo: Echo) -> None:
    running = await start(service)
    client = await running.connect()
    await client.get("/wait")
    await echo.waits.wait()
    running.cancel()
    assert await client.rest() == b""
    client.drop()
    await until(lambda: service.calls == ["start", "stop"])
    close(bind(running.urls))


async def test_a_service_that_cannot_start_gives_up_its_addresses() -> None:
    class Failing(SmallService):
        async def start(self) -> None:
            raise ServiceUnavailable("the store is damaged", 1)

    listeners = bind(["http://127.0.0.1:0"])
    with pytest.raises(ServiceUnavailable, match="the store is damaged"):
        await serve(Failing(Echo()), Config(), listeners=listeners)
    close(bind([listeners[0].url]))


async def test_an_address_that_cannot_be_had_is_noticed_before_the_service_starts(
    service: SmallService, taken: str
) -> None:
    with pytest.raises(ListenError):
        await serve(service, Config(listen=(taken,)))
    assert service.calls == []
