"""However a connection ends, nothing of it is left to the garbage collection, which is seldom run."""

import asyncio
import gc
import socket
import ssl
import struct
import types
from collections.abc import Callable, Iterator

import pytest
import uvloop

from openucwa.config import Config
from openucwa.http.message import Request, Response
from openucwa.model.world import RealWorld
from openucwa.server.listeners import bind
from tests.server.serving import LIMIT, Echo, RunningServer, SmallService
from tests.world import FakeWorld, until

#: What is sent, and whether the client then waits for the server to close; else it goes away itself.
ENDS = {
    "nothing is sent": (b"", False),
    "half a head": (b"GET / HTTP/1.1\r\nHo", False),
    "half a body": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n" + b"b" * 100_000, False),
    "half a chunk": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\nab", False),
    "rubbish": (b"\x00\x01\x02\r\n\r\n", True),
    "a broken chunk": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\noops\r\n", True),
    "an endless head": (b"GET / HTTP/1.1\r\nA: " + b"a" * 100_000, True),
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", True),
    "another version": (b"GET / HTTP/2.0\r\n\r\n", True),
    "an unknown method": (b"FOO / HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "an offer to change protocols": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: b\r\n\r\n", False),
    "connect": (b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", True),
    "a body too large": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\n" + b"b" * 100_000, True),
    "a chunked body too large": (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n200000\r\n" + b"b" * 2_000_000,
        True,
    ),
    "a response that says close": (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True),
    "keep-alive": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "a poll that is left": (b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "a poll that is left with others behind it": (b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" * 3, False),
    "pipelined": (b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n" * 20, False),
    "too many pipelined": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 300, True),
    "a response that is not read": (b"GET /large/9000000 HTTP/1.1\r\nHost: a\r\n\r\n", False),
    "a handler that fails": (b"GET /fail HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True),
    "a handler that fails later": (b"GET /faillater HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True),
    "a response that cannot be sent": (b"GET /bad HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True),
    "a limit that fails": (b"POST /nolimit HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde", True),
}


@pytest.fixture(scope="module", autouse=True)
def nothing_older() -> Iterator[None]:
    """Collections pass over what was there before: there is much of it after thousands of tests."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Failing(Echo):
    """An echo that fails where it is asked to."""

    def __call__(self, request: Request) -> object:  # type: ignore[override]
        self.requests.clear()
        match request.path:
            case b"/fail":
                raise RuntimeError("broken")
            case b"/faillater":
                return self._fail()
            case b"/bad":
                return Response(status=200, headers=((b"A", b"b\r\n"),))
        return super().__call__(request)

    async def _fail(self) -> Response:
        await asyncio.sleep(0)
        raise RuntimeError("broken")


class Limiting(SmallService):
    """Judges bodies, and fails for one path."""

    def body_limit(self, request: Request) -> int:
        if request.path == b"/nolimit":
            raise RuntimeError("broken")
        return self.limit


def _talk(port: int, data: bytes, tls: ssl.SSLContext | None, *, waits: bool, host: str) -> None:
    """Sends `data`; then waits for the server to close, or resets the connection."""
    plain = socket.create_connection(("127.0.0.1", port), timeout=LIMIT)
    with plain if tls is None else tls.wrap_socket(plain, server_hostname=host) as client:
        try:
            client.sendall(data)
            if waits:
                while client.recv(65_536):
                    pass
            else:
                client.settimeout(0.05)
                client.recv(10)
        except (OSError, TimeoutError):
            pass
        if not waits:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def left_over() -> list[object]:
    """What only the garbage collection finds, as far as it is the server's."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        return [each for each in gc.garbage if _is_ours(each)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.collect()


def _is_ours(found: object) -> bool:
    if isinstance(found, types.FrameType | types.CoroutineType | types.TracebackType):
        code = getattr(found, "f_code", None) or getattr(found, "cr_code", None)
        code = code or getattr(getattr(found, "tb_frame", None), "f_code", None)
        return code is not None and "openucwa" in code.co_filename
    module = type(found).__module__
    return module.startswith(("openucwa", "httptools")) or isinstance(found, BaseException)


def _run(loop: str, coroutine: Callable[[], object]) -> None:
    (uvloop if loop == "uvloop" else asyncio).run(coroutine())  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize("secure", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("end", ENDS)
def test_connection_leaves_no_cycles_however_it_ends(certificate: tuple[str, str], end: str, secure: bool) -> None:
    data, waits = ENDS[end]

    async def talk() -> None:
        echo = Failing()
        service = Limiting(echo, FakeWorld())  # type: ignore[arg-type]
        url = "https://127.0.0.1:0" if secure else "http://127.0.0.1:0"
        config = Config(listen=(url,), tls_cert=certificate[0], tls_key=certificate[1], write_timeout=0.1)
        running = RunningServer(service, config)
        await running.ready()
        tls = ssl.create_default_context(cafile=certificate[0]) if secure else None

        async def once() -> None:
            talking = asyncio.create_task(
                asyncio.to_thread(_talk, running.port(), data, tls, waits=waits, host="localhost")
            )
            while not talking.done():
                await asyncio.sleep(0.005)
                # For those that linger.
                await running.world.advance(1)
            await talking
            await running.world.advance(100)

        await once()
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                await once()
            await running.world.settle()
            assert left_over() == []
        finally:
            gc.enable()
            await running.end()

    _run("uvloop", talk)


def test_bodies_that_stall_are_freed_without_a_collection() -> None:
    async def stall() -> None:
        service = SmallService(Echo(), FakeWorld(), limit=10_000_000)
        running = RunningServer(service, Config(listen=("http://127.0.0.1:0",)))
        await running.ready()
        head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n"
        gc.collect()
        gc.disable()
        try:
            clients = [await running.connect() for _ in range(5)]
            for client in clients:
                await client.send(head + b"b" * 1_000_000)
            await running.pass_time(31)
            assert [(await client.answer()).status for client in clients] == [408] * 5
            await running.world.advance(3)
            for client in clients:
                client.drop()
            assert left_over() == []
            assert not [each for each in gc.get_objects() if isinstance(each, bytearray) and len(each) > 500_000]
        finally:
            gc.enable()
            await running.end()

    _run("uvloop", stall)


def test_stopped_server_leaves_no_cycles() -> None:
    async def stop() -> None:
        listeners = bind(["http://127.0.0.1:0"])
        echo = Echo()
        running = RunningServer(SmallService(echo, RealWorld()), Config(shutdown_timeout=0.0), listeners)
        await running.ready()
        clients = [await running.connect() for _ in range(4)]
        await clients[0].get("/wait")
        await clients[1].send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\nb")
        await clients[2].get("/")
        await clients[2].answer()
        await until(echo.waits.is_set)
        gc.collect()
        gc.disable()
        try:
            await running.end()
            assert [each for each in left_over() if type(each).__module__.startswith("openucwa.server.")] == []
        finally:
            gc.enable()

    _run("uvloop", stop)
