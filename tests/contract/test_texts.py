"""Texts that no answer can carry: none is ever stored, and whoever asks for one finds nothing, with every engine."""

from collections.abc import Awaitable, Callable

import pytest

from openucwa.model.refusals import ApplicationNotFound, ConversationNotFound, ResourceNotFound
from openucwa.store.contract import Store
from tests.contract.samples import AT, EVENT, MANY, MEETING, application, extension, user, with_meeting
from tests.users import LENE

NUL = "a\0b"


async def test_names_with_a_null_character_match_nothing(store: Store) -> None:
    await store.users.add(user())
    assert await store.users.get(f"{LENE}\0") is None
    assert await store.users.with_local_part(NUL) == []
    assert await store.events.last_numbers([NUL, EVENT.topic]) == {NUL: 0, EVENT.topic: 0}


@pytest.mark.parametrize(
    ("look", "refusal"),
    [
        (lambda store: store.applications.session(LENE, NUL), ApplicationNotFound),
        (lambda store: store.meetings.get(LENE, NUL), ResourceNotFound),
        (lambda store: store.meetings.get_with_extensions(NUL, MEETING), ResourceNotFound),
        (lambda store: store.extensions.get(LENE, MEETING, NUL), ResourceNotFound),
        (lambda store: store.extensions.replace(LENE, MEETING, None, extension(NUL), AT), ResourceNotFound),
        (lambda store: store.extensions.remove(LENE, MEETING, NUL, None, AT), ResourceNotFound),
        (lambda store: store.conversations.get(LENE, "101", NUL), ConversationNotFound),
        (lambda store: store.conversations.leave(LENE, "101", NUL, AT), ConversationNotFound),
        (lambda store: store.conversations.admit(LENE, MEETING, NUL, AT), ResourceNotFound),
        (lambda store: store.invitations.get(LENE, "101", NUL), ResourceNotFound),
        (lambda store: store.events.get(NUL, 1), ResourceNotFound),
    ],
)
async def test_resources_with_a_null_character_are_not_found(
    store: Store, look: Callable[[Store], Awaitable[object]], refusal: type[Exception]
) -> None:
    await store.applications.open(application(), None, AT, MANY)
    await with_meeting(store, "slides")
    with pytest.raises(refusal):
        await look(store)
