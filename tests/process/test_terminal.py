"""What a command asks on a terminal."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.client import PASSWORD
from tests.process.running import LIMIT, command, environment
from tests.users import LENE


def on_a_terminal(*arguments: str, answers: Sequence[tuple[str, str]]) -> tuple[int, str]:
    """Runs a command on a terminal of its own and answers its questions: exit status, and all that was shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "openucwa", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment({}),
        start_new_session=True,
    )
    os.close(theirs)
    shown = ""
    try:
        for question, answer in answers:
            while question not in shown:
                shown += _read(ours)
            before, _, shown_behind = shown.rpartition(question)
            shown = before + "[asked]" + shown_behind
            os.write(ours, answer.encode() + b"\n")
        while part := _read(ours):
            shown += part
        return process.wait(LIMIT), shown
    finally:
        process.kill()
        process.wait(LIMIT)
        os.close(ours)


def _read(terminal: int) -> str:
    ready, _, _ = select.select([terminal], [], [], LIMIT)
    assert ready, "the command neither asks nor ends"
    try:
        return os.read(terminal, 4096).decode()
    except OSError:  # how Linux says that nobody holds the other end any more
        return ""


def test_password_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    status, shown = on_a_terminal(
        *("user", "add", LENE, "--data", str(tmp_path)),
        answers=[("Password of", PASSWORD), ("Repeat the password", PASSWORD)],
    )
    assert (status, PASSWORD in shown) == (0, False)
    assert f"added {LENE}" in shown


def test_two_passwords_that_differ_are_asked_for_again(tmp_path: Path) -> None:
    status, shown = on_a_terminal(
        *("user", "add", LENE, "--data", str(tmp_path)),
        answers=[
            ("Password of", PASSWORD),
            ("Repeat the password", "something else"),
            ("Password of", PASSWORD),
            ("Repeat the password", PASSWORD),
        ],
    )
    assert status == 0
    assert f"added {LENE}" in shown


def test_no_at_the_question_keeps_the_user(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    assert command("user", "add", LENE, *data, "--password-stdin", stdin=PASSWORD).returncode == 0
    status, _ = on_a_terminal("user", "remove", LENE, *data, answers=[("Remove", "n")])
    assert status == 1
    assert LENE in command("user", "list", *data).stdout
    assert on_a_terminal("user", "remove", LENE, *data, answers=[("Remove", "y")])[0] == 0
    assert LENE not in command("user", "list", *data).stdout
