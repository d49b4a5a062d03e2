"""Connections: what keeps them bounded, and odd requests. A real server in the test's loop, raw sockets."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from openucwa.wire.http_protocol import MOST_PIPELINED
from tests.wire.serving import LIMIT, Echo, Serving, serving


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def server(echo: Echo) -> AsyncIterator[Serving]:
    async with serving(echo, max_header_bytes=4096, max_body_bytes=10_000) as server:
        yield server


@pytest.fixture
async def impatient(echo: Echo) -> AsyncIterator[Serving]:
    async with serving(echo, header_timeout=0.2, keep_alive=0.2, body_timeout=0.2) as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_worse_than_a_note_in_the_log(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_an_answer_bears_the_date_and_no_name_of_the_server(server: Serving) -> None:
    client = await server.connect()
    await client.get("/a%2Fb?c=d")
    answer = await client.answer()
    assert (answer.status, answer.body) == (200, b"GET /a%2Fb c=d a 0")
    assert "date" in answer.headers
    assert "server" not in answer.headers


async def test_a_connection_that_sends_nothing_is_closed(impatient: Serving) -> None:
    client = await impatient.connect()
    assert await client.rest() == b""


async def test_headers_a_byte_at_a_time_are_cut_off(impatient: Serving) -> None:
    client = await impatient.connect()
    sending = asyncio.create_task(_drip(client.send, b"GET / HTTP/1.1\r\nA: " + b"b" * 1000))
    answer = await client.answer()
    sending.cancel()
    assert answer.status == 408
    assert answer.headers["connection"] == "close"
    assert await client.rest() == b""


async def test_slow_headers_of_a_further_request_are_cut_off(impatient: Serving) -> None:
    client = await impatient.connect()
    await client.get()
    assert (await client.answer()).status == 200
    await client.send(b"GET / HTTP/1.1\r\nHost:")
    assert (await client.answer()).status == 408
    assert await client.rest() == b""


async def test_a_slow_head_behind_a_request_under_way_does_not_cost_that_its_answer(
    impatient: Serving, echo: Echo
) -> None:
    client = await impatient.connect()
    await client.get("/wait")
    await client.send(b"GET / HTTP/1.1\r\nHost:")
    await echo.waits.wait()
    await asyncio.sleep(0.3)
    echo.go.set()
    assert (await client.answer()).status == 200
    assert (await client.answer()).status == 408
    assert await client.rest() == b""


async def test_an_idle_connection_is_closed_without_a_word(impatient: Serving) -> None:
    client = await impatient.connect()
    await client.get()
    assert (await client.answer()).status == 200
    assert await client.rest() == b""


async def test_empty_lines_do_not_keep_a_connection_open(impatient: Serving) -> None:
    client = await impatient.connect()
    sending = asyncio.create_task(_drip(client.send, b"\r\n" * 1000))
    assert (await client.answer()).status == 408
    sending.cancel()


async def test_a_request_that_takes_longer_than_headers_may_is_answered(impatient: Serving, echo: Echo) -> None:
    client = await impatient.connect()
    await client.get("/wait")
    await echo.waits.wait()
    await asyncio.sleep(0.5)
    echo.go.set()
    assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    "endless",
    [b"GET /" + b"a" * 8192, b"GET / HTTP/1.1\r\nA: " + b"a" * 8192, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 2000],
    ids=["target", "value", "fields"],
)
async def test_endless_headers_are_refused_while_they_come(server: Serving, endless: bytes) -> None:
    client = await server.connect()
    for start in range(0, len(endless), 1000):
        await client.send(endless[start : start + 1000])
        await asyncio.sleep(0)
    answer = await client.answer()
    assert answer.status == 431
    assert await client.rest() == b""


async def test_too_large_headers_that_come_at_once_are_refused(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/", "A: " + "a" * 4096)
    assert (await client.answer()).status == 431
    assert echo.scopes == []


async def test_headers_just_below_the_limit_are_taken(server: Serving) -> None:
    client = await server.connect()
    await client.get("/", "A: " + "a" * 4050)
    assert (await client.answer()).status == 200


async def test_a_body_does_not_count_as_headers(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Le")
    await asyncio.sleep(0.05)
    await client.send(b"ngth: 9000\r\n\r\n" + b"b" * 9000 + b"GET /")
    assert (await client.answer()).body == b"POST /  a 9000"
    await client.send(b"next HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.answer()).body == b"GET /next  a 0"


async def test_a_body_in_many_parts_does_not_count_as_headers(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n")
    for _ in range(9):
        await client.send(b"b" * 1000)
        await asyncio.sleep(0.01)
    assert (await client.answer()).body == b"POST /  a 9000"


async def test_endless_trailers_are_refused(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    for _ in range(10):
        await asyncio.sleep(0.01)
        await client.send(b"T: " + b"t" * 1000 + b"\r\n")
    assert (await client.answer()).status == 431
    assert echo.scopes == []


async def test_trailers_do_not_become_headers(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    await asyncio.sleep(0.05)
    await client.send(b"1\r\na\r\n0\r\nAuthorization: b\r\n\r\n")
    assert (await client.answer()).status == 200
    assert b"authorization" not in dict(echo.scopes[0]["headers"])


@pytest.mark.parametrize(
    ("request_line", "said"),
    [
        (b"GET http://b:81/c?d HTTP/1.1", b"GET /c d b:81 0"),
        (b"GET http://b HTTP/1.1", b"GET /  b 0"),
        (b"GET http://b?d HTTP/1.1", b"GET / d b 0"),
        (b"GET https://[::1]:81/ HTTP/1.1", b"GET /  [::1]:81 0"),
        (b"OPTIONS * HTTP/1.1", b"OPTIONS /  a 0"),
        (b"GET //b//c HTTP/1.1", b"GET //b//c  a 0"),
    ],
)
async def test_every_form_of_a_target_becomes_a_path(server: Serving, request_line: bytes, said: bytes) -> None:
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
        (b"GET ftp://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT b:81 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
    ],
)
async def test_what_is_not_http_is_refused_and_nothing_is_run(
    server: Serving, echo: Echo, data: bytes, status: int
) -> None:
    client = await server.connect()
    await client.send(data)
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (status, "close")
    assert await client.rest() == b""
    assert echo.scopes == []


async def test_a_broken_chunk_behind_good_ones_is_refused(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    await asyncio.sleep(0.05)
    await client.send(b"oops\r\n")
    assert (await client.answer()).status == 400
    assert await client.rest() == b""
    assert echo.scopes == []


async def test_http_1_0_is_answered_and_the_connection_closed(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.0\r\n\r\n")
    assert (await client.answer()).body == b"GET /  - 0"
    assert await client.rest() == b""


async def test_an_answer_to_head_has_a_length_and_no_body(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.answer(head=True)).headers["content-length"] == "11"
    await client.get("/next")
    assert (await client.answer()).body == b"GET /next  a 0"


async def test_pipelined_requests_are_answered_in_order(server: Serving) -> None:
    client = await server.connect()
    paths = [f"/{number}".encode() for number in range(MOST_PIPELINED)]
    await client.send(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths))
    assert [(await client.answer()).body for _ in paths] == [b"GET %s  a 0" % path for path in paths]


async def test_of_too_many_pipelined_requests_the_first_are_answered(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 1000)
    statuses = [(await client.answer()).status for _ in range(MOST_PIPELINED + 2)]
    assert statuses == [200] * (MOST_PIPELINED + 1) + [503]
    assert await client.rest() == b""
    assert len(echo.scopes) == MOST_PIPELINED + 1


async def test_pipelined_requests_that_come_later_wait_their_turn(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await echo.waits.wait()
    some = MOST_PIPELINED * 3 // 5
    for _ in range(2):
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * some)
        await asyncio.sleep(0.02)
    echo.go.set()
    assert {(await client.answer()).status for _ in range(1 + 2 * some)} == {200}


async def test_rubbish_behind_a_request_is_refused_after_its_answer(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await client.send(b"rubbish\r\n\r\n")
    await echo.waits.wait()
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]
    assert await client.rest() == b""


async def test_a_broken_body_behind_a_request_is_refused_after_its_answer(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.send(
        b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\noops\r\n"
    )
    await echo.waits.wait()
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]
    assert await client.rest() == b""
    assert len(echo.scopes) == 1


async def test_a_request_that_waits_learns_that_its_client_is_gone(server: Serving, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await echo.waits.wait()
    client.drop()
    await asyncio.wait_for(echo.gone.wait(), LIMIT)


async def test_a_body_is_asked_for_with_100_continue(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
    assert (await client.answer()).status == 100
    await client.send(b"b")
    assert (await client.answer()).body == b"POST /  a 1"


async def test_a_body_that_is_too_large_is_not_asked_for(server: Serving) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10001\r\nExpect: 100-continue\r\n\r\n")
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")


@pytest.mark.parametrize("length", [10_001, 5_000_000])
async def test_a_client_that_sends_too_much_gets_its_answer_all_the_same(server: Serving, length: int) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % length + b"b" * length)
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (413, "close")
    assert await client.rest() == b""


async def test_a_body_that_does_not_come_is_answered_408_and_the_connection_closed(
    impatient: Serving, echo: Echo
) -> None:
    client = await impatient.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nb")
    answer = await client.answer()
    assert (answer.status, answer.headers["connection"]) == (408, "close")
    assert await client.rest() == b""
    assert echo.scopes == []


@pytest.mark.parametrize("protocol", ["websocket", "h2c"])
async def test_an_offer_to_change_protocols_is_not_taken_up(server: Serving, protocol: str) -> None:
    client = await server.connect()
    await client.send(
        f"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: {protocol}\r\n\r\n"
        "GET /b HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    )
    assert [(await client.answer()).body for _ in range(2)] == [b"GET /a  a 0", b"GET /b  a 0"]


async def test_a_connection_too_many_is_answered_503(echo: Echo) -> None:
    async with serving(echo, max_connections=1) as server:
        first, second = await server.connect(), await server.connect()
        await first.get()
        assert (await first.answer()).status == 200
        await second.get()
        answer = await second.answer()
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert await second.rest() == b""
        assert len(echo.scopes) == 1


async def _drip(send: Callable[[bytes], Awaitable[None]], data: bytes) -> None:
    for byte in data:
        try:
            await send(bytes([byte]))
        except ConnectionError:
            return
        await asyncio.sleep(0.01)
