"""A server in a process of its own, for tests that start, stop and kill it."""

from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

from tests.client import PASSWORD
from tests.process.running import LIMIT, Running, command, environment

__all__ = ["LIMIT", "Server", "add_user", "environment", "start"]


@dataclass
class Server:
    """A server that accepts connections at `url`."""

    running: Running

    @property
    def url(self) -> str:
        return self.running.urls[0]

    @property
    def process(self) -> "Popen[str]":
        return self.running.process

    def kill(self) -> None:
        """SIGKILL, and waits for the end."""
        self.running.kill()

    def stop(self) -> None:
        """SIGTERM; the process has to end well."""
        assert self.running.stop() == 0, self.running.log


def add_user(data: Path, uri: str) -> None:
    """Adds a user with the password of all tests."""
    added = command("user", "add", uri, "--data", str(data), "--password-stdin", stdin=PASSWORD + "\n")
    assert added.returncode == 0, added.stderr


def start(data: Path, *words: str, **settings: str) -> Server:
    """`openucwa serve` on a free port; returns when it accepts connections."""
    return Server(Running(data, *words, **settings))
