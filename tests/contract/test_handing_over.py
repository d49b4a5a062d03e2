"""Meetings that get another organizer, as `store.contract.Meetings` describes it."""

import logging
from dataclasses import replace

import pytest

from openucwa.model.change import ChangeKind, Position
from openucwa.model.refusals import AlreadyExists, Conflict, ResourceNotFound, TooManyOnlineMeetings
from openucwa.store.contract import Store
from openucwa.store.sql import SqlStore
from openucwa.store.sql.change_rows import LogLimits
from tests.contract.conftest import Engine
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    SETTINGS,
    application,
    assigned,
    extension,
    invitation,
    meeting,
    participation,
    user,
    with_meeting,
)
from tests.users import LENE

ANN = "sip:ann@contoso.com"


async def with_users(store: Store) -> None:
    for uri in (LENE, DAN, ANN):
        await store.users.add(user(uri))


async def former_organizers(store: SqlStore) -> list[str]:
    return [organizer for (organizer,) in await store.reader.rows("select organizer from handed_over")]


async def test_meeting_keeps_ids_extensions_and_conference_id(store: Store) -> None:
    await with_users(store)
    await store.meetings.add(meeting(), MANY)
    for name in ("slides", "notes"):
        await store.extensions.add(LENE, MEETING, extension(name), MANY, AT)
    after = await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT + 1)
    assert after == replace(meeting(), organizer=DAN, etag="9")
    found, extensions = await store.meetings.get_with_extensions(DAN, MEETING)
    assert found == after
    assert extensions == [replace(extension(name), etag="9") for name in ("slides", "notes")]
    with pytest.raises(ResourceNotFound):
        await store.meetings.get(LENE, MEETING)


async def test_former_organizer_s_key_leads_to_the_present_organizer(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.meetings.hand_over(DAN, MEETING, ANN, MANY, lambda: "10", AT)
    for former in (LENE, DAN, ANN):
        assert (await store.meetings.find(former, MEETING)).organizer == ANN


async def test_meeting_that_comes_back_is_found_where_it_was(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.meetings.hand_over(DAN, MEETING, LENE, MANY, lambda: "10", AT)
    for former in (LENE, DAN):
        assert (await store.meetings.find(former, MEETING)).organizer == LENE


async def test_link_of_removed_former_organizer_still_leads_to_the_meeting(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.users.remove(LENE, AT)
    assert (await store.meetings.find(LENE, MEETING)).organizer == DAN


async def test_change_log_has_removal_for_one_and_addition_for_the_other(store: Store) -> None:
    await with_users(store)
    await with_meeting(store, "slides")
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT + 1)
    for organizer, kinds in ((LENE, ["added", "added", "removed", "removed"]), (DAN, ["added", "added"])):
        changes = await store.change_log.after_of(organizer, Position(0, 0), MANY)
        assert [change.kind for change in changes.changes] == [ChangeKind(kind) for kind in kinds]


async def test_handed_over_meeting_cannot_be_restored_by_its_former_organizer(store: Store) -> None:
    await with_users(store)
    await with_meeting(store, "slides")
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT + 1)
    assert await store.change_log.removed_meetings(LENE, MANY) == []
    *_, removal, _ = (await store.change_log.after_of(LENE, Position(0, 0), MANY)).changes
    assert removal.meeting is not None, "filters of webhooks need its contents"
    await store.meetings.remove(DAN, MEETING, None, AT + 2)
    with pytest.raises(ResourceNotFound, match=f"handed over to {DAN}"):
        await store.meetings.restore(LENE, removal.number, MANY, lambda: "10", AT + 3)


async def test_former_organizer_s_key_leads_to_a_meeting_that_its_successor_restored(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.meetings.remove(DAN, MEETING, None, AT + 1)
    (removal,) = await store.change_log.removed_meetings(DAN, MANY)
    await store.meetings.restore(DAN, removal.number, MANY, lambda: "10", AT + 2)
    assert (await store.meetings.find(LENE, MEETING)).organizer == DAN


async def test_former_organizer_is_forgotten_with_the_meeting(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.change_log.forget(AT + 1, MANY)
    assert (await store.meetings.find(LENE, MEETING)).organizer == DAN
    await store.meetings.remove(DAN, MEETING, None, AT + 1)
    await store.change_log.forget(AT + 2, MANY)
    assert await former_organizers(store) == []


async def test_former_organizer_is_forgotten_at_once_where_nothing_can_be_restored(engine: Engine) -> None:
    store = engine(log=LogLimits(enabled=False))
    await store.open()
    try:
        await with_users(store)
        await with_meeting(store)
        await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
        await store.meetings.remove(DAN, MEETING, None, AT + 1)
        assert await former_organizers(store) == []
    finally:
        await store.close()


@pytest.mark.parametrize("removed", [LENE, DAN])
async def test_former_organizer_is_forgotten_with_the_successor_alone(store: Store, removed: str) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    await store.users.remove(removed, AT)
    assert await former_organizers(store) == ([LENE] if removed == LENE else [])


async def test_audit_trail_says_to_whom_a_meeting_was_handed_over(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await with_users(store)
    await with_meeting(store, "slides")
    caplog.set_level(logging.CRITICAL + 1)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    assert caplog.messages == [f"meeting-handed-over meeting={MEETING} user={LENE} to={DAN} extensions=1"]


async def test_successor_is_no_attendee_or_leader_any_more(store: Store) -> None:
    await with_users(store)
    settings = replace(SETTINGS, attendees=(DAN, ANN), leaders=(DAN,))
    await store.meetings.add(meeting(settings=settings), MANY)
    after = await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    assert (after.settings.attendees, after.settings.leaders) == ((ANN,), ())


async def test_conversations_in_handed_over_meeting_end(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    for owner in (LENE, DAN):
        await store.applications.open(application(owner=owner), None, AT, MANY)
        await store.conversations.join(participation(owner), invitation(owner), "1", MANY, AT)
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    for owner in (LENE, DAN):
        assert await store.conversations.all(owner, "101") == []


async def test_refused_hand_over_leaves_meeting_with_extensions_where_it_was(store: Store) -> None:
    await with_users(store)
    await with_meeting(store, "slides")
    await store.meetings.add(meeting("OTHER", organizer=DAN), MANY)
    before = await store.meetings.get_with_extensions(LENE, MEETING)
    with pytest.raises(TooManyOnlineMeetings):
        await store.meetings.hand_over(LENE, MEETING, DAN, 1, lambda: "9", AT)
    assert await store.meetings.get_with_extensions(LENE, MEETING) == before


async def test_successor_s_meeting_of_same_id_refuses_hand_over(store: Store) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.meetings.add(meeting(organizer=DAN, conference_id="another"), MANY)
    with pytest.raises(AlreadyExists):
        await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    assert (await store.meetings.get(LENE, MEETING)).organizer == LENE


async def test_assigned_meeting_cannot_be_handed_over(store: Store) -> None:
    await with_users(store)
    draft = await store.meetings.assigned(assigned())
    with pytest.raises(Conflict):
        await store.meetings.hand_over(LENE, draft.id, DAN, MANY, lambda: "9", AT)


@pytest.mark.parametrize(
    ("successor", "refusal"), [("sip:no@contoso.com", ResourceNotFound), (ANN, Conflict), (LENE, Conflict)]
)
async def test_successor_must_be_another_user_who_is_enabled(
    store: Store, successor: str, refusal: type[Exception]
) -> None:
    await with_users(store)
    await with_meeting(store)
    await store.users.disable(ANN, AT)
    with pytest.raises(refusal):
        await store.meetings.hand_over(LENE, MEETING, successor, MANY, lambda: "9", AT)


async def test_bytes_count_for_the_successor_from_then_on(store: SqlStore) -> None:
    await with_users(store)
    await with_meeting(store, "slides")
    await store.meetings.hand_over(LENE, MEETING, DAN, MANY, lambda: "9", AT)
    stored = [
        (await store.reader.rows("select bytes from stored_bytes where owner = ?", owner)) for owner in (LENE, DAN)
    ]
    assert [rows[0][0] > 0 if rows else False for rows in stored] == [False, True]
