"""Refusals leave nothing that only a garbage collection frees."""

import asyncio
import gc
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.model.refusals import Refusal
from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, EVENT, MANY, MEETING, extension, user, with_meeting
from tests.users import LENE


@pytest.fixture
def collected() -> Iterator[Callable[[], int]]:
    """How many objects a collection finds; none runs by itself meanwhile."""
    gc.collect()
    gc.disable()
    yield gc.collect
    gc.enable()


#: How often a call is refused. Garbage of it would be as many objects at least; a few may be of something else.
REFUSALS = 50


async def refuse(call: Callable[[], Awaitable[object]], kind: type[Exception] = Refusal) -> None:
    for _ in range(REFUSALS):
        try:  # pytest.raises would keep the error
            await call()
        except kind:
            continue
        raise AssertionError("not refused")
    await asyncio.sleep(0)


async def test_refused_calls_leave_no_garbage(shared: Store, collected: Callable[[], int]) -> None:
    await shared.users.add(user())
    await with_meeting(shared, "slides")
    etag = frozenset({"another"})
    for call in (
        lambda: shared.users.add(user()),
        lambda: shared.meetings.get(LENE, "nowhere"),
        lambda: shared.meetings.replace(LENE, "nowhere", None, None, "1", AT),  # type: ignore[arg-type]
        lambda: shared.extensions.add(LENE, MEETING, extension(), MANY, AT),
        lambda: shared.extensions.replace(LENE, MEETING, etag, extension(), AT),
    ):
        await refuse(call)
        collected()
        await refuse(call)
        assert collected() < REFUSALS


async def test_failed_commits_leave_no_garbage(store: SqliteStore, file: Path, collected: Callable[[], int]) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("create table parents (id integer primary key) strict")
        other.execute(
            "create table children (parent integer references parents (id) deferrable initially deferred) strict"
        )
        other.execute("create trigger orphan after insert on events begin insert into children values (1); end")
    await refuse(lambda: store.events.append(AT, [EVENT]), sqlite3.IntegrityError)
    collected()
    await refuse(lambda: store.events.append(AT, [EVENT]), sqlite3.IntegrityError)
    assert collected() < REFUSALS
