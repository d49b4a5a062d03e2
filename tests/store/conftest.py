"""What the tests of stores share: of the SQLite one, and of both where several processes use one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest

from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore
from tests.store.worker import store_at

#: Seconds that anything of another process is waited for.
PATIENCE = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def file(folder: Path) -> Path:
    """The database's file."""
    return folder / "openucwa.sqlite3"


@pytest.fixture
async def store(folder: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> str:
    """Where a store of the test's own is, of each engine: a folder, or a database's URL."""
    return str(request.getfixturevalue("folder" if request.param == "sqlite" else "database"))


@pytest.fixture
async def shared(place: str) -> AsyncIterator[Store]:
    """The store at `place`."""
    store = store_at(place)
    await store.open()
    yield store
    await store.close()


class Worker:
    """Another process that has the store open; see `worker.py` for what it does."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout

    async def line(self) -> str:
        """The next line that it writes; '' when it has ended."""
        async with asyncio.timeout(PATIENCE):
            return (await self._stdout.readline()).decode().strip()

    async def ask(self, request: str) -> str:
        """What it answers to one line."""
        self._stdin.write(f"{request}\n".encode())
        return await self.line()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()

    async def end(self) -> int:
        """Lets it end, and gives its exit status."""
        self._stdin.close()
        async with asyncio.timeout(PATIENCE):
            return await self._process.wait()


#: Starts another process on the store, which does what the arguments say.
StartWorker: TypeAlias = Callable[..., Awaitable[Worker]]


@pytest.fixture
async def start_worker_at() -> AsyncIterator[StartWorker]:
    """Starts other processes on a store that is named first; those that still run at the end are killed."""
    async with AsyncExitStack() as stack:

        async def start(*arguments: str) -> Worker:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                str(Path(__file__).with_name("worker.py")),
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            stack.push_async_callback(stop, process)
            return Worker(process)

        yield start


@pytest.fixture
def start_worker(start_worker_at: StartWorker, folder: Path) -> StartWorker:
    """Starts other processes on the SQLite store."""
    return partial(start_worker_at, str(folder))


@pytest.fixture
def start_sharer(start_worker_at: StartWorker, place: str) -> StartWorker:
    """Starts other processes on the store at `place`."""
    return partial(start_worker_at, place)


async def stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    async with asyncio.timeout(PATIENCE):
        await process.wait()
