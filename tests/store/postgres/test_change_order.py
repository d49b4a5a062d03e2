"""The order of the change log on PostgreSQL, where changes are not committed in the order of their numbers."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from openucwa.model.change import BEGINNING, Position
from openucwa.store.postgres import PostgresStore
from tests.contract.samples import AT, DAN, MANY, MEETING, extension, with_meeting
from tests.postgres import PostgresServer
from tests.users import LENE

_LATE = """
    insert into changes
        (organizer, meeting_id, extension_id, kind, at, actor, application, user_agent, etag_before, etag, type_before,
            type)
    values ($1, 'late', '', 'added', 1, '', '', '', '', '1', '', '')
"""


@pytest.fixture
async def by_hand(store: PostgresStore, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection to the store's database that is not the server's."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def meetings_after(store: PostgresStore, position: Position) -> tuple[list[str], Position]:
    found = await store.change_log.after_all(position, MANY)
    return [each.meeting_id for each in found.changes], found.position


async def test_change_committed_late_comes_before_those_that_did_not_overtake_it(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await with_meeting(store, meeting_id="before")
    seen, position = await meetings_after(store, BEGINNING)
    late = by_hand.transaction()
    await late.start()
    await by_hand.execute(_LATE, DAN)
    await with_meeting(store, meeting_id="after")
    while_in_progress, position = await meetings_after(store, position)
    await late.commit()
    then, position = await meetings_after(store, position)
    assert (seen, while_in_progress, then) == (["before"], [], ["late", "after"])
    assert await meetings_after(store, position) == ([], position)


async def test_rolled_back_change_never_comes_and_holds_up_nothing_afterwards(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    late = by_hand.transaction()
    await late.start()
    await by_hand.execute(_LATE, DAN)
    await with_meeting(store, meeting_id="after")
    while_in_progress, position = await meetings_after(store, BEGINNING)
    await late.rollback()
    assert (while_in_progress, (await meetings_after(store, position))[0]) == ([], ["after"])


async def test_own_version_is_read_at_once_during_other_transactions(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    late = by_hand.transaction()
    await late.start()
    await by_hand.execute(_LATE, DAN)
    await with_meeting(store, "slides")
    assert len(await store.change_log.versions(LENE, MEETING, "slides", None, MANY)) == 1
    await late.rollback()


async def test_log_restored_into_another_cluster_keeps_its_order_and_gets_another_identity(
    store: PostgresStore, postgres: PostgresServer, database: str
) -> None:
    await with_meeting(store, "a", "b")
    identity = await store.change_log.identity()
    postgres.query("update changes set transaction_id = transaction_id + 1000000000", database)
    again = PostgresStore(database, timeout=30.0)
    await again.open()
    try:
        assert await again.change_log.identity() != identity
        await again.extensions.add(LENE, MEETING, extension("c"), MANY, AT)
        found = await again.change_log.after_all(BEGINNING, MANY)
        assert [each.extension_id for each in found.changes] == ["", "a", "b", "c"]
        assert found.position > found.changes[2].position
    finally:
        await again.close()


async def test_number_behind_copied_changes_is_higher(
    store: PostgresStore, postgres: PostgresServer, database: str
) -> None:
    await with_meeting(store, "a")
    postgres.query("update changes set transaction_id = 0, number = number + 1000000", database)
    copied = [each.number for each in (await store.change_log.after_all(BEGINNING, MANY)).changes]
    again = PostgresStore(database, timeout=30.0)
    await again.open()
    try:
        await again.extensions.add(LENE, MEETING, extension("b"), MANY, AT)
        *_, last = (await again.change_log.after_all(BEGINNING, MANY)).changes
        assert last.number > max(copied)
        found = await again.change_log.after_all(Position(0, max(copied)), MANY)
        assert [each.extension_id for each in found.changes] == ["b"]
    finally:
        await again.close()
