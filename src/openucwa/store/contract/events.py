"""The event log, read by topic."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.event import Event, NewEvent


class EventLog(Protocol):
    """The event log, read by topic."""

    async def append(self, at: int, events: Sequence[NewEvent]) -> None:
        """Appends events that belong to no other change."""
        ...

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        """The events after the given number of each topic of `positions`, in order; at most `limit` per topic."""
        ...

    async def get(self, topic: str, number: int) -> Event:
        """One row of the log. ResourceNotFound: it does not exist, or no longer."""
        ...

    async def numbers(self, topic: str, kind: str, after: int, limit: int) -> Sequence[int]:
        """The numbers of a topic's events of one kind after `after`, in order: the latest `limit` of them."""
        ...

    async def last_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        """The number of the last event of each topic, even if it was forgotten; 0 if there was none."""
        ...

    async def forget(self, before: int, limit: int) -> int:
        """Removes up to `limit` of the oldest events before `before`; returns their number. Numbers are not reused."""
        ...

    async def forget_topics(self, before: int, limit: int) -> int:
        """Removes up to `limit` topics that ended before `before` and whose events are forgotten; their number."""
        ...
