"""A set of events while it is gathered from the log: what was read, what of it is to be told, and when that is due."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import merge

from openucwa.channel.told import Priority, Read, Told
from openucwa.model.event import ChannelState, Event
from openucwa.store.contract import EventLog


@dataclass(frozen=True, slots=True)
class Timers:
    """Of a channel, in seconds: how long events of low and of medium priority may wait for company, and how long a
    poll waits for events. None: not said (UCWA: events, GET: `low`, `medium`, `timeout`)."""

    low: int | None = None
    medium: int | None = None
    timeout: int | None = None


class Pending:
    """What is behind `positions` (topic -> number of the last event that the client has), as far as it was read."""

    __slots__ = ("_due", "moments", "read_to", "since", "told")

    def __init__(self) -> None:
        #: Topic -> number of the last event before this set, and of the last one in it.
        self.since: dict[str, int] = {}
        self.read_to: dict[str, int] = {}
        self.told: list[Told] = []
        #: When each of `told` happened (ms since 1970), and how urgent it is.
        self.moments: list[tuple[int, Priority]] = []
        self._due: int | None = None

    def listen(self, topics: Mapping[str, int], delivered: Mapping[str, int]) -> None:
        """Adds the topics that are not among its own yet, from where they were delivered or else are listened to."""
        for topic, before in topics.items():
            if topic not in self.since:
                self.since[topic] = self.read_to[topic] = max(before, delivered.get(topic, 0))

    async def gather(self, log: EventLog, read: Read, most: int, low: int, medium: int) -> None:
        """Reads on from where it stands. `most`: events to tell in all; `low`, `medium`: timers in seconds."""
        while (room := most - len(self.told)) > 0:
            rows = await log.events_after(self.read_to, room)
            for event in in_order(rows, self.read_to):
                for told in await read(event):
                    self.told.append(told)
                    self.moments.append((event.at, told.priority))
                    self._wait_no_longer_than(_due(event.at, told.priority, low, medium))
                self.read_to[event.topic] = event.number
            if len(rows) < room:
                return
        # There is more than goes into one answer: none of it gains by waiting.
        self._wait_no_longer_than(0)

    async def gather_again(self, log: EventLog, read: Read, state: ChannelState, most: int) -> None:
        """Reads the set that `state` says was delivered, and nothing beyond it."""
        self.listen(dict.fromkeys(state.delivered, 0), state.acknowledged)
        while behind := {topic: number for topic, number in self.read_to.items() if number < state.delivered[topic]}:
            rows = [row for row in await log.events_after(behind, most) if row.number <= state.delivered[row.topic]]
            if not rows:
                return  # the log is kept for a time only
            for event in in_order(rows, self.read_to):
                self.told.extend(await read(event))
                self.read_to[event.topic] = event.number

    def rest(self, now: int) -> float | None:
        """In how many seconds what waits is due, 0 or less: now; None: nothing waits. `now`: ms since 1970."""
        return None if self._due is None else (self._due - now) / 1000

    def _wait_no_longer_than(self, due: int) -> None:
        self._due = due if self._due is None else min(self._due, due)


def in_order(events: Iterable[Event], topics: Iterable[str]) -> Iterable[Event]:
    """Events of several topics by their time, those of one topic by number; of one time: in the order of `topics`."""
    by_topic: dict[str, list[Event]] = {topic: [] for topic in topics}
    for event in events:
        by_topic[event.topic].append(event)
    return merge(*by_topic.values(), key=lambda event: event.at)


def _due(at: int, priority: Priority, low: int, medium: int) -> int:
    """When an event of `at` is to be told at the latest (ms since 1970; 0: at once)."""
    if priority is Priority.HIGH:
        return 0
    return at + 1000 * (medium if priority is Priority.MEDIUM else low)
