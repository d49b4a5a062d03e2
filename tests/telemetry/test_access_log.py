"""The log's lines, and who writes them."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.http.message import Request, Response
from openucwa.model.measures import Measures
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging
from openucwa.telemetry.log_writer import LogFile, LogWriter
from tests.telemetry.watching import Lines
from tests.world import FakeWorld

WHEN = "2023-11-14T22:13:20.000Z"


@pytest.fixture
def writer() -> Lines:
    return Lines()


@pytest.fixture
def lines(writer: Lines) -> LogLines:
    return LogLines(writer, "info", FakeWorld())


@pytest.fixture
def routed(lines: LogLines) -> Iterator[None]:
    undo = route_logging(lines)
    yield
    undo()


def request(lines: LogLines, response: Response | None, measures: Measures | None = None, **said: object) -> None:
    whole = {"method": "GET", "path": b"/a", "id": "9f3a", **said}
    AccessLog(lines, measures or Measures()).answered(Request(**whole), response, 0.0)  # type: ignore[arg-type]


ANSWER = Response(status=200, body=b"abc", rel="me", identity="sip:lenea@contoso.com")


def test_request_is_one_line(lines: LogLines, writer: Lines) -> None:
    request(lines, ANSWER, client="192.0.2.1")
    assert writer.stream.getvalue() == (
        f"{WHEN} info GET /a 200 0.0ms 3B client=192.0.2.1 rel=me user=sip:lenea@contoso.com id=9f3a\n"
    )


def test_reason_of_a_refusal_is_in_the_line(lines: LogLines, writer: Lines) -> None:
    request(lines, Response(status=503, note="the store does not answer"))
    assert writer.stream.getvalue() == f'{WHEN} error GET /a 503 0.0ms 0B id=9f3a note="the store does not answer"\n'


def test_no_line_contains_a_query_string_or_a_header(lines: LogLines, writer: Lines) -> None:
    request(lines, ANSWER, query=b"secret", headers={b"authorization": b"Bearer secret"})
    assert "secret" not in writer.stream.getvalue()


def test_client_input_cannot_forge_a_log_line(lines: LogLines, writer: Lines) -> None:
    request(lines, ANSWER, path="/a\r\n2023 \x1b[31m\u2028\u202e".encode(), client="a\nb")
    assert len(writer.stream.getvalue().splitlines()) == 1
    assert writer.stream.getvalue().removesuffix("\n").isprintable()


def test_long_path_is_cut(lines: LogLines, writer: Lines) -> None:
    request(lines, ANSWER, path=b"/" + b"a" * 10_000)
    assert len(writer.stream.getvalue()) < 1000


@pytest.mark.parametrize("response", [None, Response(status=499, identity="sip:lenea@contoso.com")])
def test_disconnected_client_has_a_line_without_status(
    lines: LogLines, writer: Lines, response: Response | None
) -> None:
    measures = Measures()
    request(lines, response, measures)
    assert writer.stream.getvalue() == f"{WHEN} info GET /a - 0.0ms 0B id=9f3a\n"
    assert list(measures.requests) == [("none", "GET", 499)]


def test_only_errors_are_logged_at_level_error(writer: Lines) -> None:
    lines = LogLines(writer, "warning", FakeWorld())
    request(lines, ANSWER)
    request(lines, Response(status=500))
    assert writer.stream.getvalue() == f"{WHEN} error GET /a 500 0.0ms 0B id=9f3a\n"


def test_response_whose_cause_is_in_the_log_already_is_no_error(writer: Lines) -> None:
    request(LogLines(writer, "warning", FakeWorld()), Response(status=503, reported=True))
    assert writer.stream.getvalue() == ""


def test_made_up_methods_are_counted_as_other(lines: LogLines) -> None:
    measures = Measures()
    for method in ("FOO", "Get", "BREW"):
        request(lines, Response(status=405, rel="me"), measures, method=method)
    assert list(measures.requests) == [("me", "other", 405)]


def test_dropped_lines_are_counted(lines: LogLines, writer: Lines) -> None:
    writer.takes = False
    for _ in range(3):
        lines.message(logging.INFO, "x", "lost")
    writer.takes = True
    lines.message(logging.INFO, "x", "a")
    lines.message(logging.INFO, "x", "b")
    said = writer.stream.getvalue().splitlines()
    assert said[0] == f"{WHEN} info x: a"
    assert said[1] == f"{WHEN} warning openucwa.telemetry.log: 3 log lines were dropped: too many were waiting"
    assert said[2:] == [f"{WHEN} info x: b"]


@pytest.mark.usefixtures("routed")
def test_messages_of_logging_have_the_same_form(writer: Lines) -> None:
    logging.getLogger("some.library").warning("a\nb %s", "c\x00")
    logging.getLogger("other").debug("not this")
    assert writer.stream.getvalue() == f"{WHEN} warning some.library: a\\nb c\\x00\n"


@pytest.mark.usefixtures("routed")
def test_lines_of_a_traceback_are_indented(writer: Lines) -> None:
    logging.getLogger("other").error("failed", exc_info=ValueError("a\n2023-11-14T22:13:20.000Z info forged"))
    first, *rest = writer.stream.getvalue().splitlines()
    assert first == f"{WHEN} error other: failed"
    assert rest[-1] == "    2023-11-14T22:13:20.000Z info forged"
    assert all(line.startswith("    ") for line in rest)


@pytest.mark.usefixtures("routed")
def test_level_can_change_while_it_runs(lines: LogLines, writer: Lines) -> None:
    lines.reload(Config(log_level="debug"))
    logging.getLogger("other").debug("this")
    assert writer.stream.getvalue() == f"{WHEN} debug other: this\n"


# The writer


def written(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines()


def test_lines_are_written_in_order_by_another_thread(tmp_path: Path) -> None:
    writer = LogWriter(LogFile(str(tmp_path / "log")), 1_000_000)
    for number in range(5000):
        assert writer.write(str(number))
    writer.flush()
    assert written(tmp_path / "log") == [str(number) for number in range(5000)]


def test_unread_log_blocks_no_one_and_stays_within_its_backlog(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writer = LogWriter(LogFile(str(pipe)), 200_000)
    os.set_blocking(reading, True)
    taken = sum(writer.write("x" * 99) for _ in range(10_000))
    assert taken < 5000
    received = b""
    while received.count(b"\n") < taken:
        received += os.read(reading, 65_536)
    writer.flush()
    assert received == (b"x" * 99 + b"\n") * taken
    assert writer.write("again")
    writer.flush()
    assert os.read(reading, 100) == b"again\n"
    os.close(reading)


def test_log_file_is_appended_to_and_reopened_after_a_rotation(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("before\n")
    lines = LogLines.of(Config(log_file=str(file)), FakeWorld())
    lines.message(logging.INFO, "x", "a")
    lines.flush()
    file.rename(tmp_path / "log.1")
    lines.message(logging.INFO, "x", "b")
    lines.flush()
    lines.reload(Config(log_file=str(file)))
    lines.message(logging.INFO, "x", "c")
    lines.flush()
    assert [line.rpartition(" ")[2] for line in written(tmp_path / "log.1")] == ["before", "a", "b"]
    assert [line.rpartition(" ")[2] for line in written(file)] == ["c"]


def test_unwritable_log_file_is_named_and_the_previous_one_stays_in_use(tmp_path: Path) -> None:
    lines = LogLines.of(Config(log_file=str(tmp_path / "log")), FakeWorld())
    with pytest.raises(ConfigError, match=r"the log file \S+/none/log cannot be written: No such file or directory"):
        lines.reload(Config(log_file=str(tmp_path / "none" / "log")))
    lines.message(logging.INFO, "x", "a")
    lines.flush()
    assert len(written(tmp_path / "log")) == 1


def test_lines_from_several_threads_are_all_there(tmp_path: Path) -> None:
    writer = LogWriter(LogFile(str(tmp_path / "log")), 10_000_000)

    def write(name: str) -> None:
        for number in range(1000):
            writer.write(f"{name}{number}")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.flush()
    assert sorted(written(tmp_path / "log")) == sorted(f"{name}{number}" for name in "abcd" for number in range(1000))
