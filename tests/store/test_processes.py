"""Several processes on one SQLite file, some of which die."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.model.event import NewEvent
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, EVENT, LENE, MEETING, logged, user, with_meeting
from tests.store.conftest import StartWorker


async def test_of_two_processes_writing_with_one_etag_one_wins_each_time(
    store: SqliteStore, start_worker: StartWorker
) -> None:
    await with_meeting(store, "slides")
    workers = await asyncio.gather(*(start_worker("answer") for _ in range(2)))
    assert [await worker.line() for worker in workers] == ["ready", "ready"]
    current = "1"
    for round_number in range(25):
        drafts = [f"{round_number}-{place}" for place in range(2)]
        answers = await asyncio.gather(
            *(
                worker.ask(f"replace {LENE} {MEETING} slides {current} {draft}")
                for worker, draft in zip(workers, drafts, strict=True)
            )
        )
        assert sorted(answers) == ["PreconditionFailed", "done"]
        current = drafts[answers.index("done")]
        assert (await store.extension(LENE, MEETING, "slides")).etag == current
    assert [await worker.end() for worker in workers] == [0, 0]


async def test_numbers_have_no_gap_among_processes(store: SqliteStore, start_worker: StartWorker) -> None:
    workers = await asyncio.gather(*(start_worker("answer") for _ in range(2)))
    assert [await worker.line() for worker in workers] == ["ready", "ready"]
    for _ in range(10):
        await asyncio.gather(
            store.append_events(AT, [NewEvent("a", "happened")]), *(worker.ask("append a") for worker in workers)
        )
    assert await logged(store, "a") == list(range(1, 31))


async def test_processes_that_open_a_new_store_at_the_same_time_all_come_to_use_it(start_worker: StartWorker) -> None:
    workers = await asyncio.gather(*(start_worker("answer") for _ in range(4)))
    assert [await worker.line() for worker in workers] == ["ready"] * 4
    assert await asyncio.gather(*(worker.ask("append a") for worker in workers)) == ["done"] * 4


async def test_topics_that_another_process_moved_are_told_once(store: SqliteStore, start_worker: StartWorker) -> None:
    await store.append_events(AT, [EVENT])
    worker = await start_worker("answer")
    assert await worker.line() == "ready"
    assert await store.moved_elsewhere() == frozenset()
    for topic in ("a", "b", "a"):
        assert await worker.ask(f"append {topic}") == "done"
    assert await store.moved_elsewhere() == {"a", "b"}
    assert await store.moved_elsewhere() == frozenset()


async def test_a_process_is_told_of_what_this_one_moved(store: SqliteStore, start_worker: StartWorker) -> None:
    await store.append_events(AT, [NewEvent("before", "happened")])
    worker = await start_worker("answer")
    assert await worker.line() == "ready"
    await store.append_events(AT, [NewEvent("after", "happened")])
    assert await worker.ask("moved") == "after"


async def test_topics_that_this_process_moved_were_not_moved_elsewhere(store: SqliteStore) -> None:
    for topic in ("a", "b"):
        await store.append_events(AT, [NewEvent(topic, "happened")])
    assert await store.moved_elsewhere() == frozenset()


async def test_what_moved_elsewhere_is_told_whatever_moved_here(store: SqliteStore, folder: Path) -> None:
    other = SqliteStore(folder, timeout=5.0)
    await other.open()
    for round_number in range(5):
        topic = str(round_number)
        await store.append_events(AT, [EVENT])
        await asyncio.gather(store.append_events(AT, [EVENT]), other.append_events(AT, [NewEvent(topic, "happened")]))
        await store.append_events(AT, [EVENT])
        assert topic in await store.moved_elsewhere()
    await other.close()


async def test_a_topic_of_a_removed_user_does_not_hide_what_moves_next(store: SqliteStore, folder: Path) -> None:
    other = SqliteStore(folder, timeout=5.0)
    await other.open()
    await store.add_user(user())
    await other.append_events(AT, [NewEvent(f"application/{LENE}/1", "resume")])
    assert await store.moved_elsewhere() != frozenset()
    await other.remove_user(LENE, AT)
    await other.append_events(AT, [NewEvent("a", "happened")])
    assert await store.moved_elsewhere() == {"a"}
    await other.close()


@pytest.mark.parametrize("acknowledged", [1, 40, 150])
async def test_what_a_killed_process_acknowledged_is_there(
    folder: Path, file: Path, start_worker: StartWorker, acknowledged: int
) -> None:
    worker = await start_worker("write", "killed")
    uris = [await worker.line() for _ in range(acknowledged)]
    worker.kill()
    while uri := await worker.line():
        uris.append(uri)
    await worker.end()

    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    assert {found.uri for found in await store.users()} >= set(uris)
    events = await store.events_after({"written": 0}, 1_000_000)
    assert {event.kind for event in events} >= set(uris)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    await store.close()


async def test_a_process_goes_on_when_another_is_killed(store: SqliteStore, start_worker: StartWorker) -> None:
    for name in ("first", "second"):
        worker = await start_worker("write", name)
        uri = await worker.line()
        worker.kill()
        await worker.end()
        await store.append_events(AT, [EVENT])
        assert await store.user(uri) is not None
    assert await logged(store) == [1, 2]


async def test_while_another_process_writes_too_long_a_change_is_refused_and_reads_go_on(
    store: SqliteStore, folder: Path, file: Path
) -> None:
    await store.add_user(user())
    impatient = SqliteStore(folder, timeout=0.05)
    await impatient.open()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        changes = [impatient.append_events(AT, [EVENT]) for _ in range(3)]
        refusals = await asyncio.gather(*changes, return_exceptions=True)
        assert await impatient.user(LENE) == user()
        other.execute("rollback")
    for refusal in refusals:
        assert isinstance(refusal, ServiceUnavailable)
        assert refusal.retry_after >= 1
        assert str(refusal) == "the store is busy with the changes of another process"
    await impatient.append_events(AT, [EVENT])
    assert await logged(store) == [1]
    await impatient.close()


async def test_a_change_waits_while_another_process_writes(store: SqliteStore, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin immediate")
        change = asyncio.create_task(store.append_events(AT, [EVENT]))
        done, _ = await asyncio.wait({change}, timeout=0.1)
        assert not done
        other.execute("rollback")
    await change
    assert await logged(store) == [1]
