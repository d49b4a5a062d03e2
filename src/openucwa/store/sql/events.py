"""The event log. Other changes append to it through `append`, within their own transaction."""

from collections.abc import Mapping, Sequence

from openucwa.model.event import Event, NewEvent
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.engine import Row, Transaction
from openucwa.store.sql.columns import facts, json
from openucwa.store.sql.part import Part

_COUNT = """
    insert into topics (topic, last) values (?, 1)
    on conflict (topic) do update set last = topics.last + 1 returning last
"""

_APPEND = "insert into events (topic, number, at, kind, facts) values (?, ?, ?, ?, ?)"

AFTER = "select topic, number, at, kind, facts from events where topic = ? and number > ? order by number limit ?"

#: What changed about those who take part: messages, of which there may be many large ones, left out.
CHANGES_AFTER = AFTER.replace("order by", "and kind <> 'message' order by")

_FORGET = """
    delete from events
    where (topic, number) in (select topic, number from events where at < ? order by at limit ?)
"""


async def append(transaction: Transaction, at: int, *events: NewEvent) -> int:
    """Appends `events` at `at`, each with the next number of its topic; the last one's number."""
    number = 0
    for event in events:
        ((number,),) = await transaction.rows(_COUNT, event.topic)
        await transaction.run(_APPEND, event.topic, number, at, event.kind, json(event.facts))
        transaction.moved.add(event.topic)
    return number


class EventLog(Part):
    """`store.contract.EventLog`, and the reads of single topics in `store.rooms.Rooms`; each method is described
    there."""

    async def append_events(self, at: int, events: Sequence[NewEvent]) -> None:
        await self._writer.change(lambda transaction: append(transaction, at, *events))

    async def events_after(self, positions: Mapping[str, int], most: int) -> Sequence[Event]:
        if not positions:
            return []
        found = await self._reader.read(*((AFTER, (topic, number, most)) for topic, number in positions.items()))
        return [event_of(row) for rows in found for row in rows]

    async def last_event_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        if not topics:
            return {}
        places = ", ".join("?" * len(topics))
        rows = await self._reader.rows(f"select topic, last from topics where topic in ({places})", *topics)  # noqa: S608
        return dict.fromkeys(topics, 0) | {topic: last for topic, last in rows}  # noqa: C416  # not every engine's row is a pair

    async def forget_events(self, before: int, most: int) -> int:
        return await self._writer.change(lambda transaction: transaction.run(_FORGET, before, most))

    async def event_numbers(self, topic: str, kind: str, after: int, most: int) -> Sequence[int]:
        rows = await self._reader.rows(
            "select number from events where topic = ? and kind = ? and number > ? order by number desc limit ?",
            topic,
            kind,
            after,
            most,
        )
        return [number for (number,) in reversed(rows)]

    async def event(self, topic: str, number: int) -> Event:
        row = await self._reader.row(
            "select topic, number, at, kind, facts from events where topic = ? and number = ?", topic, number
        )
        if row is None:
            raise ResourceNotFound("there is no such event, or no more")
        return event_of(row)


def event_of(row: Row) -> Event:
    """From the columns topic, number, at, kind, facts."""
    topic, number, at, kind, text = row
    return Event(topic, number, at, kind, facts(text))
