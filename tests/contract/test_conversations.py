"""Live meetings, as `store.rooms.Rooms` describes them."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from openucwa.model import conversation_events
from openucwa.model.conversation import (
    FirstMessage,
    InvitationKind,
    InvitationState,
    MessagingState,
    Role,
    conversation_topic,
)
from openucwa.model.event import application_topic
from openucwa.model.refusals import (
    AlreadyExists,
    ApplicationNotFound,
    AttendeeNotAllowed,
    Conflict,
    ConversationNotFound,
    DestinationNotFound,
    PreconditionFailed,
    ResourceNotFound,
    TooManyParticipants,
)
from openucwa.store.contract import Store
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    SETTINGS,
    application,
    invitation,
    participation,
    user,
    with_meeting,
    with_participants,
)
from tests.users import LENE

KEY = (LENE, MEETING)
TOPIC = conversation_topic(*KEY)


async def kinds(store: Store, topic: str) -> Sequence[str]:
    return [event.kind for event in await store.events.after({topic: 0}, MANY)]


async def uris(store: Store) -> list[tuple[str, bool]]:
    """Who is there, and whether in the lobby."""
    return [(each.uri, each.in_lobby) for each in await store.conversations.participants(*KEY)]


async def waiting(store: Store) -> None:
    """A meeting with Lene in the room and Dan in the lobby."""
    await with_meeting(store)
    for owner in (LENE, DAN):
        await store.applications.open(application(owner=owner), None, AT, MANY)
        draft = replace(
            participation(owner), in_lobby=owner == DAN, role=Role.LEADER if owner == LENE else Role.ATTENDEE
        )
        await store.conversations.join(draft, invitation(owner), "1", MANY, AT)


async def test_participants_are_listed_in_the_order_of_joining(store: Store) -> None:
    await with_participants(store)
    assert await uris(store) == [(LENE, False), (DAN, False)]
    assert [each.organizer for each in await store.conversations.participants(*KEY)] == [True, False]


async def test_joining_notifies_the_meeting_and_the_application(store: Store) -> None:
    await with_participants(store)
    assert await kinds(store, TOPIC) == [conversation_events.PARTICIPANT_JOINED] * 2
    assert await kinds(store, application_topic(DAN, "101")) == [conversation_events.CONVERSATION_BEGUN]


async def test_since_is_the_number_of_the_own_join_event(store: Store) -> None:
    await with_participants(store)
    found = [(await store.conversations.get(owner, "101", f"conversation of {owner}")).since for owner in (LENE, DAN)]
    assert found == [1, 2]


async def test_invitation_is_stored_with_the_conversation(store: Store) -> None:
    await waiting(store)
    states = [(await store.invitations.get(owner, "101", "1")).state for owner in (LENE, DAN)]
    assert states == [InvitationState.CONNECTED, InvitationState.CONNECTING]


@pytest.mark.parametrize(
    ("meeting_id", "etag", "most", "refusal"),
    [
        ("NONE0000", "1", MANY, DestinationNotFound),
        (MEETING, "2", MANY, PreconditionFailed),
        (MEETING, "1", 0, TooManyParticipants),
    ],
)
async def test_refused_join_leaves_nothing(
    store: Store, meeting_id: str, etag: str, most: int, refusal: type[Exception]
) -> None:
    await with_meeting(store)
    await store.applications.open(application(), None, AT, MANY)
    draft = replace(participation(), meeting_id=meeting_id)
    with pytest.raises(refusal):
        await store.conversations.join(draft, invitation(), etag, most, AT)
    assert await store.conversations.participants(*KEY) == []
    assert await kinds(store, application_topic(LENE, "101")) == []
    with pytest.raises(ResourceNotFound):
        await store.invitations.get(LENE, "101", "1")


async def test_application_that_has_just_ended_cannot_join(store: Store) -> None:
    await with_meeting(store)
    await store.applications.open(application(), None, AT, MANY)
    await store.applications.close(LENE, "101", AT)
    with pytest.raises(ApplicationNotFound):
        await store.conversations.join(participation(), invitation(), "1", MANY, AT)
    with pytest.raises(ApplicationNotFound):
        await store.invitations.refuse(replace(invitation(), state=InvitationState.FAILED), AT)
    assert await store.conversations.participants(*KEY) == []


async def test_application_takes_part_once(store: Store) -> None:
    await with_participants(store)
    with pytest.raises(AlreadyExists):
        await store.conversations.join(
            replace(participation(), id="another"), replace(invitation(), id="2"), "1", MANY, AT
        )


async def test_last_free_place_is_given_once(store: Store) -> None:
    await with_meeting(store)
    owners = [f"sip:{name}@contoso.com" for name in "abcdefgh"]
    for owner in owners:
        await store.applications.open(application(owner=owner), None, AT, MANY)
    joining = (store.conversations.join(participation(owner), invitation(owner), "1", 3, AT) for owner in owners)
    results = await asyncio.gather(*joining, return_exceptions=True)
    assert [isinstance(result, TooManyParticipants) for result in results].count(True) == 5
    assert len(await store.conversations.participants(*KEY)) == 3


async def test_second_application_shares_role_and_lobby_and_appends_no_event(store: Store) -> None:
    await waiting(store)
    await store.applications.open(application("102", "another", owner=DAN), None, AT, MANY)
    draft = replace(participation(DAN), id="second", application_id="102", role=Role.LEADER)
    joined = await store.conversations.join(
        draft, replace(invitation(DAN), application_id="102", id="2"), "1", MANY, AT
    )
    assert (joined.in_lobby, joined.role) == (True, Role.ATTENDEE)
    assert await kinds(store, TOPIC) == [conversation_events.PARTICIPANT_JOINED, conversation_events.LOBBY_JOINED]
    await store.conversations.leave(DAN, "102", "second", AT)
    assert await uris(store) == [(LENE, False), (DAN, True)]


async def test_admission_moves_to_the_meeting_and_resets_since(store: Store) -> None:
    await waiting(store)
    await store.conversations.admit(*KEY, DAN, AT)
    assert await uris(store) == [(LENE, False), (DAN, False)]
    assert (await store.conversations.get(DAN, "101", f"conversation of {DAN}")).since == 4
    assert (await kinds(store, TOPIC))[2:] == [conversation_events.LOBBY_LEFT, conversation_events.PARTICIPANT_JOINED]
    assert (await store.invitations.get(DAN, "101", "1")).state == InvitationState.CONNECTED
    with pytest.raises(ResourceNotFound):
        await store.conversations.admit(*KEY, DAN, AT)


async def test_removed_participant_gets_the_reason(store: Store) -> None:
    await waiting(store)
    await store.conversations.remove_participant(*KEY, DAN, "Denied", AT, in_lobby=True)
    assert await uris(store) == [(LENE, False)]
    ended = await store.invitations.get(DAN, "101", "1")
    assert (ended.state, ended.reason) == (InvitationState.FAILED, "Denied")
    last = (await store.events.after({application_topic(DAN, "101"): 0}, MANY))[-1]
    assert (last.kind, last.facts["reason"]) == (conversation_events.CONVERSATION_ENDED, "Denied")


async def test_unchanged_role_appends_no_event(store: Store) -> None:
    await waiting(store)
    for role in (Role.LEADER, Role.LEADER, Role.ATTENDEE):
        await store.conversations.change_role(*KEY, DAN, role, AT)
    assert (await kinds(store, TOPIC))[2:] == [conversation_events.ROLE_CHANGED] * 2


async def test_past_participants_are_derived_from_the_log(store: Store) -> None:
    await waiting(store)
    past = [list(await store.conversations.participants(*KEY))]
    await store.conversations.admit(*KEY, DAN, AT)
    past.append(list(await store.conversations.participants(*KEY)))
    await store.conversations.change_role(*KEY, DAN, Role.LEADER, AT)
    await store.conversations.leave(LENE, "101", f"conversation of {LENE}", AT)
    for number, then in zip((2, 4), past, strict=True):
        found = await store.conversations.participants_as_of(*KEY, number)
        assert sorted(found, key=lambda each: each.uri) == sorted(then, key=lambda each: each.uri)


async def test_messages_need_messaging_and_are_numbered_by_the_topic(store: Store) -> None:
    await with_participants(store)
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    with pytest.raises(Conflict):
        await store.conversations.send_message(own, "text/plain", "Hello", None, AT)
    await store.conversations.change_messaging(own, MessagingState.CONNECTED, replace(invitation(DAN), id="m"), AT)
    number = await store.conversations.send_message(own, "text/plain", "Hello", "operation", AT)
    event = await store.events.get(TOPIC, number)
    assert (event.kind, event.facts["text"]) == (conversation_events.MESSAGE, "Hello")
    assert await store.events.numbers(TOPIC, conversation_events.MESSAGE, 0, MANY) == [number]


async def test_typing_appends_events_when_it_starts_and_ends(store: Store) -> None:
    await with_participants(store)
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    for typing in (True, True, False, False):
        await store.conversations.set_typing(own, typing, AT)
    assert (await kinds(store, TOPIC))[2:] == [conversation_events.TYPING_CHANGED] * 2


async def test_attendees_send_nothing_while_their_messaging_is_disabled(store: Store) -> None:
    await with_participants(store)
    await store.conversations.change_role(*KEY, DAN, Role.ATTENDEE, AT)
    for owner in (LENE, DAN):
        own = await store.conversations.get(owner, "101", f"conversation of {owner}")
        await store.conversations.change_messaging(own, MessagingState.CONNECTED, None, AT)
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    await store.conversations.set_audience_messaging(*KEY, False, AT)
    assert not (await store.meetings.get(*KEY)).audience_messaging
    with pytest.raises(AttendeeNotAllowed):
        await store.conversations.send_message(own, "text/plain", "Hello", None, AT)
    with pytest.raises(AttendeeNotAllowed):
        await store.conversations.set_typing(own, True, AT)
    first = FirstMessage("text/plain", "Hello")
    with pytest.raises(AttendeeNotAllowed):
        await store.conversations.change_messaging(own, MessagingState.CONNECTED, invitation(DAN), AT, first)
    lenes = await store.conversations.get(LENE, "101", f"conversation of {LENE}")
    assert await store.conversations.send_message(lenes, "text/plain", "Hello", None, AT)
    await store.conversations.set_audience_messaging(*KEY, True, AT)
    assert await store.conversations.send_message(own, "text/plain", "Hello", None, AT)


async def test_disabling_messaging_ends_the_typing_of_attendees_with_one_event_for_the_meeting(store: Store) -> None:
    await with_participants(store)
    await store.conversations.change_role(*KEY, DAN, Role.ATTENDEE, AT)
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    await store.conversations.set_typing(own, True, AT)
    before = len(await kinds(store, TOPIC))
    for enabled in (True, False, False):
        await store.conversations.set_audience_messaging(*KEY, enabled, AT)
    typing, changed = conversation_events.TYPING_CHANGED, conversation_events.AUDIENCE_MESSAGING_CHANGED
    assert (await kinds(store, TOPIC))[before:] == [typing, changed]
    assert await store.conversations.typing_participants(*KEY) == []


async def test_messaging_of_attendees_outlasts_a_change_of_the_meeting(store: Store) -> None:
    await with_meeting(store)
    await store.conversations.set_audience_messaging(*KEY, False, AT)
    replaced = await store.meetings.replace(*KEY, None, SETTINGS, "2", AT)
    assert not replaced.audience_messaging
    assert not (await store.meetings.get(*KEY)).audience_messaging


async def test_messaging_of_attendees_needs_a_meeting(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.conversations.set_audience_messaging(*KEY, False, AT)


async def test_others_are_notified_of_participants_who_left_with_their_application(store: Store) -> None:
    await with_participants(store)
    await store.applications.close(DAN, "101", AT)
    assert await uris(store) == [(LENE, False)]
    assert (await kinds(store, TOPIC))[-1] == conversation_events.PARTICIPANT_LEFT
    with pytest.raises(ConversationNotFound):
        await store.conversations.get(DAN, "101", f"conversation of {DAN}")


@pytest.mark.parametrize("how", ["remove_meeting", "remove_expired_meetings", "remove_user"])
async def test_participants_are_notified_of_the_end_of_a_removed_meeting(store: Store, how: str) -> None:
    await with_participants(store)
    match how:
        case "remove_meeting":
            await store.meetings.remove(*KEY, None, AT)
        case "remove_expired_meetings":
            assert await store.meetings.remove_expired(AT + 10, MANY, AT) == 1
        case "remove_user":
            await store.users.add(user(LENE))
            await store.users.remove(LENE, AT)
    last = (await store.events.after({application_topic(DAN, "101"): 0}, MANY))[-1]
    assert (last.kind, last.facts["reason"]) == (conversation_events.CONVERSATION_ENDED, "Ended")
    assert await store.conversations.participants(*KEY) == []


async def test_only_applications_that_are_still_open_are_invited(store: Store) -> None:
    await with_participants(store)
    asked = replace(invitation(LENE), id="asking", kind=InvitationKind.PARTICIPANT, thread_id="t", expires=AT + 5)
    open_one = replace(asked, owner=DAN, id="a", outgoing=False, conversation=None, expires=None)
    await store.invitations.add(asked, [open_one, replace(open_one, application_id="102", id="b")], AT)
    assert (await store.invitations.get(DAN, "101", "a")).state == InvitationState.CONNECTING
    with pytest.raises(ResourceNotFound):
        await store.invitations.get(DAN, "102", "b")
    await store.applications.close(LENE, "101", AT)
    with pytest.raises(ApplicationNotFound):
        await store.invitations.add(replace(asked, id="again"), [replace(open_one, id="c")], AT)


async def test_one_answer_ends_all_sides_of_an_invitation(store: Store) -> None:
    await with_participants(store)
    asked = replace(invitation(LENE), id="asking", kind=InvitationKind.PARTICIPANT, thread_id="t", expires=AT + 5)
    sides = [replace(asked, owner=DAN, id=name, outgoing=False, conversation=None, expires=None) for name in "ab"]
    await store.invitations.add(asked, sides, AT)
    assert [each.id for each in await store.invitations.overdue(AT + 6, MANY)] == ["asking"]
    await store.invitations.end(replace(sides[0], state=InvitationState.DECLINED, reason="Declined"), AT)
    with pytest.raises(Conflict):
        await store.invitations.end(replace(sides[1], state=InvitationState.DECLINED), AT)
    assert await store.invitations.overdue(AT + 6, MANY) == []


async def test_spans_of_messages_follow_messaging_connecting_and_disconnecting(store: Store) -> None:
    await with_participants(store)
    lene, dan = [await store.conversations.get(owner, "101", f"conversation of {owner}") for owner in (LENE, DAN)]
    await store.conversations.change_messaging(lene, MessagingState.CONNECTED, None, AT)
    numbers: list[int] = []
    for state in (MessagingState.DISCONNECTED, MessagingState.CONNECTED) * 2:
        await store.conversations.change_messaging(dan, state, None, AT)
        numbers.append(await store.conversations.send_message(lene, "text/plain", "Hello", None, AT))
    now = await store.conversations.get(DAN, "101", dan.id)
    received = [now.receives_message(number) for number in numbers]
    assert received == [False, True, False, True]


async def test_first_message_follows_the_messaging_event(store: Store) -> None:
    await with_participants(store)
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    adding = replace(invitation(DAN), id="m", operation_id="op")
    first = FirstMessage("text/plain", "Hello")
    await store.conversations.change_messaging(own, MessagingState.CONNECTED, adding, AT, first)
    last = (await store.events.after({TOPIC: 0}, MANY))[-1]
    assert (last.kind, last.facts["text"], last.facts["operationId"]) == (conversation_events.MESSAGE, "Hello", "op")
    assert (await store.conversations.get(DAN, "101", own.id)).receives_message(last.number)


async def test_participant_admitted_concurrently_is_not_rejected(store: Store) -> None:
    await waiting(store)
    await store.conversations.admit(*KEY, DAN, AT)
    with pytest.raises(ResourceNotFound):
        await store.conversations.remove_participant(*KEY, DAN, "Timeout", AT, in_lobby=True)
    assert await uris(store) == [(LENE, False), (DAN, False)]


async def test_only_participants_past_the_lobby_timeout_are_overdue(store: Store) -> None:
    await waiting(store)
    assert [each.uri for each in await store.conversations.overdue_in_lobby(AT + 1, MANY)] == [DAN]
    assert await store.conversations.overdue_in_lobby(AT, MANY) == []
    await store.conversations.admit(*KEY, DAN, AT)
    assert await store.conversations.overdue_in_lobby(AT + 1, MANY) == []


@pytest.mark.parametrize(("by_leader", "reason", "counts"), [
    (True, None, True), (False, None, False), (True, "Canceled", False), (True, "Declined", True),
])  # fmt: skip
async def test_user_invited_by_a_leader_counts_as_invited_until_cancelled(
    store: Store, by_leader: bool, reason: str | None, counts: bool
) -> None:
    await with_participants(store)
    asked = replace(invitation(LENE), id="asking", kind=InvitationKind.PARTICIPANT, thread_id="t", by_leader=by_leader)
    side = replace(asked, owner=DAN, id="a", outgoing=False, conversation="offered")
    await store.invitations.add(asked, [side], AT)
    assert (await store.invitations.offered(DAN, "101", "offered")).id == "a"
    if reason is not None:
        await store.invitations.end(replace(side, state=InvitationState.CANCELLED, reason=reason), AT)
    assert await store.invitations.was_invited_by_leader(DAN, LENE, MEETING) == counts
