"""The long poll of an event channel (UCWA: events, GET; Event channel details; Events in UCWA).

A channel belongs to an application, or to one instance of it. Its sets of events are numbered 1, 2, 3, ...; `ack=N`
requests set N and acknowledges set N - 1. The state of a channel is stored before an answer is sent, so that a lost set
is delivered again, by any process, and is the same set.

A poll that is going to wait announces itself on the bus by a topic of its own (a takeover): a poll that waits in
another process yields to it. If the bus loses the message, both go on until there is an event, and one of them gets it.

How events are rendered and how an answer is shown belongs to the resource.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from openucwa.channel.activity import Activity
from openucwa.channel.bus import Bus
from openucwa.channel.event_set import EventSet, Limits, Timers
from openucwa.channel.notification import Notification, Priority, Render, Topics, senders
from openucwa.channel.waiting import Waiter, Waiting
from openucwa.model.application import Session
from openucwa.model.event import ChannelState, application_topic
from openucwa.model.measures import Measures
from openucwa.model.refusals import ApplicationNotFound, PGetReplaced, Refusal
from openucwa.model.world import World
from openucwa.representation.document import Sender
from openucwa.store.contract import Store

#: The bounds of the timers, in seconds.
SHORTEST_AGGREGATION = 5
SHORTEST_TIMEOUT = 180
MAX_TIMER = 1800
#: Interval at which a waiting poll checks whether another process ended its application, in seconds.
APPLICATION_LOOK = 30.0

#: Polls that start waiting in two processes within this many seconds are considered simultaneous.
CROSSING = 0.02

#: The names of priorities in metrics.
_PRIORITIES = {priority: priority.name.lower() for priority in Priority}

#: The prefix of a takeover's topic; no event has such a topic.
_TAKEOVER = "poll"

_REPLACED = "another poll of this event channel replaced this one"

#: Owner, application id, and instanceId, or '' for the only channel of an application without instances.
ChannelKey: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of a channel.

    `number`: that of its set, the requested `ack`. `next`: the rel of the link to the next poll, and `next_number`: the
    `ack` of that link. `resume` is used instead of `next` after a time without polls; `resync` means that `number` was
    out of order, and leads to the oldest unacknowledged set.
    """

    number: int
    next: Literal["next", "resume", "resync"]
    next_number: int
    senders: tuple[Sender, ...] = ()


class _Poll:
    """A poll in flight. `refusal`: why it ends without an answer. `waits_since`: on the `monotonic` clock."""

    __slots__ = ("priority", "refusal", "waiter", "waits_since")

    def __init__(self, priority: int) -> None:
        self.priority = priority
        self.waits_since: float | None = None
        self.refusal: Refusal | None = None
        self.waiter: Waiter | None = None

    def end(self, refusal: Refusal) -> None:
        self.refusal = refusal
        self.wake()

    def wake(self) -> None:
        if self.waiter is not None:
            self.waiter.wake()

    def check(self) -> None:
        if self.refusal is not None:
            raise self.refusal


class _Takeover(NamedTuple):
    """A message of another process: a poll of this priority has started waiting there."""

    priority: int
    process: str
    key: ChannelKey

    @staticmethod
    def parse(topic: str) -> "_Takeover | None":
        """The takeover that a topic announces; None: it is another topic."""
        # Only an instanceId may contain a slash, and it comes last.
        match topic.split("/", 5):
            case [word, priority, process, owner, application_id, instance] if word == _TAKEOVER:
                try:
                    return _Takeover(int(priority), process, (owner, application_id, instance))
                except ValueError:  # not from this software
                    return None
        return None


class _Channel:
    """The state of a channel in this process, while it is polled: one poll is served, later ones wait for the lock."""

    __slots__ = ("latest", "lock", "polls")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.latest: _Poll | None = None
        self.polls = 0


@dataclass(frozen=True, slots=True)
class PollSettings:
    """The settings of these names: times in seconds, sizes in bytes."""

    bus_poll_interval: float
    conversation_timeout: int
    events_low: int
    events_medium: int
    events_timeout: int
    max_event_bytes: int
    max_events: int


class EventChannels:
    """The event channels that are polled through this process."""

    def __init__(
        self, store: Store, bus: Bus, activity: Activity, world: World, settings: PollSettings, measures: Measures
    ) -> None:
        self._measures = measures
        self._store = store
        self._activity = activity
        self._world = world
        self._settings = settings
        self._bus = bus
        self._waiting = Waiting(bus, store.events, world, settings.bus_poll_interval)
        #: Distinguishes this process's takeovers from those of others.
        self._process = world.random_bytes(8).hex()
        self._end_listening: Callable[[], None] | None = None
        self._channels: dict[ChannelKey, _Channel] = {}
        #: Channels with a set that says `resume` and is not acknowledged yet.
        self._resumed: dict[ChannelKey, int] = {}
        self._stopped = False

    @property
    def count(self) -> int:
        """The number of waiting polls."""
        return self._waiting.count

    async def start(self) -> None:
        """Allows polls to wait."""
        self._stopped = False

    async def stop(self) -> None:
        """Ends all polls at once, usually without events; from now on no poll waits."""
        self._stopped = True
        for channel in self._channels.values():
            if channel.latest is not None:
                channel.latest.wake()

    def end(self, owner: str, application_id: str, instance: str | None = None) -> None:
        """Refuses the polls of an application, or of an instance, that has ended. `instance` None: all of them."""
        for key, channel in self._channels.items():
            if key[:2] == (owner, application_id) and instance in {None, key[2]} and channel.latest is not None:
                channel.latest.end(ApplicationNotFound("the application has ended"))
        for key in [key for key in self._resumed if key[:2] == (owner, application_id) and instance in {None, key[2]}]:
            del self._resumed[key]

    def forget(self) -> None:
        """Drops the state of channels without recent activity. To be called regularly."""
        for key in [key for key in self._resumed if not self._activity.remembers(key[0], key[1])]:
            del self._resumed[key]

    async def poll(
        self, session: Session, instance: str, ack: int, *, asked: Timers, priority: int, topics: Topics, render: Render
    ) -> Served:
        """The set of events with number `ack`, once there is an event or the channel's timeout is over.

        `asked`: the requested timers, in seconds; they are clamped and stored. `priority`: that of the request itself:
        it replaces a waiting poll of the same or a lower priority.

        PGetReplaced: another poll of the channel replaced this one, or has precedence. ApplicationNotFound,
        TooManyApplications: the application has ended. Also raises whatever `topics` and `render` raise.
        """
        owner, application_id = session.application.owner, session.application.id
        key = (owner, application_id, instance)
        state = await self._store.channels.get(*key)
        if not _in_order(ack, state):
            return _resync(ack, state)
        idle = self._was_idle(session, instance, state)
        if self._end_listening is None:
            self._end_listening = self._bus.subscribe(self._receive)
        channel = self._channels.setdefault(key, _Channel())
        poll = _take(channel, priority)
        self._activity.poll_started(*key)
        try:
            queued = channel.lock.locked()
            async with channel.lock:
                poll.check()
                if queued:
                    # The previous poll may just have been answered.
                    state = await self._store.channels.get(*key)
                    if not _in_order(ack, state):
                        return _resync(ack, state)
                state = await self._set_timers(key, state, asked, idle)
                rel = self._rel(key, ack, idle)
                if ack == state.served:
                    notifications = await self._again(state, render)
                else:
                    notifications = await self._next(key, poll, state, topics, render)
                return Served(ack, rel, ack + 1, tuple(senders(notifications)))
        finally:
            self._activity.poll_ended(*key)
            _leave(channel, poll)
            if not channel.polls:
                del self._channels[key]
            if not self._channels and self._end_listening is not None:
                self._end_listening()
                self._end_listening = None

    def _was_idle(self, session: Session, instance: str, state: ChannelState) -> bool:
        """Whether the client did not poll the channel for so long that the next set must say `resume`."""
        last = self._activity.last_poll(session, instance, polled=state.served > 0)
        return last is not None and self._world.now() - last > 1000 * self._settings.conversation_timeout

    def _rel(self, key: ChannelKey, ack: int, idle: bool) -> Literal["next", "resume"]:
        if idle:
            self._resumed[key] = ack
        elif self._resumed.get(key, ack) < ack:
            del self._resumed[key]
        return "resume" if key in self._resumed else "next"

    async def _set_timers(self, key: ChannelKey, state: ChannelState, asked: Timers, idle: bool) -> ChannelState:
        """Stores the requested timers, however this poll ends."""
        wanted = replace(state, low=None, medium=None, timeout=None) if idle else state
        if asked.low is not None:
            wanted = replace(wanted, low=_bounded(asked.low, SHORTEST_AGGREGATION))
        if asked.medium is not None:
            wanted = replace(wanted, medium=_bounded(asked.medium, SHORTEST_AGGREGATION))
        if asked.timeout is not None:
            wanted = replace(wanted, timeout=_bounded(asked.timeout, SHORTEST_TIMEOUT))
        if wanted != state:
            await self._write(key, state.served, wanted)
        return wanted

    async def _again(self, state: ChannelState, render: Render) -> list[Notification]:
        event_set = EventSet()
        await event_set.gather_again(self._store.events, render, state)
        return event_set.notifications

    async def _next(
        self, key: ChannelKey, poll: _Poll, state: ChannelState, topics: Topics, render: Render
    ) -> list[Notification]:
        """Waits for the set after the one that was served, and stores the channel's new state."""
        settings = self._settings
        low = settings.events_low if state.low is None else state.low
        medium = settings.events_medium if state.medium is None else state.medium
        end = self._world.monotonic() + (settings.events_timeout if state.timeout is None else state.timeout)
        limits = Limits(settings.max_events, settings.max_event_bytes)
        event_set = EventSet()
        with self._waiting.waiter(event_set.read_to) as waiter:
            poll.waiter = waiter
            while True:
                # Subscribe before reading: an event in between ends the wait.
                self._listen(waiter, event_set, await topics(), state)
                await event_set.gather(self._waiting.reads, render, limits, low, medium)
                poll.check()
                now = self._world.monotonic()
                rest = event_set.rest(self._world.now())
                if self._stopped or now >= end or (rest is not None and rest <= 0):
                    break
                if poll.waits_since is None:
                    poll.waits_since = now
                    self._announce(key, poll)
                until = min(end, now + APPLICATION_LOOK, end if rest is None else now + rest)
                woken = await self._waiting.wait(waiter, until)
                if not woken or application_topic(*key[:2]) in waiter.moved:
                    await self._check_application(key)
                event_set.unread |= waiter.moved
                waiter.moved.clear()
        served = ChannelState(
            state.served + 1, event_set.since, event_set.read_to, state.low, state.medium, state.timeout
        )
        await self._write(key, state.served, served)
        now = self._world.now()
        for at, priority in event_set.moments:
            self._measures.event(_PRIORITIES[priority], (now - at) / 1000)
        return event_set.notifications

    def _listen(self, waiter: Waiter, event_set: EventSet, topics: Mapping[str, int], state: ChannelState) -> None:
        self._waiting.listen(waiter, topics)
        event_set.listen(topics, state.delivered)

    def _announce(self, key: ChannelKey, poll: _Poll) -> None:
        """Announces to the other processes that `poll` waits here."""
        self._bus.publish(frozenset({"/".join((_TAKEOVER, str(poll.priority), self._process, *key))}))

    def _receive(self, topics: frozenset[str]) -> None:
        for topic in topics:
            if (takeover := _Takeover.parse(topic)) is not None and takeover.process != self._process:
                channel = self._channels.get(takeover.key)
                if channel is not None and channel.latest is not None:
                    self._yield_to(channel.latest, takeover)

    def _yield_to(self, poll: _Poll, takeover: "_Takeover") -> None:
        """Ends `poll` in favour of the one that started waiting in another process, or makes that one end."""
        since = poll.waits_since
        crossing = since is not None and self._world.monotonic() - since < CROSSING
        earlier = crossing and takeover.process < self._process
        if takeover.priority < poll.priority or (takeover.priority == poll.priority and earlier):
            self._announce(takeover.key, poll)
        else:
            poll.end(PGetReplaced(_REPLACED))

    async def _check_application(self, key: ChannelKey) -> None:
        """Refuses if another process ended the application or the instance without this one being notified."""
        owner, application_id, instance = key
        session = await self._store.applications.session(owner, application_id)
        if instance and instance not in session.application.instances:
            raise ApplicationNotFound("the instance of the application has ended")

    async def _write(self, key: ChannelKey, expected_served: int, state: ChannelState) -> None:
        if not await _shielded(self._store.channels.write(*key, expected_served, state)):
            raise PGetReplaced("another poll of this event channel was answered")


def _in_order(ack: int, state: ChannelState) -> bool:
    return ack >= 1 and ack - state.served in {0, 1}


def _resync(ack: int, state: ChannelState) -> Served:
    return Served(ack, "resync", max(state.served, 1))


def _take(channel: _Channel, priority: int) -> _Poll:
    """Makes `poll` the current one; the previous one ends."""
    if channel.latest is not None:
        if priority < channel.latest.priority:
            raise PGetReplaced("a poll of this event channel with a higher priority is waiting")
        channel.latest.end(PGetReplaced(_REPLACED))
    channel.latest = _Poll(priority)
    channel.polls += 1
    return channel.latest


def _leave(channel: _Channel, poll: _Poll) -> None:
    channel.polls -= 1
    if channel.latest is poll:
        channel.latest = None


def _bounded(seconds: int, shortest: int) -> int:
    return min(max(seconds, shortest), MAX_TIMER)


async def _shielded(change: Coroutine[Any, Any, bool]) -> bool:
    """The result of `change`, shielded from cancellation, so that the next poll finds the change done."""
    task = asyncio.get_running_loop().create_task(change)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # there is no caller left to receive it
        raise
