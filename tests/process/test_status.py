"""The status addresses of a server as a process, and of each of its workers."""

import json
import re
import socket
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.process.workers import WithWorkers
from tests.users import LENE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    add_user(folder, LENE)
    return folder


@pytest.fixture
def port() -> int:
    """A free port with a free one behind it."""
    while True:
        with closing(socket.create_server(("127.0.0.1", 0))) as first:
            found: int = first.getsockname()[1]
            try:
                socket.create_server(("127.0.0.1", found + 1)).close()
            except OSError:
                continue
        break
    return found


def ask(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=LIMIT) as answer:
        text: str = answer.read().decode()
        return text


def test_process_has_a_status_address_and_logs_in_json(data: Path, port: int) -> None:
    settings = {"OPENUCWA_STATUS_LISTEN": f"http://127.0.0.1:{port}", "OPENUCWA_LOG_FORMAT": "json"}
    with RunningServer(data, **settings) as server:
        assert server.healthy()
        assert ask(port, "/readyz") == '{"ready":true}'
        assert 'openucwa_requests_total{method="GET",rel="root",status="200"} 1.0' in ask(port, "/metrics")
    assert server.wait() == 0
    assert [json.loads(line)["path"] for line in server.log if "path" in json.loads(line)] == ["/"]


def test_each_worker_has_a_status_address_of_its_own(data: Path, port: int) -> None:
    with WithWorkers(data, 2, OPENUCWA_STATUS_LISTEN=f"http://127.0.0.1:{port}") as server:
        counts = []
        for _ in range(20):
            assert server.healthy()
        for number in (port, port + 1):
            assert ask(number, "/readyz") == '{"ready":true}'
            counts += re.findall(r"^openucwa_requests_total{.*} (\S+)$", ask(number, "/metrics"), re.MULTILINE)
    assert sum(map(float, counts)) == 20
