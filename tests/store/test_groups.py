"""How changes share commits."""

import asyncio

import pytest

from openucwa.store.engine import Transaction
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, EVENT, MANY, MEETING, extension, logged, with_participants
from tests.users import LENE


async def test_concurrent_changes_share_one_commit(store: SqliteStore) -> None:
    await with_participants(store)
    commits: list[frozenset[str]] = []
    store.on_commit(commits.append)
    await asyncio.gather(*(store.extensions.add(LENE, MEETING, extension(str(n)), MANY, AT) for n in range(32)))
    assert len(commits) == 1


async def test_changes_during_a_commit_share_the_next(store: SqliteStore) -> None:
    commits: list[frozenset[str]] = []
    store.on_commit(commits.append)
    first = asyncio.create_task(store.events.append(AT, [EVENT]))
    for _ in range(3):
        await asyncio.sleep(0)  # now the first one's commit is under way
    await asyncio.gather(first, *(store.events.append(AT, [EVENT]) for _ in range(31)))
    assert len(commits) == 2


async def test_parallel_writers_share_each_commit(store: SqliteStore) -> None:
    commits: list[frozenset[str]] = []
    store.on_commit(commits.append)

    async def write() -> None:
        for _ in range(10):
            await store.events.append(AT, [EVENT])

    await asyncio.gather(*(write() for _ in range(32)))
    assert len(commits) == 10


async def test_change_whose_caller_was_cancelled_before_its_commit_is_skipped(store: SqliteStore) -> None:
    gone = asyncio.create_task(store.events.append(AT, [EVENT]))
    await asyncio.sleep(0)  # now it waits for its commit
    gone.cancel()
    await asyncio.wait({gone})
    await store.events.append(AT, [EVENT])
    assert await logged(store) == [1]


async def test_change_that_awaits_anything_but_its_transaction_is_refused_and_leaves_nothing(
    store: SqliteStore,
) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.run("insert into signing_keys (id, secret, created) values ('1', x'00', 1)")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="work"):
        await store.writer.change(work)
    assert await store.signing_keys.all() == []
