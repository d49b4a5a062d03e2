"""What systemd is told by a server that it started, over the socket that it listens on."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    add_user(folder, LENE)
    return folder


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.settimeout(LIMIT)
        end.bind(str(tmp_path / "notify") if request.param == "path" else f"\0openucwa-test-{os.getpid()}")
        yield end


def environment(systemd: socket.socket, **more: str) -> dict[str, str]:
    name = systemd.getsockname()
    return {"NOTIFY_SOCKET": name if isinstance(name, str) else "@" + name[1:].decode(), **more}


def next_message(systemd: socket.socket) -> list[str]:
    """The lines of the next message."""
    return systemd.recv(4096).decode().split("\n")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_systemd_is_notified_of_start_reload_and_stop(workers: str, data: Path, systemd: socket.socket) -> None:
    with RunningServer(data, "--workers", workers, **environment(systemd)) as server:
        assert next_message(systemd) == ["READY=1"]
        server.signal(signal.SIGHUP)
        reloading, when = next_message(systemd)
        assert reloading == "RELOADING=1"
        assert int(when.removeprefix("MONOTONIC_USEC=")) > 0
        assert next_message(systemd) == ["READY=1"]
        server.signal(signal.SIGTERM)
        assert next_message(systemd) == ["STOPPING=1"]
        assert server.wait() == 0


def test_watchdog_gets_signs_of_life(data: Path, systemd: socket.socket) -> None:
    with RunningServer(data, **environment(systemd, WATCHDOG_USEC="200000")):
        messages = [next_message(systemd) for _ in range(4)]
    assert messages.count(["WATCHDOG=1"]) >= 3


def test_watchdog_of_another_process_gets_none(data: Path, systemd: socket.socket) -> None:
    with RunningServer(data, **environment(systemd, WATCHDOG_USEC="1000", WATCHDOG_PID="1")) as server:
        assert next_message(systemd) == ["READY=1"]
        server.signal(signal.SIGTERM)
        assert next_message(systemd) == ["STOPPING=1"]


def test_server_does_without_a_service_manager_that_does_not_answer(data: Path, tmp_path: Path) -> None:
    with RunningServer(data, NOTIFY_SOCKET=str(tmp_path / "nobody"), WATCHDOG_USEC="1000") as server:
        assert server.healthy()
        assert server.stop() == 0
