"""A server and clients of it, on real sockets; every test runs with both drivers."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from openucwa.client import AsyncClient, Client, Event, Events, Password, Policy
from openucwa.client.credentials import Credentials
from openucwa.client.extensions import Edit
from tests.client import PASSWORD
from tests.client_library.stage import Stage

T = TypeVar("T")
AnyClient = AsyncClient | Client
MakeClient = Callable[..., AnyClient]

LENE = Password("lenea@contoso.com", PASSWORD)
DANA = Password("danab@contoso.com", PASSWORD)


async def done(result: Awaitable[T] | T) -> T:
    """The result of an operation, of either driver."""
    return await result if inspect.isawaitable(result) else result  # type: ignore[return-value]


@asynccontextmanager
async def editing(edit: Edit[Any]) -> AsyncIterator[dict[str, Any]]:
    """An edit, of either driver."""
    try:
        context = edit.__aenter__()
        data = await context
    except TypeError:
        with edit as data:
            yield data
        return
    try:
        yield data
    except BaseException as error:
        await edit.__aexit__(type(error), error, None)
        raise
    await edit.__aexit__(None, None, None)


async def next_of(events: Events[Any]) -> Event:
    """The next event, of either driver."""
    return await done(events._driver.run(events.next_event()))


@pytest.fixture
def settings() -> dict[str, Any]:
    """Settings of the server; a test file may override them."""
    return {}


@pytest.fixture
def stage(tmp_path: Path, prepared_data: Path, settings: dict[str, Any]) -> Iterator[Stage]:
    with Stage(tmp_path / "data", prepared_data, **settings) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """The seconds that clients would have waited."""
    return []


@pytest.fixture(params=["async", "sync"])
async def connect(request: pytest.FixtureRequest, stage: Stage, waits: list[float]) -> AsyncIterator[MakeClient]:
    """Makes clients of the server. They don't wait between attempts, but note in `waits` for how long they would."""
    made: list[AnyClient] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    def make(credentials: Credentials | None = LENE, **options: Any) -> AnyClient:
        options = {"chance": lambda: 0.0, "policy": Policy(timeout=15), **options}
        client: AnyClient
        if request.param == "async":
            client = AsyncClient(stage.url, credentials, sleep=sleep, **options)
        else:
            client = Client(stage.url, credentials, sleep=waits.append, **options)
        made.append(client)
        return client

    yield make
    for client in made:
        await done(client.close())


@pytest.fixture(params=["json", "xml"])
def form(request: pytest.FixtureRequest) -> str:
    """The format of bodies and answers."""
    return str(request.param)
