"""The status addresses of a server as a process, and of each of its workers."""

import json
import os
import re
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.ports import two_in_a_row
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
    return two_in_a_row()


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
    with WithWorkers(data, 2, OPENUCWA_STATUS_LISTEN=f"http://127.0.0.1:{port}"):
        for number in (port, port + 1):
            assert ask(number, "/readyz") == '{"ready":true}'
        assert "worker=" not in ask(port + 1, "/metrics")


def test_first_status_address_shows_the_metrics_of_all_workers(data: Path, port: int) -> None:
    with WithWorkers(data, 2, OPENUCWA_STATUS_LISTEN=f"http://127.0.0.1:{port}") as server:
        for _ in range(20):
            assert server.healthy()
        page = ask(port, "/metrics")
    counts = re.findall(r'^openucwa_requests_total{.*worker="(\d)"} (\S+)$', page, re.MULTILINE)
    assert sum(float(count) for _, count in counts) == 20
    ready = re.findall(r'^openucwa_ready{worker="(\d)"} 1\.0$', page, re.MULTILINE)
    assert sorted(ready) == ["0", "1"]
    assert len(re.findall(r"^# TYPE openucwa_ready gauge$", page, re.MULTILINE)) == 1


def test_worker_that_does_not_answer_is_left_out_of_the_metrics(data: Path, port: int) -> None:
    with WithWorkers(data, 2, OPENUCWA_STATUS_LISTEN=f"http://127.0.0.1:{port}") as server:
        os.kill(server.pid(1), signal.SIGSTOP)
        try:
            page = ask(port, "/metrics")
        finally:
            os.kill(server.pid(1), signal.SIGCONT)
    assert re.findall(r"^openucwa_ready{(.*)} 1\.0$", page, re.MULTILINE) == ['worker="0"']
