"""A server in a process of its own, which has to be well after each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.connection import ask, request
from tests.process.running import RunningServer


def is_well(server: RunningServer) -> None:
    """AssertionError: the server does not answer, or has met something that it was not ready for."""
    answer = ask(server, request("GET", "/"))
    assert answer is not None
    assert answer.status == 200
    assert [line for line in server.log if "Traceback" in line or " error " in line] == []


@pytest.fixture(scope="module")
def _kept_server(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("hostile") / "data"
    shutil.copytree(prepared_data, data)
    with RunningServer(data) as server:
        yield server


@pytest.fixture
def server(_kept_server: RunningServer) -> Iterator[RunningServer]:
    """A server with its usual settings and two users, the same for all tests of a module."""
    yield _kept_server
    is_well(_kept_server)


@pytest.fixture(scope="module")
def _kept_impatient(prepared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("impatient") / "data"
    shutil.copytree(prepared_data, data)
    settings = {"OPENUCWA_HEADER_TIMEOUT": "2", "OPENUCWA_BODY_TIMEOUT": "2", "OPENUCWA_KEEP_ALIVE": "2"}
    with RunningServer(data, listeners=1, **settings) as server:
        yield server


@pytest.fixture
def impatient(_kept_impatient: RunningServer) -> Iterator[RunningServer]:
    """A server that waits two seconds for headers, for a body, and for the next request."""
    yield _kept_impatient
    is_well(_kept_impatient)
