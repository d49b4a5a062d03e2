"""All rows of a store as JSON, and back: users, meetings, extensions, conversations, and whatever else there is."""

import base64
import binascii
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from openucwa.model.refusals import ParameterValidationFailure

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

#: The table with the version of the store.
_VERSION = "store_version"
#: Tables with one row, which every store has.
_SINGLE = ("change_log", "commits")


def dump(file: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows of a store that is not in use, by table. Bytes are shown as `{"base64": "..."}`."""
    with closing(sqlite3.connect(file)) as connection:
        return {table: list(_rows(connection, table)) for table in _tables(connection)}


def load(file: Path, rows: Rows) -> None:
    """Puts these rows into a store that is not in use, in place of all that it has.

    ParameterValidationFailure: they are of another version, or of tables or columns that there are not.
    """
    with closing(sqlite3.connect(file)) as connection:
        known = list(_tables(connection))
        if unknown := sorted(rows.keys() - set(known)):
            raise ParameterValidationFailure({unknown[0][:100]: "is not a table of this version"})
        if _VERSION in rows and [dict(row) for row in rows[_VERSION]] != list(_rows(connection, _VERSION)):
            raise ParameterValidationFailure({_VERSION: "the state was exported by another version of openucwa"})
        if several := [table for table in _SINGLE if len(rows.get(table, ())) > 1]:
            raise ParameterValidationFailure({several[0]: "has more than one row"})
        kept = {_VERSION, *(table for table in _SINGLE if not rows.get(table))}
        # What triggers keep up to date is among the rows.
        triggers = connection.execute("select name, sql from sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f'drop trigger "{name}"')
        for table in known:
            if table not in kept:
                connection.execute(f'delete from "{table}"')  # noqa: S608  # the name is the schema's
                _insert(connection, table, rows.get(table, ()))
        for _, statement in triggers:
            connection.execute(statement)
        connection.commit()


def _tables(connection: sqlite3.Connection) -> Iterator[str]:
    found = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    )
    for (name,) in found.fetchall():
        yield name


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[dict[str, Any]]:
    found = connection.execute(f'select * from "{table}"')  # noqa: S608  # the name is the schema's
    names = [column[0] for column in found.description]
    for row in found:
        yield {name: _shown(value) for name, value in zip(names, row, strict=True)}


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    columns = {row[1] for row in connection.execute(f'pragma table_info("{table}")')}
    for row in rows:
        if unknown := sorted(row.keys() - columns):
            raise ParameterValidationFailure({f"{table}.{unknown[0]}"[:100]: "is not a column of this version"})
        names = ", ".join(f'"{name}"' for name in row)
        statement = f'insert into "{table}" ({names}) values ({", ".join("?" * len(row))})'  # noqa: S608  # as above
        try:
            connection.execute(statement, [_meant(value) for value in row.values()])
        except (sqlite3.Error, TypeError, OverflowError, binascii.Error) as error:
            raise ParameterValidationFailure({table: f"has an invalid row: {error}"}) from None


def _shown(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _meant(value: Any) -> Any:
    return base64.b64decode(value["base64"], validate=True) if isinstance(value, dict) and "base64" in value else value
