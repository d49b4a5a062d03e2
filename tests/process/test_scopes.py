"""Scopes as curl sees them: a caller needs Conversations.Initiate or Conversations.Receive for extensions."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import RunningServer, command
from tests.process.server import add_user
from tests.users import LENE

_EXTENSION = {"id": "agenda", "type": "RoamedParticipantData", "seats": 12}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scopes") / "data"
    add_user(folder, LENE)
    return folder


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[RunningServer]:
    with RunningServer(data) as running:
        yield running


def curl(*arguments: str) -> tuple[int, dict[str, Any]]:
    """Status and JSON of the answer."""
    done = subprocess.run(
        [need("curl"), "-s", "-w", "\n%{http_code}", *arguments], capture_output=True, text=True, timeout=30, check=True
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body) if body else {}


def granted(server: RunningServer, scope: str) -> str:
    """A token with these scopes."""
    form = {"grant_type": "password", "username": "lenea@contoso.com", "password": PASSWORD, "scope": scope}
    fields = [part for name, value in form.items() for part in ("--data-urlencode", f"{name}={value}")]
    status, answer = curl(f"{server.urls[0]}/WebTicket/oauthtoken", *fields)
    assert status == 200
    return str(answer["access_token"])


def send(server: RunningServer, token: str, href: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    return curl(f"{server.urls[0]}{href}", "-H", f"Authorization: Bearer {token}", *arguments)


def post(server: RunningServer, token: str, href: str, body: object) -> tuple[int, dict[str, Any]]:
    return send(server, token, href, "-H", "Content-Type: application/json", "-d", json.dumps(body))


@pytest.fixture(scope="module")
def extensions(server: RunningServer) -> str:
    """The href of a meeting's extensions."""
    everything = granted(server, "all")
    draft = {"culture": "en-US", "endpointId": "curl", "userAgent": "curl"}
    application = post(server, everything, "/ucwa/v1/applications", draft)[1]["_links"]["self"]["href"]
    meeting = post(server, everything, f"{application}/onlineMeetings/myOnlineMeetings", {})[1]
    return str(meeting["_links"]["onlineMeetingExtensions"]["href"])


@pytest.mark.parametrize("scope", ["Conversations.Receive", "Conversations.Initiate Meetings.ReadWrite"])
def test_one_of_the_two_scopes_reads_and_writes(server: RunningServer, extensions: str, scope: str) -> None:
    token = granted(server, scope)
    status, extension = post(server, token, extensions, _EXTENSION | {"id": scope[:20].replace(" ", "-")})
    assert status == 201
    href = extension["_links"]["self"]["href"]
    assert send(server, token, href)[0] == 200
    assert send(server, token, href, "-X", "DELETE")[0] == 204


def test_another_scope_is_refused_and_both_are_named(server: RunningServer, extensions: str) -> None:
    token = granted(server, "Meetings.ReadWrite")
    for status, refusal in (send(server, token, extensions), post(server, token, extensions, _EXTENSION)):
        assert (status, refusal["code"]) == (403, "Forbidden")
        assert "Conversations.Initiate" in refusal["message"]
        assert "Conversations.Receive" in refusal["message"]


def test_token_of_the_command_line_has_its_scopes(server: RunningServer, extensions: str, data: Path) -> None:
    for scope, status in (("Conversations.Receive", 200), ("Meetings.ReadWrite", 403)):
        printed = command("token", LENE, "--scope", scope, "--data", str(data))
        assert printed.returncode == 0, printed.stderr
        assert send(server, printed.stdout.strip(), extensions)[0] == status
