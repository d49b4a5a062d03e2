"""The demo as people start it, and what it says where something is not as it should be."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.demo import server
from openucwa.demo.client import Screen
from tests.client import PASSWORD
from tests.needs import need
from tests.process.running import command, environment

#: Seconds that the demo may take on a busy machine.
LIMIT = 60.0
COMMAND = (sys.executable, "-m", "openucwa", "demo")
ALL_WELL = "64 steps, all as they should be"


def demo(*words: str) -> "subprocess.CompletedProcess[str]":
    """`openucwa demo` with these words, until it ends."""
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, env=environment({}), timeout=LIMIT, check=False
    )


@contextmanager
def started(data: Path, **streams: int) -> Iterator["subprocess.Popen[str]"]:
    """`openucwa demo` on a free port; killed at the end if it is still there."""
    words = [*COMMAND, "--data", str(data), "--listen", "http://127.0.0.1:0"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    with subprocess.Popen(words, text=True, env=environment({}), **streams) as process:
        try:
            yield process
        finally:
            process.kill()


def walked(config: Config) -> tuple[int, str]:
    """The exit status of the demo on a server with these settings, and what it showed."""
    shown = io.StringIO()
    status = server.run(config, Screen(shown, colour=False), exit_after=True)
    return status, shown.getvalue()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(data=str(tmp_path / "data"), listen=("http://127.0.0.1:0",))


def test_it_walks_in_both_forms_and_again_on_the_same_folder(tmp_path: Path) -> None:
    words = ("--exit", "--data", str(tmp_path / "data"), "--listen", "http://127.0.0.1:0")
    for _ in range(2):
        done = demo(*words)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.rstrip().endswith(ALL_WELL)
        assert {"(JSON)", "(XML)"} <= set(done.stdout.split())
        assert "NOT" not in done.stdout.split()


def test_it_shows_no_token_whole_and_no_colours_to_a_file(config: Config) -> None:
    status, shown = walked(config)
    assert status == 0
    tokens = re.findall(r"cwt=\S+", shown)
    assert tokens
    assert all(len(token) < 30 for token in tokens)
    assert "\x1b" not in shown


def test_what_it_says_to_type_works_when_it_is_typed(tmp_path: Path) -> None:
    need("curl")
    shell = need("bash")
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "until Ctrl-C" in line:
                break
        begin = next(number for number, line in enumerate(said) if line.startswith("UCWA="))
        typed = "set -euo pipefail\n" + "".join(said[begin:-1])
        answered = subprocess.run([shell], input=typed, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert answered.returncode == 0, answered.stderr
        assert '"subject": "Budget"' in answered.stdout, "the meetings"
        assert '"topic": "from the command line"' in answered.stdout, "the extension that was added"
        assert '<property name="topic">from the command line</property>' in answered.stdout, "the set in XML"
        process.terminate()
        assert process.wait(LIMIT) == 0
        assert process.stderr is not None
        lines = process.stderr.read().splitlines()
        assert len(lines) == 5, "a line for each request, of those that came after the walk"
        assert all(" info " in line for line in lines)


def test_a_step_that_goes_wrong_is_named_and_counts(config: Config) -> None:
    status, shown = walked(replace(config, max_extensions=1))
    assert status == 1
    assert (
        "NOT as it should be: step 8, Attach data for the organizer alone (JSON): the answer is 409, not 201" in shown
    )
    assert "all as they should be" not in shown


def test_it_shows_side_by_side_what_each_one_is_told(config: Config) -> None:
    _, shown = walked(config)
    tables = re.findall(r"side by side \(\w+\)\n.*\n((?:.+\n)+?)  as it should be", shown)
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


def test_who_does_not_get_into_the_meeting_is_noticed(config: Config) -> None:
    status, shown = walked(replace(config, meeting_size=1))
    assert status == 1
    assert "The organizer joins (JSON): state is " in shown


def test_a_server_that_does_not_answer_counts(tmp_path: Path) -> None:
    shown = io.StringIO()
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    status, meeting = server.walk(url, "nowhere", Screen(shown, colour=False), lambda: False)
    assert (status, meeting) == (1, None)
    assert "step 1, Find the server (JSON): no answer" in shown.getvalue()


def test_a_stop_in_the_middle_is_no_failure_of_a_step(tmp_path: Path) -> None:
    shown = io.StringIO()
    status, _ = server.walk("http://127.0.0.1:1", "nowhere", Screen(shown, colour=False), lambda: True)
    assert status == 1
    assert "Stopped before the walk was over." in shown.getvalue()
    assert "NOT" not in shown.getvalue()


def test_ctrl_c_ends_it_without_a_trace(tmp_path: Path) -> None:
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(LIMIT) in {0, 1}
        assert "Traceback" not in process.stderr.read()


def test_it_ends_when_nobody_reads_any_more(tmp_path: Path) -> None:
    with started(tmp_path / "data") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(LIMIT) == 1
        assert process.stderr.read() == ""


def test_a_port_that_is_taken_costs_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = demo("--data", str(tmp_path / "data"), "--listen", url)
    assert done.returncode == 1
    assert done.stderr == f"openucwa: cannot listen on {url}: the port is taken\n"
    assert not list(tmp_path.iterdir())


def test_a_folder_with_other_users_is_not_given_well_known_passwords(tmp_path: Path) -> None:
    uri = "sip:somebody@contoso.com"
    command("user", "add", uri, "--password-stdin", "--data", str(tmp_path / "data"), stdin=PASSWORD)
    done = demo("--exit", "--data", str(tmp_path / "data"), "--listen", "http://127.0.0.1:0")
    assert done.returncode == 1
    assert done.stderr.startswith(f"openucwa: {tmp_path / 'data'} is not a folder of the demo: sip:somebody@")
    assert done.stderr.count("\n") == 1


def test_a_listener_that_others_reach_is_warned_of(config: Config) -> None:
    _, shown = walked(replace(config, listen=("http://0.0.0.0:0",)))
    assert "Whoever reaches this server can sign in" in shown
    assert ALL_WELL in shown


@pytest.mark.parametrize(("no_colour", "coloured"), [("", True), ("1", False)])
def test_on_a_terminal_it_has_colours_unless_they_are_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_colour: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_colour)
    terminal, its_end = os.openpty()
    with started(tmp_path / "data", stdout=its_end):
        os.close(its_end)
        first = os.read(terminal, 1000)
    os.close(terminal)
    assert b"openucwa serves" in first
    assert (b"\x1b[" in first) == coloured
