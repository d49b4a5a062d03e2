"""`openucwa user disable`, `enable`, `sign-out` and `hand-over`, with a server on the same store."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.cli.commands import fails, run
from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import DANA, LENE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("accounts") / "data"
    for uri in (LENE, DANA):
        add_user(data, uri)
    return data


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RunningServer]:
    with RunningServer(folder) as server:
        yield server


@pytest.fixture(autouse=True)
def enabled(folder: Path, server: RunningServer) -> Iterator[None]:
    yield
    for uri in (LENE, DANA):
        run("user", "enable", uri, "--data", str(folder))


def user(folder: Path, *arguments: str) -> str:
    result = run("user", *arguments, "--data", str(folder))
    assert result.exit_code == 0, result.output
    return result.stdout


def refused_sign_in(server: RunningServer) -> dict[str, object]:
    form = urlencode({"grant_type": "password", "username": LENE, "password": "correct horse battery staple"})
    status, answer = server.ask("POST", "/WebTicket/oauthtoken", form)
    assert status == 400
    return answer


def schedule(server: RunningServer, token: str, app: str, *extensions: str, **properties: object) -> dict[str, object]:
    href = f"{app}/onlineMeetings/myOnlineMeetings"
    status, meeting = server.ask("POST", href, {"subject": "Plans", **properties}, token=token)
    assert status == 201, meeting
    for name in extensions:
        body = {"id": name, "type": "RoamedParticipantData", "page": 1}
        path = f"{href}/{meeting['onlineMeetingId']}/onlineMeetingExtensions"
        assert server.ask("POST", path, body, token=token)[0] == 201
    return meeting


def hand_over(folder: Path, *arguments: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(user(folder, "hand-over", LENE, DANA, "--json", *arguments))
    return rows


def join_as_guest(server: RunningServer, meeting: dict[str, object]) -> int:
    """The status of joining by the meeting's link as it was handed out."""
    form = {
        "grant_type": "urn:microsoft.rtc:anonmeeting",
        "ms_rtc_conferenceuri": str(meeting["onlineMeetingUri"]),
        "password": str(meeting["onlineMeetingId"]),
    }
    status, granted = server.ask("POST", "/WebTicket/oauthtoken", urlencode(form))
    assert status == 200, granted
    token = str(granted["access_token"])
    app = server.open_application(token)
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"], "anonymousDisplayName": "Joe"}
    return server.ask("POST", f"{app}/communication/onlineMeetingInvitations", body, token=token)[0]


def test_disabled_user_is_signed_out_and_cannot_sign_in_until_enabled(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    assert user(folder, "disable", LENE) == f"disabled {LENE}\n"
    status, reason = server.ask("GET", app, token=token)
    assert (status, reason["message"]) == (401, "the user is disabled")
    assert server.ask("POST", "/ucwa/v1/applications", {}, token=token)[0] in {400, 401}
    assert refused_sign_in(server) == {"error": "invalid_grant"}
    assert user(folder, "disable", LENE) == f"{LENE} is disabled already\n"
    assert user(folder, "enable", LENE) == f"enabled {LENE}\n"
    assert server.ask("GET", app, token=token)[0] == 401, "earlier tokens stay revoked"
    assert server.open_application(server.sign_in()) != app


@pytest.mark.parametrize("command", ["disable", "remove"])
def test_waiting_poll_of_user_who_is_locked_out_ends(folder: Path, server: RunningServer, command: str) -> None:
    uri = f"sip:{command}d@contoso.com"
    add_user(folder, uri)
    token = server.sign_in(user=uri)
    app = server.open_application(token)
    with server.connect() as poll:
        poll.sendall(
            f"GET {app}/events?ack=1&timeout=1800 HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n".encode()
        )
        user(folder, command, uri, *(["--yes"] if command == "remove" else []))
        answer = b""
        while chunk := poll.recv(65_536):
            answer += chunk
    assert answer.split(b" ")[1] == b"401"


def test_disabled_user_is_listed_as_such(folder: Path) -> None:
    user(folder, "disable", LENE)
    found = {each["user"]: each["disabled"] for each in json.loads(user(folder, "list", "--json"))}
    assert (found[LENE], found[DANA]) == (True, False)


def test_guest_still_joins_meeting_of_disabled_user(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    meeting = schedule(server, token, server.open_application(token), accessLevel="Everyone")
    user(folder, "disable", LENE)
    assert join_as_guest(server, meeting) == 201


def test_no_token_is_issued_for_disabled_user(folder: Path) -> None:
    user(folder, "disable", LENE)
    fails(run("token", LENE, "--data", str(folder)), f"{LENE} is disabled")


def test_signed_out_user_may_sign_in_again(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    assert user(folder, "sign-out", LENE) == f"signed {LENE} out everywhere\n"
    assert server.ask("GET", app, token=token)[0] == 401
    server.open_application(server.sign_in())


def test_handed_over_meeting_is_joined_by_its_old_link(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    meeting = schedule(server, token, server.open_application(token), "agenda", accessLevel="Everyone")
    meeting_id = str(meeting["onlineMeetingId"])
    (row,) = hand_over(folder, "--meeting", meeting_id)
    assert row == {"meeting": meeting_id, "extensions": 1, "subject": "Plans", "result": "handed over"}
    assert join_as_guest(server, meeting) == 201
    (again,) = hand_over(folder, "--meeting", meeting_id)
    assert again["result"] == "was handed over before"


def test_dry_run_changes_nothing(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    meeting_id = schedule(server, token, server.open_application(token))["onlineMeetingId"]
    results = {row["meeting"]: row["result"] for row in hand_over(folder, "--dry-run")}
    assert results[meeting_id] == "would be handed over"
    assert meeting_id in {row["meeting"] for row in json.loads(user(folder, "meetings", LENE, "--json"))}


def test_all_meetings_are_handed_over_but_the_assigned_one(folder: Path, server: RunningServer) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    server.ask("GET", f"{app}/onlineMeetings/myAssignedOnlineMeeting", token=token)
    schedule(server, token, app)
    assert {row["result"] for row in hand_over(folder)} <= {
        "handed over",
        "stays: the assigned meeting is personal",
    }
    left = json.loads(user(folder, "meetings", LENE, "--json"))
    assert len(left) <= 1


def test_meeting_beyond_the_successors_limit_is_refused_and_the_rest_handed_over(
    folder: Path, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = server.sign_in()
    app = server.open_application(token)
    for _ in range(2):
        schedule(server, token, app)
    there = len(json.loads(user(folder, "meetings", DANA, "--json")))
    monkeypatch.setenv("OPENUCWA_MAX_MEETINGS", str(there + 1))
    result = run("user", "hand-over", LENE, DANA, "--json", "--data", str(folder))
    assert result.exit_code == 1
    found = [row["result"] for row in json.loads(result.stdout) if "personal" not in row["result"]]
    limit = f"refused: the successor has {there + 1} online meetings, which is the maximum"
    assert found[0] == "handed over"
    assert set(found[1:]) == {limit}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((LENE, LENE), "the successor must be another user"),
        ((LENE, "sip:nobody@contoso.com"), "no such user: sip:nobody@contoso.com"),
        ((LENE, DANA, "--meeting", "NONE"), f"{LENE} has no meeting NONE"),
    ],
    ids=["self", "nobody", "no meeting"],
)
def test_impossible_hand_over_is_refused(folder: Path, words: tuple[str, ...], line: str) -> None:
    fails(run("user", "hand-over", *words, "--data", str(folder)), line)


def test_disabled_user_is_disabled_in_an_imported_store_too(folder: Path, tmp_path: Path) -> None:
    user(folder, "disable", LENE)
    copy = str(tmp_path / "all.jsonl")
    assert run("export", copy, "--data", str(folder)).exit_code == 0
    imported = run("import", copy, "--data", str(tmp_path / "new"))
    assert imported.exit_code == 0, imported.output
    found = {each["user"]: each["disabled"] for each in json.loads(user(tmp_path / "new", "list", "--json"))}
    assert (found[LENE], found[DANA]) == (True, False)
