"""A recorded session, sent to two servers that are alike but for their ids, and to two that are not."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient, extensions_of
from tests.process.running import LIMIT, RunningServer, command


async def session(url: str) -> None:
    """What a client does, which links its own ids."""
    async with httpx.AsyncClient(base_url=url, timeout=LIMIT) as http:
        lene = UcwaClient(http)
        await lene.sign_in("lenea@contoso.com", "lenea-password")
        await lene.open()
        meeting = await lene.schedule(subject="Budget")
        extension = await lene.extend(meeting, topic="first")
        assert (await lene.replace(extension, topic="second")).status_code == 200
        assert (await lene.get(extensions_of(meeting))).status_code == 200
        assert (await lene.delete(lene.app)).status_code == 204


@pytest.fixture
async def script(tmp_path: Path) -> Path:
    """A session that a sandbox recorded."""
    with RunningServer(None) as server:
        await session(server.urls[0])
        recorded = command("sandbox", "requests", "--har", "--url", server.urls[0])
    assert recorded.returncode == 0, recorded.stderr
    (tmp_path / "session.har").write_text(recorded.stdout)
    return tmp_path / "session.har"


def test_servers_that_differ_in_ids_alone_do_not_differ(script: Path) -> None:
    with RunningServer(None) as a, RunningServer(None) as b:
        done = command("compare", a.urls[0], b.urls[0], str(script))
    assert done.stdout == "7 requests, 0 answered differently\n"
    assert done.returncode == 0


def test_differences_of_status_and_structure_are_told(script: Path, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("create_status = 200\nassigned_meeting = false\n")
    (tmp_path / "users.json").write_text('{"users": [{"uri": "sip:lenea@contoso.com", "password": "secret"}]}')
    options = ("--config", str(tmp_path / "b.toml"), "--seed", str(tmp_path / "users.json"))
    with RunningServer(None) as a, RunningServer(None, *options) as b:
        replaced = ("--replace-b", "lenea-password=secret")
        done = command("compare", a.urls[0], b.urls[0], str(script), *replaced)
        failed = command("compare", a.urls[0], b.urls[0], str(script))
    lines = done.stdout.splitlines()
    assert any(line.endswith("/myOnlineMeetings: status 201 and 200") for line in lines)
    assert lines[-1].endswith(" answered differently")
    assert done.returncode == 1
    assert "1 POST /WebTicket/oauthtoken: status 200 and 400" in failed.stdout


def test_script_that_is_none_and_server_that_is_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "none.har").write_text("{}")
    (tmp_path / "one.har").write_text(
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://a/"}, "response": {"status": 200}}]}}'
    )
    for script, said in (
        ("missing.har", "cannot be read"),
        ("none.har", "is not a HAR file"),
        ("one.har", "request 1 was not answered: ConnectError"),
    ):
        failed = command("compare", "http://127.0.0.1:1", "http://127.0.0.1:1", str(tmp_path / script))
        assert failed.returncode == 1
        assert said in failed.stderr


def recorded_at(url: str, folder: Path) -> str:
    """A session of one request, whose sign-in was not recorded."""
    headers = [
        {"name": "Authorization", "value": "Bearer recorded-token"},
        {"name": "Cookie", "value": "session=recorded-cookie"},
    ]
    request = {"method": "GET", "url": f"{url}/ucwa/v1/applications/1", "headers": headers}
    script = folder / "one.har"
    script.write_text(json.dumps({"log": {"entries": [{"request": request, "response": {"status": 200}}]}}))
    return str(script)


def credentials_sent(server: RunningServer) -> list[Any]:
    """The credentials of the requests that a sandbox got."""
    requests = httpx.get(f"{server.urls[0]}/sandbox/requests", timeout=LIMIT).json()["requests"]
    assert len(requests) == 1
    return [value for name, value in requests[0]["request"]["headers"] if name in {"authorization", "cookie"}]


def test_recorded_token_and_cookie_are_sent_to_no_other_server(tmp_path: Path) -> None:
    with RunningServer(None) as a, RunningServer(None) as b:
        command("compare", a.urls[0], b.urls[0], recorded_at("https://ucwa.contoso.com", tmp_path))
        assert credentials_sent(a) == []
        assert credentials_sent(b) == []


def test_recorded_token_and_cookie_are_sent_to_the_server_they_were_recorded_at(tmp_path: Path) -> None:
    with RunningServer(None) as a, RunningServer(None) as b:
        command("compare", a.urls[0], b.urls[0], recorded_at(a.urls[0], tmp_path))
        assert credentials_sent(a) == ["Bearer recorded-token", "session=recorded-cookie"]
        assert credentials_sent(b) == []


def test_token_that_replaces_the_recorded_one_is_sent(tmp_path: Path) -> None:
    with RunningServer(None) as a, RunningServer(None) as b:
        script = recorded_at("https://ucwa.contoso.com", tmp_path)
        command("compare", a.urls[0], b.urls[0], script, "--replace-b", "recorded-token=token-of-b")
        assert credentials_sent(a) == []
        assert credentials_sent(b) == ["Bearer token-of-b"]


def test_servers_that_grant_the_same_token_get_it(tmp_path: Path) -> None:
    same = ("--frozen", "--now", "2027-01-01T08:00:00Z", "--random-seed", "7")
    form = "grant_type=password&username=lenea%40contoso.com&password=lenea-password"
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    script = tmp_path / "same.har"
    with RunningServer(None, *same) as recorded:
        answer = httpx.post(f"{recorded.urls[0]}/WebTicket/oauthtoken", content=form, headers=form_type, timeout=LIMIT)
        token = answer.json()["access_token"]
        httpx.get(
            f"{recorded.urls[0]}/ucwa/v1/applications/1", headers={"Authorization": f"Bearer {token}"}, timeout=LIMIT
        )
        script.write_text(command("sandbox", "requests", "--har", "--url", recorded.urls[0]).stdout)
    with RunningServer(None, *same) as a, RunningServer(None, *same) as b:
        done = command("compare", a.urls[0], b.urls[0], str(script))
        assert done.stdout == "2 requests, 0 answered differently\n"
        for server in (a, b):
            requests = httpx.get(f"{server.urls[0]}/sandbox/requests", timeout=LIMIT).json()["requests"]
            assert ["authorization", f"Bearer {token}"] in requests[-1]["request"]["headers"]
