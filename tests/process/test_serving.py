"""The server as a process: start, requests, stop."""

import json
import re
import signal
import socket
import sqlite3
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificate import make_certificate
from tests.client import PASSWORD
from tests.process.running import LIMIT, RunningServer, command, read_to_end
from tests.process.server import add_user
from tests.users import LENE

#: It lacks `type=x`, and would then be refused.
HALF_A_REQUEST = (
    b"POST /WebTicket/oauthtoken HTTP/1.1\r\nHost: a\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ngrant_"
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("process") / "data"
    add_user(data, LENE)
    return data


@pytest.fixture(scope="module")
def shared(prepared: Path) -> Iterator[RunningServer]:
    """A server for tests that leave it as it was."""
    with RunningServer(prepared, OPENUCWA_HEADER_TIMEOUT="2", OPENUCWA_BODY_TIMEOUT="2") as server:
        yield server
    assert server.wait() == 0
    assert [line for line in server.log if " error " in line or "Traceback" in line] == []


def refused(result: "subprocess.CompletedProcess[str]") -> str:
    """The one line that a failed command leaves on stderr, besides the one that names the store."""
    assert (result.returncode, result.stdout) == (1, "")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("openucwa: store: ")]
    assert len(lines) == 1, lines
    assert lines[0].startswith("openucwa: ")
    return lines[0].removeprefix("openucwa: ")


def test_first_start_creates_its_folder_and_a_stop_exits_with_status_0(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    with RunningServer(data) as server:
        assert server.healthy()
        assert server.stop() == 0
    assert stat.S_IMODE((data / "openucwa.sqlite3").stat().st_mode) == 0o600


def test_ctrl_c_stops_it_with_status_0(prepared: Path) -> None:
    with RunningServer(prepared) as server:
        server.signal(signal.SIGINT)
        assert server.wait() == 0


def test_links_contain_the_port_chosen_by_the_system(shared: RunningServer) -> None:
    with shared.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: elsewhere\r\nConnection: close\r\n\r\n")
        assert f'"{shared.urls[0]}/'.encode() in read_to_end(connection)


def test_data_survives_a_restart(prepared: Path) -> None:
    with RunningServer(prepared) as server:
        token = server.sign_in()
        meetings = f"{server.open_application(token)}/onlineMeetings/myOnlineMeetings"
        status, made = server.ask("POST", meetings, {"subject": "kept"}, token=token)
        assert status == 201
        server.stop()
    with RunningServer(prepared) as server:
        status, found = server.ask("GET", f"{meetings}/{made['onlineMeetingId']}", token=token)
        assert (status, found["subject"]) == (200, "kept")


def test_user_added_or_changed_at_run_time_takes_effect_at_once(prepared: Path, tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    with RunningServer(tmp_path) as server:
        token = server.sign_in()
        application = server.open_application(token)
        changed = command(
            "user", "passwd", LENE, "--data", str(tmp_path), "--password-stdin", stdin="another password\n"
        )
        assert changed.returncode == 0, changed.stderr
        assert server.ask("GET", application, token=token)[0] == 401
        server.sign_in("another password")
        assert command("user", "remove", LENE, "--yes", "--data", str(tmp_path)).returncode == 0
        listed = command("user", "list", "--data", str(tmp_path)).stdout.splitlines()
        assert listed == ["user  name  email  pool  disabled  from"]


def test_request_in_flight_is_finished_at_a_stop(prepared: Path) -> None:
    with RunningServer(prepared, OPENUCWA_EVENTS_TIMEOUT="180") as server:
        token = server.sign_in()
        application = server.open_application(token)
        with server.connect() as poll, server.connect() as slow:
            poll.sendall(
                f"GET {application}/events?ack=1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            slow.sendall(HALF_A_REQUEST)
            for _ in range(3):
                server.ask("GET", "/")  # it came behind the other two, so those are under way
            server.signal(signal.SIGTERM)
            assert read_to_end(poll).startswith(b"HTTP/1.1 200 ")
            slow.sendall(b"type=x")
            answer = read_to_end(slow)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"connection: close" in answer.lower()
        assert server.wait() == 0


def test_second_signal_stops_at_once(prepared: Path) -> None:
    with RunningServer(prepared, OPENUCWA_SHUTDOWN_TIMEOUT="600") as server, server.connect() as slow:
        slow.sendall(HALF_A_REQUEST)
        server.ask("GET", "/")
        server.signal(signal.SIGTERM)
        _until_refused(server)
        server.signal(signal.SIGTERM)
        assert server.wait() == 1


def test_port_that_is_taken_is_named_and_the_store_not_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        result = command("serve", "--data", str(tmp_path / "data"), "--listen", url)
    assert refused(result) == f"cannot listen on {url}: the port is taken"
    assert not (tmp_path / "data").exists()


def test_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    line = refused(command("serve", "--data", str(tmp_path / "file" / "data"), "--listen", "http://127.0.0.1:0"))
    assert str(tmp_path / "file" / "data") in line


def test_newer_store_is_refused_and_left_unchanged(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    file = tmp_path / "openucwa.sqlite3"
    with sqlite3.connect(file) as connection:
        connection.execute("update store_version set version = 99, oldest = 99")
    connection.close()
    before = file.read_bytes()
    for arguments in (["serve", "--listen", "http://127.0.0.1:0"], ["user", "list"]):
        line = refused(command(*arguments, "--data", str(tmp_path)))
        assert "version 99" in line
    assert file.read_bytes() == before


def test_bad_setting_is_named_with_its_source(tmp_path: Path) -> None:
    result = command("serve", "--data", str(tmp_path / "data"), OPENUCWA_MAX_BODY_BYTES="many")
    assert refused(result) == (
        "setting max_body_bytes (environment variable OPENUCWA_MAX_BODY_BYTES): must be an integer, not 'many'"
    )
    assert not (tmp_path / "data").exists()


def test_http_and_https_are_served_side_by_side(prepared: Path, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    urls = ("--listen", "http://127.0.0.1:0", "--listen", "https://127.0.0.1:0")
    with RunningServer(prepared, *urls, "--tls-cert", certificate, "--tls-key", key, listeners=2) as server:
        trusting = ssl.create_default_context(cafile=certificate)
        assert server.urls[1].startswith("https://")
        plain = server.ask("GET", "/")
        assert plain == server.ask("GET", "/", index=1, tls=trusting) or plain[0] == 200
        with server.connect(1) as rubbish:
            rubbish.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            read_to_end(rubbish)
        assert server.ask("GET", "/", index=1, tls=trusting)[0] == 200
        assert server.stop() == 0
        assert [line for line in server.log if " error " in line or "Traceback" in line] == []


def test_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    certificate, _ = make_certificate(tmp_path)
    result = command(
        *("serve", "--data", str(tmp_path / "data"), "--listen", "https://127.0.0.1:0"),
        *("--tls-cert", certificate, "--tls-key", str(tmp_path / "none.key")),
    )
    assert refused(result) == f"{tmp_path}/none.key cannot be read: No such file or directory"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\nHost:", 408),
        (b"\r\n\r\n\r\n", 408),
        (HALF_A_REQUEST, 408),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 200_000, 431),
        (b"GET /" + b"a" * 200_000, 431),
        (b"\x00\xff\xfe rubbish \r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ],
    ids=["nothing", "half-a-head", "empty-lines", "half-a-body", "endless-headers", "endless-target", "rubbish", "tls",
         "no-host", "two-lengths"],
)  # fmt: skip
def test_slow_endless_or_malformed_input_is_cut_off_and_serving_continues(
    shared: RunningServer, data: bytes, status: int | None
) -> None:
    with shared.connect() as connection:
        connection.sendall(data)
        answer = read_to_end(connection)
    assert (int(answer.split()[1]) if answer else None) == status
    if answer:
        # The token resource has OAuth's form of refusals.
        assert {"code", "error"} & json.loads(answer.partition(b"\r\n\r\n")[2]).keys()
    assert shared.healthy()


def test_headers_a_byte_at_a_time_are_cut_off(shared: RunningServer) -> None:
    with shared.connect() as connection:
        connection.settimeout(0.01)
        answer = b""
        for byte in b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 10_000:
            try:
                connection.sendall(bytes([byte]))
                answer = connection.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                pass
            break
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert shared.healthy()


def test_aborted_request_changes_nothing(shared: RunningServer) -> None:
    token = shared.sign_in()
    meetings = f"{shared.open_application(token)}/onlineMeetings/myOnlineMeetings"
    before = shared.ask("GET", meetings, token=token)
    body = b'{"subject":"never"}'
    with shared.connect() as connection:
        connection.sendall(
            f"POST {meetings} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body[:-1]
        )
    assert shared.ask("GET", meetings, token=token) == before
    assert shared.logged(f"POST {meetings} - ")


def test_body_that_is_too_large_is_answered_413_while_it_is_being_sent(shared: RunningServer) -> None:
    token = shared.sign_in()
    meetings = f"{shared.open_application(token)}/onlineMeetings/myOnlineMeetings"
    with shared.connect() as connection:
        connection.sendall(
            f"POST {meetings} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: 9000000\r\n\r\n".encode()
        )
        connection.sendall(b"a" * 9_000_000)
        answer = read_to_end(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"EntityTooLarge" in answer
    assert shared.healthy()


def test_every_request_has_a_line_in_the_log_and_no_line_has_a_secret(shared: RunningServer) -> None:
    token = shared.sign_in()
    shared.ask("GET", "/marked?secret=hidden", token=token)
    line = shared.logged("GET /marked ")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info GET /marked 404 \d+\.\dms \d+B"
        r" client=127\.0\.0\.1 rel=\S+( user=\S+)? id=\S+( note=.*)?",
        line,
    )
    log = "\n".join(shared.log)
    assert "hidden" not in log
    assert "cwt=" not in log
    assert PASSWORD not in log


def _until_refused(server: RunningServer) -> None:
    """Waits until the server takes no more connections."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        try:
            server.connect().close()
        except ConnectionResetError:
            pass  # it had been queued when the listener was closed
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("the server still takes connections")
