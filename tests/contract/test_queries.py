"""Queries of meetings: what they find equals what a scan finds."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openucwa.model.filters import And, AnyExtension, Compare, Filter, Has, Not, Operator, Or, Order
from openucwa.model.meeting import ExtensionType
from openucwa.model.refusals import AlreadyExists, ResourceNotFound, ServiceUnavailable
from openucwa.representation.custom import encode
from openucwa.store.contract import FoundMeetings, MeetingQuery, QueryLimits, Store
from openucwa.store.sql import SqlStore
from tests.contract.finding import LIMITS, Step, everything, filters, find, orders, scan, steps
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    SETTINGS,
    assigned,
    extension,
    meeting,
    user,
    with_meeting,
    with_participants,
)
from tests.users import LENE

_numbers = count(1)


async def change(store: Store, organizer: str, step: Step, guest: str = DAN) -> None:
    meeting_id = f"M{step.number}"
    given = replace(
        SETTINGS,
        subject=step.subject,
        access_level=step.access,
        expiration_time=step.expires,
        attendees=(guest,) if step.invited else (),
        leaders=(),
    )
    with suppress(ResourceNotFound, AlreadyExists):
        match step.how:
            case "meeting":
                made = meeting(
                    meeting_id, organizer=organizer, conference_id=f"{organizer} {meeting_id}", settings=given
                )
                try:
                    await store.meetings.add(replace(made, created=AT + step.number % 2), MANY)
                except AlreadyExists:
                    await store.meetings.replace(organizer, meeting_id, None, given, "2", AT)
            case "extension":
                try:
                    await store.extensions.add(organizer, meeting_id, step.extension, MANY, AT)
                except AlreadyExists:
                    await store.extensions.replace(organizer, meeting_id, None, step.extension, AT)
            case "drop meeting":
                await store.meetings.remove(organizer, meeting_id, None, AT)
            case "drop extension":
                await store.extensions.remove(organizer, meeting_id, step.extension.id, None, AT)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    st.lists(st.lists(steps, min_size=1, max_size=15), min_size=1, max_size=3),
    st.lists(filters, min_size=1, max_size=3),
    orders,
)
async def test_query_finds_what_a_scan_finds(
    store: Store, batches: list[list[Step]], wanted: list[Filter], order: Order
) -> None:
    number = next(_numbers)
    organizer, guest = f"sip:organizer{number}@contoso.com", f"sip:guest{number}@contoso.com"
    narrow, alone = replace(LIMITS, comparisons=2), replace(LIMITS, attempts=0, comparisons=5)
    for batch in batches:
        for step in batch:
            await change(store, guest if step.number % 2 else organizer, step, guest)
        meetings = await everything(store, organizer)
        seen = [each for each in meetings if each[0].settings.attendees] + await everything(store, guest)
        for each in (None, *wanted):
            for limits in (LIMITS, narrow, alone):
                assert await find(store, organizer, each, order, limits) == scan(meetings, organizer, each, order)
                assert await find(store, guest, each, order, limits) == scan(seen, guest, each, order)


async def test_meetings_of_others_and_own_ones_are_in_one_order(store: Store) -> None:
    for number, organizer in enumerate([LENE, DAN, LENE, DAN]):
        made = meeting(f"M{number}", organizer=organizer, conference_id=str(number), created=AT + number)
        await store.meetings.add(replace(made, settings=replace(SETTINGS, attendees=(LENE, DAN))), MANY)
    assert await find(store, LENE, None) == ["M0", "M1", "M2", "M3"]
    assert await find(store, DAN, None, Order("creationTime", descending=True)) == ["M3", "M2", "M1", "M0"]
    mine = Has("organizerUri", Compare(Operator.EQ, LENE))
    assert await find(store, LENE, mine) == await find(store, DAN, mine) == ["M0", "M2"]


async def test_participant_finds_meetings_until_leaving(store: Store) -> None:
    await with_participants(store, "slides")
    wanted = AnyExtension("slides", Has("page", Compare(Operator.EQ, Decimal(1))))
    assert await find(store, DAN, wanted) == [MEETING]
    await store.conversations.leave(DAN, "101", f"conversation of {DAN}", AT)
    assert await find(store, DAN, wanted) == []


async def test_stranger_finds_nothing(store: Store) -> None:
    await with_meeting(store, "slides")
    assert await find(store, DAN, None) == []


@pytest.mark.parametrize("order", [Order("page", "slides"), Order("page", "slides", descending=True)])
async def test_organizer_data_has_no_effect_on_what_others_find(store: Store, order: Order) -> None:
    for number in range(3):
        made = meeting(f"M{number}", conference_id=str(number), settings=replace(SETTINGS, attendees=(DAN,)))
        await store.meetings.add(made, MANY)
        properties = b'{"page":%d}' % (2 - number)
        hidden = extension(type=ExtensionType.ROAMED_ORGANIZER_DATA, properties=properties)
        await store.extensions.add(LENE, f"M{number}", hidden, MANY, AT)
    there = AnyExtension("slides", None)
    page = AnyExtension(None, Has("page", Compare(Operator.EQ, Decimal(1))))
    assert await find(store, LENE, And((there, page))) == ["M1"]
    assert await find(store, DAN, Or((there, page))) == []
    assert await find(store, DAN, And((Not(there), Not(page)))) == ["M0", "M1", "M2"]
    by_id = ["M0", "M1", "M2"]
    assert await find(store, DAN, None, order) == (by_id[::-1] if order.descending else by_id)
    shown = await store.queries.find(MeetingQuery(DAN, None, order, None, 9, assigned=True), LIMITS)
    assert [extensions for _, extensions in shown.meetings] == [(), (), ()]


async def test_extension_that_becomes_organizer_data_is_no_longer_found_by_others(store: Store) -> None:
    made = meeting(settings=replace(SETTINGS, attendees=(DAN,)))
    await store.meetings.add(made, MANY)
    await store.extensions.add(LENE, MEETING, extension(), MANY, AT)
    there = AnyExtension("slides", None)
    assert await find(store, DAN, there) == [MEETING]
    hidden = extension(type=ExtensionType.ROAMED_ORGANIZER_DATA, etag="2")
    await store.extensions.replace(LENE, MEETING, None, hidden, AT)
    assert await find(store, DAN, there) == []
    assert await find(store, LENE, there) == [MEETING]


async def test_assigned_meeting_is_found_if_users_have_one(store: Store) -> None:
    await store.meetings.assigned(assigned())
    query = MeetingQuery(LENE, None, Order("creationTime"), None, 9, assigned=True)
    assert len((await store.queries.find(query, LIMITS)).meetings) == 1
    assert len((await store.queries.find(replace(query, assigned=False), LIMITS)).meetings) == 0


async def test_page_ends_before_its_size_is_exceeded(store: Store) -> None:
    for number in range(3):
        await with_meeting(store, meeting_id=f"M{number}")
        large = extension(properties=encode({"a": "x" * 1_000}))
        await store.extensions.add(LENE, f"M{number}", large, MANY, AT)
    query = MeetingQuery(LENE, None, Order("onlineMeetingId"), None, 9, assigned=True)
    first = await store.queries.find(query, replace(LIMITS, bytes=2_500))
    assert [found.id for found, _ in first.meetings] == ["M0", "M1"]
    rest = await store.queries.find(replace(query, after=first.after), replace(LIMITS, bytes=10))
    assert ([found.id for found, _ in rest.meetings], rest.after) == (["M2"], None)


async def test_index_is_made_in_steps_and_by_several_queries(store: Store) -> None:
    for number in range(120):
        await with_meeting(store, meeting_id=f"M{number:03}")
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            await find_once(store, replace(LIMITS, steps=1))
    assert len((await find_once(store, replace(LIMITS, steps=2))).meetings) == 120


async def test_index_of_other_limits_is_made_again(store: Store) -> None:
    await with_meeting(store)
    await store.extensions.add(LENE, MEETING, extension(properties=encode({"a": 1, "b": 2})), MANY, AT)
    wanted = AnyExtension(None, Has("b", None))
    assert len((await find_once(store, replace(LIMITS, values=1), wanted)).meetings) == 0
    assert len((await find_once(store, replace(LIMITS, values=2), wanted)).meetings) == 1


async def test_query_sees_one_moment_among_concurrent_changes(store: Store, other: Store) -> None:
    """One of two meetings always has the mark: it is set on one before it is removed from the other."""
    for meeting_id in ("M0", "M1"):
        await with_meeting(store, meeting_id=meeting_id)
    await store.extensions.add(LENE, "M0", extension("mark"), MANY, AT)
    done = asyncio.Event()

    async def move() -> None:
        number = 0
        while not done.is_set():
            old, new = f"M{number % 2}", f"M{(number + 1) % 2}"
            await other.extensions.add(LENE, new, extension("mark"), MANY, AT)
            await other.extensions.remove(LENE, old, "mark", None, AT)
            number += 1

    moving = asyncio.create_task(move())
    found = [len((await find_once(store, LIMITS, AnyExtension("mark", None))).meetings) for _ in range(50)]
    done.set()
    await moving
    assert 0 not in found


async def test_nothing_of_removed_user_is_left_in_the_index(store: SqlStore) -> None:
    await store.users.add(user())
    await with_meeting(store, "slides")
    assert await find(store, LENE, None) == [MEETING]
    await store.users.remove(LENE, AT)
    for table in ("findable", "findable_state"):
        assert await store.reader.rows(f"select * from {table}") == []  # noqa: S608  # constants
    await store.users.add(user())
    await with_meeting(store, meeting_id="NEW")
    assert await find(store, LENE, None) == ["NEW"]


async def find_once(store: Store, limits: QueryLimits, wanted: Filter | None = None) -> FoundMeetings:
    query = MeetingQuery(LENE, wanted, Order("creationTime"), None, MANY, assigned=True)
    return await store.queries.find(query, limits)
