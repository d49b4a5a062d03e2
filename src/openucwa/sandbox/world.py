"""The sandbox's clock, which can be frozen, set and advanced, and its chance, which can be the same in each run."""

import asyncio
import hashlib
import heapq
import secrets
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from openucwa.model.world import RealWorld, Timer

#: Turns of the event loop after which what was woken has done what it can do without a thread.
TURNS = 12
#: Turns in which a periodic task that finds nothing to do is asleep again.
IDLE_TURNS = 3
#: Steps of up to this many seconds are exact at every moment. In a longer one, what is due within a LONG_PARTS-th of it
#: comes together, in order, so that periodic work does not come a million times.
EXACT = 43_200.0
LONG_PARTS = 1_000


async def turns() -> None:
    """Lets the event loop run what is ready."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def _no_changes() -> float:
    """There is no store."""
    return 0


class _Waking:
    """A pending call; calling it late or twice has no effect. `sleeper`: the task that it wakes from its sleep."""

    __slots__ = ("_callback", "sleeper")

    def __init__(self, callback: Callable[[], object], sleeper: asyncio.Task[Any] | None = None) -> None:
        self._callback: Callable[[], object] | None = callback
        self.sleeper = sleeper

    def cancel(self) -> None:
        self._callback = None

    @property
    def over(self) -> bool:
        return self._callback is None

    def wake(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Chance:
    """Random bytes. `seed`: they are the same for the same seed; None: they are unguessable."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        #: How many were drawn; sets where the sequence continues.
        self.drawn = 0

    def bytes(self, length: int) -> bytes:
        """The next `length` bytes."""
        self.drawn += 1
        if self._seed is None:
            return secrets.token_bytes(length)
        return hashlib.shake_256(f"{self._seed} {self.drawn}".encode()).digest(length)

    def number(self) -> float:
        """The next number, from 0 up to 1."""
        return int.from_bytes(self.bytes(7)) / 2**56


class SandboxWorld:
    """A `World` whose time is controlled: it follows the machine's clock, or only `advance` while it is frozen.

    `now`: the time of day at the start, in ms since 1970; None: that of the machine. `changes`: returns the number of
    changes made to the store so far, when none waits any more.

    Between two moments of an `advance`, whatever was woken does its work. Most moments wake nothing but periodic tasks
    that find nothing to do and sleep again; these cost a turn or two of the event loop.
    """

    def __init__(self, *, seed: int | None = None, now: int | None = None, frozen: bool = False) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.changes: Callable[[], Awaitable[float]] = _no_changes
        self._epoch = time.time_ns() // 1_000_000 if now is None else now
        self._elapsed = 0.0
        self._since: float | None = None if frozen else time.monotonic()
        self._wakings: list[tuple[float, int, _Waking]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._one_at_a_time = asyncio.Lock()
        #: The tasks whose sleep ended at this moment and that do not sleep again yet; None among them: another call.
        self._awake: set[asyncio.Task[Any] | None] = set()

    # As a `World`

    def now(self) -> int:
        return self._epoch + round(self.monotonic() * 1000)

    def monotonic(self) -> float:
        return self._elapsed if self._since is None else self._elapsed + time.monotonic() - self._since

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        task = asyncio.current_task()
        self._awake.discard(task)
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        waking = self._add(seconds, _Waking(wake, task))
        try:
            await woken
        finally:
            waking.cancel()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return self._add(seconds, _Waking(callback))

    def _add(self, seconds: float, waking: _Waking) -> _Waking:
        due = self.monotonic() + seconds
        heapq.heappush(self._wakings, (due, next(self._order), waking))
        if self._wakings[0][2] is waking:
            self._set_timer()
        return waking

    def random_bytes(self, count: int) -> bytes:
        return self.chance.bytes(count)

    # Control

    @property
    def frozen(self) -> bool:
        """Whether time passes by `advance` alone."""
        return self._since is None

    def freeze(self) -> None:
        """Stops the clock."""
        self._elapsed, self._since = self.monotonic(), None
        self._set_timer()

    def run(self) -> None:
        """Lets the clock run."""
        if self._since is None:
            self._since = time.monotonic()
            self._set_timer()

    async def advance(self, seconds: float) -> None:
        """Lets `seconds` pass: whatever is due comes at its time, in order, and is done before what comes later.

        Returns when all of it is done. In a step longer than EXACT it may come a little late.
        """
        async with self._one_at_a_time:
            was_frozen = self.frozen
            self.freeze()
            end = self._elapsed + seconds
            part = seconds / LONG_PARTS if seconds > EXACT else 0.0
            try:
                await self._settle()
                while (due := self._next()) is not None and due <= end:
                    if due > self._elapsed:
                        self._elapsed = min(due + part, end)
                    before = await self.changes()
                    self._wake_at(due)
                    if not await self._is_idle() or before != await self.changes():
                        await self._settle()
                self._elapsed = end
                await self._settle()
            finally:
                if not was_frozen:
                    self.run()

    def turn_back(self, now: int) -> None:
        """Sets the time of day, in ms since 1970, without waking anything: what waits has as long to wait as before."""
        self._epoch += now - self.now()

    async def _settle(self) -> None:
        """Returns when nothing is left to do at this moment: no change waits, and none follows."""
        before = -1.0
        while before != (before := await self.changes()):
            await turns()

    async def _is_idle(self) -> bool:
        """Whether everything that was woken has gone back to sleep."""
        for _ in range(IDLE_TURNS):
            if not self._awake or None in self._awake:
                break
            await asyncio.sleep(0)
        return not self._awake

    def _next(self) -> float | None:
        """When something is due next."""
        while self._wakings and self._wakings[0][2].over:
            heapq.heappop(self._wakings)
        return self._wakings[0][0] if self._wakings else None

    def _wake_at(self, moment: float) -> None:
        self._awake.clear()
        while (due := self._next()) is not None and due <= moment:
            waking = heapq.heappop(self._wakings)[2]
            self._awake.add(waking.sleeper)
            waking.wake()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._since is not None and (due := self._next()) is not None:
            rest = max(0.0, due - self.monotonic())
            self._timer = asyncio.get_running_loop().call_later(rest, self._time_is_up)

    def _time_is_up(self) -> None:
        self._timer = None
        self._wake_at(self.monotonic())
        self._set_timer()


class SocketWorld(RealWorld):
    """The world of connections: real but for the time of day, which is in the `Date` of answers."""

    def __init__(self, world: SandboxWorld) -> None:
        self._world = world

    def now(self) -> int:
        return self._world.now()
