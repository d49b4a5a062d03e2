"""Texts that no answer can carry: none is ever stored, and whoever asks for one finds nothing, with every engine."""

from collections.abc import Awaitable, Callable

import pytest

from openucwa.model.refusals import ApplicationNotFound, ConversationNotFound, ResourceNotFound
from openucwa.store.contract import Store
from tests.contract.samples import AT, EVENT, LENE, MANY, MEETING, application, extension, user, with_meeting

NUL = "a\0b"


async def test_nobody_has_a_name_with_the_null_character(store: Store) -> None:
    await store.add_user(user())
    assert await store.user(f"{LENE}\0") is None
    assert await store.users_with_local_part(NUL) == []
    assert await store.last_event_numbers([NUL, EVENT.topic]) == {NUL: 0, EVENT.topic: 0}


@pytest.mark.parametrize(
    ("look", "refusal"),
    [
        (lambda store: store.session(LENE, NUL), ApplicationNotFound),
        (lambda store: store.meeting(LENE, NUL), ResourceNotFound),
        (lambda store: store.meeting_with_extensions(NUL, MEETING), ResourceNotFound),
        (lambda store: store.extension(LENE, MEETING, NUL), ResourceNotFound),
        (lambda store: store.replace_extension(LENE, MEETING, None, extension(NUL), AT), ResourceNotFound),
        (lambda store: store.remove_extension(LENE, MEETING, NUL, None, AT), ResourceNotFound),
        (lambda store: store.participation(LENE, "101", NUL), ConversationNotFound),
        (lambda store: store.leave(LENE, "101", NUL, AT), ConversationNotFound),
        (lambda store: store.admit(LENE, MEETING, NUL, AT), ResourceNotFound),
        (lambda store: store.invitation(LENE, "101", NUL), ResourceNotFound),
        (lambda store: store.event(NUL, 1), ResourceNotFound),
    ],
)
async def test_what_is_asked_for_with_it_is_not_there(
    store: Store, look: Callable[[Store], Awaitable[object]], refusal: type[Exception]
) -> None:
    await store.open_application(application(), None, AT, MANY)
    await with_meeting(store, "slides")
    with pytest.raises(refusal):
        await look(store)
