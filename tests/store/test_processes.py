"""Several processes on one SQLite file: what only this engine does. What every engine does, `test_servers.py` tests."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from openucwa.model.event import NewEvent
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, EVENT, logged, user
from tests.store.conftest import StartWorker
from tests.users import LENE


async def test_topics_of_another_process_are_reported_once(store: SqliteStore, start_worker: StartWorker) -> None:
    await store.events.append(AT, [EVENT])
    worker = await start_worker("answer")
    assert await worker.line() == "ready"
    assert await store.foreign_topics() == frozenset()
    for topic in ("a", "b", "a"):
        assert await worker.ask(f"append {topic}") == "done"
    assert await store.foreign_topics() == {"a", "b"}
    assert await store.foreign_topics() == frozenset()


async def test_topics_of_this_process_are_reported_to_the_other(store: SqliteStore, start_worker: StartWorker) -> None:
    await store.events.append(AT, [NewEvent("before", "happened")])
    worker = await start_worker("answer")
    assert await worker.line() == "ready"
    await store.events.append(AT, [NewEvent("after", "happened")])
    assert await worker.ask("moved") == "after"


async def test_own_topics_are_not_foreign(store: SqliteStore) -> None:
    for topic in ("a", "b"):
        await store.events.append(AT, [NewEvent(topic, "happened")])
    assert await store.foreign_topics() == frozenset()


async def test_foreign_topics_are_reported_despite_own_commits(store: SqliteStore, folder: Path) -> None:
    other = SqliteStore(folder, timeout=5.0)
    await other.open()
    for round_number in range(5):
        topic = str(round_number)
        await store.events.append(AT, [EVENT])
        await asyncio.gather(store.events.append(AT, [EVENT]), other.events.append(AT, [NewEvent(topic, "happened")]))
        await store.events.append(AT, [EVENT])
        assert topic in await store.foreign_topics()
    await other.close()


async def test_topic_of_a_removed_user_does_not_hide_the_next_events(store: SqliteStore, folder: Path) -> None:
    other = SqliteStore(folder, timeout=5.0)
    await other.open()
    await store.users.add(user())
    await other.events.append(AT, [NewEvent(f"application/{LENE}/1", "resume")])
    assert await store.foreign_topics() != frozenset()
    await other.users.remove(LENE, AT)
    await other.events.append(AT, [NewEvent("a", "happened")])
    assert await store.foreign_topics() == {"a"}
    await other.close()


async def test_change_is_refused_and_reads_continue_while_another_process_writes_too_long(
    store: SqliteStore, folder: Path, file: Path
) -> None:
    await store.users.add(user())
    impatient = SqliteStore(folder, timeout=0.05)
    await impatient.open()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        changes = [impatient.events.append(AT, [EVENT]) for _ in range(3)]
        refusals = await asyncio.gather(*changes, return_exceptions=True)
        assert await impatient.users.get(LENE) == user()
        other.execute("rollback")
    for refusal in refusals:
        assert isinstance(refusal, ServiceUnavailable)
        assert refusal.retry_after >= 1
        assert str(refusal) == "the store is busy with the changes of another process"
    await impatient.events.append(AT, [EVENT])
    assert await logged(store) == [1]
    await impatient.close()


async def test_change_waits_while_another_process_writes(store: SqliteStore, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        change = asyncio.create_task(store.events.append(AT, [EVENT]))
        done, _ = await asyncio.wait({change}, timeout=0.1)
        assert not done
        other.execute("rollback")
    await change
    assert await logged(store) == [1]
