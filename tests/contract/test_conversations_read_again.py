"""An application's conversations, which a store may cache, are read anew after every change of them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeAlias

import pytest

from openucwa.model.conversation import MessagingState, Participation, Role
from openucwa.model.refusals import ConversationNotFound
from openucwa.store.contract import Store
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    application,
    calling,
    invitation,
    meeting,
    participation,
    user,
    with_meeting,
)
from tests.users import LENE

KEY = (LENE, MEETING)
Change: TypeAlias = Callable[[Store, Participation], Awaitable[object]]

CHANGES: dict[str, Change] = {
    "admitted": lambda store, _: store.conversations.admit(*KEY, DAN, AT),
    "promoted": lambda store, _: store.conversations.change_role(*KEY, DAN, Role.LEADER, AT),
    "connected": lambda store, own: store.conversations.change_messaging(own, MessagingState.CONNECTED, None, AT),
    "left": lambda store, own: store.conversations.leave(DAN, "101", own.id, AT),
    "rejected": lambda store, _: store.conversations.remove_participant(*KEY, DAN, "Denied", AT, in_lobby=True),
    "application closed": lambda store, _: store.applications.close(DAN, "101", AT),
    "meeting deleted": lambda store, _: store.meetings.remove(*KEY, None, AT),
    "user removed": lambda store, _: store.users.remove(LENE, AT),
}


async def now(store: Store, own: Participation) -> list[Participation]:
    """The conversation as it is, from a read that is never cached."""
    try:
        return [await store.conversations.get(DAN, "101", own.id)]
    except ConversationNotFound:
        return []


@pytest.mark.parametrize("change", CHANGES)
async def test_conversations_are_read_again_after_a_change(store: Store, change: str) -> None:
    await store.users.add(user())
    await with_meeting(store)
    await store.applications.open(application(owner=DAN), None, AT, MANY)
    assert list(await store.conversations.all(DAN, "101")) == []
    own = replace(participation(DAN), in_lobby=True, role=Role.ATTENDEE)
    own = await store.conversations.join(own, invitation(DAN), "1", MANY, AT)
    before = list(await store.conversations.all(DAN, "101"))
    assert before == [own]
    await CHANGES[change](store, own)
    after = list(await store.conversations.all(DAN, "101"))
    assert after == await now(store, own)
    assert after != before


OF_TWO: dict[str, Callable[[Store, Participation], Awaitable[object]]] = {
    "made a meeting": lambda store, lenes: store.two_party.escalate(
        lenes, replace(meeting(), id=lenes.meeting_id), MANY, AT
    ),
    "the other left": lambda store, lenes: store.conversations.leave(LENE, "101", lenes.id, AT),
    "the other's application closed": lambda store, _: store.applications.close(LENE, "101", AT),
    "the other's user removed": lambda store, _: store.users.remove(LENE, AT),
}


@pytest.mark.parametrize("change", OF_TWO)
async def test_conversations_of_two_are_read_again_after_a_change_by_the_other(store: Store, change: str) -> None:
    (lenes, outgoing), (dans, incoming) = calling(LENE, "of the test"), calling(DAN, "of the test")
    for owner in (LENE, DAN):
        await store.users.add(user(owner))
        await store.applications.open(application(owner=owner), None, AT, MANY)
    assert await store.two_party.start(lenes, outgoing, [incoming], MANY, AT)
    own = await store.two_party.accept(incoming, dans, MANY, AT)
    before = (
        list(await store.conversations.all(DAN, "101")),
        list(await store.conversations.including_ended(DAN, "101")),
    )
    assert before == ([own], [own])
    await OF_TWO[change](store, await store.conversations.get(LENE, "101", lenes.id))
    assert list(await store.conversations.all(DAN, "101")) == await now(store, own)
    assert list(await store.conversations.including_ended(DAN, "101")) != before[1]
