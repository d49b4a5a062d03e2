"""Photos of users."""

import pytest

from openucwa.model.photo import PhotoOrigin
from openucwa.model.refusals import ResourceNotFound
from openucwa.store.contract import Store
from tests.contract.samples import AT, DAN, picture, user
from tests.users import LENE

HERE = PhotoOrigin(None, "")
DIRECTORY = PhotoOrigin("ldaps://ldap.contoso.com", "1")


@pytest.fixture(autouse=True)
async def users(store: Store) -> None:
    for uri in (LENE, DAN):
        await store.users.add(user(uri))


@pytest.mark.parametrize(("asked", "given"), [(1, 48), (48, 48), (49, 96), (96, 96), (97, 240), (1_000, 240)])
async def test_smallest_picture_of_the_size_or_the_largest_is_read(store: Store, asked: int, given: int) -> None:
    await store.photos.put(LENE, [picture(size) for size in (240, 48, 96)], HERE)
    found = await store.photos.get(LENE, asked)
    assert found == picture(given)


async def test_data_is_read_as_stored(store: Store) -> None:
    every = picture(48, bytes(range(256)))
    await store.photos.put(LENE, [every], HERE)
    assert await store.photos.get(LENE, 48) == every


async def test_new_photo_replaces_all_sizes_of_the_old_one(store: Store) -> None:
    await store.photos.put(LENE, [picture(48), picture(648)], HERE)
    assert await store.photos.put(LENE, [picture(48, b"new")], HERE)
    assert await store.photos.get(LENE, 648) == picture(48, b"new")


async def test_photo_is_that_of_its_owner_alone(store: Store) -> None:
    await store.photos.put(LENE, [picture()], HERE)
    assert await store.photos.get(DAN, 48) is None
    assert await store.photos.origin(DAN) is None


async def test_photo_of_an_unknown_user_is_refused(store: Store) -> None:
    with pytest.raises(ResourceNotFound):
        await store.photos.put("sip:nobody@contoso.com", [picture()], HERE)


async def test_photo_of_a_directory_does_not_replace_one_that_was_set_here(store: Store) -> None:
    await store.photos.put(LENE, [picture()], HERE)
    assert not await store.photos.put(LENE, [picture(48, b"directory")], DIRECTORY)
    assert await store.photos.get(LENE, 48) == picture()
    assert await store.photos.origin(LENE) == HERE


async def test_photo_that_is_set_here_replaces_that_of_a_directory(store: Store) -> None:
    await store.photos.put(LENE, [picture(48, b"directory")], DIRECTORY)
    assert await store.photos.origin(LENE) == DIRECTORY
    assert await store.photos.put(LENE, [picture()], HERE)
    assert await store.photos.get(LENE, 48) == picture()


async def test_directory_removes_its_own_photo_only(store: Store) -> None:
    await store.photos.put(LENE, [picture()], HERE)
    await store.photos.put(DAN, [picture()], DIRECTORY)
    removed = [await store.photos.remove(uri, DIRECTORY.source) for uri in (LENE, DAN)]
    assert removed == [False, True]
    assert await store.photos.get(LENE, 48) is not None
    assert await store.photos.get(DAN, 48) is None


async def test_removing_reports_whether_there_was_a_photo(store: Store) -> None:
    await store.photos.put(LENE, [picture()], HERE)
    assert [await store.photos.remove(LENE) for _ in range(2)] == [True, False]
    assert await store.photos.get(LENE, 48) is None


async def test_photo_is_removed_with_its_user(store: Store) -> None:
    await store.photos.put(LENE, [picture()], HERE)
    await store.users.remove(LENE, AT)
    await store.users.add(user(LENE))
    assert await store.photos.get(LENE, 48) is None
