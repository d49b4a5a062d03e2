"""Queries of meetings read what they return: no statement of theirs scans a table."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.meetings.filter_syntax import FilterLimits, read_filter
from openucwa.model.filters import Order
from openucwa.store.contract import MeetingQuery, Place, QueryLimits
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, MANY, extension, with_meeting
from tests.store.recording import ExecutedStatement, RecordedStore
from tests.users import LENE

LIMITS = FilterLimits(length=1_000, depth=10, terms=50)
FILTERS = [
    "subject eq 'a'",
    "startswith(subject, 'a')",
    "expirationTime ge 2026-01-01 and expirationTime lt 2026-02-01",
    "extensions('crm') ne null",
    "extensions('crm')/case eq 4711",
    "extensions('crm')/case in (1, 2, 'three')",
    "extensions('crm')/case gt 4711 and accessLevel eq 'Invited'",
    "extensions('crm')/case eq 1 or extensions('crm')/case eq 2 or subject eq 'a'",
    "extensions/any(e: e/case eq 4711 and e/open eq true)",
    "extensions('crm')/tags/any(t: t ge 'a' and t lt 'b')",
    "subject eq 'a' and not (extensions('crm')/case eq 1)",
    "not (extensions('crm')/case eq 1)",
]


@pytest.fixture
def recorded(store: SqliteStore) -> RecordedStore:
    return RecordedStore(store.reader, store.writer)


def plan(file: Path, ran: ExecutedStatement) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[3] for row in connection.execute(f"explain query plan {ran.text}", tuple(ran.parameters))]


@pytest.mark.parametrize("text", FILTERS)
async def test_no_table_is_scanned(store: SqliteStore, recorded: RecordedStore, file: Path, text: str) -> None:
    await with_meeting(store, "crm")
    query = MeetingQuery(
        LENE, read_filter(text, LIMITS), Order("creationTime"), Place("", LENE, ""), 10, assigned=False
    )
    await recorded.queries.find(query, QueryLimits(values=9, bytes=1_000, steps=99, comparisons=99))
    await store.extensions.add(LENE, "ABCD1234", extension("other"), MANY, AT)
    await recorded.queries.find(query, QueryLimits(values=9, bytes=1_000, steps=99, comparisons=99))
    steps = {
        (step, ran.text)
        for ran in recorded.records.ran
        if "findable" in ran.text and not ran.text.startswith("insert")
        for step in plan(file, ran)
    }
    assert len(steps) > 10
    #: One row; and what the statement has found or brought itself.
    harmless = ("SCAN l", "SCAN v", "SCAN k", "SCAN p", "SCAN page", "SCAN CONSTANT ROW", "SCAN (subquery", "SCAN seen")
    assert [each for each in steps if each[0].startswith("SCAN") and not each[0].startswith(harmless)] == []


async def test_positive_filter_leads_to_its_matches(store: SqliteStore, recorded: RecordedStore, file: Path) -> None:
    await with_meeting(store, "crm")
    for text in FILTERS[:-1]:
        recorded.records.ran.clear()
        query = MeetingQuery(LENE, read_filter(text, LIMITS), Order("creationTime"), None, 10, assigned=True)
        await recorded.queries.find(query, QueryLimits(values=9, bytes=1_000, steps=99, comparisons=99))
        (own,) = {ran for ran in recorded.records.ran if "m.id in (select f.meeting_id" in ran.text}
        steps = plan(file, own)
        assert any("findable_by_value (organizer=? AND name=?" in step for step in steps), (text, steps)
        assert any("SEARCH m USING PRIMARY KEY (organizer=? AND id=?" in step for step in steps), (text, steps)
