"""The event log, as `store.contract.EventLog` describes it."""

import asyncio
from dataclasses import replace

import pytest

from openucwa.model.event import Event, NewEvent
from openucwa.store.contract import Store
from tests.contract.samples import AT, EVENT, MANY, logged


async def test_event_is_read_as_appended(store: Store) -> None:
    facts: dict[str, object] = {"text": 'ünï"\\\n\U0001f600', "list": [1, 2.5, None, True, {"deep": []}], "": ""}
    await store.events.append(AT, [NewEvent("a topic", "happened", facts)])
    assert await store.events.after({"a topic": 0}, MANY) == [Event("a topic", 1, AT, "happened", facts)]


async def test_event_may_have_no_facts(store: Store) -> None:
    await store.events.append(AT, [NewEvent("a", "happened")])
    assert await store.events.after({"a": 0}, MANY) == [Event("a", 1, AT, "happened", {})]


async def test_each_topic_counts_its_own_events(store: Store) -> None:
    for topics in ("ab", "a", "ba", "c"):
        await store.events.append(AT, [NewEvent(topic, "happened") for topic in topics])
    assert await logged(store, "a") == [1, 2, 3]
    assert await logged(store, "b") == [1, 2]
    assert await logged(store, "c") == [1]


async def test_one_change_may_append_several_events_to_one_topic(store: Store) -> None:
    await store.events.append(AT, [NewEvent("a", kind) for kind in ("first", "second", "third")])
    events = await store.events.after({"a": 0}, MANY)
    assert [(event.number, event.kind) for event in events] == [(1, "first"), (2, "second"), (3, "third")]


async def test_appending_no_events_changes_nothing(store: Store) -> None:
    await store.events.append(AT, [EVENT])
    await store.events.append(AT, [])
    assert await logged(store) == [1]


async def test_numbers_have_no_gaps_with_concurrent_writers(store: Store, other: Store) -> None:
    await asyncio.gather(
        *(server.events.append(AT, [EVENT, replace(EVENT, topic="b")]) for _ in range(25) for server in (store, other))
    )
    assert await logged(store) == list(range(1, 51))
    assert await logged(other, "b") == list(range(1, 51))


async def test_each_topic_is_read_from_its_own_position(store: Store) -> None:
    for topic in "abc":
        await store.events.append(AT, [NewEvent(topic, "happened")] * 3)
    events = await store.events.after({"b": 1, "a": 2, "none": 0, "c": 3}, MANY)
    assert [(event.topic, event.number) for event in events if event.topic == "a"] == [("a", 3)]
    assert [(event.topic, event.number) for event in events if event.topic == "b"] == [("b", 2), ("b", 3)]
    assert {event.topic for event in events} == {"a", "b"}


async def test_reading_no_topics_returns_nothing(store: Store) -> None:
    await store.events.append(AT, [EVENT])
    assert await store.events.after({}, MANY) == []


async def test_events_per_topic_are_limited(store: Store) -> None:
    for topic in "ab":
        await store.events.append(AT, [NewEvent(topic, "happened")] * 5)
    events = await store.events.after({"a": 1, "b": 0}, 2)
    assert [event.number for event in events if event.topic == "a"] == [2, 3]
    assert [event.number for event in events if event.topic == "b"] == [1, 2]


async def test_last_number_of_each_topic_is_returned(store: Store) -> None:
    await store.events.append(AT, [NewEvent("a", "happened")] * 3)
    assert await store.events.last_numbers(["a", "none"]) == {"a": 3, "none": 0}
    assert await store.events.last_numbers([]) == {}


async def test_topic_is_not_treated_as_a_pattern(store: Store) -> None:
    odd = 'a "topic"/%_*\''
    await store.events.append(AT, [NewEvent(odd, "happened")])
    assert await store.events.last_numbers([odd, odd + " "]) == {odd: 1, odd + " ": 0}


async def test_only_earlier_events_are_forgotten(store: Store) -> None:
    for at in (1, 2, 3):
        await store.events.append(at, [EVENT, replace(EVENT, topic="b")])
    assert await store.events.forget(3, 100) == 4
    assert await logged(store) == [3]
    assert await logged(store, "b") == [3]


@pytest.mark.parametrize("before", [2, 3])
async def test_numbers_continue_after_events_were_forgotten(store: Store, before: int) -> None:
    await store.events.append(1, [EVENT])
    await store.events.append(2, [EVENT])
    await store.events.forget(before, 100)
    assert await store.events.last_numbers([EVENT.topic]) == {EVENT.topic: 2}
    await store.events.append(3, [EVENT])
    assert (await logged(store))[-1] == 3


async def test_reading_continues_across_forgotten_events(store: Store) -> None:
    await store.events.append(1, [EVENT] * 5)
    await store.events.append(2, [EVENT] * 3)
    await store.events.forget(2, 100)
    events = await store.events.after({EVENT.topic: 1}, 2)
    assert [event.number for event in events] == [6, 7]
