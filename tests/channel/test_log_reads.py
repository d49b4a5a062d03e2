"""Reads of the log that polls share."""

import asyncio
from collections.abc import Mapping, Sequence

from openucwa.channel.log_reads import LogReads
from openucwa.model.event import Event, NewEvent
from openucwa.store.contract import EventLog
from tests.channel.client import Process


class CountedLog:
    """A log whose reads are counted."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.count = 0

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        self.count += 1
        return await self._log.after(positions, limit)


async def test_read_is_made_once_in_a_turn_of_the_loop(process: Process) -> None:
    log = CountedLog(process.store.events)
    reads = LogReads(log)
    await process.append(NewEvent("a", "happened"))
    for _ in range(3):
        assert [event.number for event in await reads.after({"a": 0}, 10)] == [1]
    assert log.count == 1
    await asyncio.sleep(0)
    await reads.after({"a": 0}, 10)
    assert log.count == 2


async def test_reads_of_other_positions_or_limits_are_not_shared(process: Process) -> None:
    reads = LogReads(process.store.events)
    await process.append(NewEvent("a", "happened"), NewEvent("a", "happened"))
    assert [event.number for event in await reads.after({"a": 0}, 10)] == [1, 2]
    assert [event.number for event in await reads.after({"a": 1}, 10)] == [2]
    assert [event.number for event in await reads.after({"a": 0}, 1)] == [1]


async def test_event_announced_in_the_same_turn_is_read(process: Process) -> None:
    # What is committed in a turn of the loop can be announced in it, before somebody else begins to wait.
    reads = LogReads(NothingYet(process.store.events))
    await process.append(NewEvent("a", "happened"))
    assert await reads.after({"a": 0}, 10) == []
    reads.moved()
    assert [event.number for event in await reads.after({"a": 0}, 10)] == [1]


async def test_event_announced_during_a_read_is_read_by_the_next(process: Process) -> None:
    log = NothingYet(process.store.events)
    reads = LogReads(log)
    log.during = reads.moved
    await process.append(NewEvent("a", "happened"))
    assert await reads.after({"a": 0}, 10) == []
    assert [event.number for event in await reads.after({"a": 0}, 10)] == [1]


class NothingYet:
    """A log whose first read was made before anything happened. `during`: called while it is made."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._first = True
        self.during = lambda: None

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        if self._first:
            self._first = False
            self.during()
            return []
        return await self._log.after(positions, limit)
