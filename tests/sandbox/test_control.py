"""The control resources: what they say of themselves; and that a server other than a sandbox has none."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from openucwa.config import Config
from openucwa.sandbox.sandbox import Sandbox
from openucwa.sandbox.server import make_sandbox
from openucwa.sandbox.users import DEFAULT, MAX_USERS
from openucwa.sandbox.world import SandboxWorld
from tests.client import PASSWORD, UcwaClient, self_of
from tests.process.running import LIMIT, RunningServer, command
from tests.process.server import add_user
from tests.resources.messages import assert_refused
from tests.sandbox.conftest import DANA, LENE, Control


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make_sandbox(Config(), SandboxWorld(), DEFAULT)


async def test_description_names_every_control_resource(control: Control, sandbox: Sandbox) -> None:
    described = await control.ask("GET", "/openapi.json")
    paths = {template for template, _ in sandbox.routes} - {"/sandbox", "/sandbox/docs", "/sandbox/openapi.json"}
    assert described["paths"].keys() == paths
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method in {"post", "put"} and "requestBody" in operation:
                schema = operation["requestBody"]["content"]["application/json"]["schema"]
                assert schema["type"] == "object", path


async def test_control_resources_can_be_tried_in_a_browser(control: Control) -> None:
    page = await control.http.get("/sandbox/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert 'data-description="/sandbox/openapi.json"' in page.text


async def test_control_resources_are_not_in_the_description_of_the_api(control: Control) -> None:
    described = (await control.http.get("/openapi.json")).json()
    assert not [path for path in described["paths"] if path.startswith("/sandbox")]


async def test_reset_removes_everything_but_the_users(control: Control, sign_in: Callable[..., Any]) -> None:
    lene = await sign_in()
    await lene.schedule()
    await control.ask("POST", "/reset", status=204)
    assert_refused(await lene.get(lene.meetings), 404, "NotFound", "ApplicationNotFound")
    lene = await sign_in()
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"] == []


async def test_reset_of_a_user_leaves_the_others_as_they_are(control: Control, sign_in: Callable[..., Any]) -> None:
    lene, dana = await sign_in("lenea"), await sign_in("danab")
    for client in (lene, dana):
        await client.schedule()
    await control.ask("POST", "/reset", {"user": LENE}, status=204)
    assert_refused(await lene.get(lene.meetings), 401, "Unauthorized")
    lene = await sign_in("lenea")
    assert (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"] == []
    assert len((await dana.get(dana.meetings)).json()["_embedded"]["myOnlineMeeting"]) == 1


async def test_user_who_is_reset_has_the_first_password_again(control: Control, sign_in: Callable[..., Any]) -> None:
    lene = await sign_in("lenea")
    change = {"currentPassword": "lenea-password", "newPassword": "another password"}
    assert (await lene.post(f"{lene.app}/openucwa/password", json=change)).status_code == 200
    await control.ask("POST", "/reset", {"user": LENE}, status=204)
    await sign_in("lenea")


async def test_snapshot_restores_data_and_time(control: Control, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="kept")
    await control.advance("1m")
    await control.ask("PUT", "/snapshots/one%20meeting", status=204)
    assert await control.ask("GET", "/snapshots") == {"names": ["one meeting"]}
    await lene.replace(meeting, subject="changed")
    await lene.schedule(subject="another")
    await control.advance("1h")
    await control.ask("POST", "/snapshots/one%20meeting/restore", status=204)
    assert await control.now() == "2027-01-01T08:01:00.000Z"
    found = (await lene.get(lene.meetings)).json()["_embedded"]["myOnlineMeeting"]
    assert [(each["subject"], each["etag"]) for each in found] == [("kept", meeting["etag"])]
    await control.ask("DELETE", "/snapshots/one%20meeting", status=204)
    assert await control.ask("GET", "/snapshots") == {"names": []}


async def test_state_is_exported_and_imported_with_everything_in_it(control: Control, lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="kept")
    extension = await lene.extend(meeting, topic="Budget")
    body = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    assert (await lene.post(f"{lene.app}/communication/joinOnlineMeeting", json=body)).status_code == 201
    conversations = (await lene.get(f"{lene.app}/communication/conversations")).json()
    await control.advance("1m")
    state = await control.ask("GET", "/state")
    assert [user["uri"] for user in state["tables"]["users"]] == [DANA, LENE]
    await control.ask("POST", "/reset", status=204)
    await control.ask("PUT", "/state", state, status=204)
    assert await control.ask("GET", "/state") == state
    assert await control.now() == "2027-01-01T08:01:00.000Z"
    assert (await lene.get(self_of(extension))).json() == extension
    assert (await lene.get(f"{lene.app}/communication/conversations")).json() == conversations
    assert await control.ask("GET", "/snapshots") == {"names": []}


async def test_state_of_another_version_is_refused_and_changes_nothing(control: Control, lene: UcwaClient) -> None:
    state = await control.ask("GET", "/state")
    wrong: list[dict[str, list[dict[str, object]]]] = [
        {"nothing": []},
        {"users": [{"colour": "red"}]},
        {"users": [{"uri": "sip:a@b"}]},
        {"store_version": [{"version": 1}]},
    ]
    for tables in wrong:
        refused = await control.ask("PUT", "/state", {"tables": tables}, status=400)
        assert refused["subcode"] == "ParameterValidationFailure"
    assert await control.ask("GET", "/state") == state


def test_command_exports_and_imports(running: RunningServer, tmp_path: Path) -> None:
    url = ("--url", running.urls[0])
    assert command("sandbox", "reset", *url).returncode == 0
    assert command("sandbox", "export", str(tmp_path / "state.json"), *url).returncode == 0
    assert command("sandbox", "import", str(tmp_path / "state.json"), *url).returncode == 0
    again = command("sandbox", "export", *url)
    assert again.stdout == (tmp_path / "state.json").read_text()


def test_export_is_readable_by_its_owner_only(running: RunningServer, tmp_path: Path) -> None:
    new, old = tmp_path / "new.json", tmp_path / "old.json"
    old.write_text("an earlier export, longer than" + " nothing" * 100_000)
    old.chmod(0o644)
    for file in (new, old):
        assert command("sandbox", "export", str(file), "--url", running.urls[0]).returncode == 0
        assert file.stat().st_mode & 0o777 == 0o600
        assert "tables" in json.loads(file.read_text())


def test_unwritable_export_is_reported_in_one_line(running: RunningServer, tmp_path: Path) -> None:
    failed = command("sandbox", "export", str(tmp_path / "none" / "state.json"), "--url", running.urls[0])
    assert failed.returncode == 1
    assert failed.stderr == f"openucwa: {tmp_path}/none/state.json cannot be written: No such file or directory\n"


async def test_unknown_snapshot_and_user_are_not_found(control: Control) -> None:
    for method, path, body in (
        ("POST", "/snapshots/none/restore", {}),
        ("DELETE", "/snapshots/none", {}),
        ("POST", "/reset", {"user": "sip:nobody@contoso.com"}),
    ):
        assert (await control.ask(method, path, body, status=404))["subcode"] == "ResourceNotFound"


def test_commands_reset_keep_and_restore(running: RunningServer) -> None:
    def run(*arguments: str) -> str:
        done = command("sandbox", *arguments, "--url", running.urls[0])
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("reset") == ""
    assert run("snapshot", "first") == ""
    assert run("snapshot") == "first\n"
    assert run("restore", "first") == ""
    failed = command("sandbox", "restore", "second", "--url", running.urls[0])
    assert (failed.returncode, failed.stderr) == (1, "openucwa: there is no such snapshot\n")


def test_start_says_what_it_is_and_names_its_users(tmp_path: Path) -> None:
    (tmp_path / "users.toml").write_text('users = [{uri = "sip:joe@fabrikam.com", password = "joes", name = "Joe"}]')
    with RunningServer(None, "--seed", str(tmp_path / "users.toml")) as server:
        assert "This is a SANDBOX" in server.logged("SANDBOX")
        assert server.logged("joe@fabrikam.com with password joes")
        with httpx.Client(base_url=server.urls[0], timeout=LIMIT) as http:
            form = {"grant_type": "password", "username": "joe@fabrikam.com", "password": "joes"}
            assert http.post("/WebTicket/oauthtoken", data=form).status_code == 200


START_AND_STOP = """
import asyncio
from openucwa.config import Config
from openucwa.sandbox.server import make_sandbox
from openucwa.sandbox.users import DEFAULT
from openucwa.sandbox.world import SandboxWorld

async def main():
    sandbox = make_sandbox(Config(), SandboxWorld(), DEFAULT)
    await sandbox.start()
    await sandbox.restore("")
    assert sandbox.place.exists()
    await sandbox.release()
    await sandbox.stop()
    print(sandbox.place.exists())

asyncio.run(main())
"""


def test_nothing_is_left_behind_after_a_stop() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START_AND_STOP], capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert done.stdout == "False\n", done.stderr


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{", "is not a seed file"),
        ('{"users": [{"uri": "sip:a@b"}]}', "missing required field `password`"),
        ('{"users": [{"uri": "joe", "password": "joes"}]}', r"users\[0\].uri: 'joe' is not a SIP URI"),
        ('{"users": [{"uri": "sip:a@b", "password": "p"}, {"uri": "sip:A@b", "password": "p"}]}', "a@b occurs twice"),
        ('{"users": [{"uri": "sip:a@b", "password": ""}]}', r"users\[0\].password: must have 1 to"),
    ],
)
def test_seed_file_that_is_none_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "seed.json").write_text(text)
    failed = command("sandbox", "--seed", str(tmp_path / "seed.json"), "--listen", "http://127.0.0.1:0")
    assert failed.returncode == 1
    assert re.search(wrong, failed.stderr)


def test_seed_file_with_too_many_users_is_refused_before_the_start(tmp_path: Path) -> None:
    users = [{"uri": f"sip:u{number}@fabrikam.com", "password": "p"} for number in range(MAX_USERS + 1)]
    (tmp_path / "seed.json").write_text(json.dumps({"users": users}))
    failed = command("sandbox", "--seed", str(tmp_path / "seed.json"), "--listen", "http://127.0.0.1:0")
    assert failed.returncode == 1
    assert failed.stderr.strip().endswith("is not a seed file: it has 100,001 users; the maximum is 100,000")


def test_thousands_of_users_can_sign_in(tmp_path: Path) -> None:
    users = [{"uri": f"sip:u{number}@fabrikam.com", "password": f"p{number}"} for number in range(3_000)]
    (tmp_path / "seed.json").write_text(json.dumps({"users": users}))
    with RunningServer(None, "--seed", str(tmp_path / "seed.json")) as server:
        for number in (0, 1_234, 2_999):
            form = {"grant_type": "password", "username": f"u{number}@fabrikam.com", "password": f"p{number}"}
            answer = httpx.post(f"{server.urls[0]}/WebTicket/oauthtoken", data=form, timeout=LIMIT)
            assert answer.status_code == 200


async def test_server_that_is_no_sandbox_has_no_control_resources_and_ignores_the_header(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    add_user(tmp_path / "data", LENE)
    with RunningServer(tmp_path / "data") as server:
        async with httpx.AsyncClient(base_url=server.urls[0], timeout=LIMIT) as http:
            for template, resource in sandbox.routes:
                path = re.sub(r"{\w+}", "x", template)
                for method in ("GET", *resource.operations):
                    unknown = await http.request(method, "/nothing/of/the/kind")
                    answer = await http.request(method, path)
                    assert answer.status_code == unknown.status_code == 404, (method, path)
                    assert answer.json() == unknown.json()
            lene = UcwaClient(http)
            await lene.sign_in("lenea@contoso.com", PASSWORD)
            await lene.open()
            for fault in ("ServiceUnavailable", "cut", "delay; seconds=3600", "status; status=418", "nonsense"):
                assert (await lene.get(lene.app, headers={"X-OpenUCWA-Fault": fault})).status_code == 200


async def test_reset_ends_waiting_polls_and_leaves_requests_in_flight_their_time(
    control: Control, lene: UcwaClient
) -> None:
    poll = asyncio.create_task(lene.get(f"{lene.app}/events?ack=1"))
    while (await control.ask("GET", ""))["waitingPolls"] == 0:
        assert not poll.done()
    reads = [asyncio.create_task(lene.get(lene.meetings)) for _ in range(20)]
    await asyncio.gather(*(control.ask("POST", "/reset", status=204) for _ in range(3)))
    assert (await asyncio.wait_for(poll, 60)).status_code == 200
    assert {answer.status_code for answer in await asyncio.gather(*reads)} <= {200, 404}


async def test_state_without_the_rows_of_any_one_table_is_never_an_internal_error(
    control: Control, lene: UcwaClient
) -> None:
    await lene.schedule()
    state = await control.ask("GET", "/state")
    for table in state["tables"]:
        answer = await control.http.put("/sandbox/state", json={"tables": {**state["tables"], table: []}})
        assert answer.status_code in {204, 400}, table
    await control.ask("PUT", "/state", {"tables": {}}, status=204)
    exported = await control.ask("GET", "/state")
    assert exported["tables"]["users"] == []


async def test_state_with_a_number_that_no_store_can_hold_is_refused(control: Control) -> None:
    for rows in ([{"number": 10**30}], [{"number": 0}, {"number": 1}]):
        refused = await control.ask("PUT", "/state", {"tables": {"commits": rows}}, status=400)
        assert refused["subcode"] == "ParameterValidationFailure"
