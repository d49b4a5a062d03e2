"""A server behind nginx, as `deploy/nginx.conf` sets it up."""

import http.client
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.client import PASSWORD
from tests.deploy.nginx import Nginx
from tests.ports import free_port, free_ports
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE


@pytest.fixture
def ports() -> Sequence[int]:
    """nginx's, for https and http."""
    return free_ports(2)


@pytest.fixture
def server(tmp_path: Path, ports: Sequence[int]) -> Iterator[RunningServer]:
    add_user(tmp_path / "data", LENE)
    settings = {
        "OPENUCWA_TRUSTED_PROXIES": "127.0.0.0/8",
        "OPENUCWA_HOSTS": f"localhost:{ports[0]}",
        "OPENUCWA_ADDRESS_FAILURES": "1",
    }
    with RunningServer(tmp_path / "data", **settings) as server:
        yield server


@pytest.fixture
def nginx(server: RunningServer, tmp_path: Path, ports: Sequence[int]) -> Iterator[Nginx]:
    """In front of the server, and of a node that is away."""
    with Nginx(tmp_path, [f"127.0.0.1:{free_port()}", f"127.0.0.1:{server.port()}"], ports) as nginx:
        yield nginx


class Client:
    """A client of the server by way of nginx."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        self._connection = connection
        self.token: str | None = None

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """A request, and its answer: status and JSON."""
        sent = {"Accept": "application/json", "Content-Type": "application/json", **headers}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        text = body if isinstance(body, str | None) else json.dumps(body)
        self._connection.request(method, path, text, sent)
        answer = self._connection.getresponse()
        got = answer.read()
        return answer.status, json.loads(got) if got.startswith(b"{") else got

    def sign_in(self) -> None:
        form = urlencode({"grant_type": "password", "username": LENE, "password": PASSWORD})
        status, answer = self.ask(
            "POST", "/WebTicket/oauthtoken", form, **{"Content-Type": "application/x-www-form-urlencoded"}
        )
        assert status == 200, answer
        self.token = answer["access_token"]


def test_absolute_links_point_to_nginx(nginx: Nginx) -> None:
    with closing(nginx.connect()) as connection:
        status, root = Client(connection).ask("GET", "/")
    assert status == 200
    assert root["_links"]["self"]["href"].startswith(f"https://localhost:{nginx.port}/")


def test_changes_and_ids_with_encoded_slashes_pass_through(nginx: Nginx) -> None:
    with closing(nginx.connect()) as connection:
        client = Client(connection)
        client.sign_in()
        draft = {"culture": "en-US", "endpointId": "e", "userAgent": "test"}
        status, application = client.ask("POST", "/ucwa/v1/applications", draft)
        assert status == 201, application
        meetings = f"/ucwa/v1/applications/{application['id']}/onlineMeetings/myOnlineMeetings"
        status, meeting = client.ask("POST", meetings, {})
        assert status == 201, meeting
        extensions = meeting["_links"]["onlineMeetingExtensions"]["href"]
        status, extension = client.ask("POST", extensions, {"id": "a/b c", "value": 1})
        assert status == 201, extension
        href = extension["_links"]["self"]["href"]
        assert "%2F" in href.upper()
        # The first PUT may find the node that is away; it is told so, and not sent again.
        statuses = [client.ask("PUT", href, {**extension, "value": 2}, **{"If-Match": "*"})[0] for _ in range(2)]
        assert statuses[-1] == 200
        assert set(statuses) <= {200, 502}
        status, found = client.ask("GET", href)
        assert (status, found["value"]) == (200, 2)


def test_failed_node_does_not_affect_reads_and_creates(nginx: Nginx) -> None:
    for _ in range(10):
        with closing(nginx.connect()) as connection:
            client = Client(connection)
            assert client.ask("GET", "/")[0] == 200
            client.sign_in()
