"""Conversation logs, as `store.contract.History` describes them."""

from dataclasses import replace

import pytest

from openucwa.model.application import Communication
from openucwa.model.conversation import InvitationState
from openucwa.model.event import application_topic
from openucwa.model.history import HistoryLimits, MissedItems
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, application, calling, meeting, user
from tests.users import LENE

LIMITS = HistoryLimits(MANY, 3)
DRAFT, OUTGOING = calling(LENE, "of the test")
DANS, INCOMING = calling(DAN, "of the test")
MISSED = replace(OUTGOING, state=InvitationState.FAILED, reason="Unreachable")
ENABLED = Communication(etag="1", conversation_history="Enabled")


@pytest.fixture
async def users(store: Store) -> Store:
    """Lene and Dan, whose applications want history."""
    for owner in (LENE, DAN):
        await store.users.add(user(owner))
        await store.applications.open(replace(application(owner=owner), communication=ENABLED), None, AT, MANY)
    return store


@pytest.fixture
async def talking(users: Store) -> Store:
    """They talk; a message came along."""
    await users.two_party.start(DRAFT, OUTGOING, [INCOMING], MANY, AT)
    await users.two_party.accept(INCOMING, DANS, MANY, AT, LIMITS)
    return users


async def texts(store: Store, owner: str, log_id: str) -> list[tuple[int, str]]:
    return [(each.number, each.text) for each in await store.history.messages(owner, log_id, 0, MANY)]


async def test_messages_are_in_both_logs_up_to_the_limit(talking: Store) -> None:
    for number in range(4):
        await talking.conversations.send_message(DANS, "text/plain", str(number), None, AT + number)
    for draft in (DRAFT, DANS):
        log = await talking.history.get(draft.owner, draft.id)
        assert (log.outgoing, log.messages, log.preview, log.changed) == (draft is DRAFT, 3, "1", AT + 1)
        assert await texts(talking, draft.owner, draft.id) == [(1, "hello"), (2, "0"), (3, "1")]
    assert (await talking.history.message(DAN, DANS.id, 1)).from_uri == LENE
    assert [each.number for each in await talking.history.messages(DAN, DANS.id, 1, 1)] == [2]


async def test_without_limits_nothing_is_stored(users: Store) -> None:
    await users.two_party.start(DRAFT, OUTGOING, [INCOMING], MANY, AT)
    await users.two_party.accept(INCOMING, DANS, MANY, AT)
    await users.conversations.send_message(DANS, "text/plain", "hello", None, AT)
    assert [await users.history.all(owner, MANY) for owner in (LENE, DAN)] == [[], []]


async def test_messages_in_the_meeting_that_it_becomes_are_not_stored(talking: Store) -> None:
    await talking.two_party.escalate(DANS, replace(meeting(), id=DRAFT.meeting_id), MANY, AT)
    await talking.conversations.send_message(DANS, "text/plain", "to all", None, AT)
    assert await texts(talking, LENE, DRAFT.id) == [(1, "hello")]


async def test_missed_invitation_is_counted_until_it_is_read_or_removed(users: Store) -> None:
    await users.invitations.refuse(MISSED, AT, LIMITS)
    assert await users.history.counts(DAN) == MissedItems(1, 1, 1)
    assert await texts(users, DAN, MISSED.id) == [(1, "hello")]
    await users.history.mark_read(DAN, MISSED.id, AT)
    assert await users.history.counts(DAN) == MissedItems(1, 1, 0)
    await users.history.remove(DAN, MISSED.id, AT)
    assert await users.history.counts(DAN) == MissedItems()
    events = await users.events.after({application_topic(DAN, "101"): 0}, MANY)
    missed_items_event = (application_topic(DAN, "101"), "missedItems updated")
    assert [(event.topic, event.kind) for event in events] == [missed_items_event] * 3


async def test_logs_of_others_are_not_found(talking: Store) -> None:
    for call in (
        talking.history.get(DAN, DRAFT.id),
        talking.history.message(DAN, DRAFT.id, 1),
        talking.history.mark_read(DAN, DRAFT.id, AT),
        talking.history.remove(DAN, DRAFT.id, AT),
    ):
        with pytest.raises(ResourceNotFound):
            await call
    assert await talking.history.messages(DAN, DRAFT.id, 0, MANY) == []


async def test_oldest_logs_go_over_the_limit_and_after_their_time(users: Store) -> None:
    for number in range(3):
        await users.invitations.refuse(replace(MISSED, id=str(number)), AT + number, HistoryLimits(2, 3))
    assert [log.id for log in await users.history.all(DAN, MANY)] == ["2", "1"]
    assert await users.history.forget(AT + 2, MANY) == 1
    assert [log.id for log in await users.history.all(DAN, MANY)] == ["2"]


async def test_removed_user_has_no_logs(talking: Store) -> None:
    await talking.users.remove(DAN, AT)
    await talking.invitations.refuse(replace(MISSED, id="another"), AT, LIMITS)
    assert await talking.history.all(DAN, MANY) == []
    assert len(await talking.history.all(LENE, MANY)) == 1
