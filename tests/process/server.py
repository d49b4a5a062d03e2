"""What is there before a server of a test runs: its users, put in by the command."""

from pathlib import Path

from tests.client import PASSWORD
from tests.process.running import at, command


def add_user(place: Path | str, uri: str) -> None:
    """Adds a user with the password of all tests to a store, which is named as in `at`."""
    added = command("user", "add", uri, *at(place), "--password-stdin", stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
