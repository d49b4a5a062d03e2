"""The demo as people start it, and what it prints when a step fails."""

import asyncio
import io
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pytest

from openucwa.config import Config
from openucwa.demo import server
from openucwa.demo.client import Screen
from openucwa.store.sqlite import SqliteStore
from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import command, environment

#: Seconds that the demo may take on a busy machine.
LIMIT = 60.0
COMMAND = (sys.executable, "-m", "openucwa", "demo")
PASSED = "64 steps passed"


def demo(*words: str) -> "subprocess.CompletedProcess[str]":
    """`openucwa demo` with these words, until it ends."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, env=environment({}), timeout=LIMIT, check=False
    )


@contextmanager
def started(data: Path, *words: str, **streams: int) -> Iterator["subprocess.Popen[str]"]:
    """`openucwa demo` on a free port; killed at the end if it is still running."""
    words = (*COMMAND, "--data", str(data), "--listen", "http://127.0.0.1:0", *words)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    with subprocess.Popen(words, text=True, env=environment({}), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def walked(config: Config, *, verbose: bool = False) -> tuple[int, str]:
    """The exit status of the demo on a server with these settings, and its output."""
    shown = io.StringIO()
    status = server.run(config, Screen(shown, colour=False, verbose=verbose), exit_after=True)
    return status, shown.getvalue()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path / "data"), listen=("http://127.0.0.1:0",))


def test_walk_passes_in_both_formats_and_again_in_the_same_folder(tmp_path: Path) -> None:
    words = ("--exit", "--data", str(tmp_path / "data"), "--listen", "http://127.0.0.1:0")
    for _ in range(2):
        done = demo(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.rstrip().endswith(PASSED)
        lines = done.stdout.splitlines()
        assert {"JSON", "XML"} <= set(lines)
        assert [line[5:7] for line in lines if re.match(r" *\d+  ", line)] == ["ok"] * 64


def meetings_of_lene(config: Config) -> list[dict[str, object]]:
    """What `openucwa user meetings` lists."""
    words = ("user", "meetings", "sip:lene@example.com", "--json", "--data", config.data)
    listed: list[dict[str, object]] = json.loads(command(*words).stdout)
    return listed


def test_next_run_removes_what_the_walk_has_made_and_nothing_else(config: Config) -> None:
    walked(config)
    kept = next(each for each in meetings_of_lene(config) if each["subject"] == "Budget")

    async def change() -> None:
        store = SqliteStore(Path(config.data), timeout=5.0)
        await store.open()
        meeting = await store.meetings.get("sip:lene@example.com", str(kept["meeting"]))
        settings = replace(meeting.settings, subject="Somebody uses this one")
        await store.meetings.replace(meeting.organizer, meeting.id, None, settings, "changed", 0)
        await store.close()

    asyncio.run(change())
    _, shown = walked(config)
    assert "Removed 1 meeting and 4 applications of earlier runs." in shown
    subjects = [each["subject"] for each in meetings_of_lene(config)]
    assert (subjects.count("Budget"), subjects.count("Somebody uses this one")) == (2, 1)
    sessions = command("user", "sessions", "sip:lene@example.com", "--json", "--data", config.data)
    assert len(json.loads(sessions.stdout)) == 2


def test_each_step_takes_one_line_and_bodies_are_shown_if_verbose(config: Config) -> None:
    _, shown = walked(config)
    _, verbose = walked(config, verbose=True)
    assert len(shown.splitlines()) < 80
    starts = [
        line.index(found[1]) for line in shown.splitlines() if (found := re.match(r" *\d+  ok  .+?  ([A-Z]+ \d)", line))
    ]
    assert len(set(starts)) == 1, "what the steps sent stands in one column"
    assert '"agenda"' not in shown
    assert '"id": "agenda"' in verbose
    assert "> POST /ucwa/v1/applications" in verbose


def test_verbose_output_shortens_tokens_and_has_no_colours_in_a_file(config: Config) -> None:
    status, shown = walked(config, verbose=True)
    assert status == 0
    tokens = re.findall(r"cwt=\S+", shown)
    assert tokens
    assert all(len(token) < 30 for token in tokens)
    assert "\x1b" not in shown


def test_printed_commands_work(tmp_path: Path) -> None:
    need("curl")
    shell = need("bash")
    with started(tmp_path / "data", "--verbose") as process:
        said = until_the_box(process)
        begin = next(number for number, line in enumerate(said) if line.startswith("UCWA="))
        typed = "set -euo pipefail\n" + "".join(said[begin:])
        answered = subprocess.run([shell], input=typed, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert answered.returncode == 0, answered.stderr
        assert '"subject": "Budget"' in answered.stdout, "the meetings"
        assert '"topic": "from the command line"' in answered.stdout, "the extension that was added"
        assert '<property name="topic">from the command line</property>' in answered.stdout, "the set in XML"
        process.terminate()
        assert process.wait(LIMIT) == 0
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        assert len(lines) == 6, "a line for each request that came after the walk, and one for the sign-in"
        assert all(" info " in line for line in lines)


def until_the_box(process: "subprocess.Popen[str]") -> list[str]:
    """What the demo prints before the box, which says that the walk is over; reads the box, too."""
    assert process.stdout is not None
    said: list[str] = []
    for line in process.stdout:
        if line.startswith("+-"):
            break
        said.append(line)
    assert next(line for line in process.stdout if line.startswith("+-"))
    return said


def test_box_at_the_end_has_an_address_and_a_password_that_work(tmp_path: Path) -> None:
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        said = "".join(itertools.takewhile(lambda line: "Ctrl-C" not in line, process.stdout))
        box = dict(re.findall(r"^\| (\w+) +(.*?) *\|$", said, re.MULTILINE))
        grant = {"grant_type": "password", "username": box["User"].split()[0], "password": box["Password"].split()[0]}
        with urllib.request.urlopen(f"{box['Address']}WebTicket/oauthtoken", urlencode(grant).encode()) as answer:
            assert answer.status == 200


def test_failed_step_is_named_and_counts(config: Config) -> None:
    status, shown = walked(replace(config, max_extensions=1))
    assert status == 1
    assert "  8  FAILED  Attach data for the organizer alone" in shown
    assert "FAILED: step 8, Attach data for the organizer alone (JSON): the answer is 409, not 201" in shown
    assert "steps passed" not in shown


def test_verbose_output_compares_the_events_of_all_participants(config: Config) -> None:
    _, shown = walked(config, verbose=True)
    tables = re.findall(r"Compare the event channels \(\w+\)\n.*\n((?:.+\n)+?)  ok", shown)
    assert len(tables) == 2, "in JSON and in XML"
    assert tables[0] == tables[1]
    assert all(len(line) <= 100 for line in tables[0].splitlines())
    rows = [[cell.strip() for cell in line.split("|")] for line in tables[0].splitlines() if "|" in line]
    assert rows[0] == ["Lene Aaling, organizer", "Dana Birkby, invited", "Joe, guest"]
    organizer, dana, guest = (" ".join(column) for column in zip(*rows[1:], strict=True))
    assert organizer.count("onlineMeeting updated: agenda, notes") == 2
    assert "participant added in lobby: Joe" in organizer
    for participant in (dana, guest):
        assert participant.count("onlineMeeting updated: agenda") == 1
        assert "notes" not in participant
        assert "lobby" not in participant


def test_organizer_who_cannot_join_is_a_failure(config: Config) -> None:
    status, shown = walked(replace(config, meeting_size=1))
    assert status == 1
    assert "The organizer joins (JSON): state is " in shown


def test_server_that_does_not_answer_is_a_failure(tmp_path: Path) -> None:
    shown = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    status, meeting = server.walk(url, "nowhere", Screen(shown, colour=False), lambda: False)
    assert (status, meeting) == (1, None)
    assert "step 1, Find the server (JSON): no answer" in shown.getvalue()


def test_stopping_during_the_walk_is_not_a_failed_step(tmp_path: Path) -> None:
    shown = io.StringIO()
    status, _ = server.walk("http://127.0.0.1:1", "nowhere", Screen(shown, colour=False), lambda: True)
    assert status == 1
    assert "Stopped before the walk was over." in shown.getvalue()
    assert "FAILED" not in shown.getvalue()


def test_ctrl_c_stops_it_without_a_traceback(tmp_path: Path) -> None:
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(LIMIT) in {0, 1}
        assert "Traceback" not in process.stderr.read()


def test_it_stops_when_stdout_is_closed(tmp_path: Path) -> None:
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(LIMIT) == 1
        assert process.stderr.read() == ""


def test_taken_port_is_one_line_of_error_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = demo("--data", str(tmp_path / "data"), "--listen", url)
    assert done.returncode == 1
    assert done.stderr == f"openucwa: cannot listen on {url}: the port is taken\n"
    assert not list(tmp_path.iterdir())


def test_folder_with_other_users_gets_no_well_known_passwords(tmp_path: Path) -> None:
    uri = "sip:somebody@contoso.com"
    command("user", "add", uri, "--password-stdin", "--data", str(tmp_path / "data"), stdin=PASSWORD)
    done = demo("--exit", "--data", str(tmp_path / "data"), "--listen", "http://127.0.0.1:0")
    assert done.returncode == 1
    assert done.stderr.startswith(
        f"openucwa: {tmp_path / 'data'} is not a folder of the demo: it has the user sip:somebody@"
    )
    assert done.stderr.count("\n") == 1


def test_listener_that_others_can_reach_is_warned_about(config: Config) -> None:
    _, shown = walked(replace(config, listen=("http://0.0.0.0:0",)))
    assert "Anyone who can reach this server can sign in" in shown
    assert PASSED in shown


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_terminal_gets_colours_unless_no_color_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    terminal, its_end = os.openpty()
    with started(tmp_path / "data", stdout=its_end):
        os.close(its_end)
        first = os.read(terminal, 1000)
    os.close(terminal)
    assert b"openucwa demo on" in first
    assert (b"\x1b[" in first) == coloured
