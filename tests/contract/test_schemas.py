"""JSON Schemas of users, as `store.contract.Schemas` describes them."""

import asyncio

import pytest

from openucwa.model.refusals import LimitExceeded, PreconditionFailed, ResourceNotFound
from openucwa.model.schema import SchemaVersion
from openucwa.store.contract import Match, Store
from tests.contract.samples import AT, DAN, MANY, extension, user, with_meeting
from tests.users import LENE


async def put(
    store: Store,
    extension_id: str = "agenda",
    schema: bytes = b"true",
    *,
    etag: str = "1",
    match: Match = None,
    limit: int = MANY,
    versions: int = MANY,
    owner: str = LENE,
) -> SchemaVersion:
    return await store.schemas.put(owner, extension_id, match, etag, schema, AT, limit, versions)


async def test_newest_version_is_the_current_one(store: Store) -> None:
    assert await store.schemas.current(LENE) == {}
    await put(store)
    second = await put(store, schema=b"false", etag="2")
    other = await put(store, "a/b")
    await put(store, owner=DAN)
    assert second == SchemaVersion("agenda", 2, "2", b"false", AT)
    assert await store.schemas.current(LENE) == {"agenda": second, "a/b": other}


async def test_removed_schema_is_a_version_without_one(store: Store) -> None:
    first = await put(store)
    await store.schemas.remove(LENE, "agenda", frozenset({"1"}), "2", AT + 1)
    assert await store.schemas.current(LENE) == {}
    removed = SchemaVersion("agenda", 2, "2", None, AT + 1)
    assert await store.schemas.versions(LENE, "agenda") == [removed, first]
    assert (await put(store)).version == 3


async def test_oldest_versions_are_forgotten(store: Store) -> None:
    for _ in range(5):
        await put(store, versions=2)
    assert [each.version for each in await store.schemas.versions(LENE, "agenda")] == [5, 4]


async def test_conditions_are_decided_in_the_store(store: Store) -> None:
    with pytest.raises(PreconditionFailed):
        await put(store, match=frozenset({"1"}))
    await put(store)
    await put(store, match=frozenset({"1"}), etag="2")
    with pytest.raises(PreconditionFailed):
        await put(store, match=frozenset({"1"}))
    with pytest.raises(PreconditionFailed):
        await store.schemas.remove(LENE, "agenda", frozenset({"1"}), "3", AT)
    with pytest.raises(ResourceNotFound):
        await store.schemas.remove(LENE, "other", None, "3", AT)


async def test_limit_counts_current_schemas(store: Store) -> None:
    await put(store, "a", limit=2)
    await put(store, "b", limit=2)
    await put(store, "b", limit=2)
    with pytest.raises(LimitExceeded):
        await put(store, "c", limit=2)
    await store.schemas.remove(LENE, "a", None, "2", AT)
    await put(store, "c", limit=2)


async def test_concurrent_versions_get_numbers_of_their_own(store: Store, other: Store) -> None:
    added = await asyncio.gather(*(put(each) for each in (store, other) for _ in range(5)))
    assert sorted(each.version for each in added) == list(range(1, 11))


async def test_another_server_knows_a_new_schema(store: Store, other: Store) -> None:
    assert await other.schemas.current(LENE) == {}
    added = await put(store)
    refreshed = other.refresh(LENE)
    if not isinstance(refreshed, bool):
        await refreshed
    assert await other.schemas.current(LENE) == {"agenda": added}


async def test_extensions_with_an_id_are_found_in_all_meetings_of_the_owner(store: Store) -> None:
    for name in ("A", "B", "C"):
        await with_meeting(store, "agenda", "other", meeting_id=name)
    await with_meeting(store, "agenda", meeting_id="D", organizer=DAN)
    found = await store.schemas.extensions(LENE, "agenda", "", 2)
    assert found == [("A", extension("agenda")), ("B", extension("agenda"))]
    assert [name for name, _ in await store.schemas.extensions(LENE, "agenda", "B", 2)] == ["C"]


async def test_schemas_are_removed_with_their_owner(store: Store) -> None:
    await store.users.add(user(LENE))
    await put(store)
    await put(store, owner=DAN)
    await store.users.remove(LENE, AT)
    assert await store.schemas.versions(LENE, "agenda") == []
    assert await store.schemas.current(LENE) == {}
    assert len(await store.schemas.versions(DAN, "agenda")) == 1
