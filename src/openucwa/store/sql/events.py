"""The event log. Other changes append to it through `append`, within their own transaction."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Mapping, Sequence

from openucwa.model.event import Event, NewEvent
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.engine import Transaction
from openucwa.store.sql.lists import list_size, padded
from openucwa.store.sql.part import Part
from openucwa.store.sql.tables import EVENTS

_COUNT = """
    insert into topics (topic, last) values (?, 1)
    on conflict (topic) do update set last = topics.last + 1 returning last
"""

AFTER = f"select {EVENTS.columns} from events where topic = ? and number > ? order by number limit ?"

#: What changed about those who take part: messages, of which there may be many large ones, left out.
CHANGES_AFTER = AFTER.replace("order by", "and kind <> 'message' order by")

#: The same of many topics. Numbers have no gaps, except before the oldest event that is still there.
_FIRST = "(select min(f.number) from events f where f.topic = p.topic and f.number > p.number)"
_AFTER_ALL = (
    "with positions (topic, number) as (values {values})"
    f" select {EVENTS.columns_of('e')} from positions p join events e on e.topic = p.topic"
    f" and e.number >= {_FIRST} and e.number < cast(? as bigint) + {_FIRST} order by e.topic, e.number"
)

_BEFORE = "select topic, number from events where at < ? order by at limit ?"
_FORGET = f"delete from events where (topic, number) in ({_BEFORE})"

_ENDED_TOPICS = "select topic from topics where ended < ? order by ended limit ?"
_FORGET_TOPICS = f"delete from topics where topic in ({_ENDED_TOPICS})"


async def append(transaction: Transaction, at: int, *events: NewEvent) -> int:
    """Appends `events` at `at`, each with the next number of its topic; the last one's number."""
    number = 0
    for event in events:
        transaction.announce(event.topic)
        ((number,),) = await transaction.rows(_COUNT, event.topic)
        row = EVENTS.values(Event(event.topic, number, at, event.kind, event.facts))
        await transaction.run(EVENTS.insert, *row)
    return number


async def end_topic(transaction: Transaction, topic: str, at: int) -> None:
    """Notes that what `topic` is about has ended: nothing is appended to it any more, and it goes with its events."""
    await transaction.run("update topics set ended = ? where topic = ?", at, topic)


async def end_topic_of_poll(transaction: Transaction, topic: str, at: int) -> None:
    """As `end_topic`, of a topic that a poll waits for: it wakes, and finds out that there is nothing any more."""
    transaction.announce(topic)
    # A number without an event, by which processes without a message notice it, too.
    await transaction.rows(_COUNT, topic)
    await end_topic(transaction, topic, at)


async def continue_topic(transaction: Transaction, topic: str) -> None:
    """Notes that what `topic` is about is there again."""
    await transaction.run("update topics set ended = null where topic = ?", topic)


class EventLog(Part):
    """`store.contract.EventLog`, where each method is described."""

    async def append(self, at: int, events: Sequence[NewEvent]) -> None:
        await self._writer.change(lambda transaction: append(transaction, at, *events), owners=(), must_notify=False)

    async def after(self, positions: Mapping[str, int], limit: int) -> Sequence[Event]:
        if not positions:
            return []
        if len(positions) == 1:
            ((topic, number),) = positions.items()
            return [EVENTS.record(row) for row in await self._reader.rows(AFTER, topic, number, limit)]
        pairs = list(positions.items())
        statement = _AFTER_ALL.format(values=", ".join(["(?, cast(? as bigint))"] * list_size(len(pairs))))
        parameters = [value for pair in padded(pairs, ("", 0)) for value in pair]
        rows = await self._reader.rows(statement, *parameters, limit)
        return [EVENTS.record(row) for row in rows]

    async def last_numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        if not topics:
            return {}
        places = ", ".join("?" * list_size(len(topics)))
        statement = f"select topic, last from topics where topic in ({places})"
        rows = await self._reader.rows(statement, *padded(topics, ""))
        return dict.fromkeys(topics, 0) | {topic: last for topic, last in rows}  # noqa: C416  # not every engine's row is a pair

    async def forget(self, before: int, limit: int) -> int:
        if not await self._reader.rows(_BEFORE, before, 1):
            return 0
        return await self._writer.change(lambda transaction: transaction.run(_FORGET, before, limit), owners=())

    async def forget_topics(self, before: int, limit: int) -> int:
        if not await self._reader.rows(_ENDED_TOPICS, before, 1):
            return 0
        return await self._writer.change(lambda transaction: transaction.run(_FORGET_TOPICS, before, limit), owners=())

    async def numbers(self, topic: str, kind: str, after: int, limit: int) -> Sequence[int]:
        rows = await self._reader.rows(
            "select number from events where topic = ? and kind = ? and number > ? order by number desc limit ?",
            topic,
            kind,
            after,
            limit,
        )
        return [number for (number,) in reversed(rows)]

    async def get(self, topic: str, number: int) -> Event:
        row = await self._reader.row(
            f"select {EVENTS.columns} from events where topic = ? and number = ?", topic, number
        )
        if row is None:
            raise ResourceNotFound("no such event, or it was removed")
        return EVENTS.record(row)
