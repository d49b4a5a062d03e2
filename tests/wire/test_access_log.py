"""The log's lines."""

import asyncio
import io
import logging
from collections.abc import Iterator

import pytest

from openucwa.model.measures import Measures
from openucwa.wire.access_log import AccessLog, LogLines, route_logging
from openucwa.wire.asgi import Message, Receive, Scope, Send
from tests.wire.serving import answer
from tests.world import FakeWorld

WHEN = "2023-11-14T22:13:20.000Z"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def lines(stream: io.StringIO) -> LogLines:
    return LogLines(stream, "info", FakeWorld())


@pytest.fixture
def routed(lines: LogLines) -> Iterator[None]:
    undo = route_logging(lines)
    yield
    undo()


async def request(lines: LogLines, app: object, **scope: object) -> list[Message]:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "GET", "raw_path": b"/a", "query_string": b"", "headers": [], **scope}
    await AccessLog(app, lines, Measures())(whole, receive, send)  # type: ignore[arg-type]
    lines.flush()
    return sent


async def answering(scope: Scope, _receive: Receive, send: Send) -> None:
    scope["openucwa.identity"] = "sip:lenea@contoso.com"
    scope["openucwa.request_id"] = "9f3a"
    await answer(send, 200, b"abc")


async def test_a_request_is_one_line(lines: LogLines, stream: io.StringIO) -> None:
    await request(lines, answering)
    assert stream.getvalue() == f"{WHEN} info GET /a 200 0.0ms 3B user=sip:lenea@contoso.com id=9f3a\n"


async def test_no_line_bears_a_query_string_or_a_header(lines: LogLines, stream: io.StringIO) -> None:
    await request(lines, answering, query_string=b"secret", headers=[(b"authorization", b"Bearer secret")])
    assert "secret" not in stream.getvalue()


async def test_what_a_client_sends_cannot_look_like_a_line(lines: LogLines, stream: io.StringIO) -> None:
    await request(lines, answering, raw_path="/a\r\n2023 \x1b[31m\u2028\u202e".encode(), method="GET")
    assert len(stream.getvalue().splitlines()) == 1
    assert stream.getvalue().isprintable() is False  # but for the line's own end
    assert stream.getvalue().removesuffix("\n").isprintable()


async def test_a_long_path_is_cut(lines: LogLines, stream: io.StringIO) -> None:
    await request(lines, answering, raw_path=b"/" + b"a" * 10_000)
    assert len(stream.getvalue()) < 1000


async def test_a_client_that_is_gone_before_its_answer_has_a_line_without_status(
    lines: LogLines, stream: io.StringIO
) -> None:
    async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    await request(lines, nothing)
    assert stream.getvalue() == f"{WHEN} info GET /a - 0.0ms 0B\n"


async def test_below_the_level_there_are_only_faults(stream: io.StringIO) -> None:
    async def failing(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, 500, b"")

    lines = LogLines(stream, "warning", FakeWorld())
    await request(lines, answering)
    await request(lines, failing)
    assert stream.getvalue() == f"{WHEN} error GET /a 500 0.0ms 0B\n"


async def test_a_request_that_is_cut_off_is_answered_503(lines: LogLines, stream: io.StringIO) -> None:
    async def endless(_scope: Scope, _receive: Receive, _send: Send) -> None:
        await asyncio.Event().wait()

    running = asyncio.create_task(request(lines, endless))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    sent = await running
    assert sent[0]["status"] == 503
    assert "GET /a 503" in stream.getvalue()


async def test_lines_are_written_without_being_asked_for(lines: LogLines, stream: io.StringIO) -> None:
    lines.message(logging.INFO, "x", "a")
    lines.message(logging.INFO, "x", "b")
    await asyncio.sleep(0)
    assert stream.getvalue() == f"{WHEN} info x: a\n{WHEN} info x: b\n"


def test_without_a_loop_a_line_is_written_at_once(lines: LogLines, stream: io.StringIO) -> None:
    lines.message(logging.INFO, "x", "a")
    assert stream.getvalue() == f"{WHEN} info x: a\n"


def test_a_stream_that_is_closed_fails_nobody(lines: LogLines, stream: io.StringIO) -> None:
    stream.close()
    lines.message(logging.INFO, "x", "a")


@pytest.mark.usefixtures("routed")
def test_what_is_said_through_logging_has_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("a\nb %s", "c\x00")
    logging.getLogger("other").debug("not this")
    assert stream.getvalue() == f"{WHEN} warning uvicorn.error: a\\nb c\\x00\n"


@pytest.mark.usefixtures("routed")
def test_the_lines_of_a_traceback_are_indented(stream: io.StringIO) -> None:
    logging.getLogger("other").error("failed", exc_info=ValueError("a\n2023-11-14T22:13:20.000Z info forged"))
    first, *rest = stream.getvalue().splitlines()
    assert first == f"{WHEN} error other: failed"
    assert rest[-1] == "    2023-11-14T22:13:20.000Z info forged"
    assert all(line.startswith("    ") for line in rest)
