"""Prepares stores for servers: adds users with the command."""

from pathlib import Path

from tests.client import PASSWORD
from tests.process.running import at, command


def add_user(place: Path | str, uri: str, *options: str) -> None:
    """Adds a user with the tests' password to a store, named as in `at`."""
    added = command("user", "add", uri, *at(place), *options, "--password-stdin", stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr
