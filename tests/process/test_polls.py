"""Long polls against a server of its own process: a restart under them, and clients that go away."""

import http.client
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.process.running import LIMIT, RunningServer
from tests.process.server import add_user
from tests.users import LENE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    add_user(folder, LENE)
    return folder


class PollingApplication:
    """Lene's application, in a meeting of hers, on whichever server runs."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.token = server.sign_in()
        self.app = server.open_application(self.token)
        self.meeting = self.ask("POST", f"{self.app}/onlineMeetings/myOnlineMeetings", {})
        self.extensions = self.meeting["_links"]["onlineMeetingExtensions"]["href"]
        uri = {"onlineMeetingUri": self.meeting["onlineMeetingUri"]}
        self.ask("POST", f"{self.app}/communication/joinOnlineMeeting", uri)
        self.ack = 1
        self.acknowledge(self.poll())

    def ask(self, method: str, href: str, body: object = None) -> dict[str, Any]:
        status, answer = self.server.ask(method, href, body, token=self.token)
        assert status < 300, answer
        return answer

    def poll(self) -> dict[str, Any]:
        return self.ask("GET", f"{self.app}/events?ack={self.ack}")

    def acknowledge(self, answer: dict[str, Any]) -> list[str]:
        """The extensions in the answer; the next poll acknowledges it."""
        self.ack += 1
        return extension_ids(answer)

    def share(self, name: str) -> None:
        self.ask("POST", self.extensions, {"id": name, "type": "RoamedParticipantData"})


def test_undelivered_event_is_delivered_after_a_restart(data: Path) -> None:
    with RunningServer(data) as server:
        lene = PollingApplication(server)
        lene.share("one")
        server.kill()
    with RunningServer(data) as server:
        lene.server = server
        assert lene.acknowledge(lene.poll()) == ["one"]


def test_unacknowledged_set_is_delivered_again_after_a_restart(data: Path) -> None:
    with RunningServer(data) as server:
        lene = PollingApplication(server)
        lene.share("one")
        first = lene.poll()
        server.kill()
    with RunningServer(data) as server:
        lene.server = server
        again = lene.poll()
        assert extension_ids(again) == extension_ids(first) == ["one"]
        lene.acknowledge(again)
        lene.share("two")
        assert lene.acknowledge(lene.poll()) == ["one", "two"]


def test_waiting_polls_are_answered_at_a_stop_and_miss_nothing(data: Path) -> None:
    answers: list[dict[str, Any]] = []
    with RunningServer(data) as server:
        lene = PollingApplication(server)
        poll = threading.Thread(target=lambda: answers.append(lene.poll()))
        poll.start()
        waiting(server, 1)
        assert server.stop() == 0
        poll.join(LIMIT)
    (answer,) = answers
    assert answer["sender"] == []
    lene.acknowledge(answer)
    with RunningServer(data) as server:
        lene.server = server
        lene.share("one")
        assert lene.acknowledge(lene.poll()) == ["one"]


def test_disconnected_clients_leave_nothing_behind(data: Path) -> None:
    with RunningServer(data) as server:
        lene = PollingApplication(server)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {lene.token}"}
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", server.port(), timeout=LIMIT)
            connection.request("GET", f"{lene.app}/events?ack={lene.ack}", headers=headers)
            waiting(server, 1)
            connection.close()
            waiting(server, 0)
        lene.share("one")
        assert lene.acknowledge(lene.poll()) == ["one"]


def extension_ids(answer: dict[str, Any]) -> list[str]:
    """The extensions that the last onlineMeeting event of an answer brings."""
    events = [event for sender in answer["sender"] for event in sender["events"]]
    meetings = [event["_embedded"]["onlineMeeting"] for event in events if event["link"]["rel"] == "onlineMeeting"]
    return [each["id"] for each in meetings[-1]["_embedded"]["onlineMeetingExtension"]] if meetings else []


def waiting(server: RunningServer, count: int) -> None:
    """Returns when that many sockets of the server's clients are open but for this thread's own short requests."""
    port = f":{server.port():04X}"
    for _ in range(2000):
        lines = Path(f"/proc/{server.process.pid}/net/tcp").read_text("ascii").splitlines()[1:]
        rows = [line.split() for line in lines]
        established = [row for row in rows if row[1].endswith(port) and row[3] == "01"]
        if len(established) == count and server.healthy():
            return
    raise AssertionError(json.dumps([row[1:4] for row in established]))
