"""Fixtures of pytest: a sandbox for the session, as it was at its start for each test, and clients of it.

Each worker of pytest-xdist has a server of its own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

import openucwa.testing

if TYPE_CHECKING:
    from openucwa.client import Client
    from openucwa.sandbox.users import SandboxUser
    from openucwa.testing.running import SandboxClock, SandboxFaults, SandboxRequests, SandboxServer


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the sandbox."""
    group = parser.getgroup("openucwa")
    group.addoption("--ucwa-process", action="store_true", help="run the UCWA sandbox as a process of its own")
    parser.addini("ucwa_seed", "file with the users of the UCWA sandbox", default="")
    parser.addini("ucwa_now", "time of day at which each test begins, ISO 8601", default="")
    parser.addini("ucwa_frozen", "whether the clock of the UCWA sandbox stands at first", type="bool", default=False)


@pytest.fixture(scope="session")
def ucwa_server(pytestconfig: pytest.Config) -> "Iterator[SandboxServer]":
    """The sandbox of this session. Tests use `ucwa`, which is reset for each of them."""
    seed = str(pytestconfig.getini("ucwa_seed"))
    with openucwa.testing.server(
        seed=pytestconfig.rootpath / seed if seed else None,
        now=str(pytestconfig.getini("ucwa_now")) or None,
        frozen=bool(pytestconfig.getini("ucwa_frozen")),
        process=bool(pytestconfig.getoption("--ucwa-process")),
    ) as server:
        yield server


@pytest.fixture
def ucwa(ucwa_server: "SandboxServer") -> "SandboxServer":
    """The sandbox, as it was at its start: nothing but its users, no faults, nothing recorded."""
    ucwa_server.reset()
    return ucwa_server


@pytest.fixture
def ucwa_users(ucwa: "SandboxServer") -> "tuple[SandboxUser, ...]":
    """The users, with their passwords."""
    return ucwa.users


@pytest.fixture
def ucwa_clock(ucwa: "SandboxServer") -> "SandboxClock":
    """The clock."""
    return ucwa.clock


@pytest.fixture
def ucwa_faults(ucwa: "SandboxServer") -> "SandboxFaults":
    """The rules by which requests fail."""
    return ucwa.faults


@pytest.fixture
def ucwa_requests(ucwa: "SandboxServer") -> "SandboxRequests":
    """The requests that the sandbox has received."""
    return ucwa.requests


@pytest.fixture
def ucwa_client(ucwa: "SandboxServer") -> "Iterator[Client]":
    """A client of `openucwa.client` for the first user."""
    with ucwa.client() as client:
        yield client
