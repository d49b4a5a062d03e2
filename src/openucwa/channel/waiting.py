"""Who waits for what: topics to waiters, one clock for all of their deadlines, one look at the log for all of them.

Knows nothing of what events say; a waiter is woken, and what for it finds out itself.
"""

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Self

from openucwa.channel.bus import Bus
from openucwa.model.refusals import Refusal
from openucwa.model.world import World
from openucwa.store.contract import EventLog

#: Topics that the log is asked for in one go, so that the event loop is not held up.
TOPICS_IN_A_LOOK = 500

logger = logging.getLogger(__name__)


class Waiter:
    """One who waits, while it is entered. A wake-up that comes while it does something else is kept for its next wait.

    `read_to`: topic -> number of the last event that it has read; it is kept up to date by its owner.
    """

    __slots__ = ("_future", "_waiting", "_woken", "read_to", "topics")

    def __init__(self, waiting: "Waiting", read_to: Mapping[str, int]) -> None:
        self._waiting = waiting
        self.read_to = read_to
        self.topics: tuple[str, ...] = ()
        self._woken = False
        self._future: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._waiting._add()
        return self

    def __exit__(self, *_error: object) -> None:
        self._waiting._remove(self)

    def wake(self) -> None:
        """Ends the wait that is under way, or the next one."""
        self._woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Waiting:
    """All waiters of this process. It listens to the bus, and has tasks, only while there are any.

    `look`: seconds between two looks at the log, for what the bus did not tell.
    """

    def __init__(self, bus: Bus, log: EventLog, world: World, look: float) -> None:
        self._bus = bus
        self._log = log
        self._world = world
        self._look = look
        self._waiters = 0
        self._by_topic: dict[str, set[Waiter]] = {}
        self._deadlines: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._clock: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self._end_listening: Callable[[], None] | None = None

    @property
    def count(self) -> int:
        """How many waiters there are."""
        return self._waiters

    @property
    def topics(self) -> int:
        """How many topics are waited for."""
        return len(self._by_topic)

    def waiter(self, read_to: Mapping[str, int]) -> Waiter:
        """A waiter, for as long as it is entered; however that ends, nothing of it stays behind."""
        return Waiter(self, read_to)

    def _add(self) -> None:
        if not self._waiters:
            self._end_listening = self._bus.subscribe(self._moved)
            self._looking = asyncio.create_task(self._look_on(), name="openucwa looks at the log")
        self._waiters += 1

    def _remove(self, waiter: Waiter) -> None:
        self.listen(waiter, ())
        self._waiters -= 1
        if not self._waiters:
            self._rest()

    def listen(self, waiter: Waiter, topics: Iterable[str]) -> None:
        """From now on these topics wake `waiter`, and no others. To be called before the log is read."""
        wanted = tuple(topics)
        for topic in waiter.topics:
            if topic not in wanted:
                waiters = self._by_topic[topic]
                waiters.discard(waiter)
                if not waiters:
                    del self._by_topic[topic]
        for topic in wanted:
            if topic not in waiter.topics:
                self._by_topic.setdefault(topic, set()).add(waiter)
        waiter.topics = wanted

    async def wait(self, waiter: Waiter, until: float) -> bool:
        """Returns when `waiter` is woken, or at `until` on the `monotonic` clock; whether it was woken."""
        if not waiter._woken:
            waiter._future = asyncio.get_running_loop().create_future()
            self._set_deadline(until, waiter._future)
            try:
                await waiter._future
            finally:
                waiter._future = None
        woken, waiter._woken = waiter._woken, False
        return woken

    def _moved(self, topics: frozenset[str]) -> None:
        for topic in topics:
            for waiter in self._by_topic.get(topic, ()):
                waiter.wake()

    async def _look_on(self) -> None:
        while True:
            await self._world.sleep(self._look)
            topics = list(self._by_topic)
            try:
                for begin in range(0, len(topics), TOPICS_IN_A_LOOK):
                    self._compare(await self._log.last_numbers(topics[begin : begin + TOPICS_IN_A_LOOK]))
                    await asyncio.sleep(0)
            except Refusal as refusal:
                logger.warning("could not read the event log: %s", refusal)

    def _compare(self, last: Mapping[str, int]) -> None:
        for topic, number in last.items():
            for waiter in self._by_topic.get(topic, ()):
                if waiter.read_to.get(topic, 0) < number:
                    waiter.wake()

    def _set_deadline(self, until: float, future: "asyncio.Future[None]") -> None:
        heapq.heappush(self._deadlines, (until, next(self._order), future))
        if self._deadlines[0][2] is future:
            # The clock, if it runs, sleeps for too long.
            self._stop_clock()
            self._clock = asyncio.create_task(self._ring(), name="openucwa deadlines")

    async def _ring(self) -> None:
        while self._deadlines:
            until, _, future = self._deadlines[0]
            if not future.done() and (rest := until - self._world.monotonic()) > 0:
                await self._world.sleep(rest)
                continue
            heapq.heappop(self._deadlines)
            if not future.done():
                future.set_result(None)

    def _stop_clock(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None

    def _rest(self) -> None:
        self._stop_clock()
        self._deadlines.clear()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if self._end_listening is not None:
            self._end_listening()
            self._end_listening = None
