"""Several processes on one store, some of which die: what holds with each engine."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.model.event import NewEvent
from openucwa.store.contract import Store
from tests.contract.samples import AT, EVENT, MEETING, logged, with_meeting
from tests.postgres import PostgresServer
from tests.store.conftest import StartWorker
from tests.store.worker import store_at
from tests.users import LENE


async def test_one_of_two_processes_writing_with_the_same_etag_wins_each_time(
    shared: Store, start_sharer: StartWorker
) -> None:
    await with_meeting(shared, "slides")
    workers = await asyncio.gather(*(start_sharer("answer") for _ in range(2)))
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
        assert (await shared.extensions.get(LENE, MEETING, "slides")).etag == current
    assert [await worker.end() for worker in workers] == [0, 0]


async def test_numbers_have_no_gaps_across_processes(shared: Store, start_sharer: StartWorker) -> None:
    workers = await asyncio.gather(*(start_sharer("answer") for _ in range(2)))
    assert [await worker.line() for worker in workers] == ["ready", "ready"]
    for _ in range(10):
        await asyncio.gather(
            shared.events.append(AT, [NewEvent("a", "happened")]), *(worker.ask("append a") for worker in workers)
        )
    assert await logged(shared, "a") == list(range(1, 31))


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_processes_opening_a_new_store_concurrently_all_succeed(
    request: pytest.FixtureRequest, folder: Path, start_worker_at: StartWorker, engine: str
) -> None:
    place = str(folder)
    if engine == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres")
        place = server.new_database()
    workers = await asyncio.gather(*(start_worker_at(place, "answer") for _ in range(4)))
    assert [await worker.line() for worker in workers] == ["ready"] * 4
    assert await asyncio.gather(*(worker.ask("append a") for worker in workers)) == ["done"] * 4


@pytest.mark.parametrize("acknowledged", [1, 40, 150])
async def test_answered_writes_of_a_killed_process_survive(
    place: str, file: Path, start_sharer: StartWorker, acknowledged: int
) -> None:
    worker = await start_sharer("write", "killed")
    uris = [await worker.line() for _ in range(acknowledged)]
    worker.kill()
    while uri := await worker.line():
        uris.append(uri)
    await worker.end()

    if file.exists():  # noqa: ASYNC240
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    store = store_at(place)
    await store.open()
    assert {found.uri for found in await store.users.all()} >= set(uris)
    events = await store.events.after({"written": 0}, 1_000_000)
    assert {event.kind for event in events} >= set(uris)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    await store.close()


async def test_process_continues_when_another_is_killed(shared: Store, start_sharer: StartWorker) -> None:
    for name in ("first", "second"):
        worker = await start_sharer("write", name)
        uri = await worker.line()
        worker.kill()
        await worker.end()
        await shared.events.append(AT, [EVENT])
        assert await shared.users.get(uri) is not None
    assert await logged(shared) == [1, 2]
