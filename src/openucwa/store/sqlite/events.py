"""The event log. Other changes append to it through `append`, within their own transaction."""

from collections.abc import Mapping, Sequence

from openucwa.model.event import Event, NewEvent
from openucwa.store.sqlite.columns import facts, json
from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Transaction, Writer

# Two statements, because one with `returning` takes five times as long; `moved` is set before the commit.
_COUNT = "insert into topics (topic, last, moved) values (?, 1, 0) on conflict do update set last = last + 1"
_LAST = "select last from topics where topic = ?"

_APPEND = "insert into events (topic, number, at, kind, facts) values (?, ?, ?, ?, ?)"

_AFTER = "select number, at, kind, facts from events where topic = ? and number > ? order by number limit ?"


def append(transaction: Transaction, at: int, events: Sequence[NewEvent]) -> None:
    """Appends `events` at `at`, each with the next number of its topic."""
    for event in events:
        transaction.run(_COUNT, event.topic)
        ((number,),) = transaction.rows(_LAST, event.topic)
        transaction.run(_APPEND, event.topic, number, at, event.kind, json(event.facts))
        transaction.moved.add(event.topic)


class EventLog:
    """`store.contract.EventLog`, where each method is described."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def append_events(self, at: int, events: Sequence[NewEvent]) -> None:
        await self._writer.change(lambda transaction: append(transaction, at, events))

    async def events_after(self, positions: Mapping[str, int], most: int) -> Sequence[Event]:
        found = self._reader.read(*((_AFTER, (topic, number, most)) for topic, number in positions.items()))
        return [
            Event(topic, number, at, kind, facts(text))
            for topic, rows in zip(positions, found, strict=True)
            for number, at, kind, text in rows
        ]

    async def last_event_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        rows = self._reader.rows(
            "select topic, last from topics where topic in (select value from json_each(?))", json(tuple(topics))
        )
        return dict.fromkeys(topics, 0) | dict(rows)

    async def forget_events(self, before: int) -> int:
        return await self._writer.change(lambda transaction: transaction.run("delete from events where at < ?", before))
