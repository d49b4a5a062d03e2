"""A server whose description is turned into clients."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.process.running import RunningServer
from tests.process.server import add_user
from tests.users import LENE

#: Seconds that a generator may take on a busy machine.
LIMIT = 180.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("server") / "data"
    add_user(data, LENE)
    with RunningServer(data) as running:
        yield running


@pytest.fixture(scope="module")
def description(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """/openapi.json, as a file in a folder of its own."""
    file = tmp_path_factory.mktemp("generated") / "openapi.json"
    file.write_bytes(httpx.get(f"{server.urls[0]}/openapi.json").content)
    return file


def run(*words: str, cwd: Path, warnings: bool = False, **environment: str) -> str:
    """What a command prints; with `warnings`, on stderr too. AssertionError: it fails."""
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout + (done.stderr if warnings else "")
