"""Several changes of one meeting, as `store.contract.ChangeSets` describes them: all of them, or none."""

import asyncio
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openucwa.model.change import Author, Change, ChangeKind
from openucwa.model.change_set import (
    ChangeSet,
    ExtensionAdded,
    ExtensionChange,
    ExtensionExpected,
    ExtensionRemoved,
    ExtensionReplaced,
    SettingsReplaced,
)
from openucwa.model.conversation_events import EXTENSION_CHANGED, MEETING_CHANGED, ORGANIZER_DATA_CHANGED
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import (
    AlreadyExists,
    EntityTooLarge,
    PreconditionFailed,
    Refusal,
    ResourceNotFound,
    TooManyGroups,
)
from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore
from tests.contract.conftest import Engine
from tests.contract.samples import (
    AT,
    MANY,
    MEETING,
    OTHER_SETTINGS,
    event_kinds,
    extension,
    with_meeting,
    with_participants,
)
from tests.users import LENE

PRIVATE = ExtensionType.ROAMED_ORGANIZER_DATA
ME = Author(LENE, "101", "tests")


def added(extension_id: str, **more: Any) -> ExtensionAdded:
    return ExtensionAdded(extension(extension_id, **more))


def replaced(extension_id: str, *match: str, **more: Any) -> ExtensionReplaced:
    return ExtensionReplaced(extension(extension_id, **{"etag": "2"} | more), frozenset(match) or None)


def removed(extension_id: str, *match: str) -> ExtensionRemoved:
    return ExtensionRemoved(extension_id, frozenset(match) or None)


SETTINGS = SettingsReplaced(OTHER_SETTINGS, "2")


async def apply(
    store: Store,
    *changes: ExtensionChange,
    settings: SettingsReplaced | None = None,
    match: str | None = None,
    limit: int = MANY,
) -> None:
    change_set = ChangeSet(changes, settings, None if match is None else frozenset({match}))
    await store.change_sets.apply(LENE, MEETING, change_set, limit, AT + 1, ME)


async def state(store: Store) -> list[tuple[str, str]]:
    """Id and etag of the meeting and of each of its extensions."""
    meeting, extensions = await store.meetings.get_with_extensions(LENE, MEETING)
    return [(meeting.id, meeting.etag), *((each.id, each.etag) for each in extensions)]


async def log(store: Store) -> list[Change]:
    """The changes of the last request."""
    changes = (await store.change_log.after_of(LENE, (await store.change_log.last())._replace(number=0), MANY)).changes
    return [each for each in changes if each.change_set == changes[-1].change_set]


# All


async def test_changes_are_made_in_order(store: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    await apply(store, added("d"), removed("a"), replaced("c"), added("e"), settings=SETTINGS)
    assert await state(store) == [(MEETING, "2"), ("b", "1"), ("c", "2"), ("d", "1"), ("e", "1")]
    meeting, extensions = await store.meetings.get_with_extensions(LENE, MEETING)
    assert meeting.settings == OTHER_SETTINGS
    assert extensions[1] == extension("c", etag="2")
    assert await store.extensions.get(LENE, MEETING, "d") == extension("d")


async def test_matching_conditions_are_met(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await apply(store, replaced("a", "1", "7"), removed("b", "1"), settings=SETTINGS, match="1")
    assert await state(store) == [(MEETING, "2"), ("a", "2")]


async def test_set_of_nothing_changes_nothing(store: Store) -> None:
    await with_participants(store, "a")
    before = await state(store)
    await apply(store)
    assert await state(store) == before
    assert await event_kinds(store) == []


async def test_one_request_is_one_change_set_of_the_log(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await apply(
        store,
        removed("a"),
        ExtensionReplaced(extension("b", etag="2"), None, ChangeKind.PATCHED),
        added("c"),
        settings=SETTINGS,
    )
    changes = await log(store)
    assert [(each.extension_id, each.kind, each.etag_before, each.etag) for each in changes] == [
        ("", ChangeKind.REPLACED, "1", "2"),
        ("a", ChangeKind.REMOVED, "1", ""),
        ("b", ChangeKind.PATCHED, "1", "2"),
        ("c", ChangeKind.ADDED, "", "1"),
    ]
    assert {(each.actor, each.application, each.at) for each in changes} == {(LENE, "101", AT + 1)}


@pytest.mark.parametrize("first", [removed("a"), replaced("a"), added("b")])
async def test_change_set_is_named_for_its_first_change(store: Store, first: ExtensionChange) -> None:
    await with_meeting(store, "a", "z")
    await apply(store, first, removed("z"))
    changes = await log(store)
    assert [each.extension_id for each in changes] == [first.id, "z"]
    assert changes[0].number == changes[0].change_set


# One event


async def test_participants_are_notified_of_all_changes_at_once(store: Store) -> None:
    await with_participants(store, "a", "b")
    await apply(store, replaced("a"), removed("b"), added("c"), added("d", type=PRIVATE))
    assert await event_kinds(store) == [EXTENSION_CHANGED]
    await apply(store, replaced("a"), replaced("d"), settings=SETTINGS)
    assert await event_kinds(store) == [EXTENSION_CHANGED, MEETING_CHANGED]


async def test_changes_of_organizer_data_are_events_for_the_organizer_alone(store: Store) -> None:
    await with_participants(store)
    await apply(store, added("a", type=PRIVATE), added("b", type=PRIVATE))
    assert await event_kinds(store) == [ORGANIZER_DATA_CHANGED]


async def test_extension_that_stays_is_no_event_and_no_change(store: Store) -> None:
    await with_participants(store, "a", "b")
    await apply(store, ExtensionExpected("a", frozenset({"1"})))
    assert await event_kinds(store) == []
    await apply(store, ExtensionExpected("a", None), replaced("b"))
    assert [each.extension_id for each in await log(store)] == ["b"]
    assert await state(store) == [(MEETING, "1"), ("a", "1"), ("b", "2")]


async def test_extension_that_becomes_hidden_is_an_event_for_all(store: Store) -> None:
    await with_participants(store, "a")
    await apply(store, replaced("a", type=PRIVATE))
    assert await event_kinds(store) == [EXTENSION_CHANGED]


# None


@pytest.mark.parametrize(
    ("changes", "refusal", "pointer"),
    [
        ([replaced("a"), added("b")], AlreadyExists, "/changes/1"),
        ([replaced("a"), replaced("x")], ResourceNotFound, "/changes/1"),
        ([removed("x"), replaced("a")], ResourceNotFound, "/changes/0"),
        ([replaced("a"), added("c"), replaced("b", "7")], PreconditionFailed, "/changes/2"),
        ([added("c"), removed("b", "7")], PreconditionFailed, "/changes/1"),
        ([added("c"), ExtensionExpected("b", frozenset({"7"}))], PreconditionFailed, "/changes/1"),
        ([added("c"), ExtensionExpected("x", None)], ResourceNotFound, "/changes/1"),
    ],
)
async def test_refused_change_is_named_and_nothing_is_made(
    store: Store, changes: list[ExtensionChange], refusal: type[Refusal], pointer: str
) -> None:
    await with_participants(store, "a", "b")
    before, last = await state(store), await store.change_log.last()
    with pytest.raises(refusal) as caught:
        await apply(store, *changes, settings=SETTINGS)
    assert list(caught.value.parameters) == [pointer]
    assert changes[int(pointer[-1])].id in str(caught.value)
    assert await state(store) == before
    assert await store.change_log.last() == last
    assert await event_kinds(store) == []


async def test_meeting_that_has_changed_is_named(store: Store) -> None:
    await with_meeting(store, "a")
    with pytest.raises(PreconditionFailed) as caught:
        await apply(store, replaced("a"), settings=SETTINGS, match="7")
    assert list(caught.value.parameters) == ["/meeting"]
    assert await state(store) == [(MEETING, "1"), ("a", "1")]


async def test_missing_meeting_is_not_found(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await apply(store, added("a"))


async def test_limit_holds_for_the_result(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await apply(store, added("c"), added("d"), removed("a"), removed("b"), limit=2)
    with pytest.raises(TooManyGroups) as caught:
        await apply(store, added("e"), added("f"), removed("c"), limit=2)
    assert list(caught.value.parameters) == ["/changes/1"]
    assert [name for name, _ in await state(store)] == [MEETING, "c", "d"]


async def test_stored_bytes_are_limited_for_all_together(engine: Engine) -> None:
    store = engine(max_user_bytes=3_000)
    await store.open()
    await with_meeting(store, "a")
    large = b'{"a":"' + b"x" * 1_000 + b'"}'
    with pytest.raises(EntityTooLarge):
        await apply(store, *(added(name, properties=large) for name in "bcd"))
    await apply(store, *(added(name, properties=large) for name in "bc"))
    with pytest.raises(EntityTooLarge):
        await apply(store, added("d", properties=large))
    await apply(store, removed("b"), added("d", properties=large))
    await store.close()


# Together with others


async def test_sets_with_the_same_condition_are_made_once(store: Store, other: Store) -> None:
    await with_meeting(store, "a", "b")

    async def change(number: int) -> bool:
        etag = f"1{number}"
        try:
            await apply(
                (store, other)[number % 2],
                replaced("a", "1", etag=etag),
                replaced("b", "1", etag=etag),
                added(f"c{number}", etag=etag),
            )
        except PreconditionFailed:
            return False
        return True

    made = await asyncio.gather(*map(change, range(10)))
    assert sum(made) == 1
    etag = f"1{made.index(True)}"
    assert await state(store) == [(MEETING, "1"), ("a", etag), ("b", etag), (f"c{made.index(True)}", etag)]


async def test_readers_see_all_of_a_set_or_nothing(store: Store, other: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    seen: list[set[str]] = []

    async def read() -> None:
        for _ in range(40):
            _, extensions = await other.meetings.get_with_extensions(LENE, MEETING)
            seen.append({each.etag for each in extensions})
            await asyncio.sleep(0)

    async def write() -> None:
        for number in range(20):
            await apply(store, *(replaced(name, etag=f"9{number}") for name in "abc"))

    await asyncio.gather(read(), read(), write())
    assert {len(etags) for etags in seen} == {1}


# Any sets

_ids = st.sampled_from("abcd")
_matches = st.sampled_from([None, frozenset({"1"}), frozenset({"7"})])
_changes = st.lists(
    st.one_of(
        st.builds(lambda name: ExtensionAdded(extension(name, etag="1")), _ids),
        st.builds(lambda name, match: ExtensionReplaced(extension(name, etag="7"), match), _ids, _matches),
        st.builds(ExtensionRemoved, _ids, _matches),
        st.builds(ExtensionExpected, _ids, _matches),
    ),
    max_size=4,
    unique_by=lambda change: change.id,
)
_settings = st.none() | st.builds(lambda etag: SettingsReplaced(OTHER_SETTINGS, etag), st.sampled_from("17"))
LIMIT = 3
_numbers = itertools.count()


def after(there: dict[str, Extension], etag: str, change_set: ChangeSet) -> tuple[dict[str, Extension], str] | None:
    """What a set makes of a meeting; None: nothing, because one of its changes cannot be made."""
    there = dict(there)
    room = LIMIT - len(there) + sum(isinstance(each, ExtensionRemoved) for each in change_set.changes)
    for change in change_set.changes:
        if isinstance(change, ExtensionAdded):
            if change.id in there or room <= 0:
                return None
            room -= 1
            there[change.id] = change.extension
            continue
        if change.id not in there or (change.match is not None and there[change.id].etag not in change.match):
            return None
        if isinstance(change, ExtensionRemoved):
            del there[change.id]
        elif isinstance(change, ExtensionReplaced):
            there[change.id] = change.extension
    if change_set.match is not None and etag not in change_set.match:
        return None
    if change_set.settings is not None:
        etag = change_set.settings.etag
    return there, etag


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sets=st.lists(st.builds(ChangeSet, _changes, _settings, _matches), min_size=1, max_size=6))
async def test_concurrent_sets_are_each_made_whole_or_not_at_all(engine: Engine, sets: list[ChangeSet]) -> None:
    store = engine()
    await store.open()
    try:
        await _check(store, f"M{next(_numbers)}", sets)
    finally:
        await store.close()


async def _check(store: Store, meeting_id: str, sets: list[ChangeSet]) -> None:
    """Makes all sets at once. In the order in which the log has those that were made, each must have been possible, and
    the last one must leave what is there; those that were refused must have been impossible at some moment.
    """
    await with_meeting(store, "a", "b", meeting_id=meeting_id)

    async def one(number: int, each: ChangeSet) -> bool:
        try:
            await store.change_sets.apply(LENE, meeting_id, each, LIMIT, AT, Author(LENE, str(number)))
        except Refusal:
            return False
        return True

    made = await asyncio.gather(*(one(number, each) for number, each in enumerate(sets)))
    begin = (await store.change_log.last())._replace(transaction=0, number=0)
    changes = [
        each
        for each in (await store.change_log.after_of(LENE, begin, 10 * MANY)).changes
        if each.meeting_id == meeting_id and each.application
    ]
    order = list(dict.fromkeys(int(each.application) for each in changes))
    logged = [
        sum(not isinstance(change, ExtensionExpected) for change in each.changes) + (each.settings is not None)
        for each in sets
    ]
    assert sorted(order) == [number for number, success in enumerate(made) if success and logged[number]]

    there = {name: extension(name) for name in "ab"}
    states = [(there, "1")]
    for number in order:
        assert sum(int(each.application) == number for each in changes) == logged[number]
        following = after(*states[-1], sets[number])
        assert following is not None
        states.append(following)
    for number, success in enumerate(made):
        assert any((after(*each, sets[number]) is not None) == success for each in states)
    meeting, extensions = await store.meetings.get_with_extensions(LENE, meeting_id)
    assert ({each.id: each for each in extensions}, meeting.etag) == states[-1]
    assert len(extensions) <= LIMIT
    await store.meetings.remove(LENE, meeting_id, None, AT)


async def test_set_of_the_largest_size_is_made(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data", timeout=5.0)
    await store.open()
    await with_meeting(store)
    names = [f"x{number}" for number in range(500)]
    await apply(store, *map(added, names))
    await apply(store, *(ExtensionReplaced(replace(extension(name), etag="2"), None) for name in names))
    assert [etag for _, etag in (await state(store))[1:]] == ["2"] * 500
    await apply(store, *map(removed, names))
    assert await state(store) == [(MEETING, "1")]
    await store.close()
