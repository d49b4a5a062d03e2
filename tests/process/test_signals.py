"""The server as a process: a log that nobody reads, settings that are read again, a stop with idle connections."""

import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificate import make_certificate
from tests.process.running import LIMIT, RunningServer, at, environment
from tests.process.server import add_user
from tests.process.workers import WithWorkers, until
from tests.users import LENE


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("signals") / "data"
    add_user(data, LENE)
    return data


@pytest.fixture
def settings(prepared: Path, tmp_path: Path) -> Path:
    """A file of settings, with a certificate beside it and a log file."""
    make_certificate(tmp_path)
    (tmp_path / "openucwa.toml").write_text(
        f'log_file = "{tmp_path}/openucwa.log"\ntls_cert = "{tmp_path}/server.pem"\ntls_key = "{tmp_path}/server.key"\n'
    )
    return tmp_path / "openucwa.toml"


def served_certificate(port: int) -> bytes:
    """The certificate that the server shows to a new connection."""
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as plain, anybody.wrap_socket(plain) as secure:
        shown = secure.getpeercert(binary_form=True)
        assert shown is not None
        return shown


def lines(file: Path) -> list[str]:
    return file.read_text("utf-8").splitlines() if file.exists() else []


@pytest.mark.parametrize("workers", [1, 2])
def test_sighup_reloads_certificate_log_level_and_log_file(prepared: Path, settings: Path, workers: int) -> None:
    folder = settings.parent
    log = folder / "openucwa.log"
    arguments = ("--config", str(settings), "--listen", "https://127.0.0.1:0", "--workers", str(workers))
    with RunningServer(prepared, *arguments) as server:
        trusting = ssl.create_default_context(cafile=str(folder / "server.pem"))
        assert server.ask("GET", "/before", tls=trusting)[0] == 404
        until(lambda: (any(" GET /before " in line for line in lines(log)), lines(log)))
        first = served_certificate(server.port())
        make_certificate(folder)
        log.rename(folder / "openucwa.log.1")
        settings.write_text(settings.read_text() + 'log_level = "error"\n')
        server.signal(signal.SIGHUP)
        # Either of two workers shows its certificate.
        until(lambda: (all(served_certificate(server.port()) != first for _ in range(10)), "the old certificate"))
        assert server.process.poll() is None
        trusting = ssl.create_default_context(cafile=str(folder / "server.pem"))
        assert server.ask("GET", "/after", tls=trusting)[0] == 404
        assert server.stop() == 0
    assert log.exists()
    assert not any(" GET /after " in line for line in lines(log))
    said = [line.partition("openucwa.audit: ")[2] for line in lines(log)]
    assert said.count("settings-reloaded log_level=error audit_log=log") == 1
    assert said.count(f"certificates-reloaded file={folder}/server.pem") == workers


def test_invalid_reloaded_settings_are_named_and_the_server_continues(prepared: Path, settings: Path) -> None:
    with RunningServer(prepared, "--config", str(settings)) as server:
        settings.write_text('log_level = "loud"\n')
        server.signal(signal.SIGHUP)
        log = settings.parent / "openucwa.log"
        until(
            lambda: (any("could not reload the settings: setting log_level" in line for line in lines(log)), lines(log))
        )
        assert server.healthy()
        settings.unlink()
        server.signal(signal.SIGHUP)
        until(
            lambda: (any("could not reload the settings: the settings file" in line for line in lines(log)), lines(log))
        )
        assert server.healthy()


def test_log_file_that_cannot_be_written_is_named_at_the_start(prepared: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "openucwa", "serve", *at(prepared), "--listen", "http://127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env=environment({"OPENUCWA_LOG_FILE": str(tmp_path / "none" / "log")}),
    )
    assert result.returncode == 1
    assert result.stderr == (
        f"openucwa: the log file {tmp_path}/none/log cannot be written: No such file or directory\n"
    )


def test_workers_write_one_log_file_without_tearing_lines(prepared: Path, settings: Path) -> None:
    with RunningServer(prepared, "--config", str(settings), "--workers", "2") as server:
        for number in range(200):
            assert server.ask("GET", f"/seen/{number}")[0] == 404
        assert server.stop() == 0
    seen = [line for line in lines(settings.parent / "openucwa.log") if " GET /seen/" in line]
    assert len(seen) == 200
    assert all(re.match(r"\S+Z info worker=[01] GET /seen/\d+ 404 .* id=\w{16}", line) for line in seen)


@pytest.mark.parametrize("workers", [1, 2])
def test_unread_log_blocks_neither_requests_nor_the_stop(prepared: Path, workers: int) -> None:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "openucwa", "serve", *at(prepared)),
            *("--listen", "http://127.0.0.1:0", "--workers", str(workers)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment({}),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        url = process.stdout.readline().decode().split()[-1]
        port = int(url.rpartition(":")[2])
        for _ in range(3):
            # More than a pipe holds.
            with socket.create_connection(("127.0.0.1", port), timeout=LIMIT) as client:
                request = b"GET /" + b"a" * 490 + b" HTTP/1.1\r\nHost: a\r\n\r\n"
                received = client.makefile("rb")
                for _ in range(150):
                    client.sendall(request)
                    assert received.readline().startswith(b"HTTP/1.1 404")
                    length = 0
                    while (line := received.readline()) != b"\r\n":
                        if line.startswith(b"Content-Length"):
                            length = int(line.split()[1])
                    received.read(length)
        process.send_signal(signal.SIGTERM)
        assert process.wait(LIMIT) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


def test_stop_does_not_wait_for_idle_connections_over_tls(prepared: Path, settings: Path) -> None:
    arguments = ("--config", str(settings), "--listen", "https://127.0.0.1:0")
    patient = {"OPENUCWA_SHUTDOWN_TIMEOUT": "3600", "OPENUCWA_KEEP_ALIVE": "3600"}
    with RunningServer(prepared, *arguments, **patient) as server:
        trusting = ssl.create_default_context(cafile=str(settings.parent / "server.pem"))
        with (
            socket.create_connection(("127.0.0.1", server.port()), timeout=LIMIT) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(10) == b"HTTP/1.1 2"
            assert server.stop() == 0


def test_worker_started_later_has_the_reloaded_settings(prepared: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(prepared, data)
    file = tmp_path / "openucwa.toml"
    file.write_text('log_level = "info"\n')
    with WithWorkers(data, OPENUCWA_CONFIG=str(file)) as server:
        file.write_text(f'log_level = "info"\nlog_file = "{tmp_path}/log"\n')
        server.signal(signal.SIGHUP)
        until(lambda: (len([line for line in lines(tmp_path / "log") if "certificates reloaded" in line]) == 3, "no"))
        ended = server.pid(0)
        subprocess.run(["kill", "-KILL", str(ended)], check=True, timeout=LIMIT)
        until(lambda: (len([line for line in lines(tmp_path / "log") if "worker 0 is ready" in line]) == 1, "no"))
        for number in range(20):
            server.ask("GET", f"/later/{number}")
        until(lambda: (any("worker=0 GET /later" in line for line in lines(tmp_path / "log")), "no line"))
        assert server.stop() == 0
