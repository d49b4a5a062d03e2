"""A read while the process's own commit is in flight: caches lose what that commit changes and nothing else."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue

import pytest

from openucwa.model.refusals import ResourceNotFound
from openucwa.store.contract import Outdated
from openucwa.store.sqlite import SqliteStore
from openucwa.store.sqlite.invalidation import Invalidation
from tests.contract.samples import AT, DAN, EVENT, MANY, MEETING, extension, user, with_meeting
from tests.users import LENE

PATIENCE = 60.0


@pytest.fixture
def file_reader(store: SqliteStore, file: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the store's file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def changes(store: SqliteStore) -> list[frozenset[Outdated] | None]:
    """What the store tells caches of, from now on."""
    changes: list[frozenset[Outdated] | None] = []
    store.on_invalidate(changes.append)
    return changes


def wait_for_user(connection: sqlite3.Connection, uri: str) -> None:
    """Waits without letting the event loop go on, so that the commit is visible and its caller not yet answered."""
    end = time.monotonic() + PATIENCE
    while not connection.execute("select 1 from users where uri = ?", (uri,)).fetchall():
        assert time.monotonic() < end


async def commit_in_flight(store: SqliteStore, uri: str, connection: sqlite3.Connection) -> "asyncio.Task[None]":
    """Adds a user, and returns when that is committed and the store does not know it yet."""
    task = asyncio.create_task(store.users.add(user(uri)))
    for _ in range(3):
        await asyncio.sleep(0)
    wait_for_user(connection, uri)
    assert not task.done()
    return task


async def test_read_during_own_commit_invalidates_only_what_the_commit_changes(
    store: SqliteStore, file_reader: sqlite3.Connection, changes: list[frozenset[Outdated] | None]
) -> None:
    task = await commit_in_flight(store, DAN, file_reader)
    assert await store.users.get(DAN) is not None
    assert changes == [frozenset({(DAN, None)})]
    await task
    assert changes == [frozenset({(DAN, None)})]


async def test_commit_without_a_read_in_between_is_reported_once(
    store: SqliteStore, changes: list[frozenset[Outdated] | None]
) -> None:
    await store.users.add(user(DAN))
    await store.users.get(DAN)
    assert changes == [frozenset({(DAN, None)})]


async def test_caches_are_used_again_as_soon_as_an_own_commit_has_returned(
    store: SqliteStore, file_reader: sqlite3.Connection
) -> None:
    task = await commit_in_flight(store, DAN, file_reader)
    assert store.refresh(LENE)
    assert not task.done()
    await task
    assert store.refresh(LENE)


async def test_no_cache_may_be_used_between_a_visible_commit_and_its_return(tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "file", isolation_level=None)) as writer,
        closing(sqlite3.connect(tmp_path / "file", isolation_level=None)) as reader,
    ):
        writer.execute("pragma journal_mode = wal")
        invalidation = Invalidation(lambda: None)
        invalidation.open(reader, writer)
        writer.execute("begin immediate")
        writer.execute("create table users (uri)")
        invalidation.committing(frozenset({(DAN, None)}), SimpleQueue())
        writer.execute("commit")
        assert not invalidation.refresh(LENE)
        invalidation.committed()
        assert invalidation.refresh(LENE)


async def test_commit_of_another_process_behind_an_own_one_is_noticed(
    store: SqliteStore, file_reader: sqlite3.Connection, changes: list[frozenset[Outdated] | None]
) -> None:
    await with_meeting(store, "slides")
    assert (await store.extensions.get(LENE, MEETING, "slides")).etag == "1"
    task = await commit_in_flight(store, DAN, file_reader)
    file_reader.execute("pragma busy_timeout = 5000")
    file_reader.execute("update extensions set etag = 'another'")
    assert (await store.extensions.get(LENE, MEETING, "slides")).etag == "another"
    await task
    assert None in changes
    assert (await store.extensions.get(LENE, MEETING, "slides")).etag == "another"


async def test_commit_of_another_process_before_an_own_one_is_noticed(
    store: SqliteStore, file_reader: sqlite3.Connection, changes: list[frozenset[Outdated] | None]
) -> None:
    file_reader.execute("insert into topics (topic, last) values ('a', 1)")
    await store.users.add(user(DAN))
    assert changes == [None, frozenset({(DAN, None)})]


async def test_cached_read_survives_reads_during_commits_of_other_owners(
    store: SqliteStore, file_reader: sqlite3.Connection
) -> None:
    await with_meeting(store, "slides")
    cached = await store.extensions.get(LENE, MEETING, "slides")
    task = await commit_in_flight(store, DAN, file_reader)
    await store.users.get(DAN)
    await task
    assert await store.extensions.get(LENE, MEETING, "slides") is cached


async def test_failed_commit_leaves_caches_in_use(
    store: SqliteStore, file: Path, changes: list[frozenset[Outdated] | None]
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("create table parents (id integer primary key) strict")
        other.execute(
            "create table children (parent integer references parents (id) deferrable initially deferred) strict"
        )
        other.execute("create trigger orphan after insert on events begin insert into children values (1); end")
    with pytest.raises(sqlite3.IntegrityError):
        await store.events.append(AT, [EVENT])
    assert store.refresh(LENE)
    await with_meeting(store, "slides")
    await store.extensions.add(LENE, MEETING, extension("agenda"), MANY, AT)
    assert changes[-1] == frozenset({(LENE, MEETING)})


async def test_replaced_extension_is_cached_as_written(store: SqliteStore) -> None:
    await with_meeting(store, "slides")
    replacement = extension("slides", etag="2")
    await store.extensions.replace(LENE, MEETING, frozenset({"1"}), replacement, AT)
    assert await store.extensions.get(LENE, MEETING, "slides") is replacement


async def test_of_two_replacements_in_one_commit_the_later_is_read(store: SqliteStore) -> None:
    await with_meeting(store, "slides")
    await asyncio.gather(
        store.extensions.replace(LENE, MEETING, frozenset({"1"}), extension("slides", etag="2"), AT),
        store.extensions.replace(LENE, MEETING, frozenset({"2"}), extension("slides", etag="3"), AT),
    )
    assert (await store.extensions.get(LENE, MEETING, "slides")).etag == "3"


async def test_extension_that_is_removed_in_the_commit_that_replaced_it_is_not_found(store: SqliteStore) -> None:
    await with_meeting(store, "slides")
    await asyncio.gather(
        store.extensions.replace(LENE, MEETING, frozenset({"1"}), extension("slides", etag="2"), AT),
        store.extensions.remove(LENE, MEETING, "slides", None, AT),
    )
    with pytest.raises(ResourceNotFound):
        await store.extensions.get(LENE, MEETING, "slides")


async def test_commit_of_another_process_behind_a_replacement_is_read(
    store: SqliteStore, file_reader: sqlite3.Connection
) -> None:
    await with_meeting(store, "slides")
    replacing = store.extensions.replace(LENE, MEETING, frozenset({"1"}), extension("slides", etag="2"), AT)
    task = asyncio.create_task(replacing)
    for _ in range(3):
        await asyncio.sleep(0)
    end = time.monotonic() + PATIENCE
    while not file_reader.execute("select 1 from extensions where etag = '2'").fetchall():
        assert time.monotonic() < end
    file_reader.execute("pragma busy_timeout = 5000")
    file_reader.execute("update extensions set etag = 'another'")
    await task
    assert (await store.extensions.get(LENE, MEETING, "slides")).etag == "another"
