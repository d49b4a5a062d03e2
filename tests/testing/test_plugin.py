"""The fixtures for pytest, used by other test runs: by the example, and by small ones that tests write."""

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from openucwa.testing import server
from tests.process.running import LIMIT, environment

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "test_client.py"

SMALL = """
import pytest

def test_first(ucwa, ucwa_client):
    ucwa_client.open("first").schedule(subject="first")
    ucwa.faults.add("ServiceUnavailable", count=None, path="/never")

def test_second(ucwa, ucwa_client, ucwa_users, ucwa_clock, ucwa_faults, ucwa_requests):
    assert ucwa_client.open("second").meetings() == []
    assert ucwa_faults.all() == []
    assert ucwa_clock.now.startswith("2027-01-01T08:00:00")
    ucwa_requests.verify(rel="myOnlineMeetings", method="GET", exactly=1)
    with pytest.raises(AssertionError, match="0 requests match"):
        ucwa_requests.verify(rel="events")
    assert [user.uri for user in ucwa_users] == ["sip:joe@fabrikam.com"]
"""


def pytest_run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Another test run, in `folder`, with the plugin."""
    installed = any(point.value == "openucwa.testing.plugin" for point in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "openucwa.testing.plugin")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=4 * LIMIT,
        check=False,
        env=environment({}),
    )


def passed(done: "subprocess.CompletedProcess[str]") -> int:
    """How many tests passed; none failed."""
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None
    return int(found[1])


@pytest.mark.parametrize("arguments", [(), ("--ucwa-process",), ("-n", "2")], ids=["thread", "process", "xdist"])
def test_suite_of_the_example_passes(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "test_client.py").write_text(EXAMPLE.read_text("utf-8"), "utf-8")
    assert passed(pytest_run(tmp_path, *arguments)) == 6


def test_each_test_begins_with_the_seed_and_the_time_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text(SMALL)
    (tmp_path / "users.json").write_text('{"users": [{"uri": "sip:joe@fabrikam.com", "password": "joes"}]}')
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nucwa_seed = users.json\nucwa_now = 2027-01-01T08:00:00Z\nucwa_frozen = true\n"
    )
    assert passed(pytest_run(tmp_path)) == 2


def test_seed_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_small.py").write_text(SMALL)
    (tmp_path / "pytest.ini").write_text("[pytest]\nucwa_seed = nothing.json\n")
    failed = pytest_run(tmp_path)
    assert failed.returncode == 1
    assert "nothing.json cannot be read" in failed.stdout


def test_process_that_does_not_start_says_why() -> None:
    with pytest.raises(RuntimeError, match="No such option"), server(process=True, arguments=["--nonsense"]):
        pass


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_sandbox_of_thousands_of_users_is_reset_and_used(tmp_path: Path, process: bool) -> None:
    users = [{"uri": f"sip:u{number}@fabrikam.com", "password": f"p{number}"} for number in range(2_000)]
    (tmp_path / "users.json").write_text(json.dumps({"users": users}))
    with server(seed=tmp_path / "users.json", process=process) as ucwa:
        ucwa.reset()
        assert len(ucwa.users) == 2_000
        with ucwa.client(ucwa.users[-1]) as client:
            assert client.open("last").meetings() == []


def test_plugin_imports_nothing_of_the_server_before_a_test_needs_it() -> None:
    text = "import sys, openucwa.testing.plugin; print([name for name in sys.modules if 'openucwa.' in name])"
    done = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, timeout=LIMIT, check=True, env=environment({})
    )
    assert done.stdout.strip() == "['openucwa.testing', 'openucwa.testing.plugin']"


def test_sandbox_in_a_thread_writes_nothing_to_stderr() -> None:
    program = """
from openucwa.testing import server

with server(frozen=True) as ucwa:
    with ucwa.client() as client:
        client.open("quiet").schedule().delete()
    ucwa.clock.advance("16m")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=LIMIT, check=True, env=environment({})
    )
    assert done.stderr == ""


def test_logs_of_a_sandbox_in_a_thread_are_the_test_runs(caplog: pytest.LogCaptureFixture) -> None:
    with server(frozen=True) as ucwa, ucwa.client() as client:
        client.open("loud").schedule().delete()
    assert "deleted" in caplog.text


def test_server_is_there_for_a_block() -> None:
    with server(frozen=True, now="2027-01-01T08:00:00Z") as ucwa:
        with ucwa.client() as client:
            meeting = client.open("block").schedule(subject="Budget")
        ucwa.snapshot("one")
        ucwa.clock.advance("1h")
        ucwa.restore("one")
        assert ucwa.clock.now == "2027-01-01T08:00:00.000Z"
        with ucwa.client() as client:
            assert client.open("block").meeting(meeting.online_meeting_id).subject == "Budget"
        ucwa.reset(ucwa.users[0].uri)
        with ucwa.client() as client:
            assert client.open("block").meetings() == []
