"""`openucwa user sessions`, `openucwa user meetings`, and lists as JSON."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import add, fails, run
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("activity") / "data"
    add_user(data, LENE)
    return data


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with RunningServer(folder) as server:
        yield server


def sessions(folder: Path) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = json.loads(run("user", "sessions", LENE, "--json", "--data", str(folder)).stdout)
    return listed


def test_open_application_is_listed(folder: Path, server: RunningServer) -> None:
    app = server.open_application(server.sign_in())
    (session,) = sessions(folder)
    assert session["application"] == app.rpartition("/")[2]
    assert (session["userAgent"], session["endpoint"], session["available"]) == ("test", "e", False)
    text = run("user", "sessions", LENE, "--data", str(folder)).stdout
    assert text.splitlines()[0].split() == ["application", "opened", "user", "agent", "endpoint", "available"]
    assert text.splitlines()[1].split()[0] == session["application"]
    assert text.splitlines()[1].split()[-1] == "no"


@pytest.mark.parametrize("how", ["--end", "--end-all"])
def test_ended_application_is_gone_and_its_client_may_open_another(
    how: str, folder: Path, server: RunningServer
) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    application = app.rpartition("/")[2]
    words = (how, application) if how == "--end" else (how,)
    ended = run("user", "sessions", LENE, *words, "--data", str(folder))
    assert ended.stdout == f"ended application {application}\n"
    assert server.ask("GET", app, token=token)[0] == 404
    assert sessions(folder) == []
    assert server.open_application(token) != app


def test_audit_trail_names_who_ended_an_application(
    folder: Path, server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENUCWA_AUDIT_LOG", str(tmp_path / "audit.log"))
    monkeypatch.delenv("SUDO_USER", raising=False)
    application = server.open_application(server.sign_in()).rpartition("/")[2]
    run("user", "sessions", LENE, "--end", application, "--data", str(folder))
    assert [line.partition("openucwa.audit: ")[2] for line in (tmp_path / "audit.log").read_text().splitlines()] == [
        f"removed application {application} of {LENE}: ended by an administrator",
        f"signed-out by=os:{getpass.getuser()} application={application}",
    ]


def test_unknown_application_ends_none(folder: Path, server: RunningServer) -> None:
    server.open_application(server.sign_in())
    (session,) = sessions(folder)
    done = run("user", "sessions", LENE, "--end", str(session["application"]), "--end", "7", "--data", str(folder))
    fails(done, f"{LENE} has no application 7")
    assert sessions(folder) == [session]


def test_unknown_user_has_no_sessions_and_no_meetings(folder: Path) -> None:
    for what in ("sessions", "meetings"):
        fails(
            run("user", what, "sip:nobody@contoso.com", "--data", str(folder)), "no such user: sip:nobody@contoso.com"
        )


def test_meetings_are_listed_with_their_extensions(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    schedule = f"{app}/onlineMeetings/myOnlineMeetings"
    _, meeting = server.ask("POST", schedule, {"subject": "Plans\u2028for 2027"}, token=token)
    extensions = f"{schedule}/{meeting['onlineMeetingId']}/onlineMeetingExtensions"
    assert server.ask("POST", extensions, {"id": "agenda", "type": "RoamedParticipantData"}, token=token)[0] == 201
    listed = json.loads(run("user", "meetings", LENE, "--json", "--data", str(folder)).stdout)
    (found,) = [each for each in listed if each["meeting"] == meeting["onlineMeetingId"]]
    assert found["subject"] == "Plans\u2028for 2027"
    assert found["extensions"] == 1
    lines = run("user", "meetings", LENE, "--data", str(folder)).stdout.splitlines()
    (line,) = [line for line in lines if line.startswith(str(meeting["onlineMeetingId"]))]
    assert line.endswith("1           Plans for 2027"), "one line, whatever the subject contains"


def test_users_and_keys_are_listed_as_json(data: str) -> None:
    assert add(data).exit_code == 0
    assert json.loads(run("user", "list", "--json", "--data", data).stdout) == [
        {"user": LENE, "name": "lenea", "email": None, "pool": None, "disabled": False, "from": None}
    ]
    assert run("key", "rotate", "--data", data).exit_code == 0
    (key,) = json.loads(run("key", "list", "--json", "--data", data).stdout)
    assert key["use"] == "sign"
