"""Meetings, as `store.contract.Meetings` describes them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from openucwa.model.conversation import conversation_topic
from openucwa.model.conversation_events import MEETING_CHANGED
from openucwa.model.event import application_topic
from openucwa.model.meeting import Meeting
from openucwa.model.refusals import AlreadyExists, PreconditionFailed, ResourceNotFound, TooManyOnlineMeetings
from openucwa.store.contract import Store
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    OTHER_SETTINGS,
    SETTINGS,
    application,
    assigned,
    event_kinds,
    extension,
    invitation,
    meeting,
    participation,
    with_meeting,
    with_participants,
)
from tests.users import LENE

#: Where those who take part in the meeting are told of it.
TOPICS = (conversation_topic(LENE, MEETING), application_topic(LENE, "101"), application_topic(DAN, "101"))


async def ids(store: Store, organizer: str = LENE) -> Sequence[str]:
    return [found.id for found, _ in await store.meetings.all(organizer)]


@pytest.mark.parametrize("settings", [SETTINGS, OTHER_SETTINGS])
async def test_meeting_is_read_as_added(store: Store, settings: object) -> None:
    await store.meetings.add(meeting(settings=settings), MANY)
    assert await store.meetings.get(LENE, MEETING) == meeting(settings=settings)


async def test_unknown_meeting_is_refused(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.meetings.get(LENE, MEETING)


async def test_another_organizers_meeting_is_refused_like_a_missing_one(store: Store) -> None:
    with pytest.raises(ResourceNotFound) as never_was:
        await store.meetings.get(DAN, MEETING)
    await store.meetings.add(meeting(), MANY)
    with pytest.raises(ResourceNotFound) as anothers:
        await store.meetings.get(DAN, MEETING)
    assert str(anothers.value) == str(never_was.value)


async def test_ids_are_compared_with_their_case(store: Store) -> None:
    await store.meetings.add(meeting(), MANY)
    with pytest.raises(ResourceNotFound):
        await store.meetings.get(LENE, MEETING.lower())


async def test_over_the_limit_no_meeting_is_added(store: Store) -> None:
    await store.meetings.add(meeting("1"), 2)
    await store.meetings.add(meeting("2"), 2)
    with pytest.raises(TooManyOnlineMeetings):
        await store.meetings.add(meeting("3"), 2)
    assert await ids(store) == ["1", "2"]


async def test_limit_leaves_out_others_and_assigned_meetings(store: Store) -> None:
    await store.meetings.assigned(assigned())
    await store.meetings.add(meeting("1", organizer=DAN), 1)
    await store.meetings.add(meeting("2"), 1)
    assert set(await ids(store)) == {"2", "ASSIGNED"}


async def test_limit_holds_among_many_at_once(store: Store, other: Store) -> None:
    answers = await asyncio.gather(
        *(
            server.meetings.add(meeting(f"{n} {place}"), 5)
            for n in range(10)
            for place, server in enumerate((store, other))
        ),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers if answer is not None] == [TooManyOnlineMeetings] * 15
    assert len(await store.meetings.all(LENE)) == 5


async def test_meetings_id_is_taken_once(store: Store) -> None:
    await store.meetings.add(meeting(), MANY)
    with pytest.raises(AlreadyExists):
        await store.meetings.add(meeting(conference_id="another", settings=OTHER_SETTINGS), MANY)
    assert await store.meetings.get(LENE, MEETING) == meeting()


async def test_conference_id_is_taken_once_on_the_server(store: Store) -> None:
    await store.meetings.add(meeting("1", conference_id="42"), MANY)
    with pytest.raises(AlreadyExists):
        await store.meetings.add(meeting("2", conference_id="42", organizer=DAN), MANY)
    assert await ids(store, DAN) == []


async def test_one_of_two_concurrent_meetings_with_the_same_conference_id_is_added(store: Store, other: Store) -> None:
    answers = await asyncio.gather(
        *(
            server.meetings.add(meeting(str(place), conference_id="42"), MANY)
            for place, server in enumerate((store, other, store))
        ),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["AlreadyExists", "AlreadyExists", "NoneType"]


async def test_removed_meetings_conference_id_is_free(store: Store) -> None:
    await store.meetings.add(meeting("1", conference_id="42"), MANY)
    await store.meetings.remove(LENE, "1", None, AT)
    await store.meetings.add(meeting("2", conference_id="42"), MANY)
    assert await ids(store) == ["2"]


async def test_assigned_meeting_is_created_on_first_read_and_found_later(store: Store) -> None:
    assert await store.meetings.assigned(assigned()) == assigned()
    again = assigned(id="OTHER", conference_id="other", settings=OTHER_SETTINGS)
    assert await store.meetings.assigned(again) == assigned()
    assert await store.meetings.all(LENE) == [(assigned(), ())]


async def test_concurrent_first_reads_create_one_assigned_meeting(store: Store, other: Store) -> None:
    found = await asyncio.gather(
        *(
            server.meetings.assigned(assigned(id=f"{n} {place}", conference_id=f"{n} {place}"))
            for n in range(5)
            for place, server in enumerate((store, other))
        )
    )
    assert len({one.id for one in found}) == 1


async def test_assigned_meeting_needs_a_conference_id_of_its_own(store: Store) -> None:
    await store.meetings.add(meeting(conference_id="42"), MANY)
    with pytest.raises(AlreadyExists):
        await store.meetings.assigned(assigned(conference_id="42"))
    assert await store.meetings.assigned(assigned(conference_id="43")) == assigned(conference_id="43")


async def test_meetings_are_listed_oldest_first(store: Store) -> None:
    for place, created in enumerate([3, 1, 2]):
        await store.meetings.add(meeting(str(place), created=created), MANY)
    await store.meetings.assigned(assigned(created=0))
    assert await ids(store) == ["ASSIGNED", "1", "2", "0"]


async def test_meetings_of_one_moment_are_listed_in_the_order_of_their_making(store: Store) -> None:
    names = ["b", "c", "a", "d"]
    for name in names:
        await store.meetings.add(meeting(name), MANY)
    assert await ids(store) == names


async def test_meetings_are_listed_with_their_extensions_oldest_first(store: Store) -> None:
    await with_meeting(store, "b", "a", meeting_id="2")
    await with_meeting(store, meeting_id="1")
    await with_meeting(store, "c", meeting_id="3")
    await with_meeting(store, "d", meeting_id="1", organizer=DAN)
    listed = [(found.id, list(extensions)) for found, extensions in await store.meetings.all(LENE)]
    assert listed == [("2", [extension("b"), extension("a")]), ("1", []), ("3", [extension("c")])]


async def test_unknown_organizer_has_no_meetings(store: Store) -> None:
    assert await store.meetings.all(LENE) == []


@pytest.mark.parametrize("match", [None, frozenset({"1"}), frozenset({"0", "1", '"'})])
async def test_meeting_is_replaced_if_it_matches(store: Store, match: frozenset[str] | None) -> None:
    await store.meetings.add(meeting(), MANY)
    expected = meeting(settings=OTHER_SETTINGS, etag="2")
    assert await store.meetings.replace(LENE, MEETING, match, OTHER_SETTINGS, "2", AT) == expected
    assert await store.meetings.get(LENE, MEETING) == expected


@pytest.mark.parametrize("match", [frozenset({"2"}), frozenset({"01"}), frozenset[str]()])
async def test_meeting_with_another_etag_is_not_changed(store: Store, match: frozenset[str]) -> None:
    await with_participants(store, "slides")
    before = await store.meetings.get_with_extensions(LENE, MEETING)
    last = await store.events.last_numbers(TOPICS)
    with pytest.raises(PreconditionFailed):
        await store.meetings.replace(LENE, MEETING, match, OTHER_SETTINGS, "2", AT)
    with pytest.raises(PreconditionFailed):
        await store.meetings.remove(LENE, MEETING, match, AT)
    assert await store.meetings.get_with_extensions(LENE, MEETING) == before
    assert await store.events.last_numbers(TOPICS) == last
    assert len(await store.conversations.participants(LENE, MEETING)) == 2


@pytest.mark.parametrize("match", [None, frozenset({"1"})])
async def test_missing_meeting_is_neither_replaced_nor_removed(store: Store, match: frozenset[str] | None) -> None:
    await store.meetings.add(meeting(organizer=DAN), MANY)
    with pytest.raises(ResourceNotFound):
        await store.meetings.replace(LENE, MEETING, match, OTHER_SETTINGS, "2", AT)
    with pytest.raises(ResourceNotFound):
        await store.meetings.remove(LENE, MEETING, match, AT)
    assert await store.meetings.get(DAN, MEETING) == meeting(organizer=DAN)


async def test_participants_are_notified_of_a_replacement(store: Store) -> None:
    await with_participants(store)
    await store.meetings.replace(LENE, MEETING, None, OTHER_SETTINGS, "2", AT)
    assert await event_kinds(store) == [MEETING_CHANGED]


async def test_one_of_two_replacements_with_the_same_etag_succeeds(store: Store, other: Store) -> None:
    await with_participants(store)
    for before in range(1, 6):
        answers = await asyncio.gather(
            *(
                server.meetings.replace(LENE, MEETING, frozenset({str(before)}), SETTINGS, str(before + 1), AT)
                for server in (store, other, store)
            ),
            return_exceptions=True,
        )
        assert sorted(type(answer).__name__ for answer in answers) == [
            "Meeting",
            "PreconditionFailed",
            "PreconditionFailed",
        ]
    assert await event_kinds(store) == [MEETING_CHANGED] * 5


@pytest.mark.parametrize("match", [None, frozenset({"1"})])
async def test_removed_meeting_goes_with_its_extensions(store: Store, match: frozenset[str] | None) -> None:
    await with_meeting(store, "slides")
    await with_meeting(store, "slides", meeting_id="other")
    await store.meetings.remove(LENE, MEETING, match, AT)
    assert await ids(store) == ["other"]
    with pytest.raises(ResourceNotFound):
        await store.extensions.get(LENE, MEETING, "slides")
    assert await store.extensions.get(LENE, "other", "slides") == extension()


async def test_conversations_end_with_a_removed_meeting(store: Store) -> None:
    await with_participants(store, "slides")
    await store.meetings.remove(LENE, MEETING, None, AT)
    assert await store.conversations.participants(LENE, MEETING) == []
    assert await store.conversations.all(DAN, "101") == []


async def test_recreated_meeting_has_none_of_the_old_extensions(store: Store) -> None:
    await with_meeting(store, "slides")
    await store.meetings.remove(LENE, MEETING, None, AT)
    await with_meeting(store)
    assert (await store.meetings.get_with_extensions(LENE, MEETING))[1] == []


def expiring(name: str, expires: int | None, made: int = 1) -> Meeting:
    return meeting(name, settings=replace(SETTINGS, expiration_time=expires), created=made)


async def test_expired_meetings_go_with_their_extensions(store: Store) -> None:
    for name, expires in {"1": 10, "2": 20, "3": 30, "4": None}.items():
        await store.meetings.add(expiring(name, expires), MANY)
        await store.extensions.add(LENE, name, extension(), MANY, 2)
    assert await store.meetings.remove_expired(30, MANY, AT) == 2
    assert await ids(store) == ["3", "4"]
    with pytest.raises(ResourceNotFound):
        await store.extensions.get(LENE, "1", "slides")


async def test_conversations_end_with_an_expired_meeting(store: Store) -> None:
    await with_participants(store)
    assert await store.meetings.remove_expired(AT + 2, MANY, AT) == 1
    assert await store.conversations.all(DAN, "101") == []


async def test_expired_meetings_go_in_portions(store: Store) -> None:
    for name in "abc":
        await store.meetings.add(expiring(name, 10), MANY)
    assert [await store.meetings.remove_expired(11, 2, AT) for _ in range(3)] == [2, 1, 0]


async def test_replacement_moves_the_expiration(store: Store) -> None:
    await store.meetings.add(expiring("1", 10), MANY)
    await store.meetings.replace(LENE, "1", None, replace(SETTINGS, expiration_time=50), "2", AT)
    assert await store.meetings.remove_expired(30, MANY, AT) == 0


async def test_expired_meeting_is_retained_after_its_creation(store: Store) -> None:
    await store.meetings.add(expiring("1", 10, made=100), MANY)
    assert await store.meetings.remove_expired(100, MANY, AT) == 0
    assert await store.meetings.remove_expired(101, MANY, AT) == 1


async def test_expired_meeting_is_retained_after_its_last_change(store: Store) -> None:
    await store.meetings.add(expiring("1", 10), MANY)
    await store.meetings.replace(LENE, "1", None, replace(SETTINGS, expiration_time=11), "2", 100)
    assert await store.meetings.remove_expired(100, MANY, AT) == 0
    assert await store.meetings.remove_expired(101, MANY, AT) == 1


@pytest.mark.parametrize("how", ["added", "replaced", "replaced unconditionally", "removed"])
@pytest.mark.parametrize("in_use", [False, True])
async def test_expired_meeting_is_retained_after_a_change_of_an_extension(store: Store, how: str, in_use: bool) -> None:
    await store.meetings.add(expiring(MEETING, 10), MANY)
    if in_use:
        await store.applications.open(application(), None, AT, MANY)
        await store.conversations.join(participation(), invitation(), "1", MANY, AT)
    await store.extensions.add(LENE, MEETING, extension(), MANY, 100 if how == "added" else 2)
    match how:
        case "replaced":
            await store.extensions.replace(LENE, MEETING, frozenset({"1"}), extension(etag="2"), 100)
        case "replaced unconditionally":
            await store.extensions.replace(LENE, MEETING, None, extension(etag="2"), 100)
        case "removed":
            await store.extensions.remove(LENE, MEETING, "slides", None, 100)
    assert await store.meetings.remove_expired(100, MANY, AT) == 0
    assert await store.meetings.remove_expired(101, MANY, AT) == 1


async def test_meeting_is_read_with_its_extensions_oldest_first(store: Store) -> None:
    await with_meeting(store, "b", "c", "a")
    found, extensions = await store.meetings.get_with_extensions(LENE, MEETING)
    assert found.id == MEETING
    assert extensions == [extension("b"), extension("c"), extension("a")]


async def test_missing_meeting_is_refused_when_read_with_extensions(store: Store) -> None:
    await with_meeting(store, "slides", organizer=DAN)
    with pytest.raises(ResourceNotFound):
        await store.meetings.get_with_extensions(LENE, MEETING)
