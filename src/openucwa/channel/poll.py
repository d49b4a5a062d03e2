"""The long poll of an event channel (UCWA: events, GET; Event channel details; Events in UCWA).

A channel is one application's, or one instance's of it. Its sets of events are numbered 1, 2, 3, ...; `ack=N` asks for
set N, and by that says that set N - 1 was received. Where a channel stands is written down before an answer leaves, so
that a set that got lost on its way is delivered again, by this process or the next, and then is the same set.

A poll that is to wait says so on the bus, by a topic of its own (a claim): the one that waits in another process makes
way. Should the bus lose it, the two go on until there is something to tell, and one of them gets it.

What an event is in an application's own terms, and how an answer is shown, belongs to the resource.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from openucwa.channel.activity import Activity
from openucwa.channel.bus import Bus
from openucwa.channel.event_set import EventSet, Limits, Timers
from openucwa.channel.notification import Notification, Render, Topics, senders
from openucwa.channel.waiting import Waiter, Waiting
from openucwa.config import Config
from openucwa.model.application import Session
from openucwa.model.event import ChannelState
from openucwa.model.measures import Measures
from openucwa.model.refusals import ApplicationNotFound, PGetReplaced, Refusal
from openucwa.model.world import World
from openucwa.representation.document import Sender
from openucwa.store.contract import Store

#: The bounds of the timers, in seconds.
SHORTEST_AGGREGATION = 5
SHORTEST_TIMEOUT = 180
LONGEST = 1800
#: Seconds between two looks of a waiting poll whether its application was ended by another process.
APPLICATION_LOOK = 30.0

#: Seconds in which polls that begin to wait in two processes can't tell which of them is the later one.
CROSSING = 0.02

#: What the topic of a claim begins with; no event has such a topic.
_CLAIM = "poll"

_REPLACED = "another poll of this event channel replaced this one"

#: Owner, application id, and instanceId or '' for the only channel of an application without instances.
ChannelKey: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Served:
    """One answer of a channel. `number`: that of its set, the `ack` that was asked for.

    `next`: the rel of the link to poll by, and `next_number`: the `ack` of that link. `resume` is `next` after a time
    without polls; `resync` says that `number` was out of order, and points to the oldest set not acknowledged.
    """

    number: int
    next: Literal["next", "resume", "resync"]
    next_number: int
    senders: tuple[Sender, ...] = ()


class _Poll:
    """A poll in flight. `refusal`: why it is to end without an answer. `waits_since`: on the `monotonic` clock."""

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


class _Claim(NamedTuple):
    """What another process says: that a poll of this priority waits there."""

    priority: int
    process: str
    key: ChannelKey

    @staticmethod
    def parse(topic: str) -> "_Claim | None":
        """None: it is another topic."""
        # Only an instanceId may hold a slash, and it comes last.
        match topic.split("/", 5):
            case [word, priority, process, owner, application_id, instance] if word == _CLAIM:
                try:
                    return _Claim(int(priority), process, (owner, application_id, instance))
                except ValueError:  # nobody here says such a thing
                    return None
        return None


class _Place:
    """A channel's place in this process, there while it is polled: one poll is served, later ones wait for the lock."""

    __slots__ = ("latest", "lock", "polls")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.latest: _Poll | None = None
        self.polls = 0


class EventChannels:
    """The event channels that are polled through this process."""

    def __init__(
        self, store: Store, bus: Bus, activity: Activity, world: World, config: Config, measures: Measures
    ) -> None:
        self._measures = measures
        self._store = store
        self._activity = activity
        self._world = world
        self._config = config
        self._bus = bus
        self._waiting = Waiting(bus, store.events, world, config.bus_poll_interval)
        #: What tells this process's claims from those of others.
        self._process = world.random_bytes(8).hex()
        self._end_listening: Callable[[], None] | None = None
        self._places: dict[ChannelKey, _Place] = {}
        #: The set that tells a channel's client `resume`, until that set is acknowledged.
        self._resumed: dict[ChannelKey, int] = {}
        self._stopped = False

    @property
    def count(self) -> int:
        """How many polls wait at this moment."""
        return self._waiting.count

    async def start(self) -> None:
        """From now on polls wait."""
        self._stopped = False

    async def stop(self) -> None:
        """Releases every poll at once, with what is there, most often nothing; from now on no poll waits."""
        self._stopped = True
        for place in self._places.values():
            if place.latest is not None:
                place.latest.wake()

    def end(self, owner: str, application_id: str, instance: str | None = None) -> None:
        """To be called when an application, or an instance of it, has ended: its polls are refused, as the next is.

        `instance` None: all of them.
        """
        for key, place in self._places.items():
            if key[:2] == (owner, application_id) and instance in {None, key[2]} and place.latest is not None:
                place.latest.end(ApplicationNotFound("the application has ended"))
        for key in [key for key in self._resumed if key[:2] == (owner, application_id) and instance in {None, key[2]}]:
            del self._resumed[key]

    def forget(self) -> None:
        """Lets go of what is remembered of channels that were not heard of for long. To be called now and then."""
        for key in [key for key in self._resumed if not self._activity.remembers(key[0], key[1])]:
            del self._resumed[key]

    async def poll(
        self, session: Session, instance: str, ack: int, *, asked: Timers, priority: int, topics: Topics, render: Render
    ) -> Served:
        """The set of events with number `ack`, once there is something to tell or the channel's timeout is over.

        `asked`: the timers that the client asks for, in seconds; they are moved into their bounds and remembered.
        `priority`: that of the request itself: it replaces a waiting one of the same or a lower priority.

        PGetReplaced: another poll of the channel took this one's place, or is to keep its own.
        ApplicationNotFound, TooManyApplications: the application ended meanwhile. Also what `topics` and `render`
        raise.
        """
        owner, application_id = session.application.owner, session.application.id
        key = (owner, application_id, instance)
        state = await self._store.channels.get(*key)
        if not _in_order(ack, state):
            return _resync(ack, state)
        away = self._was_away(session, instance, state)
        if self._end_listening is None:
            self._end_listening = self._bus.subscribe(self._hear)
        place = self._places.setdefault(key, _Place())
        poll = _take(place, priority)
        self._activity.poll_started(*key)
        try:
            queued = place.lock.locked()
            async with place.lock:
                poll.check()
                if queued:
                    # The one before may just have been answered.
                    state = await self._store.channels.get(*key)
                    if not _in_order(ack, state):
                        return _resync(ack, state)
                state = await self._set_timers(key, state, asked, away)
                rel = self._rel(key, ack, away)
                if ack == state.served:
                    notifications = await self._again(state, render)
                else:
                    notifications = await self._next(key, poll, state, topics, render)
                return Served(ack, rel, ack + 1, tuple(senders(notifications)))
        finally:
            self._activity.poll_ended(*key)
            _leave(place, poll)
            if not place.polls:
                del self._places[key]
            if not self._places and self._end_listening is not None:
                self._end_listening()
                self._end_listening = None

    def _was_away(self, session: Session, instance: str, state: ChannelState) -> bool:
        """Whether the client let the channel go without a poll for so long that it has to hear `resume`."""
        last = self._activity.last_poll(session, instance, polled=state.served > 0)
        return last is not None and self._world.now() - last > 1000 * self._config.conversation_timeout

    def _rel(self, key: ChannelKey, ack: int, away: bool) -> Literal["next", "resume"]:
        if away:
            self._resumed[key] = ack
        elif self._resumed.get(key, ack) < ack:
            del self._resumed[key]
        return "resume" if key in self._resumed else "next"

    async def _set_timers(self, key: ChannelKey, state: ChannelState, asked: Timers, away: bool) -> ChannelState:
        """Remembers the timers that are asked for, whatever becomes of this poll."""
        wanted = replace(state, low=None, medium=None, timeout=None) if away else state
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
        """Waits for the set after the one that was served, and writes down that the channel has moved on to it."""
        config = self._config
        low = config.events_low if state.low is None else state.low
        medium = config.events_medium if state.medium is None else state.medium
        end = self._world.monotonic() + (config.events_timeout if state.timeout is None else state.timeout)
        limits = Limits(config.max_events, config.max_event_bytes)
        event_set = EventSet()
        with self._waiting.waiter(event_set.read_to) as waiter:
            poll.waiter = waiter
            while True:
                # First listen, then read: what moves in between wakes the wait.
                self._listen(waiter, event_set, await topics(), state)
                await event_set.gather(self._store.events, render, limits, low, medium)
                poll.check()
                now = self._world.monotonic()
                rest = event_set.rest(self._world.now())
                if self._stopped or now >= end or (rest is not None and rest <= 0):
                    break
                if poll.waits_since is None:
                    poll.waits_since = now
                    self._claim(key, poll)
                until = min(end, now + APPLICATION_LOOK, end if rest is None else now + rest)
                if not await self._waiting.wait(waiter, until):
                    await self._check_application(key)
        await self._write(
            key,
            state.served,
            replace(state, served=state.served + 1, acknowledged=event_set.since, delivered=event_set.read_to),
        )
        now = self._world.now()
        for at, priority in event_set.moments:
            self._measures.event(priority.name.lower(), (now - at) / 1000)
        return event_set.notifications

    def _listen(self, waiter: Waiter, event_set: EventSet, topics: Mapping[str, int], state: ChannelState) -> None:
        self._waiting.listen(waiter, topics)
        event_set.listen(topics, state.delivered)

    def _claim(self, key: ChannelKey, poll: _Poll) -> None:
        """Tells the other processes that `poll` waits here."""
        self._bus.publish(frozenset({"/".join((_CLAIM, str(poll.priority), self._process, *key))}))

    def _hear(self, topics: frozenset[str]) -> None:
        for topic in topics:
            if (claim := _Claim.parse(topic)) is not None and claim.process != self._process:
                place = self._places.get(claim.key)
                if place is not None and place.latest is not None:
                    self._make_way(place.latest, claim)

    def _make_way(self, poll: _Poll, claim: "_Claim") -> None:
        """Ends `poll` for the one that began to wait in another process, or tells that one to end."""
        since = poll.waits_since
        crossing = since is not None and self._world.monotonic() - since < CROSSING
        earlier = crossing and claim.process < self._process
        if claim.priority < poll.priority or (claim.priority == poll.priority and earlier):
            self._claim(claim.key, poll)
        else:
            poll.end(PGetReplaced(_REPLACED))

    async def _check_application(self, key: ChannelKey) -> None:
        """Refuses if the application or the instance was ended where this process does not hear of it."""
        owner, application_id, instance = key
        session = await self._store.applications.session(owner, application_id)
        if instance and instance not in session.application.instances:
            raise ApplicationNotFound("the instance of the application has ended")

    async def _write(self, key: ChannelKey, expected_served: int, state: ChannelState) -> None:
        if not await _to_its_end(self._store.channels.write(*key, expected_served, state)):
            raise PGetReplaced("another poll of this event channel was answered")


def _in_order(ack: int, state: ChannelState) -> bool:
    return ack >= 1 and ack - state.served in {0, 1}


def _resync(ack: int, state: ChannelState) -> Served:
    return Served(ack, "resync", max(state.served, 1))


def _take(place: _Place, priority: int) -> _Poll:
    """The poll that is in force from now on; the one that was in force ends."""
    if place.latest is not None:
        if priority < place.latest.priority:
            raise PGetReplaced("a poll of this event channel with a higher priority is waiting")
        place.latest.end(PGetReplaced(_REPLACED))
    place.latest = _Poll(priority)
    place.polls += 1
    return place.latest


def _leave(place: _Place, poll: _Poll) -> None:
    place.polls -= 1
    if place.latest is poll:
        place.latest = None


def _bounded(seconds: int, shortest: int) -> int:
    return min(max(seconds, shortest), LONGEST)


async def _to_its_end(change: Coroutine[Any, Any, bool]) -> bool:
    """The result of `change`, shielded from cancellation, so that the next poll finds the change done."""
    task = asyncio.ensure_future(change)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # nobody is left to be told of it
        raise
