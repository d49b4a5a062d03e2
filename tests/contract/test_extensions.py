"""Extensions, as `store.contract.Meetings` describes them."""

import asyncio
from dataclasses import replace

import pytest

from openucwa.model.conversation import conversation_topic
from openucwa.model.conversation_events import EXTENSION_CHANGED, ORGANIZER_DATA_CHANGED
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import AlreadyExists, PreconditionFailed, ResourceNotFound, TooManyGroups
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, MEETING, event_kinds, extension, with_meeting, with_participants
from tests.users import LENE

ROOM = conversation_topic(LENE, MEETING)

ODD_IDS = ["a/b", "100%", "%2F", "ünïcödé", "\U0001f600", "'; drop table extensions; --", " ", "a" * 256, "A", "a"]


async def ids(store: Store) -> list[str]:
    return [found.id for found in (await store.meetings.get_with_extensions(LENE, MEETING))[1]]


@pytest.mark.parametrize("extension_type", ExtensionType)
async def test_extension_is_read_as_added(store: Store, extension_type: ExtensionType) -> None:
    await with_meeting(store)
    made = extension(type=extension_type, etag="4611686018427387903")
    await store.extensions.add(LENE, MEETING, made, MANY, AT)
    assert await store.extensions.get(LENE, MEETING, "slides") == made


async def test_stored_extension_has_a_type_of_the_model(store: Store) -> None:
    await with_meeting(store, "slides")
    assert isinstance((await store.extensions.get(LENE, MEETING, "slides")).type, ExtensionType)


async def test_unusual_ids_are_distinct(store: Store) -> None:
    await with_meeting(store, *ODD_IDS)
    assert await ids(store) == ODD_IDS
    for odd in ODD_IDS:
        assert (await store.extensions.get(LENE, MEETING, odd)).id == odd


async def test_properties_are_stored_byte_by_byte(store: Store) -> None:
    await with_meeting(store)
    for length in (2, 1_000, 5_000, 65_536):
        properties = b'{"a":"' + b"x" * (length - 8) + b'"}'
        await store.extensions.add(LENE, MEETING, extension(str(length), properties=properties), MANY, AT)
        assert (await store.extensions.get(LENE, MEETING, str(length))).properties == properties


async def test_participants_are_notified_of_each_change_of_participant_data(store: Store) -> None:
    await with_participants(store)
    await store.extensions.add(LENE, MEETING, extension(), MANY, AT)
    assert await event_kinds(store) == [EXTENSION_CHANGED]
    await store.extensions.replace(LENE, MEETING, None, extension(etag="2"), AT)
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 2
    await store.extensions.remove(LENE, MEETING, "slides", None, AT)
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 3


@pytest.mark.parametrize("hidden", [ExtensionType.UNDEFINED, ExtensionType.ROAMED_ORGANIZER_DATA])
async def test_only_the_organizer_is_notified_of_organizer_data(store: Store, hidden: ExtensionType) -> None:
    await with_participants(store)
    await store.extensions.add(LENE, MEETING, extension(type=hidden), MANY, AT)
    await store.extensions.replace(LENE, MEETING, None, extension(type=hidden, etag="2"), AT)
    await store.extensions.remove(LENE, MEETING, "slides", None, AT)
    assert await event_kinds(store) == [ORGANIZER_DATA_CHANGED] * 3


async def test_participants_are_notified_when_data_becomes_visible_or_invisible(store: Store) -> None:
    await with_participants(store, "slides")
    hidden, shown = (extension(type=ExtensionType.UNDEFINED, etag="2"), extension(etag="3"))
    await store.extensions.replace(LENE, MEETING, None, hidden, AT)
    assert await event_kinds(store) == [EXTENSION_CHANGED]
    await store.extensions.replace(LENE, MEETING, None, shown, AT)
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 2


async def test_change_without_participants_appends_no_event(store: Store) -> None:
    await with_meeting(store, "slides")
    await store.extensions.add(LENE, MEETING, extension("more", type=ExtensionType.UNDEFINED), MANY, AT)
    assert await store.events.last_numbers([ROOM]) == {ROOM: 0}
    assert await event_kinds(store) == []


@pytest.mark.parametrize(("organizer", "meeting_id"), [(LENE, "other"), (DAN, MEETING)])
async def test_extension_of_a_missing_meeting_is_refused(store: Store, organizer: str, meeting_id: str) -> None:
    await with_participants(store)
    with pytest.raises(ResourceNotFound):
        await store.extensions.add(organizer, meeting_id, extension(), MANY, AT)
    assert await event_kinds(store) == []


async def test_extensions_id_is_taken_once_in_a_meeting(store: Store) -> None:
    await with_participants(store, "slides")
    await with_meeting(store, "slides", meeting_id="other")
    with pytest.raises(AlreadyExists):
        await store.extensions.add(LENE, MEETING, extension(etag="2", properties=b"{}"), MANY, AT)
    assert await store.extensions.get(LENE, MEETING, "slides") == extension()
    assert await event_kinds(store) == []


async def test_one_of_several_concurrent_additions_of_an_id_succeeds(store: Store, other: Store) -> None:
    await with_participants(store)
    answers = await asyncio.gather(
        *(
            server.extensions.add(LENE, MEETING, extension(etag=f"{n} {place}"), MANY, AT)
            for n in range(8)
            for place, server in enumerate((store, other))
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyExists"] * 15 + ["NoneType"]
    assert await event_kinds(store) == [EXTENSION_CHANGED]


async def test_full_meeting_accepts_no_extension(store: Store) -> None:
    await with_participants(store, "a", "b")
    with pytest.raises(TooManyGroups):
        await store.extensions.add(LENE, MEETING, extension(), 2, AT)
    assert await ids(store) == ["a", "b"]
    assert await event_kinds(store) == []


async def test_removed_extension_frees_its_bytes(store: Store) -> None:
    await with_meeting(store, "a", "b")
    await store.extensions.remove(LENE, MEETING, "a", None, AT)
    await store.extensions.add(LENE, MEETING, extension("c"), 2, AT)
    assert await ids(store) == ["b", "c"]


async def test_limit_holds_among_many_at_once(store: Store, other: Store) -> None:
    await with_participants(store)
    answers = await asyncio.gather(
        *(
            server.extensions.add(LENE, MEETING, extension(f"{n} {place}"), 10, AT)
            for n in range(16)
            for place, server in enumerate((store, other))
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType"] * 10 + ["TooManyGroups"] * 22
    assert len(await ids(store)) == 10
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 10


@pytest.mark.parametrize(
    ("organizer", "meeting_id", "extension_id"), [(LENE, MEETING, "x"), (LENE, "x", "slides"), (DAN, MEETING, "slides")]
)
async def test_missing_extension_is_refused(store: Store, organizer: str, meeting_id: str, extension_id: str) -> None:
    await with_participants(store, "slides")
    key = (organizer, meeting_id)
    with pytest.raises(ResourceNotFound):
        await store.extensions.get(*key, extension_id)
    with pytest.raises(ResourceNotFound):
        await store.extensions.replace(*key, None, extension(extension_id), AT)
    with pytest.raises(ResourceNotFound):
        await store.extensions.replace(*key, frozenset({"1"}), extension(extension_id), AT)
    with pytest.raises(ResourceNotFound):
        await store.extensions.remove(*key, extension_id, None, AT)
    with pytest.raises(ResourceNotFound):
        await store.extensions.remove(*key, extension_id, frozenset({"1"}), AT)
    assert await ids(store) == ["slides"]
    assert await event_kinds(store) == []


@pytest.mark.parametrize("match", [None, frozenset({"1"}), frozenset({"1", "0", "tag \"'"})])
async def test_extension_is_replaced_if_it_matches(store: Store, match: frozenset[str] | None) -> None:
    await with_participants(store, "slides")
    expected = extension(type=ExtensionType.UNDEFINED, etag="2", properties=b"{}")
    await store.extensions.replace(LENE, MEETING, match, expected, AT)
    assert await store.extensions.get(LENE, MEETING, "slides") == expected
    assert await event_kinds(store) == [EXTENSION_CHANGED]


async def test_replaced_extension_keeps_its_place(store: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    await store.extensions.replace(LENE, MEETING, None, extension("a", etag="2"), AT)
    await store.extensions.add(LENE, MEETING, extension("d"), MANY, AT)
    assert await ids(store) == ["a", "b", "c", "d"]


async def test_recreated_extension_comes_last(store: Store) -> None:
    await with_meeting(store, "a", "b", "c")
    await store.extensions.remove(LENE, MEETING, "a", None, AT)
    await store.extensions.add(LENE, MEETING, extension("a"), MANY, AT)
    assert await ids(store) == ["b", "c", "a"]


@pytest.mark.parametrize("match", [frozenset({"2"}), frozenset({"01"}), frozenset[str]()])
async def test_extension_with_another_etag_is_not_changed(store: Store, match: frozenset[str]) -> None:
    await with_participants(store, "slides")
    with pytest.raises(PreconditionFailed):
        await store.extensions.replace(LENE, MEETING, match, extension(etag="3", properties=b"{}"), AT)
    with pytest.raises(PreconditionFailed):
        await store.extensions.remove(LENE, MEETING, "slides", match, AT)
    assert await store.extensions.get(LENE, MEETING, "slides") == extension()
    assert await event_kinds(store) == []


async def test_extension_does_not_change_its_meetings_etag(store: Store) -> None:
    await with_meeting(store, "slides")
    before = await store.meetings.get(LENE, MEETING)
    await store.extensions.replace(LENE, MEETING, None, extension(etag="2"), AT)
    await store.extensions.remove(LENE, MEETING, "slides", None, AT)
    assert await store.meetings.get(LENE, MEETING) == before


async def test_one_of_several_writers_with_the_same_etag_wins(store: Store, other: Store) -> None:
    await with_participants(store, "slides")
    current = extension()
    for round_number in range(10):
        drafts = [replace(current, etag=f"{round_number} {place}") for place in range(4)]
        answers = await asyncio.gather(
            *(
                server.extensions.replace(LENE, MEETING, frozenset({current.etag}), draft, AT)
                for server, draft in zip((store, other, other, store), drafts, strict=True)
            ),
            return_exceptions=True,
        )
        (winner,) = [draft for draft, answer in zip(drafts, answers, strict=True) if answer is None]
        assert [type(answer) for answer in answers if answer is not None] == [PreconditionFailed] * 3
        current = await store.extensions.get(LENE, MEETING, "slides")
        assert current == winner == await other.extensions.get(LENE, MEETING, "slides")
    assert await event_kinds(store) == [EXTENSION_CHANGED] * 10


async def test_either_removal_or_replacement_with_the_same_etag_wins(store: Store, other: Store) -> None:
    await with_meeting(store, "slides")
    replaced, removed = await asyncio.gather(
        store.extensions.replace(LENE, MEETING, frozenset({"1"}), extension(etag="2"), AT),
        other.extensions.remove(LENE, MEETING, "slides", frozenset({"1"}), AT),
        return_exceptions=True,
    )
    assert (replaced is None) != (removed is None)
    assert await ids(store) == (["slides"] if replaced is None else [])


@pytest.mark.parametrize("match", [None, frozenset({"1"})])
async def test_removed_extension_is_gone(store: Store, match: frozenset[str] | None) -> None:
    await with_participants(store, "slides", "notes")
    await store.extensions.remove(LENE, MEETING, "slides", match, AT)
    assert await ids(store) == ["notes"]
    assert await event_kinds(store) == [EXTENSION_CHANGED]
