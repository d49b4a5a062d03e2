"""Numbered parameters, which sqlite3 no longer takes with a sequence of values from Python 3.14 on."""

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing

import pytest

from openucwa.store.sqlite.cursor import Cursor


@pytest.fixture
def cursor() -> Iterator[Cursor]:
    with closing(sqlite3.connect(":memory:")) as connection:
        yield connection.cursor(Cursor)


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("select ?1, ?2, ?1", ("a", "b", "a")),
        ("select ?2, ?1", ("b", "a")),
        ("select coalesce(?1, ?2)", ("a",)),
        ("select ?, ?", ("a", "b")),
        ("select ?1, ?1, ?", ("a", "a", "b")),
        ("select '?1', ?2, ?1", ("?1", "b", "a")),
    ],
)
def test_parameters_have_the_values_of_their_numbers(cursor: Cursor, sql: str, found: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cursor.execute(sql, ("a", "b")).fetchall() == [found]


def test_statement_without_parameters_needs_no_values(cursor: Cursor) -> None:
    assert cursor.execute("select 'x'").fetchall() == [("x",)]
