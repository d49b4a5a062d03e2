"""Responses as they go over a connection."""

import asyncio
import logging
import socket
import ssl

import pytest

from openucwa.http.message import Request, Response
from tests.server.serving import Echo, RunningServer, serving, text


async def answered(response: Response, method: str = "GET") -> tuple[bytes, list[str]]:
    """What is sent for this response, and what is logged above info."""
    async with serving(lambda _request: response) as server:
        client = await server.connect()
        await client.send(f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return await client.rest(), []


async def test_response_has_its_own_headers_and_those_of_the_connection() -> None:
    challenges = ((b"WWW-Authenticate", b"Bearer"), (b"WWW-Authenticate", b"MsRtcOAuth"), (b"ETag", b'"7"'))
    sent, _ = await answered(Response(status=401, headers=challenges, body=b"no"))
    assert sent.split(b"\r\n") == [
        b"HTTP/1.1 401 Unauthorized",
        b"Date: Tue, 14 Nov 2023 22:13:20 GMT",
        b"WWW-Authenticate: Bearer",
        b"WWW-Authenticate: MsRtcOAuth",
        b'ETag: "7"',
        b"Content-Length: 2",
        b"Connection: close",
        b"",
        b"no",
    ]


@pytest.mark.parametrize("status", [204, 304])
async def test_status_without_a_body_has_no_length(status: int) -> None:
    sent, _ = await answered(Response(status=status))
    assert b"Content-Length" not in sent
    assert sent.endswith(b"Connection: close\r\n\r\n")


async def test_response_to_head_has_a_length_and_no_body(server: RunningServer) -> None:
    client = await server.connect()
    await client.send(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (await client.answer(head=True)).headers["Content-Length"] == "11"
    await client.get("/next")
    assert (await client.answer()).body == b"GET /next  a 0"


async def test_date_comes_from_the_injected_clock(server: RunningServer) -> None:
    client = await server.connect()
    await client.get()
    assert (await client.answer()).headers["Date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    await server.world.advance(61)
    await client.get()
    assert (await client.answer()).headers["Date"] == "Tue, 14 Nov 2023 22:14:21 GMT"


async def test_each_request_has_an_id_of_its_own(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    for _ in range(600):
        await client.get("/now")
        await client.answer()
    assert len({request.id for request in echo.requests}) == 600
    assert {len(request.id) for request in echo.requests} == {16}


@pytest.mark.parametrize("value", [b"a\r\nSet-Cookie: b", b"a\nb", b"a\rb"])
async def test_header_with_a_line_break_is_never_sent(value: bytes, caplog: pytest.LogCaptureFixture) -> None:
    sent, _ = await answered(Response(status=200, headers=((b"Location", value),)))
    assert sent.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in sent
    assert "a response to 127.0.0.1 cannot be sent" in caplog.text


async def test_handler_that_fails_is_answered_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fails(request: Request) -> Response:
        if request.path == b"/later":
            return later()  # type: ignore[return-value]  # a coroutine that is a response
        raise RuntimeError("broken")

    async def later() -> Response:
        raise RuntimeError("broken later")

    async with serving(fails) as server:
        client = await server.connect()
        for path in ("/", "/later"):
            await client.get(path)
            answer = await client.answer()
            assert (answer.status, b"broken" in answer.body) == (500, False)
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [str(record.exc_info and record.exc_info[1]) for record in failures] == ["broken", "broken later"]
    assert all(len(record.__dict__["request_id"]) == 16 for record in failures)


async def test_internal_error_while_reading_is_500_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(lambda _request: text(200, b"")) as server:
        server.service.limit = "broken"  # type: ignore[assignment]
        client = await server.connect()
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde")
        answer = await client.answer()
        assert (answer.status, answer.closes) == (500, True)
    assert "TypeError" in caplog.text


async def test_response_may_end_the_connection(echo: Echo) -> None:
    async with serving(lambda _request: Response(status=200, close=True)) as server:
        client = await server.connect()
        await client.get()
        assert (await client.answer()).closes
        assert await client.rest() == b""


async def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    client = await server.connect()
    paths = [f"/{'now' if number % 3 else ''}{number}".encode() for number in range(100)]
    await client.send(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path for path in paths))
    assert [(await client.answer()).body for _ in paths] == [b"GET %s  a 0" % path for path in paths]


@pytest.mark.parametrize("path", [b"/", b"/now"])
async def test_first_of_too_many_pipelined_requests_are_answered(echo: Echo, path: bytes) -> None:
    async with serving(echo, max_pipelined=10) as server:
        client = await server.connect()
        await client.send(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path * 100)
        assert [(await client.answer()).status for _ in range(12)] == [200] * 11 + [503]
        await server.world.advance(2)
        assert await client.rest() == b""
        assert len(echo.requests) == 11


async def test_later_pipelined_requests_wait_their_turn(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await echo.waits.wait()
    for _ in range(2):
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 60)
        await server.settle()
    echo.go.set()
    assert {(await client.answer()).status for _ in range(121)} == {200}


async def test_malformed_request_behind_another_is_refused_after_its_response(
    server: RunningServer, echo: Echo
) -> None:
    client = await server.connect()
    await client.get("/wait")
    await client.send(b"rubbish\r\n\r\n")
    await echo.waits.wait()
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]


async def test_broken_body_behind_a_request_is_refused_after_its_response(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.send(
        b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\noops\r\n"
    )
    await echo.waits.wait()
    echo.go.set()
    assert [(await client.answer()).status for _ in range(2)] == [200, 400]
    assert len(echo.requests) == 1


async def test_waiting_request_notices_a_disconnect(server: RunningServer, echo: Echo) -> None:
    client = await server.connect()
    await client.get("/wait")
    await echo.waits.wait()
    client.drop()
    async with asyncio.timeout(60):
        await echo.gone.wait()
    await server.settle()
    assert ("GET", b"/wait", None) in server.recorder.entries


async def test_connection_over_the_limit_is_answered_503(echo: Echo) -> None:
    async with serving(echo, max_connections=1) as server:
        first, second = await server.connect(), await server.connect()
        await first.get()
        assert (await first.answer()).status == 200
        await second.get()
        answer = await second.answer()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        await server.world.advance(2)
        assert await second.rest() == b""
        assert len(echo.requests) == 1


# Clients that do not read


async def test_client_that_does_not_read_is_dropped_after_a_time(echo: Echo) -> None:
    async with serving(echo, write_timeout=20.0) as server:
        client = await server.connect(limit=4096)
        await client.get("/large/20000000")
        await server.pass_time(15)
        assert not client.reader.at_eof()
        await server.pass_time(6)
        assert len(await client.rest()) < 20_000_000


async def test_client_that_reads_slowly_gets_all_of_its_response(echo: Echo) -> None:
    async with serving(echo, write_timeout=20.0) as server:
        client = await server.connect()
        await client.get("/large/20000000")
        for _ in range(3):
            await client.reader.readexactly(5_000_000)
            await server.pass_time(15)
        await client.reader.readuntil(b"x" * 100)
        assert len(await client.reader.read(10)) == 10


async def test_slow_tls_client_gets_everything_and_one_that_does_not_read_is_dropped(
    echo: Echo, certificate: tuple[str, str]
) -> None:
    settings = {"listen": ("https://127.0.0.1:0", "http://127.0.0.1:0"), "write_timeout": 20.0}
    async with serving(echo, tls_cert=certificate[0], tls_key=certificate[1], **settings) as server:
        tls = ssl.create_default_context(cafile=certificate[0])
        server.plain = 1
        slow, mute = [await server.connect("localhost", 0, tls, limit=4096) for _ in range(2)]
        for client in (slow, mute):
            await client.get("/large/20000000", "Connection: close")
        received = 0
        for _ in range(3):
            received += len(await slow.reader.readexactly(5_000_000))
            await server.pass_time(15)
        received += len(await slow.rest())
        assert received > 20_000_000
        assert len(await mute.rest()) < 20_000_000


async def test_unread_responses_have_a_budget_and_the_oldest_is_dropped(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with serving(echo, max_unsent_bytes=50_000_000) as server:
        clients = [await server.connect(limit=4096) for _ in range(3)]
        for client in clients:
            await client.get("/large/20000000")
            await server.settle()
        dropped, *others = clients
        assert len(await dropped.rest()) < 20_000_000
        assert caplog.text.count("too many unread responses") == 1
        for client in others:
            assert len((await client.answer()).body) == 20_000_000


async def test_response_counts_whole_until_its_client_has_read_all_of_it(echo: Echo) -> None:
    async with serving(echo, max_unsent_bytes=50_000_000, write_timeout=20.0) as server:
        first, second = [await server.connect(limit=4096) for _ in range(2)]
        for client in (first, second):
            # So that the system takes little of what is sent.
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            await client.get("/large/20000000")
            await client.reader.readexactly(10_000_000)
        await server.pass_time(21)  # the server has seen that they read on
        third = await server.connect(limit=4096)
        await third.get("/large/20000000")
        await server.settle()
        assert len(await first.rest()) < 10_000_000
        await second.reader.readexactly(10_000_000)
        assert len((await third.answer()).body) == 20_000_000


async def test_next_request_is_handled_once_the_response_was_taken(echo: Echo) -> None:
    async with serving(echo) as server:
        client = await server.connect(limit=4096)
        await client.send(b"GET /large/20000000 HTTP/1.1\r\nHost: a\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n")
        await server.settle()
        assert [request.path for request in echo.requests] == [b"/large/20000000", b"/now/settle"]
        assert len((await client.answer()).body) == 20_000_000
        assert (await client.answer()).status == 200
