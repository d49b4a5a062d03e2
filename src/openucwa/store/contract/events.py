"""The log of what happened, read by topic."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from openucwa.model.event import Event, NewEvent


class EventLog(Protocol):
    """The log of what happened, read by topic."""

    async def append(self, at: int, events: Sequence[NewEvent]) -> None:
        """Appends events that no other change brings with it."""
        ...

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        """For each topic of `positions` the events behind that number, in order; at most `limit` a topic."""
        ...

    async def get(self, topic: str, number: int) -> Event:
        """One row of the log. ResourceNotFound: there is none, or no more."""
        ...

    async def numbers(self, topic: str, kind: str, after: int, limit: int) -> Sequence[int]:
        """The numbers of a topic's events of one kind behind `after`, in order: the latest `limit` of them."""
        ...

    async def last_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        """For each topic the number of its last event ever; 0 where there was none."""
        ...

    async def forget(self, before: int, limit: int) -> int:
        """Removes the oldest events of before `before`, at most `limit`; how many. Numbers are not used again."""
        ...

    async def forget_topics(self, before: int, limit: int) -> int:
        """Removes up to `limit` topics of what ended before `before`, whose events are forgotten; how many."""
        ...
