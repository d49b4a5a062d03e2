"""A `World` whose clock only moves when a test moves it, and whose random bytes are reproducible."""

import asyncio
import hashlib
import heapq
import time
from collections.abc import Callable, Sized

from openucwa.model.world import RealWorld
from openucwa.store.sqlite.writer import COMMITS

#: Turns of the event loop until everything that is ready has run.
TURNS = 30


class FakeTimer:
    """A call that is made when the clock is moved far enough."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def done(self) -> bool:
        return self._callback is None

    def cancel(self) -> None:
        self._callback = None

    def set_result(self, _nothing: None) -> None:
        callback, self._callback = self._callback, None
        assert callback is not None
        callback()


class FakeWorld:
    """A `World` for tests. `now`: its initial time, in ms since 1970."""

    def __init__(self, now: int = 1_700_000_000_000) -> None:
        self._begin = now
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None] | FakeTimer]] = []
        self._count = 0

    def now(self) -> int:
        return self._begin + round(self._elapsed * 1000)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, waking))
        await waking

    def call_later(self, seconds: float, callback: Callable[[], object]) -> FakeTimer:
        self._count += 1
        timer = FakeTimer(callback)
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._count, timer))
        return timer

    def random_bytes(self, count: int) -> bytes:
        """Different bytes each time, the same in each run."""
        self._count += 1
        return hashlib.shake_256(str(self._count).encode()).digest(count)

    @property
    def sleepers(self) -> int:
        """The number of current sleepers."""
        return sum(not waking.done() for _, _, waking in self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Advances the clock: wakes each sleeper at its time, in order, and runs the loop in between.

        Threads are not waited for; see `until`.
        """
        end = self._elapsed + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, waking = heapq.heappop(self._sleepers)
            if waking.done():
                continue
            self._elapsed = max(self._elapsed, due)
            waking.set_result(None)
            await _run_ready()
        self._elapsed = end
        await self.settle()

    async def settle(self) -> None:
        """Runs the event loop until nothing is ready, and some turns more, for results of threads."""
        for _ in range(TURNS):
            await asyncio.sleep(0)


async def _run_ready() -> None:
    """Runs the event loop until nothing is ready. A waiting poll wakes fifty times in each second of the clock: turns
    for nothing were most of the time that tests took."""
    ready: Sized = getattr(asyncio.get_running_loop(), "_ready", range(1))  # not in loops other than asyncio's own
    for _ in range(TURNS):
        await asyncio.sleep(0)
        if not ready:
            return


async def until(condition: Callable[[], object], limit: float = 60.0) -> None:
    """Runs the event loop until `condition` holds. AssertionError: not within `limit` seconds of real time."""
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "what was waited for did not happen"
        await asyncio.sleep(0.001)


async def committed(limit: float = 60.0) -> None:
    """Returns when no SQLite store in this process is committing, and what waited for that has gone on.

    A disk takes real time, and while it does, a clock that is moved would move too far. AssertionError: after `limit`
    seconds of real time.
    """
    await until(lambda: all(task.get_name() != COMMITS for task in asyncio.all_tasks()), limit)
    for _ in range(TURNS):
        await asyncio.sleep(0)


class QuickWorld(RealWorld):
    """The real world with short sleeps. `sleeps`: their number."""

    def __init__(self) -> None:
        self.sleeps = 0

    async def sleep(self, seconds: float) -> None:
        self.sleeps += 1
        await asyncio.sleep(min(seconds, 0.02))
