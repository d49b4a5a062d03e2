"""The supervisor: how often it lets a worker try, and when it gives up. Real workers; the pauses are the test's."""

import asyncio
import logging
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.server.control import ProcessControl
from openucwa.server.listeners import bind, close
from openucwa.workers.supervisor import LAST, MAX_FAILURES, PAUSE, WorkersError, supervise
from tests.process.workers import runs
from tests.world import FakeWorld, until

#: Seconds that a test waits for anything.
LIMIT = 60.0


logger = logging.getLogger("openucwa.workers")


class Log(logging.Handler):
    """What the supervisor logged."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


class RunningSupervisor:
    """A supervisor in a task, and what it logged."""

    def __init__(self, data: Path, workers: int = 2) -> None:
        self.world = FakeWorld()
        self.urls: list[str] = []
        self._log = Log()
        logger.addHandler(self._log)
        logger.setLevel(logging.INFO)
        self._listeners = bind(("http://127.0.0.1:0",))
        config = Config(data=str(data), listen=(self._listeners[0].url,), workers=workers, log_level="error")
        self.control = ProcessControl()
        self.task = asyncio.create_task(supervise(config, self._listeners, self.control, self.world, self.urls.extend))

    def pids(self, worker: int) -> list[int]:
        """The processes that were this worker, one after the other."""
        begin = f"worker {worker} is ready, process "
        return [int(text.removeprefix(begin)) for text in self._log.messages if text.startswith(begin)]

    def count(self, text: str) -> int:
        """How many messages of the log hold `text`."""
        return sum(text in message for message in self._log.messages)

    async def ready(self) -> None:
        await until(lambda: self.urls or self.task.done(), LIMIT)
        assert self.urls, self.task

    async def end(self) -> None:
        if not self.task.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.wait({self.task}, timeout=LIMIT)
        close(self._listeners)
        logger.removeHandler(self._log)
        logger.setLevel(logging.NOTSET)


@pytest.fixture
async def supervised(tmp_path: Path) -> AsyncIterator[RunningSupervisor]:
    supervised = RunningSupervisor(tmp_path)
    await supervised.ready()
    yield supervised
    await supervised.end()


def spoil(data: Path) -> None:
    """From now on no server can use the store."""
    with closing(sqlite3.connect(data / "openucwa.sqlite3")) as connection, connection:
        connection.execute("update store_version set version = 99, oldest = 99")


async def test_worker_that_dies_soon_is_replaced_after_a_pause(supervised: RunningSupervisor) -> None:
    (pid,) = supervised.pids(0)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: supervised.count("was ended by SIGKILL"), LIMIT)
    await until(lambda: supervised.world.sleepers == 1, LIMIT)
    assert len(supervised.pids(0)) == 1
    await supervised.world.advance(PAUSE)
    await until(lambda: len(supervised.pids(0)) == 2, LIMIT)
    assert len(supervised.pids(1)) == 1


async def test_worker_that_dies_after_a_long_time_is_replaced_at_once(supervised: RunningSupervisor) -> None:
    await supervised.world.advance(PAUSE)
    os.kill(supervised.pids(0)[0], signal.SIGKILL)
    await until(lambda: len(supervised.pids(0)) == 2, LIMIT)


async def test_supervisor_gives_up_if_workers_no_longer_start(supervised: RunningSupervisor, tmp_path: Path) -> None:
    spoil(tmp_path)
    os.kill(supervised.pids(0)[0], signal.SIGKILL)
    for failures in range(1, MAX_FAILURES + 1):
        await until(lambda: supervised.world.sleepers == 1 or supervised.task.done(), LIMIT)
        assert not supervised.task.done()
        assert supervised.count("starting a replacement") == failures
        await supervised.world.advance(PAUSE * 2**failures)
    await until(supervised.task.done, LIMIT)
    with pytest.raises(WorkersError, match="version 99"):
        supervised.task.result()
    assert not any(runs(pid) for worker in (0, 1) for pid in supervised.pids(worker))


async def test_stop_does_not_wait_for_a_pause(supervised: RunningSupervisor) -> None:
    os.kill(supervised.pids(0)[0], signal.SIGKILL)
    await until(lambda: supervised.world.sleepers == 1, LIMIT)
    os.kill(os.getpid(), signal.SIGTERM)
    await until(supervised.task.done, LIMIT)
    assert supervised.task.result() == 0


async def test_unresponsive_worker_is_killed_in_the_end(supervised: RunningSupervisor) -> None:
    pid = supervised.pids(1)[0]
    os.kill(pid, signal.SIGSTOP)
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGTERM)
    await until(supervised.control.force.is_set, LIMIT)
    await until(lambda: supervised.world.sleepers == 1, LIMIT)
    await supervised.world.advance(LAST - 0.1)
    assert not supervised.task.done()
    await supervised.world.advance(0.1)
    await until(supervised.task.done, LIMIT)
    assert supervised.task.result() == 1
    assert not runs(pid)
