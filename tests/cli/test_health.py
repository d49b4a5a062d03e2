"""`openucwa health` and `openucwa migrate`."""

import socket
import threading
from pathlib import Path

from openucwa.store.sqlite.schema import Schema
from tests.certificate import make_certificate
from tests.cli.commands import fails, run, stored
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE


def test_running_server_is_healthy_and_ready(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    with RunningServer(tmp_path) as server:
        healthy = run("health", "--listen", server.urls[0])
        ready = run("health", "--ready", "--listen", server.urls[0])
    assert (healthy.exit_code, healthy.stdout) == (0, '{"healthy":true}\n')
    assert (ready.exit_code, ready.stdout) == (0, '{"ready":true}\n')


def test_server_that_listens_on_every_address_with_its_own_certificate_is_asked_here(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    tls = ("--tls-cert", certificate, "--tls-key", key)
    with RunningServer(tmp_path / "data", *tls, "--listen", "https://0.0.0.0:0") as server:
        url = server.urls[0]
        assert run("health", *tls, "--listen", url).stdout == '{"healthy":true}\n'


def test_server_that_is_not_ready_is_healthy_all_the_same(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    with RunningServer(tmp_path, OPENUCWA_BUS="nats://127.0.0.1:1") as server:
        assert run("health", "--listen", server.urls[0]).exit_code == 0
        ready = run("health", "--ready", "--listen", server.urls[0])
    assert ready.exit_code == 1
    assert f"openucwa: {server.urls[0]} answers 503" in ready.stderr


def test_server_that_does_not_run_is_not_healthy() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        fails(run("health", "--listen", url), f"{url} does not answer: [Errno 111] Connection refused")


def test_server_that_hangs_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        fails(run("health", "--timeout", "0.05", "--listen", url), f"{url} does not answer: timed out")


def test_something_else_at_the_address_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def greet() -> None:
            connection, _ = other.accept()
            with connection:
                connection.sendall(b"220 mail.example.com ESMTP\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        url = f"http://127.0.0.1:{other.getsockname()[1]}"
        done = run("health", "--listen", url)
        thread.join()
    assert done.exit_code == 1
    assert f"openucwa: {url} does not answer: 220 mail.example.com" in done.stderr


def test_migrate_creates_the_store_and_says_what_it_holds(tmp_path: Path) -> None:
    data = str(tmp_path / "new")
    done = run("migrate", "--data", data)
    assert done.exit_code == 0
    assert f"store version: {Schema().known} " in done.stdout
    assert "store users: 0\n" in done.stdout
    assert stored(data) is None


def test_migrate_keeps_existing_data(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    assert "store users: 1\n" in run("migrate", "--data", str(tmp_path)).stdout
