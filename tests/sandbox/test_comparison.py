"""A recorded session, sent to two servers that are alike but for their ids, and to two that are not."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.client import Client, Password
from openucwa.sandbox import structures
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


def xml_session(url: str) -> None:
    """What a client does that reads and writes XML."""
    with Client(url, Password("lenea@contoso.com", "lenea-password"), format="xml") as client:
        application = client.open("xml")
        meeting = application.schedule(subject="Budget", attendees=["sip:danab@contoso.com"])
        meeting.add_extension({"topic": "first", "seats": 12}, id="agenda")
        with meeting.extension("agenda").edit() as data:
            data["topic"] = "second"
        meeting.delete()


@pytest.fixture
def xml_script(tmp_path: Path) -> Path:
    """A session in XML that a sandbox recorded."""
    with RunningServer(None) as server:
        xml_session(server.urls[0])
        recorded = command("sandbox", "requests", "--har", "--url", server.urls[0])
    assert recorded.stdout.count("application/xml") > 10
    (tmp_path / "session.har").write_text(recorded.stdout)
    return tmp_path / "session.har"


def test_servers_that_differ_in_ids_alone_do_not_differ_in_xml(xml_script: Path) -> None:
    with RunningServer(None) as a, RunningServer(None) as b:
        done = command("compare", a.urls[0], b.urls[0], str(xml_script))
        statuses = [
            entry["status"] for entry in httpx.get(f"{b.urls[0]}/sandbox/requests", timeout=LIMIT).json()["requests"]
        ]
    assert done.stdout == f"{len(statuses)} requests, 0 answered differently\n", done.stderr
    assert max(statuses) == 401, "the discovery alone is refused: later requests use the ids of their own server"


def test_differences_of_structure_in_xml_are_reported(xml_script: Path, tmp_path: Path) -> None:
    (tmp_path / "b.toml").write_text("assigned_meeting = false\n")
    with RunningServer(None) as a, RunningServer(None, "--config", str(tmp_path / "b.toml")) as b:
        done = command("compare", a.urls[0], b.urls[0], str(xml_script))
    assert done.returncode == 1
    place = "/resource[@rel='application']/resource[@rel='onlineMeetings']/link[@rel='myAssignedOnlineMeeting']"
    assert f"{place} only from A" in done.stdout


BASE = '<resource rel="a" href="1" xmlns="http://schemas.microsoft.com/rtc/2012/03/ucwa">{}</resource>'


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ('<property name="x">1</property><link rel="b"/>', '<link rel="b"/><property name="x">2</property>', []),
        ('<property name="x">1</property>', "", ["/resource[@rel='a']/property[@name='x'] only from A"]),
        ("", '<link rel="b" href="/"/>', ["/resource[@rel='a']/link[@rel='b'] only from B"]),
        ('<link rel="b" href="/"/>', '<link rel="b"/>', ["/resource[@rel='a']/link[@rel='b']/@href only from A"]),
        (
            '<property name="x" xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:type="xs:integer">1</property>',
            '<property name="x">1</property>',
            ["/resource[@rel='a']/property[@name='x']/@type=integer only from A"],
        ),
        (
            '<property name="x"></property>',
            '<property name="x">1</property>',
            ["/resource[@rel='a']/property[@name='x']/text() only from B"],
        ),
        ('<link rel="b"/>', '<link rel="b"/><link rel="b"/>', []),
        (
            '<property name="x"/>',
            '<property name="x" xmlns="urn:b"/>',
            [
                "/resource[@rel='a']/property[@name='x'] only from A",
                "/resource[@rel='a']/{urn:b}property[@name='x'] only from B",
            ],
        ),
    ],
)
def test_structure_of_xml_is_its_elements_attributes_and_types(one: str, other: str, expected: list[str]) -> None:
    bodies = [structures.read(BASE.format(inner), "application/xml") for inner in (one, other)]
    assert list(structures.differences(*bodies)) == expected


def test_entities_of_an_answer_in_xml_are_not_resolved() -> None:
    body = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    assert "root:" not in repr(list(structures.pairs(*[structures.read(body, "application/xml")] * 2)))


def test_differences_of_status_and_structure_are_reported(script: Path, tmp_path: Path) -> None:
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
