"""What is there before a server of a test runs: its users, put in by the command."""

from pathlib import Path

from tests.client import PASSWORD
from tests.process.running import command


def add_user(data: Path, uri: str) -> None:
    """Adds a user with the password of all tests."""
    added = command("user", "add", uri, "--data", str(data), "--password-stdin", stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
