"""Waiting at the end of the change log: it is read once per process for all who wait.

The process's own commits are noticed at once, others' by reading the log every `change_poll_interval` seconds. While
nobody waits, nothing is read.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager

from openucwa.changes.wake import Wake
from openucwa.model.change import Change, Changes, Position
from openucwa.model.refusals import ChangesForgotten, Refusal
from openucwa.model.webhook import ALL
from openucwa.model.world import World
from openucwa.store.contract import ChangeLog

#: Changes per read.
AT_A_TIME = 200
#: Reads that are remembered, for those who follow all changes.
_REMEMBERED = 16
#: Seconds until the first repetition of a read that came before its commit could be seen; doubled each time.
_SOON = 0.005

logger = logging.getLogger(__name__)


class Tail:
    """The end of the log, as one process knows it."""

    def __init__(self, log: ChangeLog, world: World, interval: float) -> None:
        self._log = log
        self._world = world
        self._interval = interval
        self._watchers: dict[str, set[Wake]] = {}
        self._moved = Wake(world)
        self._reading: asyncio.Task[None] | None = None
        self._position: Position | None = None
        self._reads: OrderedDict[Position, Changes] = OrderedDict()
        self._stopped = False

    @property
    def watchers(self) -> int:
        """The number of waiting readers."""
        return sum(map(len, self._watchers.values()))

    def committed(self, _outdated: object = None) -> None:
        """To be called after each commit of this process (`Store.on_invalidate`)."""
        if self._reading is not None:
            self._moved.wake()

    def start(self) -> None:
        """Lets wait."""
        self._stopped = False

    async def stop(self) -> None:
        """Ends all waiting, for good."""
        self._stopped = True
        self._wake(None)
        await self._end()

    @property
    def stopped(self) -> bool:
        """Whether nobody can wait any more."""
        return self._stopped

    @asynccontextmanager
    async def watch(self, user: str) -> AsyncIterator[Wake]:
        """Within the block, changes that may concern `user` wake the `Wake`; ALL: any changes.

        Who then reads the log, first, and again whenever woken, misses none.
        """
        wake = Wake(self._world)
        self._watchers.setdefault(user, set()).add(wake)
        try:
            if self._position is None:
                self._position = await self._log.last()
            if self._reading is None and not self._stopped:
                self._reading = asyncio.create_task(self._follow(), name="openucwa change log")
            yield wake
        finally:
            self._watchers[user].discard(wake)
            if not self._watchers[user]:
                del self._watchers[user]
            if not self._watchers:
                await self._end()

    async def after_all(self, position: Position, limit: int) -> Changes:
        """As `ChangeLog.after_all`; what was just read for the end of the log is not read again."""
        known = self._reads.get(position)
        return known if known is not None else await self._log.after_all(position, limit)

    async def _end(self) -> None:
        task, self._reading = self._reading, None
        self._position = None
        self._reads.clear()
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.wait({task})

    async def _follow(self) -> None:
        failed = False
        soon = _SOON
        woken = False
        while True:
            try:
                found = await self._read()
            except Refusal as refusal:
                if not failed:
                    logger.warning("could not read the change log: %s", refusal.reason)
                failed = True
                await self._moved.wait(self._interval)
                continue
            if failed:
                failed = False
                self._wake(None)
            if found:
                soon = _SOON
                continue
            # A commit is seen once all before it are: for that moment it is looked for more often.
            woken = await self._moved.wait(min(soon, self._interval) if woken else self._interval) or (
                woken and soon < self._interval
            )
            soon = soon * 2 if woken else _SOON

    async def _read(self) -> bool:
        """Reads once; whether there were changes."""
        position = self._position
        if position is None:
            position = await self._log.last()
        try:
            found = await self._log.after_all(position, AT_A_TIME)
        except ChangesForgotten:
            self._position = await self._log.last()
            self._wake(None)
            return False
        if not found.changes:
            return False
        self._reads[position] = found
        while len(self._reads) > _REMEMBERED:
            self._reads.popitem(last=False)
        self._position = found.position
        self._wake(await self._concerned(found.changes))
        return True

    async def _concerned(self, changes: Collection[Change]) -> set[str]:
        """The users who may see one of the changes, of those who wait."""
        concerned = {ALL} | {change.organizer for change in changes}
        if self._watchers.keys() <= concerned:
            return concerned
        first: dict[tuple[str, str], int] = {}
        for change in changes:
            key = (change.organizer, change.meeting_id)
            first[key] = min(change.number, first.get(key, change.number))
        for key, number in first.items():
            concerned.update(await self._log.audience(*key, number))
        return concerned

    def _wake(self, concerned: set[str] | None) -> None:
        for user, wakes in self._watchers.items():
            if concerned is None or user in concerned:
                for wake in wakes:
                    wake.wake()
