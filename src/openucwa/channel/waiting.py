"""Waiting for events: topics to waiters, one timer for all deadlines, one query of the log for all topics.

Knows nothing of the content of events: a waiter is woken and finds out why itself.
"""

import asyncio
import heapq
import logging
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from typing import Self

from openucwa.channel.bus import Bus
from openucwa.channel.log_reads import LogReads
from openucwa.model.refusals import Refusal
from openucwa.model.world import Timer, World
from openucwa.store.contract import EventLog

#: Topics per query of the log, so that the event loop is not blocked for long.
TOPICS_PER_QUERY = 500

logger = logging.getLogger(__name__)


class Waiter:
    """A waiter, while it is entered. A wake-up between two waits ends the next one.

    `read_to`: topic -> number of the last event that it has read; kept up to date by its owner. `moved`: the topics
    that woke it; its owner empties it.
    """

    __slots__ = ("_future", "_waiting", "_woken", "moved", "read_to", "topics")

    def __init__(self, waiting: "Waiting", read_to: Mapping[str, int]) -> None:
        self._waiting = waiting
        self.read_to = read_to
        self.topics: frozenset[str] = frozenset()
        self.moved: set[str] = set()
        self._woken = False
        self._future: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._waiting._add()
        return self

    def __exit__(self, *_error: object) -> None:
        self._waiting._remove(self)

    def wake(self) -> None:
        """Ends the current wait, or the next one."""
        self._woken = True
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Waiting:
    """All waiters of this process. Subscribes to the bus, and has a task, only while there are any.

    `interval`: seconds between two queries of the log, for messages that the bus lost.
    """

    def __init__(self, bus: Bus, log: EventLog, world: World, interval: float) -> None:
        self._bus = bus
        self._log = log
        self._world = world
        self._interval = interval
        #: The log, for those who wait.
        self.reads = LogReads(log)
        self._waiters = 0
        self._by_topic: dict[str, set[Waiter]] = {}
        self._deadlines: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        self._timer: Timer | None = None
        self._polling: asyncio.Task[None] | None = None
        self._end_listening: Callable[[], None] | None = None

    @property
    def count(self) -> int:
        """The number of waiters."""
        return self._waiters

    @property
    def topics(self) -> int:
        """The number of topics that are waited for."""
        return len(self._by_topic)

    def waiter(self, read_to: Mapping[str, int]) -> Waiter:
        """A waiter; leaving its `with` block removes it."""
        return Waiter(self, read_to)

    def _add(self) -> None:
        if not self._waiters:
            self._end_listening = self._bus.subscribe(self._wake, self._read_now)
            self._start_polling()
        self._waiters += 1

    def _start_polling(self, *, at_once: bool = False) -> None:
        self._polling = asyncio.create_task(self._poll_log(at_once=at_once), name="openucwa event log")

    def _read_now(self) -> None:
        """Reads the log without waiting for the interval."""
        if self._polling is not None:
            self._polling.cancel()
        self._start_polling(at_once=True)

    def _remove(self, waiter: Waiter) -> None:
        self.listen(waiter, ())
        self._waiters -= 1
        if not self._waiters:
            self._stop()

    def listen(self, waiter: Waiter, topics: Iterable[str]) -> None:
        """Sets the topics that wake `waiter`. To be called before the log is read."""
        wanted = frozenset(topics)
        for topic in waiter.topics - wanted:
            waiters = self._by_topic[topic]
            waiters.discard(waiter)
            if not waiters:
                del self._by_topic[topic]
        for topic in wanted - waiter.topics:
            self._by_topic.setdefault(topic, set()).add(waiter)
        waiter.topics = wanted

    async def wait(self, waiter: Waiter, until: float) -> bool:
        """Waits until `waiter` is woken, or until `until` on the `monotonic` clock; returns whether it was woken."""
        if not waiter._woken:
            waiter._future = asyncio.get_running_loop().create_future()
            self._set_deadline(until, waiter._future)
            try:
                await waiter._future
            finally:
                waiter._future = None
        woken, waiter._woken = waiter._woken, False
        return woken

    def _wake(self, topics: frozenset[str]) -> None:
        self.reads.moved()
        for topic in topics:
            for waiter in self._by_topic.get(topic, ()):
                waiter.moved.add(topic)
                waiter.wake()

    async def _poll_log(self, *, at_once: bool) -> None:
        while True:
            if not at_once:
                await self._world.sleep(self._interval)
            at_once = False
            topics = list(self._by_topic)
            try:
                for begin in range(0, len(topics), TOPICS_PER_QUERY):
                    self._compare(await self._log.last_numbers(topics[begin : begin + TOPICS_PER_QUERY]))
                    await asyncio.sleep(0)
            except Refusal as refusal:
                logger.warning("could not read the event log: %s", refusal)

    def _compare(self, last: Mapping[str, int]) -> None:
        for topic, number in last.items():
            for waiter in self._by_topic.get(topic, ()):
                if waiter.read_to.get(topic, 0) < number:
                    waiter.moved.add(topic)
                    waiter.wake()

    def _set_deadline(self, until: float, future: "asyncio.Future[None]") -> None:
        heapq.heappush(self._deadlines, (until, next(self._order), future))
        if self._deadlines[0][2] is future:
            # A running timer would fire too late.
            self._set_timer()

    def _set_timer(self) -> None:
        self._stop_timer()
        rest = self._deadlines[0][0] - self._world.monotonic()
        if rest > 0:
            self._timer = self._world.call_later(rest, self._end_waits)
        else:
            self._timer = asyncio.get_running_loop().call_soon(self._end_waits)

    def _end_waits(self) -> None:
        self._timer = None
        while self._deadlines:
            until, _, future = self._deadlines[0]
            if not future.done() and until > self._world.monotonic():
                self._set_timer()
                return
            heapq.heappop(self._deadlines)
            if not future.done():
                future.set_result(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _stop(self) -> None:
        self._stop_timer()
        self._deadlines.clear()
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None
        if self._end_listening is not None:
            self._end_listening()
            self._end_listening = None
