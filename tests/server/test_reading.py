"""Requests as they come off a connection: what is taken, what is refused. A real server, raw sockets."""

import asyncio
import random

import pytest

from tests.server.serving import Client, Echo, RunningServer, serving
from tests.work import at_most

pytestmark = pytest.mark.usefixtures("nothing_above_info")


@pytest.mark.parametrize(
    "endless",
    [b"GET /" + b"a" * 8192, b"GET / HTTP/1.1\r\nA: " + b"a" * 8192, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000],
    ids=["target", "value", "fields"],
)
async def test_endless_headers_are_refused_before_they_end(server: RunningServer, endless: bytes) -> None:
    client = await server.connect()
    for start in range(0, len(endless), 1000):
        await client.send(endless[start : start + 1000])
        await asyncio.sleep(0)
    assert (await client.answer()).status == 431
    await server.world.advance(2)
    assert await client.rest() == b""


async def test_too_large_headers_in_one_piece_are_refused(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/", "A: " + "a" * 4096)
    assert (await client.answer()).status == 431
    assert echo.requests == []


async def test_headers_just_below_the_limit_are_accepted(server: RunningServer) -> None:
    client = await server.connect()
    await client.get("/", "A: " + "a" * 4050)
    assert (await client.answer()).status == 200


async def test_body_does_not_count_as_headers(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Le")
    await server.settle()
    await client.send(b"ngth: 9000\r\n\r\n" + b"b" * 9000 + b"GET /")
    assert (await client.answer()).body == b"POST /  a 9000"
    await client.send(b"next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.answer()).body == b"GET /next  a 0"


async def test_body_in_many_parts_does_not_count_as_headers(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n")
    for _ in range(9):
        await client.send(b"b" * 1000)
        await server.settle()
    assert (await client.answer()).body == b"POST /  a 9000"


async def test_endless_trailers_are_refused(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    for _ in range(10):
        await server.settle()
        await client.send(b"T: " + b"t" * 1000 + b"\r\n")
    assert (await client.answer()).status == 431
    assert "/now" not in {request.path.decode() for request in echo.requests}


async def test_trailers_do_not_become_headers(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await server.settle()
    await client.send(b"1\r\na\r\n0\r\nAuthorization: b\r\n\r\n")
    assert (await client.answer()).status == 200
    assert b"authorization" not in echo.requests[-1].headers


@pytest.mark.parametrize(
    ("request_line", "said"),
    [
        (b"GET http://b:81/c?d HTTP/1.1", b"GET /c d b:81 0"),
        (b"GET http://b HTTP/1.1", b"GET /  b 0"),
        (b"GET http://b?d HTTP/1.1", b"GET / d b 0"),
        (b"GET https://[::1]:81/ HTTP/1.1", b"GET /  [::1]:81 0"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS /  a 0"),
        (b"GET //b//c HTTP/1.1", b"GET //b//c  a 0"),
        (b"GET /a%2Fb?c=d#e HTTP/1.1", b"GET /a%2Fb c=d a 0"),
    ],
)
async def test_every_form_of_a_target_becomes_a_path(server: RunningServer, request_line: bytes, said: bytes) -> None:
    client = await server.connect()
    await client.send(request_line + b"\r\nHost: a\r\n\r\n")
    assert (await client.answer()).body == said


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\x00c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
        (b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400),
        (b"GET http://user@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"rubbish\r\n\r\n", 400),
        (b"GE[T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    ],
)
async def test_malformed_http_is_refused_and_never_handled(
    server: RunningServer, echo: Echo, data: bytes, status: int
) -> None:
    client = await server.connect()
    await client.send(data)
    answer = await client.answer()
    assert (answer.status, answer.closes) == (status, True)
    await server.world.advance(2)
    assert await client.rest() == b""
    assert echo.requests == []


async def test_malformed_chunk_after_valid_ones_is_refused(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    await server.settle()
    await client.send(b"oops\r\n")
    assert (await client.answer()).status == 400
    assert [request.path for request in echo.requests] == [b"/now/settle"]


@pytest.mark.parametrize("method", [b"Get", b"get", b"FOO", b"PROPFIND", b"DESCRIBE", b"X" * 60])
@pytest.mark.parametrize("piece", [1, 1000])
async def test_unknown_method_is_left_to_the_handler(
    server: RunningServer, echo: Echo, method: bytes, piece: int
) -> None:
    client = await server.connect()
    data = method + b" /path?query HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    for start in range(0, len(data), piece):
        await client.send(data[start : start + piece])
        for _ in range(3):
            await asyncio.sleep(0)
    answer = await client.answer()
    assert answer.body == method + b" /path query a 0"
    assert answer.closes
    assert len(echo.requests) == 1


async def test_connect_is_left_to_the_handler_and_opens_no_tunnel(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"CONNECT b:81 HTTP/1.1\r\nHost: b:81\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await client.answer()
    assert answer.body == b"CONNECT /  b:81 0"
    assert answer.closes
    assert len(echo.requests) == 1


async def test_http_1_0_is_answered_and_the_connection_closed(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert (await client.answer()).body == b"GET /  - 0"
    assert await client.rest() == b""


async def test_request_that_says_close_is_the_last(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
    answer = await client.answer()
    assert (answer.body, answer.closes) == (b"GET /a  a 0", True)
    assert await client.rest() == b""
    assert len(echo.requests) == 1


async def test_100_continue_is_sent_for_a_body(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert (await client.answer()).status == 100
    await client.send(b"b")
    assert (await client.answer()).body == b"POST /  a 1"


async def test_100_continue_behind_another_request_is_sent_in_its_turn(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    await echo.waits.wait()
    await server.settle()
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 100]
    await client.send(b"b")
    assert (await client.answer()).body == b"POST /  a 1"


async def test_100_continue_is_not_sent_for_an_oversized_body(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\nExpect: 100-continue\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, answer.closes) == (413, True)


@pytest.mark.parametrize("length", [10_001, 5_000_000])
@pytest.mark.parametrize("chunked", [False, True])
async def test_client_that_sends_too_much_still_gets_its_response(
    server: RunningServer, length: int, chunked: bool
) -> None:
    client = await server.connect()
    if chunked:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % length)
    else:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length)
    await client.send(b"b" * length)
    answer = await client.answer()
    assert (answer.status, answer.closes) == (413, True)
    await server.world.advance(2)
    assert await client.rest() == b""


async def test_body_of_the_maximum_size_is_accepted(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n" + b"b" * 10_000)
    answer = await client.answer()
    assert (answer.body, answer.closes) == (b"POST /  a 10000", False)


async def test_maximum_body_size_is_decided_by_the_head(echo: Echo) -> None:
    async with serving(echo) as server:
        server.service.limit = 0
        client = await server.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert (await client.answer()).status == 413


async def test_bodies_in_flight_have_a_budget_over_all_connections(echo: Echo) -> None:
    async with serving(echo, max_body_bytes_in_flight=1000) as server:
        first, second = await server.connect(), await server.connect()
        await first.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 800\r\n\r\n" + b"b" * 700)
        await server.settle()
        await second.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 800\r\n\r\n" + b"b" * 400)
        answer = await second.answer()
        assert (answer.status, answer.body, answer.closes) == (503, b"NO_ROOM", True)
        await first.send(b"b" * 100)
        assert (await first.answer()).status == 200
        third = await server.connect()
        await third.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + b"b" * 1000)
        assert (await third.answer()).status == 200


async def test_bytes_of_an_aborted_body_are_returned_to_the_budget(echo: Echo) -> None:
    async with serving(echo, max_body_bytes_in_flight=1000) as server:
        for _ in range(3):
            gone = await server.connect()
            await gone.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 800\r\n\r\n" + b"b" * 700)
            await server.settle()
            gone.drop()
        await server.settle()
        client = await server.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n" + b"b" * 900)
        assert (await client.answer()).status == 200


async def test_repeated_header_has_its_values_joined(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/now", "A: 1", "B: 2", "a: 3", "A: 4")
    assert (await client.answer()).status == 200
    headers = echo.requests[0].headers
    assert (headers[b"a"], headers[b"b"]) == (b"1, 3, 4", b"2")


@pytest.mark.parametrize("line", [b"a:\r\n", b"a: b\r\n", b"Host: a\r\n"])
async def test_thousands_of_repeated_headers_cost_a_few_calls_each(echo: Echo, line: bytes) -> None:
    async with serving(echo, max_header_bytes=10_000_000) as server:
        client = await server.connect()
        with at_most(10 * 200_000):
            await client.send(b"GET /now HTTP/1.1\r\n" + line * 200_000 + b"\r\n")
            assert (await client.answer()).status == 400


# Headers that may stand in any request

#: Whatever says something of the connection, the framing or what follows.
HEADERS = (
    "Connection: Upgrade\r\nUpgrade: websocket",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQBAAAAAAIAAAAA",
    "Connection: keep-alive, Upgrade\r\nUpgrade: TLS/1.2",
    "Connection: upgrade",
    "Upgrade: websocket",
    "Connection: keep-alive",
    "Connection: TE\r\nTE: trailers",
    "Proxy-Connection: keep-alive",
    "Keep-Alive: timeout=5, max=1000",
    "Trailer: X-Sum",
    "Expect: something-else",
    "Content-Encoding: identity",
    "Max-Forwards: 0",
    "Via: 1.1 proxy",
    "Origin: http://a",
    "X-HTTP-Method-Override: DELETE",
    "Sec-WebSocket-Key: YQ==\r\nSec-WebSocket-Version: 13",
)


def requests_with(header: str, number: int) -> tuple[bytes, bytes]:
    """A request with this header, and the body of its response."""
    kind = number % 3
    line = f"Host: a\r\n{header}\r\n"
    if kind == 0:
        return f"GET /{number} HTTP/1.1\r\n{line}\r\n".encode(), b"GET /%d  a 0" % number
    body = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    if kind == 1:
        head = f"POST /{number} HTTP/1.1\r\n{line}Content-Length: {len(body)}\r\n\r\n".encode()
        return head + body, b"POST /%d  a %d" % (number, len(body))
    head = f"PUT /{number} HTTP/1.1\r\n{line}Transfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body), b"PUT /%d  a %d" % (number, len(body))


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("seed", range(3))
async def test_every_request_gets_exactly_one_response_for_any_headers(
    server: RunningServer, echo: Echo, header: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311  # it decides where a test cuts
    sent = [requests_with(header, number) for number in range(12)]
    data = b"".join(request for request, _ in sent)
    client = await server.connect()
    while data:
        size = chance.choice((1, 7, 50, 400, len(data)))
        await client.send(data[:size])
        data = data[size:]
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
    assert [(await client.answer()).body for _ in sent] == [body for _, body in sent]
    await _is_idle(client, server)
    assert len(echo.requests) == len(sent) + 1


async def _is_idle(client: Client, server: RunningServer) -> None:
    """Nothing more comes."""
    more = asyncio.create_task(client.reader.read(1))
    await server.settle()
    assert not more.done()
    more.cancel()
