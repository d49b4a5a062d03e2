"""A set of events, collected from the log: its notifications, the positions read, and when it is due."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import NamedTuple

from openucwa.channel.log_reads import Log
from openucwa.channel.notification import Notification, Priority, Render
from openucwa.model.event import ChannelState, Event
from openucwa.representation.document import approximate_size

#: Rows of one topic that are read at a time: few at first, since they may be large, then more, since a set that is not
#: full by then has small ones.
_FIRST_PORTION = 16
_MAX_PORTION = 256
#: Bytes rendered before other tasks get a turn.
_BYTES_AT_A_TIME = 131_072


@dataclass(frozen=True, slots=True)
class Timers:
    """A channel's timers, in seconds: the delays of low- and medium-priority events, and the timeout of a poll. None:
    not given (UCWA: events, GET: `low`, `medium`, `timeout`).
    """

    low: int | None = None
    medium: int | None = None
    timeout: int | None = None


class Limits(NamedTuple):
    """Limits of one set. `events`: their number. `bytes`: their approximate size. A set ends once it exceeds a limit,
    so it may do so by the events of one row of the log.
    """

    events: int
    bytes: int


class EventSet:
    """The notifications since the last set, as far as the log was read."""

    __slots__ = ("_due", "_yielded", "moments", "notifications", "read_to", "since", "size", "unread")

    def __init__(self) -> None:
        #: Topic -> number of the last event before this set, and of the last one in it.
        self.since: dict[str, int] = {}
        self.read_to: dict[str, int] = {}
        #: The topics that may have further events.
        self.unread: set[str] = set()
        self.notifications: list[Notification] = []
        #: For each of `notifications`: when it happened (ms since 1970), and its priority.
        self.moments: list[tuple[int, Priority]] = []
        #: Their approximate size in bytes.
        self.size = 0
        self._due: int | None = None
        self._yielded = 0

    def listen(self, topics: Mapping[str, int], delivered: Mapping[str, int]) -> None:
        """Adds new topics, from where they were last delivered, or else from the given number."""
        for topic, before in topics.items():
            if topic not in self.since:
                self.since[topic] = self.read_to[topic] = max(before, delivered.get(topic, 0))
                self.unread.add(topic)

    async def gather(self, log: Log, render: Render, limits: Limits, low: int, medium: int) -> None:
        """Reads `unread` on, up to `limits`. `low`, `medium`: timers in seconds."""
        for portion in _portions():
            if self._is_full(limits):
                # There is more than fits into one answer, so there is no point in waiting.
                self._wait_no_longer_than(0)
                return
            unread = {topic: number for topic, number in self.read_to.items() if topic in self.unread}
            rows = await log.after(unread, portion)
            before = len(self.notifications)
            more = await self._take(rows, portion, render, limits)
            for at, priority in self.moments[before:]:
                self._wait_no_longer_than(_due(at, priority, low, medium))
            if not more:
                self.unread.clear()
                return

    async def gather_again(self, log: Log, render: Render, state: ChannelState) -> None:
        """Reads the set that `state` records as delivered, and nothing beyond it."""
        self.listen(dict.fromkeys(state.delivered, 0), state.acknowledged)
        for portion in _portions():
            behind = {topic: number for topic, number in self.read_to.items() if number < state.delivered[topic]}
            if not behind:
                return
            rows = [row for row in await log.after(behind, portion) if row.number <= state.delivered[row.topic]]
            if not rows:
                return  # the log is kept for a limited time only
            await self._take(rows, portion, render, None)

    async def _take(self, rows: Sequence[Event], portion: int, render: Render, limits: Limits | None) -> bool:
        """Adds rows, in order. True: there may be more, or not all fit.

        If a topic has more than its `portion`, later events of other topics wait for the rest of it.
        """
        # The last row of each topic that may have more.
        last = {row.topic: row.number for row in rows}
        count = Counter(row.topic for row in rows) if len(rows) >= portion else {}
        for event in in_order(rows, self.read_to):
            for notification in await render(event):
                self.notifications.append(notification)
                self.moments.append((event.at, notification.priority))
                self.size += approximate_size(notification.entry)
            self.read_to[event.topic] = event.number
            if self.size - self._yielded > _BYTES_AT_A_TIME:
                self._yielded = self.size
                await asyncio.sleep(0)
            if limits is not None and self._is_full(limits):
                return True
            if count and count[event.topic] >= portion and event.number == last[event.topic]:
                return True
        return False

    def _is_full(self, limits: Limits) -> bool:
        return len(self.notifications) >= limits.events or self.size >= limits.bytes

    def rest(self, now: int) -> float | None:
        """Seconds until the set is due, 0 or less: now; None: it is empty. `now`: ms since 1970."""
        return None if self._due is None else (self._due - now) / 1000

    def _wait_no_longer_than(self, due: int) -> None:
        self._due = due if self._due is None else min(self._due, due)


def _portions() -> Iterator[int]:
    portion = _FIRST_PORTION
    while True:
        yield portion
        portion = min(2 * portion, _MAX_PORTION)


def in_order(events: Sequence[Event], topics: Iterable[str]) -> Iterable[Event]:
    """Events of several topics by time, those of one topic by number; of the same time: in the order of `topics`."""
    if len(events) < 2:
        return events
    by_topic: dict[str, list[Event]] = {topic: [] for topic in topics}
    for event in events:
        by_topic[event.topic].append(event)
    return merge(*by_topic.values(), key=lambda event: event.at)


def _due(at: int, priority: Priority, low: int, medium: int) -> int:
    """When an event of time `at` must be delivered (ms since 1970; 0: at once)."""
    if priority is Priority.HIGH:
        return 0
    return at + 1000 * (medium if priority is Priority.MEDIUM else low)
