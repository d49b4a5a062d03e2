"""Conversations of two, as `store.contract.TwoParty` describes them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from openucwa.model.conversation import (
    Form,
    Invitation,
    InvitationKind,
    InvitationState,
    MessagingState,
    Participation,
    Role,
)
from openucwa.model.event import application_topic
from openucwa.model.refusals import (
    AlreadyStarted,
    ApplicationNotFound,
    Conflict,
    ConversationNotFound,
    ResourceNotFound,
    TooManyConversations,
)
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, MANY, application, calling, meeting, user
from tests.users import LENE

NUMBER = "of the test"
DRAFT, OUTGOING = calling(LENE, NUMBER)
DANS, INCOMING = calling(DAN, NUMBER)
OTHER_DANS, OTHER_INCOMING = calling(DAN, NUMBER, "102")
DECLINED = replace(INCOMING, state=InvitationState.DECLINED, reason="Declined")
CANCELLED = replace(OUTGOING, state=InvitationState.CANCELLED, reason="Canceled")
TIMED_OUT = replace(OUTGOING, state=InvitationState.FAILED, reason="Timeout")


@pytest.fixture
async def started(store: Store) -> Store:
    """Lene has asked both applications of Dan."""
    for owner in (LENE, DAN):
        await store.users.add(user(owner))
        await store.applications.open(application(owner=owner), None, AT, MANY)
    await store.applications.open(application(owner=DAN, endpoint="another", id="102"), None, AT, MANY)
    assert await store.two_party.start(DRAFT, OUTGOING, [INCOMING, OTHER_INCOMING], MANY, AT)
    return store


async def kinds(store: Store, owner: str, application_id: str = "101") -> Sequence[str]:
    events = await store.events.after({application_topic(owner, application_id): 0}, MANY)
    return [event.kind for event in events]


async def states(store: Store) -> list[tuple[str, str | None]]:
    """State and reason of each side of the invitation."""
    found = [await store.invitations.get(each.owner, each.application_id, each.id) for each in SIDES]
    return [(each.state.value, each.reason) for each in found]


SIDES = (OUTGOING, INCOMING, OTHER_INCOMING)


async def own(store: Store, draft: Participation) -> Participation:
    return await store.conversations.get(draft.owner, draft.application_id, draft.id)


async def test_start_asks_every_application_and_waits(started: Store) -> None:
    assert await kinds(started, LENE) == ["conversation waiting"]
    assert await kinds(started, DAN) == await kinds(started, DAN, "102") == ["invitation started"]
    waiting = await own(started, DRAFT)
    assert (waiting.form, waiting.admitted, waiting.messaging) == (Form.CONNECTING, False, MessagingState.DISCONNECTED)


async def test_start_asks_only_applications_that_are_open(started: Store) -> None:
    draft, outgoing = calling(LENE, "second")
    gone = replace(calling(DAN, "second")[1], application_id="103")
    assert not await started.two_party.start(draft, outgoing, [gone], MANY, AT)
    with pytest.raises(ResourceNotFound):
        await started.invitations.get(LENE, "101", outgoing.id)


async def test_repeated_operation_id_starts_nothing_while_pending_or_in_the_conversation(started: Store) -> None:
    draft, outgoing = calling(LENE, "second")
    incoming = calling(DAN, "second")[1]
    repeated = replace(outgoing, operation_id=OUTGOING.operation_id)
    for _ in range(2):
        with pytest.raises(AlreadyStarted) as caught:
            await started.two_party.start(draft, repeated, [incoming], MANY, AT)
        assert caught.value.invitation == OUTGOING.id
        with pytest.raises(AlreadyStarted):
            await started.invitations.refuse(repeated, AT)
        found = await started.invitations.started(LENE, "101", NUMBER, InvitationKind.MESSAGING)
        assert [each.id for each in found] == [OUTGOING.id]
        if (await started.invitations.get(LENE, "101", OUTGOING.id)).state == InvitationState.CONNECTING:
            await started.two_party.accept(INCOMING, DANS, MANY, AT)
    await started.conversations.leave(DAN, "101", DANS.id, AT)
    assert await started.invitations.started(LENE, "101", NUMBER, InvitationKind.MESSAGING) == []
    assert await started.two_party.start(draft, repeated, [incoming], MANY, AT)


async def test_pending_invitations_are_replayed_to_the_application_that_has_them(started: Store) -> None:
    await started.invitations.replay(DAN, "102", AT)
    await started.invitations.replay(LENE, "101", AT)
    assert await kinds(started, DAN, "102") == ["invitation started", "invitation replayed"]
    assert await kinds(started, DAN) == ["invitation started"]
    assert await kinds(started, LENE) == ["conversation waiting"]


async def test_start_is_refused_over_the_limit_and_without_an_application(started: Store) -> None:
    draft, outgoing = calling(LENE, "second")
    incoming = calling(DAN, "second")[1]
    with pytest.raises(TooManyConversations):
        await started.two_party.start(draft, outgoing, [incoming], 1, AT)
    await started.applications.close(LENE, "101", AT)
    with pytest.raises(ApplicationNotFound):
        await started.two_party.start(draft, outgoing, [incoming], MANY, AT)


async def test_accepting_connects_both_and_ends_the_other_invitations(started: Store) -> None:
    await started.two_party.accept(INCOMING, DANS, MANY, AT)
    for draft in (DRAFT, DANS):
        there = await own(started, draft)
        assert (there.form, there.messaging, there.since) == (Form.TWO_PARTY, MessagingState.CONNECTED, 1)
        assert there.receives_message(2)
    assert await states(started) == [
        ("Connected", None),
        ("Connected", None),
        ("Cancelled", "ConnectedElsewhere"),
    ]
    events = await started.events.after({DRAFT.topic: 0}, MANY)
    assert [event.kind for event in events] == ["participant joined", "message"]
    assert await kinds(started, LENE) == ["conversation waiting", "conversation admitted"]


@pytest.mark.parametrize("ended", [DECLINED, CANCELLED, TIMED_OUT], ids=["declined", "cancelled", "timed out"])
async def test_end_of_the_invitation_ends_the_inviters_conversation(started: Store, ended: Invitation) -> None:
    await started.invitations.end(ended, AT)
    with pytest.raises(ConversationNotFound):
        await own(started, DRAFT)
    assert all(reason == ended.reason for _, reason in await states(started))
    assert await kinds(started, LENE) == ["conversation waiting", "invitation ended", "conversation ended"]
    assert await kinds(started, DAN, "102") == ["invitation started", "invitation ended"]
    with pytest.raises(Conflict):
        await started.two_party.accept(OTHER_INCOMING, OTHER_DANS, MANY, AT)


async def test_declined_invitation_stays_pending_until_every_application_declined(started: Store) -> None:
    await started.invitations.end(DECLINED, AT, elsewhere_goes_on=True)
    assert (await own(started, DRAFT)).form == Form.CONNECTING
    assert [state for state, _ in await states(started)] == ["Connecting", "Declined", "Connecting"]
    elsewhere = replace(OTHER_INCOMING, state=InvitationState.DECLINED, reason="Declined")
    await started.invitations.end(elsewhere, AT, elsewhere_goes_on=True)
    assert [state for state, _ in await states(started)] == ["Declined", "Declined", "Declined"]


@pytest.mark.parametrize("way", ["leave", "close"])
async def test_leaving_inviter_withdraws_the_invitation(started: Store, way: str) -> None:
    if way == "leave":
        await started.conversations.leave(LENE, "101", DRAFT.id, AT)
    else:
        await started.applications.close(LENE, "101", AT)
    pending = await started.invitations.pending(DAN, "101")
    assert (pending, await kinds(started, DAN)) == ([], ["invitation started", "invitation ended"])


@pytest.mark.parametrize("leaver", [LENE, DAN])
async def test_leaving_ends_the_conversation_for_both_and_keeps_undelivered_events(started: Store, leaver: str) -> None:
    await started.two_party.accept(INCOMING, DANS, MANY, AT)
    gone, left = (DRAFT, DANS) if leaver == LENE else (DANS, DRAFT)
    number = await started.conversations.send_message(gone, "text/plain", "bye", None, AT)
    await started.conversations.leave(leaver, "101", gone.id, AT)
    with pytest.raises(ConversationNotFound):
        await own(started, left)
    assert await started.conversations.including_ended(leaver, "101") == []
    (rest,) = await started.conversations.including_ended(left.owner, "101")
    assert (rest.ended, rest.messaging, rest.receives_message(number)) == (AT, MessagingState.DISCONNECTED, True)
    assert (await started.events.after({left.topic: number}, MANY))[0].kind == "participant left"
    assert await started.two_party.forget_ended(AT, MANY) == 0
    assert await started.two_party.forget_ended(AT + 1, MANY) == 1
    assert await started.conversations.including_ended(left.owner, "101") == []


async def test_only_conversations_that_have_not_ended_are_idle(started: Store) -> None:
    await started.two_party.accept(INCOMING, DANS, MANY, AT)
    assert len(await started.conversations.idle(AT + 1)) == 2
    await started.conversations.leave(LENE, "101", DRAFT.id, AT)
    assert await started.conversations.idle(AT + 1) == []


async def test_escalation_makes_a_meeting_that_both_lead(started: Store) -> None:
    conference = replace(meeting(), id=DRAFT.meeting_id)
    with pytest.raises(Conflict):
        await started.two_party.escalate(await own(started, DRAFT), conference, MANY, AT)
    dans = await started.two_party.accept(INCOMING, DANS, MANY, AT)
    for _ in range(2):
        await started.two_party.escalate(dans, conference, MANY, AT)
    for draft in (DRAFT, DANS):
        there = await own(started, draft)
        assert (there.form, there.role, there.messaging) == (Form.MEETING, Role.LEADER, MessagingState.CONNECTED)
    assert (await started.meetings.get(LENE, DRAFT.meeting_id)).id == DRAFT.meeting_id
    await started.conversations.leave(LENE, "101", DRAFT.id, AT)
    assert (await own(started, DANS)).ended is None
    kinds = [event.kind for event in await started.events.after({DRAFT.topic: 0}, MANY)]
    assert kinds.count("conversation escalated") == 1


async def test_users_end_ends_the_conversation(started: Store) -> None:
    await started.two_party.accept(INCOMING, DANS, MANY, AT)
    await started.users.remove(DAN, AT)
    with pytest.raises(ConversationNotFound):
        await own(started, DRAFT)


RACES = {
    "two applications accept": (("accept", INCOMING), ("accept", OTHER_INCOMING)),
    "cancelled while accepted": (("end", CANCELLED), ("accept", INCOMING)),
    "timed out while accepted": (("end", TIMED_OUT), ("accept", OTHER_INCOMING)),
    "declined while cancelled": (("end", DECLINED), ("end", CANCELLED)),
}


@pytest.mark.parametrize("race", RACES)
async def test_one_of_two_servers_wins(started: Store, other: Store, race: str) -> None:
    async def act(store: Store, name: str, invitation: Invitation) -> bool:
        try:
            if name == "end":
                await store.invitations.end(invitation, AT)
            else:
                draft = DANS if invitation is INCOMING else OTHER_DANS
                await store.two_party.accept(invitation, draft, MANY, AT)
        except Conflict:
            return False
        return True

    acts = RACES[race]
    won = await asyncio.gather(*(act(store, *each) for store, each in zip((started, other), acts, strict=True)))
    assert sorted(won) == [False, True]
    winner, invitation = acts[won.index(True)]
    there = await started.conversations.participants(LENE, DRAFT.meeting_id)
    assert len(there) == (2 if winner == "accept" else 0)
    assert all(state != "Connecting" for state, _ in await states(started))
    connected = [state for state, _ in await states(started)].count("Connected")
    assert connected == (2 if winner == "accept" else 0), invitation
