"""What holds of every change of a store: it happens as a whole, and its listeners learn of it afterwards."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from openucwa.model.conversation_events import EXTENSION_CHANGED
from openucwa.model.measures import Measures
from openucwa.model.refusals import AlreadyExists
from openucwa.store.contract import Store
from tests.contract.conftest import Engine
from tests.contract.samples import (
    AT,
    COMMUNICATION,
    EVENT,
    MANY,
    MEETING,
    application,
    event_kinds,
    extension,
    logged,
    user,
    with_meeting,
    with_participants,
)
from tests.users import LENE


class Listener:
    """Hears what moved, and what the store then says."""

    def __init__(self) -> None:
        self.heard: list[frozenset[str]] = []

    def __call__(self, topics: frozenset[str]) -> None:
        self.heard.append(topics)

    @property
    def topics(self) -> set[str]:
        return set().union(*self.heard)


async def test_listener_is_called_with_the_topics_of_a_commit(store: Store) -> None:
    listener = Listener()
    store.on_commit(listener)
    await store.events.append(AT, [EVENT, replace(EVENT, topic="b"), EVENT])
    assert listener.heard == [frozenset({EVENT.topic, "b"})]


async def test_listener_is_called_when_the_events_can_be_read(store: Store) -> None:
    read: list[asyncio.Task[list[int]]] = []
    store.on_commit(lambda _: read.append(asyncio.create_task(logged(store))))
    await store.events.append(AT, [EVENT])
    assert await asyncio.gather(*read) == [[1]]


async def test_each_listener_is_called_for_every_commit(store: Store) -> None:
    listeners = [Listener(), Listener()]
    for listener in listeners:
        store.on_commit(listener)
    for topic in "abc":
        await store.events.append(AT, [replace(EVENT, topic=topic)])
    for listener in listeners:
        assert listener.heard == [frozenset("a"), frozenset("b"), frozenset("c")]


async def test_listener_is_not_called_for_a_change_without_events(store: Store) -> None:
    listener = Listener()
    store.on_commit(listener)
    await store.users.add(user())
    await store.events.append(AT, [])
    assert listener.heard == []


async def test_sweeps_that_find_nothing_commit_nothing(engine: Engine) -> None:
    measures = Measures()
    store = engine(measures=measures)
    await store.open()
    try:
        await with_participants(store, "slides")
        before = measures.commit_changes.sum
        assert before > 0
        found = [
            await store.applications.forget_replaced(0, MANY),
            len(await store.applications.remove_idle(0, MANY, AT)),
            await store.contacts.sweep_subscriptions(0, 0, MANY),
            await store.events.forget(0, MANY),
            await store.events.forget_topics(0, MANY),
            await store.history.forget(0, MANY),
            await store.meetings.remove_expired(0, MANY, AT),
            await store.people.index(MANY),
            await store.presence.update_due(0, MANY),
            await store.subscriptions.expire(0, MANY),
            await store.two_party.forget_ended(0, MANY),
            await store.webhooks.forget(MANY, 0, MANY),
        ]
        assert not any(found)
        assert measures.commit_changes.sum == before
    finally:
        await store.close()


async def test_listener_is_not_called_for_a_refused_change(store: Store) -> None:
    await with_participants(store, "slides")
    listener = Listener()
    store.on_commit(listener)
    with pytest.raises(AlreadyExists):
        await store.extensions.add(LENE, MEETING, extension(), MANY, AT)
    await store.events.append(AT, [EVENT])
    assert listener.topics == {EVENT.topic}


async def test_failing_listener_affects_no_one_else(store: Store) -> None:
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["exception"]))
    listener = Listener()
    failure = RuntimeError("a listener's own fault")

    def fail(_: frozenset[str]) -> None:
        raise failure

    store.on_commit(fail)
    store.on_commit(listener)
    await store.events.append(AT, [EVENT])
    await store.events.append(AT, [EVENT])
    assert listener.heard == [frozenset({EVENT.topic})] * 2
    assert complaints == [failure, failure]


async def test_refused_change_does_not_affect_others(store: Store) -> None:
    await with_participants(store, "0")
    answers = await asyncio.gather(
        *(store.extensions.add(LENE, MEETING, extension(str(n // 2)), MANY, AT) for n in range(20)),
        return_exceptions=True,
    )
    assert [answer is None for answer in answers] == [False, False] + [True, False] * 9
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 9


async def test_failing_change_leaves_nothing_and_does_not_affect_others(store: Store) -> None:
    await store.applications.open(application(), None, AT, MANY)
    unspeakable = replace(EVENT, facts={"what": object()})
    answers = await asyncio.gather(
        store.events.append(AT, [EVENT]),
        store.applications.make_available(LENE, "101", COMMUNICATION, "9", AT, [EVENT, unspeakable]),
        store.events.append(AT, [EVENT]),
        return_exceptions=True,
    )
    assert [isinstance(answer, Exception) for answer in answers] == [False, True, False]
    assert (await store.applications.session(LENE, "101")).application == application()
    assert await logged(store) == [1, 2]


async def test_cancelled_caller_does_not_affect_others(store: Store) -> None:
    await with_participants(store)
    tasks = [asyncio.create_task(store.extensions.add(LENE, MEETING, extension(str(n)), MANY, AT)) for n in range(9)]
    await asyncio.sleep(0)  # now all of them wait for their commit
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(answer, asyncio.CancelledError) for answer in answers] == [True, False] * 4 + [True]
    stored = {found.id for found in (await store.meetings.get_with_extensions(LENE, MEETING))[1]}
    assert stored >= {"1", "3", "5", "7"}
    assert len(await event_kinds(store)) == len(stored)


async def test_caller_cancelled_during_its_change_does_not_affect_others(store: Store) -> None:
    await with_meeting(store)
    for turns in range(12):
        first = asyncio.create_task(store.extensions.add(LENE, MEETING, extension(f"{turns} a"), MANY, AT))
        second = asyncio.create_task(store.extensions.add(LENE, MEETING, extension(f"{turns} b"), MANY, AT))
        for _ in range(turns):
            await asyncio.sleep(0)
        first.cancel()
        await second
        assert await store.extensions.get(LENE, MEETING, f"{turns} b") == extension(f"{turns} b")


async def test_completed_change_is_visible_to_every_server_at_once(store: Store, other: Store) -> None:
    await with_meeting(store)
    for number in range(20):
        await store.extensions.add(LENE, MEETING, extension(str(number)), MANY, AT)
        assert (await other.extensions.get(LENE, MEETING, str(number))).id == str(number)


async def test_read_of_several_rows_sees_one_moment(store: Store, other: Store) -> None:
    names = [str(number) for number in range(80)]
    await asyncio.gather(*(with_meeting(store, "slides", meeting_id=name) for name in names))

    for left, name in reversed(list(enumerate(names))):
        listed, _ = await asyncio.gather(store.meetings.all(LENE), other.meetings.remove(LENE, name, None, AT))
        assert len(listed) in {left, left + 1}
        assert all(extensions == [extension()] for _, extensions in listed)


async def test_closing_finishes_changes_in_progress(engine: Callable[[], Store]) -> None:
    first = engine()
    await first.open()
    await with_participants(first)
    changes = [asyncio.create_task(first.extensions.add(LENE, MEETING, extension(str(n)), MANY, AT)) for n in range(9)]
    await asyncio.sleep(0)
    await first.close()
    assert await asyncio.gather(*changes) == [None] * 9

    second = engine()
    await second.open()
    assert len((await second.meetings.get_with_extensions(LENE, MEETING))[1]) == 9
    assert await event_kinds(second) == [EXTENSION_CHANGED] * 9
    await second.close()


async def test_store_describes_itself(store: Store) -> None:
    await store.users.add(user())
    await with_meeting(store, "a", "b")
    description = await store.describe()
    assert {"engine", "place", "version"} <= description.keys()
    assert (description["users"], description["meetings"], description["extensions"]) == ("1", "1", "2")
