"""Reads of the event log that many polls share: all who wait for the same topic, when an event wakes them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

from openucwa.model.event import Event

_Read: TypeAlias = tuple[tuple[tuple[str, int], ...], int]


class Log(Protocol):
    """The part of the event log that polls read."""

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        """As `EventLog.after`."""
        ...


class LogReads:
    """The log, where a read is made once for all who make it in one turn of the event loop."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rows: dict[_Read, Sequence[Event]] = {}
        self._moves = 0

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        """As `EventLog.after`."""
        read = (tuple(positions.items()), limit)
        rows = self._rows.get(read)
        if rows is None:
            moves = self._moves
            rows = await self._log.after(positions, limit)
            if moves == self._moves:
                if not self._rows:
                    asyncio.get_running_loop().call_soon(self._rows.clear)
                self._rows[read] = rows
        return rows

    def moved(self) -> None:
        """To be called when the bus says that there are new events: reads made before may lack them."""
        self._moves += 1
        self._rows.clear()
