"""A server with several workers: finding out which one answers, and its process."""

import http.client
import json
import os
import re
import select
import signal
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.process.running import LIMIT, RunningServer

_READY = re.compile(r"worker (\d+) is ready, process (\d+)")
_ANSWERED = re.compile(r" worker=(\d+) GET /seen/(\w+) 404 ")


class WorkerConnection:
    """A persistent connection: `worker` answers all requests on it."""

    def __init__(self, server: "WithWorkers", token: str | None = None) -> None:
        self.token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port(), timeout=LIMIT)
        mark = os.urandom(8).hex()
        assert self.ask("GET", f"/seen/{mark}")[0] == 404
        self.worker = server.answered_by(mark)

    def fileno(self) -> int:
        return self._connection.sock.fileno()

    def close(self) -> None:
        self._connection.close()

    def send(self, method: str, path: str, body: object = None) -> None:
        """Sends a request."""
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)

    def ask_form(self, path: str, **fields: str) -> int:
        """Posts a form; the status of the response."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, urlencode(fields), headers)
        return self.receive()[0]

    def receive(self) -> tuple[int, dict[str, Any]]:
        """The response: status and JSON."""
        answer = self._connection.getresponse()
        text = answer.read()
        return answer.status, json.loads(text) if text else {}

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, dict[str, Any]]:
        """Sends a request and receives its response."""
        self.send(method, path, body)
        return self.receive()


def first_answered(connections: list[WorkerConnection]) -> WorkerConnection:
    """The first of these connections with a response."""
    ready, _, _ = select.select(connections, [], [], LIMIT)
    assert ready, "none is answered"
    return ready[0]  # type: ignore[no-any-return]


class WithWorkers(RunningServer):
    """`openucwa serve --workers N`."""

    def __init__(self, data: Path, workers: int = 2, **settings: str) -> None:
        super().__init__(data, "--workers", str(workers), **settings)
        self.workers = workers
        for index in range(workers):
            self.logged(f"worker {index} is ready")

    def pids(self) -> list[tuple[int, int]]:
        """The worker index and process id of each `is ready` line."""
        found = (_READY.search(line) for line in self.log)
        return [(int(ready[1]), int(ready[2])) for ready in found if ready is not None]

    def pid(self, worker: int) -> int:
        """The current process id of the worker with this index."""
        return [pid for index, pid in self.pids() if index == worker][-1]

    def answered_by(self, mark: str) -> int:
        """The worker that answered `GET /seen/{mark}`."""
        found = _ANSWERED.search(self.logged(f"/seen/{mark} 404 "))
        assert found is not None
        return int(found[1])

    def connections(self, token: str | None = None) -> list[WorkerConnection]:
        """A connection to each worker, in their order."""
        found: dict[int, WorkerConnection] = {}
        for _ in range(200):
            lane = WorkerConnection(self, token)
            if found.setdefault(lane.worker, lane) is not lane:
                lane.close()
            if len(found) == self.workers:
                return [found[index] for index in sorted(found)]
        raise AssertionError(f"of {self.workers} workers only {sorted(found)} answer")

    def settle(self) -> None:
        """Returns once each worker has read everything sent to it before."""
        for lane in self.connections():
            lane.close()

    def until_ready_again(self, worker: int, ended: int) -> None:
        """Returns once another process has replaced `ended`."""
        until(lambda: (self.pid(worker) != ended, self.log))


def until(look: Any) -> None:
    """Returns once the first value of `look()` is true; the second is for the error message."""
    end = time.monotonic() + LIMIT
    while True:
        done, what = look()
        if done:
            return
        assert time.monotonic() < end, what
        time.sleep(0.01)


def runs(pid: int) -> bool:
    """Whether the process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)
