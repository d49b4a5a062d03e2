"""A sandbox as a process, and clients of it."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.client import UcwaClient
from tests.process.running import LIMIT, RunningServer

#: The time at which its clock stands at first.
BEGIN = "2027-01-01T08:00:00.000Z"
LENE, DANA = "sip:lenea@contoso.com", "sip:danab@contoso.com"


class Control:
    """The control resources of a sandbox."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def ask(self, method: str, path: str, body: object = None, status: int = 200) -> Any:
        """The JSON of an answer with this status."""
        answer = await self.http.request(method, f"/sandbox{path}", json=body if body is not None else {})
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    async def advance(self, duration: str) -> str:
        """The time after this step of the clock."""
        return str((await self.ask("POST", "/clock", {"advance": duration}))["now"])

    async def now(self) -> str:
        return str((await self.ask("GET", "/clock"))["now"])


@pytest.fixture(scope="session")
def running() -> Iterator[RunningServer]:
    with RunningServer(None, "--frozen", "--now", BEGIN, "--random-seed", "7") as server:
        yield server
    assert [line for line in server.log if " error " in line or "Traceback" in line] == []


@pytest.fixture
async def http(running: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=running.urls[0], timeout=LIMIT) as http:
        yield http


@pytest.fixture
async def control(http: httpx.AsyncClient) -> Control:
    """The sandbox as it was at its start."""
    control = Control(http)
    await control.ask("POST", "/reset", status=204)
    return control


@pytest.fixture
def sign_in(http: httpx.AsyncClient, control: Control) -> Callable[..., Any]:
    """Signs a user in and opens an application."""

    async def sign_in(user: str = "lenea") -> UcwaClient:
        client = UcwaClient(http)
        await client.sign_in(f"{user}@contoso.com", f"{user}-password")
        await client.open()
        return client

    return sign_in


@pytest.fixture
async def lene(sign_in: Callable[..., Any]) -> UcwaClient:
    client: UcwaClient = await sign_in()
    return client
