"""A user's meetings and extensions may hold so many bytes and no more."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from openucwa.model.meeting import Extension
from openucwa.model.refusals import EntityTooLarge, Refusal
from openucwa.store.contract import Store
from tests.contract.conftest import Engine
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    SETTINGS,
    application,
    extension,
    invitation,
    meeting,
    participation,
    user,
)
from tests.users import LENE

#: Bytes that may be stored for a user here, and those of a meeting that says nothing.
LIMIT = 10_000
EMPTY = replace(SETTINGS, subject="", description="", attendees=(), leaders=())
OF_MEETING = len("[][]")


@pytest.fixture
async def small(engine: Engine) -> AsyncIterator[Store]:
    store = engine(max_user_bytes=LIMIT)
    await store.open()
    await store.meetings.add(meeting(settings=EMPTY), MANY)
    yield store
    await store.close()


def sized(name: str, size: int, etag: str = "1") -> Extension:
    return extension(name, etag=etag, properties=b'{"x":"' + b"y" * (size - 8) + b'"}')


async def test_extension_that_fits_exactly_is_stored_and_one_byte_more_is_refused(small: Store) -> None:
    with pytest.raises(EntityTooLarge) as refusal:
        await small.extensions.add(LENE, MEETING, sized("a", LIMIT - OF_MEETING + 1), MANY, AT)
    assert str(LIMIT) in str(refusal.value)
    await small.extensions.add(LENE, MEETING, sized("a", LIMIT - OF_MEETING), MANY, AT)
    with pytest.raises(EntityTooLarge):
        await small.extensions.add(LENE, MEETING, sized("b", 8), MANY, AT)


@pytest.mark.parametrize("match", [None, frozenset({"1"})])
@pytest.mark.parametrize("in_use", [False, True])
async def test_replacement_that_grows_over_the_limit_is_refused(
    small: Store, match: frozenset[str] | None, in_use: bool
) -> None:
    if in_use:
        await small.applications.open(application(), None, AT, MANY)
        await small.conversations.join(participation(), invitation(), "1", MANY, AT)
    await small.extensions.add(LENE, MEETING, sized("a", 5000), MANY, AT)
    await small.extensions.add(LENE, MEETING, sized("b", 4000), MANY, AT)
    with pytest.raises(EntityTooLarge):
        await small.extensions.replace(LENE, MEETING, match, sized("a", 6001 - OF_MEETING, "2"), AT)
    assert await small.extensions.get(LENE, MEETING, "a") == sized("a", 5000)
    await small.extensions.replace(LENE, MEETING, match, sized("a", 6000 - OF_MEETING, "2"), AT)
    await small.extensions.replace(LENE, MEETING, None, sized("a", 6000 - OF_MEETING, "3"), AT)
    with pytest.raises(EntityTooLarge):
        await small.extensions.replace(LENE, MEETING, None, sized("b", 4001), AT)


async def test_removed_data_does_not_count(small: Store) -> None:
    for _ in range(3):
        await small.extensions.add(LENE, MEETING, sized("a", 9000), MANY, AT)
        await small.extensions.remove(LENE, MEETING, "a", None, AT)
        await small.extensions.add(LENE, MEETING, sized("b", 9000), MANY, AT)
        await small.meetings.remove(LENE, MEETING, None, AT)
        await small.meetings.add(meeting(settings=EMPTY), MANY)
    await small.users.add(user())
    await small.users.remove(LENE, AT)
    full = meeting(settings=replace(EMPTY, description="x" * (LIMIT - OF_MEETING)))
    await small.meetings.add(full, MANY)
    assert await small.meetings.get(LENE, MEETING) == full


async def test_smaller_replacement_frees_bytes(small: Store) -> None:
    await small.extensions.add(LENE, MEETING, sized("a", 9000), MANY, AT)
    with pytest.raises(EntityTooLarge):
        await small.extensions.add(LENE, MEETING, sized("b", 8000), MANY, AT)
    await small.extensions.replace(LENE, MEETING, None, sized("a", 1000, "2"), AT)
    await small.extensions.add(LENE, MEETING, sized("b", 8000), MANY, AT)
    assert await small.extensions.get(LENE, MEETING, "b") == sized("b", 8000)


async def test_texts_of_meetings_count_in_bytes(small: Store) -> None:
    long = replace(EMPTY, description="ü" * (LIMIT // 2))
    with pytest.raises(EntityTooLarge):
        await small.meetings.add(meeting("another", settings=long, conference_id="2"), MANY)
    with pytest.raises(EntityTooLarge):
        await small.meetings.replace(LENE, MEETING, None, long, "2", AT)
    fits = replace(EMPTY, description="ü" * (LIMIT // 2 - OF_MEETING))
    await small.meetings.replace(LENE, MEETING, None, fits, "2", AT)
    with pytest.raises(EntityTooLarge):
        await small.meetings.replace(LENE, MEETING, None, replace(fits, leaders=("sip:a@contoso.com",)), "3", AT)


async def test_other_organizers_have_bytes_of_their_own(small: Store) -> None:
    await small.extensions.add(LENE, MEETING, sized("a", 9000), MANY, AT)
    await small.meetings.add(meeting(organizer=DAN, conference_id="2", settings=EMPTY), MANY)
    await small.extensions.add(DAN, MEETING, sized("a", 9000), MANY, AT)
    assert await small.extensions.get(DAN, MEETING, "a") == sized("a", 9000)


async def test_concurrent_writers_stay_below_the_limit_together(small: Store) -> None:
    answers = await asyncio.gather(
        *(small.extensions.add(LENE, MEETING, sized(str(number), 1000), MANY, AT) for number in range(20)),
        return_exceptions=True,
    )
    assert [isinstance(answer, Refusal) for answer in answers].count(False) == 9
