"""Application activity: the last request and poll of each application, in memory and regularly written to the store.

Writing it with every request would cost too much. Other processes' activity is known from what they wrote: each writes
often enough for an application to end within a minute of its timeout, and never while one of them polls for it.
"""

import asyncio
import logging
from collections.abc import Iterator
from itertools import islice

from openucwa.model.application import Session
from openucwa.model.refusals import Refusal
from openucwa.model.world import World
from openucwa.store.contract import Applications

#: Seconds between two writes, and the number of applications per transaction.
INTERVAL = 20.0
APPLICATIONS_IN_A_WRITE = 1000

logger = logging.getLogger(__name__)


class _Polls:
    """The polls of one channel: how many are in flight, and when the last one ended (ms; None: none has ended yet)."""

    __slots__ = ("ended", "waiting")

    def __init__(self) -> None:
        self.waiting = 0
        self.ended: int | None = None


class _Record:
    """The activity of one application: its last request here (ms; 0: none), and its polls by instance."""

    __slots__ = ("channels", "request")

    def __init__(self) -> None:
        self.request = 0
        self.channels: dict[str, _Polls] = {}

    def last_poll(self, now: int) -> int | None:
        """A poll in flight counts as one that ends now."""
        last: int | None = None
        for polls in self.channels.values():
            if polls.waiting:
                return now
            last = _later(last, polls.ended)
        return last


class Activity:
    """This process's record of application activity (owner, id), merged with what the store has of the others.

    `timeout`: the setting `application_timeout`, in seconds.
    """

    def __init__(self, applications: Applications, world: World, timeout: int) -> None:
        self._applications = applications
        self._world = world
        self._timeout = 1000 * timeout
        self._interval = min(INTERVAL, timeout / 4)
        self._records: dict[tuple[str, str], _Record] = {}
        self._written = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Starts writing the records."""
        self._task = asyncio.create_task(self._write_regularly(), name="openucwa activity")

    async def stop(self) -> None:
        """Writes the records, and ends. To be called while the store is still open."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
        await self.flush()

    def admit(self, session: Session) -> bool:
        """Records a request for the application, unless it has timed out (`expired`). Returns whether it has not."""
        now = self._world.now()
        request, poll = self._last_activity(session, now)
        if now - (request if poll is None else poll) > self._timeout:
            return False
        self.request(session.application.owner, session.application.id, now)
        return True

    def request(self, owner: str, application_id: str, now: int | None = None) -> None:
        """Records a request for the application. `now`: the time, if it is known."""
        record = self._records.get((owner, application_id)) or self._of(owner, application_id)
        record.request = self._world.now() if now is None else now

    def poll_started(self, owner: str, application_id: str, instance: str) -> None:
        """A poll of the channel has begun; until as many have ended it counts as polling."""
        self._of(owner, application_id).channels.setdefault(instance, _Polls()).waiting += 1

    def poll_ended(self, owner: str, application_id: str, instance: str) -> None:
        """A poll of the channel has ended, in whatever way."""
        channels = self._of(owner, application_id).channels
        polls = channels.get(instance)
        if polls is None:
            polls = channels[instance] = _Polls()
        polls.waiting = max(0, polls.waiting - 1)
        polls.ended = self._world.now()

    def last_activity(self, session: Session) -> tuple[int, int | None]:
        """The application's last request, and the end of its last poll (now, while one waits; None: it never polled),
        in ms since 1970.
        """
        return self._last_activity(session, self._world.now())

    def _last_activity(self, session: Session, now: int) -> tuple[int, int | None]:
        record = self._records.get((session.application.owner, session.application.id))
        if record is None:
            return session.last_request, session.last_poll
        poll = _later(session.last_poll, record.last_poll(now)) if record.channels else session.last_poll
        return max(session.last_request, record.request), poll

    def last_poll(self, session: Session, instance: str, polled: bool) -> int | None:
        """When the last poll of one channel ended (ms; now, while one waits; None: unknown).

        `polled`: whether the channel was ever polled according to the store, which has no time per instance: then the
        application's last poll is used.
        """
        record = self._records.get((session.application.owner, session.application.id))
        polls = None if record is None else record.channels.get(instance)
        here = None if polls is None else self._world.now() if polls.waiting else polls.ended
        if here is None:
            return session.last_poll if polled else None
        return here if instance else _later(here, session.last_poll)

    def expired(self, session: Session) -> bool:
        """Whether the application has timed out: since its last poll, or its last request if it never polled. Never
        while a poll waits.
        """
        now = self._world.now()
        request, poll = self._last_activity(session, now)
        return now - (request if poll is None else poll) > self._timeout

    def remembers(self, owner: str, application_id: str) -> bool:
        """Whether there is a record of the application; old ones are dropped."""
        return (owner, application_id) in self._records

    async def flush(self) -> None:
        """Writes what is new, and drops old records. If the store refuses, the next run tries again."""
        now = self._world.now()
        changed = iter(list(self._changed(now)))
        try:
            while batch := list(islice(changed, APPLICATIONS_IN_A_WRITE)):
                await self._applications.touch(
                    {key: request for key, request, _ in batch if request},
                    {key: poll for key, _, poll in batch if poll is not None},
                )
        except Refusal as refusal:
            logger.warning("could not record application activity: %s", refusal)
            return
        self._written = now
        for key in [key for key, record in self._records.items() if self._is_over(record, now)]:
            del self._records[key]

    def _changed(self, now: int) -> Iterator[tuple[tuple[str, str], int, int | None]]:
        for key, record in self._records.items():
            poll = record.last_poll(now)
            if max(record.request, poll or 0) >= self._written:
                yield key, record.request, poll

    def _is_over(self, record: _Record, now: int) -> bool:
        return now - max(record.request, record.last_poll(now) or 0) > self._timeout

    async def _write_regularly(self) -> None:
        while True:
            await self._world.sleep(self._interval)
            await self.flush()

    def _of(self, owner: str, application_id: str) -> _Record:
        key = (owner, application_id)
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = _Record()
        return record


def _later(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
