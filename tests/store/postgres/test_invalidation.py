"""Two servers on one PostgreSQL store, both with caches: what one of them has answered is never older at the other."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from openucwa.model.meeting import Extension
from openucwa.model.refusals import ResourceNotFound, ServiceUnavailable
from openucwa.store.contract import Outdated
from openucwa.store.engine import Query, Row
from openucwa.store.postgres import PostgresStore
from openucwa.store.postgres.invalidation import BUCKETS, bucket_of
from tests.contract.samples import AT, MANY, MEETING, application, extension, user, with_meeting
from tests.postgres import PostgresServer
from tests.store.postgres.proxy import Proxy
from tests.users import LENE

OWNERS = [f"sip:{number}@contoso.com" for number in range(8)]
ROUNDS = 150
LIMIT = 30.0


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[Proxy]:
    async with Proxy(database) as proxy:
        yield proxy


@pytest.fixture
async def other(store: PostgresStore, proxy: Proxy) -> AsyncIterator[PostgresStore]:
    """The same store as another server has it, which reaches PostgreSQL through the proxy."""
    other = PostgresStore(proxy.url, timeout=2.0)
    await other.open()
    yield other
    await other.close()


@pytest.fixture
def changes(store: PostgresStore) -> list[frozenset[Outdated] | None]:
    """What the store tells caches of, from now on."""
    changes: list[frozenset[Outdated] | None] = []
    store.on_invalidate(changes.append)
    return changes


async def write(store: PostgresStore, value: int, owner: str = LENE) -> None:
    changed = replace(extension(), etag=str(value))
    await store.extensions.replace(owner, MEETING, None, changed, AT)


async def read(store: PostgresStore, owner: str = LENE) -> int:
    return int((await store.extensions.get(owner, MEETING, "slides")).etag)


async def cached(store: PostgresStore, owner: str = LENE) -> bool:
    """Whether a second read gives the very record of the first."""
    first, second = [await store.extensions.get(owner, MEETING, "slides") for _ in range(2)]
    return first is second


async def test_no_read_is_older_than_a_write_that_any_server_has_answered(
    store: PostgresStore, other: PostgresStore
) -> None:
    chance = random.Random(1)  # noqa: S311  # repeatable
    latest = dict.fromkeys(OWNERS, 1)
    for owner in OWNERS:
        await with_meeting(store, "slides", organizer=owner)
    hits = reads = 0

    async def write_and_read(owner: str) -> None:
        for value in range(2, ROUNDS + 2):
            writer, reader = chance.sample((store, other), 2)
            await write(writer, value, owner)
            latest[owner] = value
            assert await asyncio.create_task(read(reader, owner)) >= value

    async def read_all_the_time() -> None:
        nonlocal hits, reads
        while min(latest.values()) <= ROUNDS:
            owner, reader = chance.choice(OWNERS), chance.choice((store, other))
            answered = latest[owner]
            # Requests have tasks of their own.
            first = await asyncio.create_task(reader.extensions.get(owner, MEETING, "slides"))
            assert int(first.etag) >= answered
            second = await asyncio.create_task(reader.extensions.get(owner, MEETING, "slides"))
            assert int(second.etag) >= int(first.etag)
            reads += 1
            hits += first is second

    async with asyncio.TaskGroup() as clients:  # which ends all of them if one fails
        for owner in OWNERS:
            clients.create_task(write_and_read(owner))
        for _ in range(6):
            clients.create_task(read_all_the_time())
    assert reads > ROUNDS
    assert hits > reads / 10


async def test_server_that_cannot_reach_the_store_answers_nothing_that_is_cached(
    store: PostgresStore, other: PostgresStore, proxy: Proxy
) -> None:
    await with_meeting(store, "slides")
    assert await cached(other)
    proxy.stall()
    await write(store, 2)
    with pytest.raises(ServiceUnavailable):
        await read(other)
    proxy.resume()
    assert await read(other) == 2


async def test_connections_that_break_change_nothing(store: PostgresStore, other: PostgresStore, proxy: Proxy) -> None:
    await with_meeting(store, "slides")
    for value in range(2, 6):
        assert await cached(other)
        await write(store, value)
        proxy.cut()
        assert await read(other) == value


async def test_answered_write_is_read_at_the_other_server_after_a_crash_of_postgresql(
    own_server: PostgresServer,
) -> None:
    url = own_server.new_database()
    one, two = PostgresStore(url, LIMIT), PostgresStore(url, LIMIT)
    await one.open()
    await two.open()
    await with_meeting(one, "slides")
    for value in range(2, 5):
        assert await cached(two)
        await write(one, value)
        await asyncio.to_thread(own_server.kill)
        await asyncio.to_thread(own_server.start)
        assert await read(two) == value
    await one.close()
    await two.close()


async def test_write_that_a_lost_database_forgot_is_not_answered_from_the_cache(
    store: PostgresStore, other: PostgresStore, postgres: PostgresServer, database: str
) -> None:
    """As after a failover to a standby that was behind; its numbers are taken from a copy made before."""
    await with_meeting(store, "slides")
    before = await asyncio.to_thread(postgres.query, "select bucket, numbers from invalidations", database)
    await write(store, 2)
    assert await cached(other)
    await asyncio.to_thread(postgres.query, "update extensions set etag = '1'; delete from invalidations", database)
    for bucket, numbers in before:
        row = f"insert into invalidations values ({bucket}, '{numbers}')"  # noqa: S608  # numbers
        await asyncio.to_thread(postgres.query, row, database)
    assert await read(other) == 1


async def test_own_commit_leaves_what_it_does_not_change(
    store: PostgresStore, changes: list[frozenset[Outdated] | None]
) -> None:
    await with_meeting(store, "slides")
    await with_meeting(store, "slides", meeting_id="other")
    record = await store.extensions.get(LENE, "other", "slides")
    changes.clear()
    for value in range(2, 7):
        await write(store, value)
    assert await read(store) == 6
    assert changes == [frozenset({(LENE, MEETING)})] * 5
    assert await store.extensions.get(LENE, "other", "slides") is record


async def replaced(store: PostgresStore, old: str, new: str) -> Extension:
    """Replaces the extension with this etag, and returns what was written."""
    replacement = extension(etag=new)
    await store.extensions.replace(LENE, MEETING, frozenset({old}), replacement, AT)
    return replacement


async def test_replaced_extension_is_cached_as_written(store: PostgresStore) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    written = await replaced(store, "1", "2")
    assert await store.extensions.get(LENE, MEETING, "slides") is written


async def test_of_two_replacements_in_one_commit_the_later_is_read(store: PostgresStore) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    await asyncio.gather(replaced(store, "1", "2"), replaced(store, "2", "3"))
    assert await read(store) == 3


async def test_extension_that_is_removed_in_the_commit_that_replaced_it_is_not_found(store: PostgresStore) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    await asyncio.gather(
        replaced(store, "1", "2"), store.extensions.remove(LENE, MEETING, "slides", None, AT), return_exceptions=True
    )
    with pytest.raises(ResourceNotFound):
        await read(store)


async def test_replacements_in_different_meetings_and_one_commit_are_all_cached(store: PostgresStore) -> None:
    for meeting_id in (MEETING, "other"):
        await with_meeting(store, "slides", meeting_id=meeting_id)
    assert await cached(store)
    written = {meeting_id: extension(etag="2") for meeting_id in (MEETING, "other")}
    await asyncio.gather(
        *(store.extensions.replace(LENE, each, frozenset({"1"}), written[each], AT) for each in written)
    )
    for meeting_id, record in written.items():
        assert await store.extensions.get(LENE, meeting_id, "slides") is record


async def test_replacement_that_is_answered_late_is_not_read_after_a_later_one(
    store: PostgresStore, other: PostgresStore, proxy: Proxy
) -> None:
    """The other server's commit is there, but what PostgreSQL says to that is on its way when this one replaces it."""
    await with_meeting(store, "slides")
    assert await cached(other)
    proxy.hold_answer_to(b"; commit")
    replacing = asyncio.create_task(replaced(other, "1", "2"))
    while await asyncio.create_task(read(store)) != 2:
        pass
    await replaced(store, "2", "3")
    proxy.resume()
    await replacing
    assert await read(other) == 3


async def test_commit_of_another_server_between_own_ones_is_noticed(store: PostgresStore, other: PostgresStore) -> None:
    await with_meeting(store, "slides")
    await with_meeting(store, "slides", meeting_id="other")
    assert await cached(store)
    assert (await store.extensions.get(LENE, "other", "slides")).etag == "1"
    await write(store, 2)
    await other.extensions.replace(LENE, "other", None, replace(extension(), etag="9"), AT)
    await write(store, 3)
    assert await read(store) == 3
    assert (await store.extensions.get(LENE, "other", "slides")).etag == "9"


async def test_more_own_commits_than_a_bucket_remembers_are_all_noticed(
    store: PostgresStore, other: PostgresStore
) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    await write(other, 2)
    await with_meeting(store, *map(str, range(12)), meeting_id="other")
    assert await read(store) == 2


async def test_owners_that_share_a_bucket_are_read_again_together(store: PostgresStore, other: PostgresStore) -> None:
    names = (f"sip:n{number}@contoso.com" for number in range(3 * BUCKETS))
    sharing = next(name for name in names if bucket_of(name) == bucket_of(LENE))
    for owner in (LENE, sharing):
        await with_meeting(store, "slides", organizer=owner)
        assert await cached(store, owner)
    record = await store.extensions.get(LENE, MEETING, "slides")
    await write(other, 2, sharing)
    assert await read(store, sharing) == 2
    assert await store.extensions.get(LENE, MEETING, "slides") is not record


async def test_change_of_anybody_s_rows_is_noticed(store: PostgresStore, other: PostgresStore) -> None:
    await store.users.add(user())
    await store.applications.open(application(), None, AT, MANY)
    assert (await other.applications.session(LENE, "101")).last_request == AT
    await store.applications.touch({(LENE, "101"): AT + 1}, {})
    assert (await other.applications.session(LENE, "101")).last_request == AT + 1


async def test_migration_by_a_newer_server_empties_caches(
    store: PostgresStore, postgres: PostgresServer, database: str
) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    await asyncio.to_thread(
        postgres.query, "update extensions set etag = '5'; update store_version set version = version + 1", database
    )
    assert await read(store) == 5


async def test_requests_of_one_turn_share_a_query(store: PostgresStore) -> None:
    await with_meeting(store, "slides")
    assert await cached(store)
    asked = 0
    read_rows = store.reader.read

    async def counted(*queries: Query) -> Sequence[Sequence[Row]]:
        nonlocal asked
        asked += 1
        return await read_rows(*queries)

    store.reader.read = counted  # type: ignore[method-assign]
    results = await asyncio.gather(*(store.extensions.get(LENE, MEETING, "slides") for _ in range(100)))
    assert (asked, len(set(map(id, results)))) == (1, 1)
