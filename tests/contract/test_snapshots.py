"""What reads a store as a whole sees one moment of it, in pages."""

from itertools import chain

import pytest

from openucwa.store.postgres import PostgresStore
from openucwa.store.snapshots import pages
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import user

Stored = SqliteStore | PostgresStore


async def add(store: Stored, *names: str) -> None:
    for name in names:
        await store.users.add(user(f"sip:{name}@contoso.com"))


async def read(store: Stored, size: int, of: tuple[str, str] | None = None) -> list[list[str]]:
    """The URIs of the users, page by page; another one is added after the first page."""
    found = []
    async with store.snapshot() as snapshot:
        async for rows in pages(snapshot, "users", ["name", "uri"], ["uri"], of=of, size=size):
            if not found:
                await add(store, "added")
            found.append([str(uri) for _, uri in rows])
    return found


@pytest.mark.parametrize(("size", "counts"), [(2, [2, 2, 1]), (5, [5]), (6, [5])])
async def test_snapshot_is_read_in_pages_and_does_not_change(store: Stored, size: int, counts: list[int]) -> None:
    await add(store, "d", "b", "a", "e", "c")
    found = await read(store, size)
    assert [len(page) for page in found] == counts
    assert list(chain(*found)) == [f"sip:{name}@contoso.com" for name in "abcde"]
    assert len(await store.users.all()) == 6


async def test_rows_of_one_owner_alone_are_read(store: Stored) -> None:
    await add(store, "a", "b")
    assert await read(store, 1, ("uri", "sip:b@contoso.com")) == [["sip:b@contoso.com"]]


async def test_pages_are_ordered_by_several_columns(store: Stored) -> None:
    await add(store, "a", "b", "c", "d")
    async with store.snapshot() as snapshot:
        columns = ["generation", "uri"]
        found = [row[1] async for rows in pages(snapshot, "users", columns, columns, size=1) for row in rows]
    assert found == [f"sip:{name}@contoso.com" for name in "abcd"]
