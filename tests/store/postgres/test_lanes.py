"""How changes share transactions in PostgreSQL, go on beside each other, and get out of each other's way."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import asyncpg
import pytest

from openucwa.model.measures import Measures
from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.announcements import Announcements
from openucwa.store.engine import Transaction
from openucwa.store.postgres.change import lock_of
from openucwa.store.postgres.connection import Database
from openucwa.store.postgres.invalidation import Invalidation
from openucwa.store.postgres.reader import Reader
from openucwa.store.postgres.writer import Writer
from tests.postgres import PostgresServer

LANES = 4


def key_of_lane(lane: int, number: int = 0) -> str:
    """A key whose changes are made in a lane."""
    keys = (f"key {n}" for n in range(1_000_000))
    return [key for key in (next(keys) for _ in range(100)) if lock_of(key) % LANES == lane][number]


def writer_of(database: Database, measures: Measures) -> Writer:
    return Writer(database, Invalidation(database, Reader(database, 1)), LANES, Announcements(), measures)


@pytest.fixture
async def writer(postgres: PostgresServer, database: str, measures: Measures) -> AsyncIterator[Writer]:
    table = "create table if not exists notes (name text primary key, count bigint); grant all on notes to openucwa"
    postgres.query(table, database)
    writer = writer_of(Database(database, 5.0, 99), measures)
    yield writer
    await writer.close()


@pytest.fixture
def measures() -> Measures:
    return Measures()


def add(name: str) -> Callable[[Transaction], Coroutine[Any, Any, int]]:
    """A work that reads a count and writes it back with one more, as no two may do at the same time."""

    async def work(transaction: Transaction) -> int:
        row = await transaction.row("select count from notes where name = ?", name)
        count = row[0] + 1 if row else 1
        if row:
            await transaction.run("update notes set count = ? where name = ?", count, name)
        else:
            await transaction.run("insert into notes (name, count) values (?, ?)", name, count)
        return int(count)

    return work


async def test_changes_with_a_common_key_run_one_after_the_other(writer: Writer) -> None:
    counts = await asyncio.gather(*(writer.change(add("a"), "a") for _ in range(50)))
    assert counts == list(range(1, 51))


async def test_changes_with_a_common_key_in_several_writers_run_one_after_the_other(
    writer: Writer, database: str
) -> None:
    other = writer_of(Database(database, 5.0, 99), Measures())
    counts = await asyncio.gather(*(each.change(add("a"), "a") for _ in range(25) for each in (writer, other)))
    await other.close()
    assert sorted(counts) == list(range(1, 51))


async def test_changes_with_a_common_second_key_run_one_after_the_other(writer: Writer) -> None:
    counts = await asyncio.gather(*(writer.change(add("a"), f"key {n}", "a") for n in range(50)))
    assert sorted(counts) == list(range(1, 51))


async def test_changes_with_a_common_key_locked_later_run_one_after_the_other(writer: Writer) -> None:
    def held(number: int) -> Callable[[Transaction], Coroutine[Any, Any, int]]:
        async def work(transaction: Transaction) -> int:
            await add(f"own {number}")(transaction)
            await transaction.lock("a")
            return await add("a")(transaction)

        return work

    counts = await asyncio.gather(*(writer.change(held(n), f"key {n}") for n in range(50)))
    assert sorted(counts) == list(range(1, 51))
    assert [await writer.change(add(f"own {n}"), f"key {n}") for n in range(50)] == [2] * 50


async def test_changes_that_need_each_others_keys_both_succeed(writer: Writer) -> None:
    one, other = key_of_lane(0), key_of_lane(1)
    runs = 0

    def wanting(mine: str, theirs: str) -> Callable[[Transaction], Coroutine[Any, Any, None]]:
        async def work(transaction: Transaction) -> None:
            nonlocal runs
            runs += 1
            await add(mine)(transaction)
            if runs <= 2:
                await transaction.rows("select pg_sleep(0.2)")
            await transaction.lock(theirs)
            await add(theirs)(transaction)

        return work

    await asyncio.gather(*(writer.change(wanting(*pair), pair[0]) for pair in ((one, other), (other, one))))
    assert [await writer.change(add(key), key) for key in (one, other)] == [3, 3]


async def test_concurrent_changes_share_one_transaction_per_connection(writer: Writer, measures: Measures) -> None:
    keys = [key_of_lane(lane, number) for lane in range(LANES) for number in range(8)]
    for expected in (1, 2):
        assert await asyncio.gather(*(writer.change(add(key), key) for key in keys)) == [expected] * len(keys)
        assert measures.commit_changes.sum == expected * len(keys)
        assert sum(measures.commit_changes.counts) == expected * LANES


async def test_change_that_fails_after_writing_does_not_affect_others(writer: Writer) -> None:
    fault = RuntimeError("a fault of its own")

    async def failing(transaction: Transaction) -> None:
        await add("failing")(transaction)
        raise fault

    keys = [key_of_lane(0, number) for number in range(9)]
    works: list[Any] = [failing if number % 3 == 1 else add(key) for number, key in enumerate(keys)]
    answers = await asyncio.gather(
        *(writer.change(work, key) for work, key in zip(works, keys, strict=True)), return_exceptions=True
    )
    assert answers == [1, fault, 1] * 3
    assert await writer.change(add("failing")) == 1


async def test_wrong_statement_fails_its_own_change_only(writer: Writer) -> None:
    async def wrong(transaction: Transaction) -> None:
        await transaction.run("insert into notes (name, count) values (?, ?)", "wrong", "no number")

    keys = [key_of_lane(0, number) for number in range(3)]
    answers = await asyncio.gather(
        writer.change(add("a"), keys[0]),
        writer.change(wrong, keys[1]),
        writer.change(add("b"), keys[2]),
        return_exceptions=True,
    )
    assert [isinstance(answer, asyncpg.DataError | ValueError) for answer in answers] == [False, True, False]
    assert await writer.change(add("a"), keys[0]) == 2


async def test_key_locked_by_another_server_blocks_no_other_connection(
    database: str, writer: Writer, measures: Measures
) -> None:
    impatient = writer_of(Database(database, 0.5, 99), measures)
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def other_server() -> None:
        connection = await asyncpg.connect(database)
        await connection.execute(f"begin; select pg_advisory_xact_lock({lock_of(key_of_lane(1))})")
        begun.set()
        await go_on.wait()
        await connection.close()

    other = asyncio.create_task(other_server())
    await begun.wait()
    with pytest.raises(ServiceUnavailable, match=r"^the store is busy with other changes$"):
        await impatient.change(add("kept"), key_of_lane(1))
    assert await impatient.change(add("free"), key_of_lane(2)) == 1
    go_on.set()
    await other
    assert await impatient.change(add("kept"), key_of_lane(1)) == 1
    await impatient.close()


async def test_change_whose_caller_was_cancelled_before_its_turn_is_skipped(writer: Writer) -> None:
    gone = asyncio.create_task(writer.change(add("a"), "a"))
    await asyncio.sleep(0)  # now it waits for its turn
    gone.cancel()
    await asyncio.wait({gone})
    assert await writer.change(add("a"), "a") == 1


async def test_single_statement_changes_run_in_turn_in_one_transaction(
    writer: Writer, postgres: PostgresServer, database: str, measures: Measures
) -> None:
    statement = "insert into notes (name, count) select ?, count(*) from notes where name <> ?"
    counts = await asyncio.gather(*(writer.run("a", statement, f"{number:02}", "none") for number in range(50)))
    assert counts == [1] * 50
    noted = [count for _, count in sorted(postgres.query("select name, count from notes", database))]
    assert noted == [str(number) for number in range(50)], "each saw what the one before wrote"
    assert sum(measures.commit_changes.counts) == 1


async def test_single_statement_changes_run_in_turn_among_others_with_the_same_key(writer: Writer) -> None:
    await writer.change(add("a"), "a")
    one_statement = "update notes set count = count + 1 where name = ?"
    changes = [
        writer.run("a", one_statement, "a") if number % 3 else writer.change(add("a"), "a") for number in range(48)
    ]
    answers = await asyncio.gather(*changes)
    assert await writer.change(add("a"), "a") == 50
    assert sorted(answer for number, answer in enumerate(answers) if number % 3 == 0) == sorted(set(answers[::3])), (
        "none of them found what another found"
    )
