"""Queries of meetings: what they find equals what a scan finds."""

from contextlib import suppress
from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openucwa.model.filters import Filter, Order
from openucwa.model.refusals import AlreadyExists, ResourceNotFound
from openucwa.store.contract import Store
from tests.contract.finding import Step, everything, filters, find, orders, scan, steps
from tests.contract.samples import AT, MANY, SETTINGS, meeting

DAN = "sip:dan@contoso.com"
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


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.lists(steps, min_size=1, max_size=15), min_size=1, max_size=3),
    st.lists(filters, min_size=1, max_size=3),
    orders,
)
async def test_query_finds_what_a_scan_finds(
    store: Store, batches: list[list[Step]], wanted: list[Filter], order: Order
) -> None:
    organizer = f"sip:organizer{next(_numbers)}@contoso.com"
    for batch in batches:
        for step in batch:
            await change(store, organizer, step)
        meetings = await everything(store, organizer)
        for each in (None, *wanted):
            assert await find(store, organizer, each, order) == scan(meetings, organizer, each, order)
