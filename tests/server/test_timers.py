"""How long a connection waits for what. The clock is the test's."""

import pytest

from tests.server.serving import Echo, RunningServer, serving

pytestmark = pytest.mark.usefixtures("nothing_above_info")


async def test_silent_connection_is_closed_without_a_response(server: RunningServer) -> None:
    client = await server.connect()
    await server.pass_time(16)
    assert await client.rest() == b""


async def test_slowly_sent_headers_get_no_extra_time(server: RunningServer) -> None:
    client = await server.connect()
    for part in (b"GET / HTTP/1.1\r\nA: ", *[b"b"] * 14):
        await client.send(part)
        await server.pass_time(1)
    await client.send(b"b")
    await server.pass_time(1)
    answer = await client.answer()
    assert (answer.status, answer.closes) == (408, True)
    await server.world.advance(2)
    assert await client.rest() == b""


async def test_slow_headers_of_a_further_request_are_cut_off(server: RunningServer) -> None:
    client = await server.connect()
    await client.get()
    assert (await client.answer()).status == 200
    await server.pass_time(60)
    await client.send(b"GET / HTTP/1.1\r\nHost:")
    await server.pass_time(14)
    await client.send(b" ")
    await server.pass_time(2)
    assert (await client.answer()).status == 408


async def test_slow_head_behind_a_request_does_not_cost_its_response(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await client.send(b"GET / HTTP/1.1\r\nHost:")
    await echo.waits.wait()
    await server.pass_time(20)
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 408]


async def test_idle_connection_is_closed_without_a_response(server: RunningServer) -> None:
    client = await server.connect()
    for _ in range(2):
        await client.get()
        assert (await client.answer()).status == 200
        await server.pass_time(74)
    await server.pass_time(2)
    assert await client.rest() == b""


async def test_empty_lines_do_not_keep_a_connection_open(server: RunningServer) -> None:
    client = await server.connect()
    for _ in range(16):
        await client.send(b"\r\n")
        await server.pass_time(1)
    assert (await client.answer()).status == 408


@pytest.mark.parametrize("behind", [b"", b"GET /now HTTP/1.1\r\nHost: a\r\n\r\n"])
async def test_slow_response_has_no_deadline(server: RunningServer, echo: Echo, behind: bytes) -> None:
    client = await server.connect()
    await client.send(b"GET /now HTTP/1.1\r\nHost: a\r\n\r\nGET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + behind)
    assert (await client.answer()).status == 200
    await echo.waits.wait()
    await server.pass_time(1000)
    echo.go.set()
    assert (await client.answer()).body == b"GET /wait  a 0"


@pytest.mark.parametrize("length", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
async def test_slowly_sent_body_is_answered_408_and_the_connection_closed(
    server: RunningServer, echo: Echo, length: bytes
) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n\r\n")
    for _ in range(16):
        await server.pass_time(2)
        await client.send(b"1\r\nb\r\n")
    answer = await client.answer()
    assert (answer.status, answer.body, answer.closes) == (408, b"TOO_SLOW", True)
    await server.pass_time(2)
    assert await client.rest() == b""


async def test_refused_client_may_continue_sending_for_a_moment(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n")
    assert (await client.answer()).status == 413
    await client.send(b"b" * 10_000)
    await server.pass_time(1)
    await client.send(b"b" * 10_000)
    await server.pass_time(1)
    assert await client.rest() == b""


async def test_slow_body_behind_a_request_gets_its_full_time(echo: Echo) -> None:
    async with serving(echo) as server:
        client = await server.connect()
        await client.get("/wait")
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nb")
        await echo.waits.wait()
        await server.pass_time(20)
        await client.send(b"b")
        await server.settle()
        echo.go.set()
        assert [(await client.answer()).body for _ in range(2)] == [b"GET /wait  a 0", b"POST /  a 2"]
