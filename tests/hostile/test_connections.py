"""Connections that mean no good, to a server as users run it: the documented answer or a close, and it serves on."""

import contextlib
import json
import resource
import threading
import time
import uuid

import pytest

from tests.hostile.connection import Connection, Memory, ask, request
from tests.process.running import LIMIT, RunningServer

MEBIBYTE = 1_048_576
JSON = "Content-Type: application/json"


def signed_in(server: RunningServer) -> str:
    """The header of a caller who is signed in."""
    return f"Authorization: Bearer {server.sign_in()}"


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


# Too much


def test_body_of_2_mib_is_refused_and_takes_no_memory(server: RunningServer) -> None:
    token = signed_in(server)
    memory = Memory(server)
    for _ in range(10):
        answer = ask(server, request("POST", "/ucwa/v1/applications", token, JSON, body=b" " * (2 * MEBIBYTE)))
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (413, "close")
        assert json.loads(answer.body)["code"] == "EntityTooLarge"
    assert memory.growth() < 8 * MEBIBYTE


def test_chunked_body_without_an_end_is_refused_and_takes_no_memory(server: RunningServer) -> None:
    memory = Memory(server)
    head = request("POST", "/ucwa/v1/applications", signed_in(server), JSON, "Transfer-Encoding: chunked")
    connections = [Connection(server) for _ in range(10)]
    sent = [0] * len(connections)

    def pour(number: int) -> None:
        connection = connections[number]
        connection.send(head)
        while sent[number] < 50 and connection.send(chunked(b"a" * MEBIBYTE)):
            sent[number] += 1

    with contextlib.ExitStack() as stack:
        for connection in connections:
            stack.enter_context(connection)
        threads = [threading.Thread(target=pour, args=(number,)) for number in range(len(connections))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT)
        answers = [connection.answer() for connection in connections]
    assert {answer and answer.status for answer in answers} <= {413, None}
    assert 413 in {answer and answer.status for answer in answers}
    # Each connection may hold what a body may have, and what was on its way.
    assert memory.growth() < 40 * MEBIBYTE


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * MEBIBYTE + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * MEBIBYTE + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A" * MEBIBYTE + b": a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"A%d: a\r\n" % number for number in range(10_000)) + b"\r\n",
        b"A" * MEBIBYTE,
        b"\r\n" * MEBIBYTE,
    ],
    ids=["request line", "header value", "header name", "10,000 headers", "method", "empty lines"],
)
def test_endless_head_is_refused_and_takes_no_memory(server: RunningServer, head: bytes) -> None:
    memory = Memory(server)
    answer = ask(server, head)
    assert answer is None or answer.status in {400, 431}
    assert memory.growth() < 4 * MEBIBYTE


def test_100_000_query_parameters_are_too_large_a_head(server: RunningServer) -> None:
    answer = ask(server, request("GET", "/?" + "&".join(f"a{number}=b" for number in range(100_000))))
    assert answer is not None
    assert answer.status == 431


def test_2_000_idle_connections_do_not_affect_others(server: RunningServer) -> None:
    _allow_files(2_200)
    memory = Memory(server)
    with contextlib.ExitStack() as stack:
        for _ in range(2_000):
            stack.enter_context(Connection(server))
        answer = ask(server, request("GET", "/"))
        assert answer is not None
        assert answer.status == 200
        assert memory.growth() < 100 * MEBIBYTE


# Too slow


@pytest.mark.parametrize(
    "start",
    [b"", b"G", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"\r\n"],
    ids=["nothing", "a letter", "a request line", "half of a header", "an empty line"],
)
def test_incomplete_head_is_cut_off(impatient: RunningServer, start: bytes) -> None:
    with Connection(impatient) as connection:
        connection.send(start)
        answer = connection.answer()  # a TimeoutError of the client if the server waits on
        assert answer is None or answer.status == 408
        assert connection.rest() == b""


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b"G"),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: ", b"x"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: x\r\n"),
        (b"", b"\r\n"),
    ],
    ids=["method", "value", "headers", "empty lines"],
)
def test_slowly_sent_head_is_cut_off(impatient: RunningServer, start: bytes, drop: bytes) -> None:
    answer = _dripped(impatient, start, drop)
    assert answer in {None, 400, 408}


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_slowly_sent_body_is_cut_off(impatient: RunningServer, length: str) -> None:
    head = request("POST", "/ucwa/v1/applications", signed_in(impatient), JSON, length)
    drop = chunked(b" ") if "chunked" in length else b" "
    assert _dripped(impatient, head, drop) == 408


def test_100_slow_clients_do_not_slow_down_others(server: RunningServer) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(Connection(server)) for _ in range(100)]
        for connection in slow:
            connection.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n")
        answer = ask(server, request("GET", "/"))
        assert answer is not None
        assert answer.status == 200
        assert not any(connection.has_answer() for connection in slow)


# Broken off


def test_aborted_request_changes_nothing(server: RunningServer) -> None:
    token = signed_in(server)
    body = json.dumps({"culture": "en-us", "endpointId": "broken", "userAgent": "tests"}).encode()
    opened = ask(server, request("POST", "/ucwa/v1/applications", token, JSON, body=body))
    assert opened is not None
    meetings = f"{json.loads(opened.body)['_links']['self']['href']}/onlineMeetings/myOnlineMeetings"
    whole = request("POST", meetings, token, JSON, body=b'{"subject":"half"}')
    for end in range(1, len(whole), 7):
        with Connection(server) as connection:
            connection.send(whole[:end])
    read = ask(server, request("GET", meetings, token))
    assert read is not None
    assert json.loads(read.body)["_embedded"]["myOnlineMeeting"] == []
    made = ask(server, whole)
    assert made is not None
    assert made.status == 201


def test_client_that_does_not_read_takes_bounded_memory(server: RunningServer) -> None:
    memory = Memory(server)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(Connection(server)) for _ in range(20)]
        for connection in connections:
            connection.send(request("GET", "/openapi.json") * 30)
        is_answered = ask(server, request("GET", "/"))
        assert is_answered is not None
        assert memory.growth() < 100 * MEBIBYTE


# Not HTTP


@pytest.mark.parametrize(
    "data",
    [
        b"GET /\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(502),
        bytes(range(256)),
        b"\x00" * 1000,
        b"SSH-2.0-OpenSSH_9.0\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"{}\r\n\r\n",
        "GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(),
        b"GET / HTTP/1.1\nHost: a\n\n" + b"\xff" * 10,
    ],
    ids=["0.9 unfinished", "0.9", "TLS", "bytes", "zeros", "SSH", "HTTP/2", "answer", "JSON", "UTF-8", "LF"],
)
def test_other_protocols_are_refused(impatient: RunningServer, data: bytes) -> None:
    with Connection(impatient) as connection:
        connection.send(data)
        answer = connection.answer()
        assert answer is None or answer.status in {200, 400, 408, 505}
        rest = connection.rest()
        assert rest == b"" or rest.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "header",
    [b"X: a\x00b", b"X: a\rSet-Cookie: b", b"X: a\nb", b"X\x00: a", b"X : a", b" X: a", b": a", b"X\r\n: a", b"X"],
)
def test_invalid_header_is_refused(server: RunningServer, header: bytes) -> None:
    answer = ask(server, b"GET / HTTP/1.1\r\nHost: a\r\n" + header + b"\r\n\r\n")
    assert answer is not None
    assert answer.status == 400


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 6\r\nTransfer-Encoding: chunked", b"0\r\n\r\nG"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 6", b"0\r\n\r\nG"),
        ("Content-Length: 0\r\nContent-Length: 60", b""),
        ("Content-Length: 0, 60", b""),
        ("Content-Length: +0", b""),
        ("Content-Length: 0x0", b""),
        ("Content-Length: -1", b""),
        ("Content-Length: 99999999999999999999999", b""),
        ("Transfer-Encoding: xchunked", b""),
        ("Transfer-Encoding: chunked, identity", b""),
        ("Transfer-Encoding: identity\r\nContent-Length: 0", b""),
        ("Transfer-Encoding : chunked", b"0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: x", b"0\r\n\r\n"),
        ("X: a\r\n Content-Length: 60", b""),
        ("Transfer-Encoding:\r\n chunked", b"0\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"0;a=\r\nb\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"-1\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"FFFFFFFFFFFFFFFFF\r\n\r\n"),
        ("Transfer-Encoding: chunked", b"0x0\r\n\r\n"),
    ],
)
def test_ambiguous_framing_is_refused(server: RunningServer, headers: str, body: bytes) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = ask(server, f"POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n".encode() + body + smuggled)
    assert answer is not None
    assert (answer.status, answer.headers["connection"]) == (400, "close")
    mark = f"/static/{uuid.uuid4()}"
    ask(server, request("GET", mark))
    server.logged(mark)
    assert [line for line in server.log if "/smuggled" in line] == []


def test_pipelined_requests_are_answered_in_order(server: RunningServer) -> None:
    with Connection(server) as connection:
        connection.send(b"".join(request("GET", f"/static/{number}") for number in range(10)) + request("GET", "/"))
        answers = [connection.answer() for _ in range(11)]
    assert [answer and answer.status for answer in answers] == [404] * 10 + [200]


@pytest.mark.parametrize("protocol", ["websocket", "h2c", "TLS/1.2"])
def test_upgrade_offer_gets_a_plain_answer(server: RunningServer, protocol: str) -> None:
    headers = ["Connection: Upgrade", f"Upgrade: {protocol}", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: YQ=="]
    with Connection(server) as connection:
        connection.send(request("GET", "/", *headers) + request("GET", "/static/none"))
        answers = [connection.answer() for _ in range(2)]
    assert [answer and answer.status for answer in answers] == [200, 404]


def _dripped(server: RunningServer, start: bytes, drop: bytes) -> int | None:
    """The status that ends a request of which `start` comes at once and the rest in drops."""
    end = time.monotonic() + 60
    with Connection(server) as connection:
        connection.send(start)
        while connection.send(drop):
            assert time.monotonic() < end, "the server waits on"
            time.sleep(0.05)
            if connection.has_answer():
                break
        answer = connection.answer()
        return None if answer is None else answer.status


def _allow_files(count: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
