"""Reads of the change log cost what they return: no table is read from beginning to end, and nothing is sorted."""

import re

import pytest

from openucwa.store.sql import change_log, change_rows
from openucwa.store.sqlite import SqliteStore

READS = {
    "everything": change_log._ALL,
    "an organizer's": change_log._OWN,
    "the end": change_log._LAST,
    "versions": change_log._VERSIONS,
    "a version": change_log._VERSION,
    "a full log": change_rows._OLDEST,
}


@pytest.mark.parametrize("name", READS)
async def test_read_of_the_log_follows_an_index(store: SqliteStore, name: str) -> None:
    sql = READS[name]
    numbers = [f"?{number}" in sql for number in range(1, 6)]
    count = sum(numbers) or sql.count("?")
    plan = [row[3] for row in await store.reader.rows(f"explain query plan {sql}", *["1"] * count)]
    assert not [step for step in plan if "TEMP B-TREE" in step], plan
    if name != "the end":
        assert not [step for step in plan if step.startswith("SCAN")], plan


@pytest.mark.parametrize("sql", [change_rows._SIZE, change_rows._FORGET_OLDEST])
async def test_shrinking_a_log_reads_only_what_it_measures_or_forgets(store: SqliteStore, sql: str) -> None:
    values = [1] * len(set(re.findall(r"\?[0-9]", sql)))
    plan = [row[3] for row in await store.reader.rows(f"explain query plan {sql}", *values)]
    assert len(plan) == 1
    assert re.search(r"changes_of_organizer \(organizer=\? AND number[<>]\?\)", plan[0])
