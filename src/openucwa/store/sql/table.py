"""The columns of a record: one for each field, in the order of the fields and, unless it is renamed, with its name.

An enumeration is its value, a flag an integer; text, whole numbers and bytes are what they are; anything else is JSON.
"""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import Any, Generic, TypeVar, get_args, get_type_hints

import msgspec

from openucwa.store.engine import Row

Record = TypeVar("Record")

_PLAIN = (str, int, bytes)
_json = msgspec.json.Encoder()

_Convert = Callable[[Any], Any]


class Columns(Generic[Record]):
    """The columns of a record.

    `inline`: a field that is a record itself, whose columns stand in its place. `renamed`: the columns of fields whose
    names differ. (Renaming a column itself would break the release before, which may run on the same store.)
    """

    def __init__(
        self,
        record: type[Record],
        inline: "tuple[str, Columns[Any]] | None" = None,
        renamed: Mapping[str, str] | None = None,
    ) -> None:
        self._record = record
        self._inline = None
        self.names: tuple[str, ...] = ()
        names: list[str] = []
        paths: list[str] = []
        self._encode: list[tuple[int, _Convert]] = []
        self._decode: list[tuple[int, _Convert]] = []
        hints = get_type_hints(record)
        for field in fields(record):  # type: ignore[arg-type]  # a dataclass
            if inline is not None and field.name == inline[0]:
                inner = inline[1]
                self._inline = (len(names), len(names) + len(inner.names), inner)
                self._encode += [(len(names) + place, convert) for place, convert in inner._encode]
                names += inner.names
                paths += [f"{field.name}.{name}" for name in inner.names]
                continue
            if (converters := _converters(hints[field.name])) is not None:
                self._encode.append((len(names), converters[0]))
                self._decode.append((len(names), converters[1]))
            names.append((renamed or {}).get(field.name, field.name))
            paths.append(field.name)
        self.names = tuple(names)
        self._get = attrgetter(*paths)

    def values(self, record: Record) -> list[object]:
        """What the columns hold of `record`."""
        values = list(self._get(record))
        for place, encode in self._encode:
            values[place] = encode(values[place])
        return values

    def record(self, row: Row) -> Record:
        """The record of a row that begins with the columns."""
        values = list(row[: len(self.names)])
        for place, decode in self._decode:
            values[place] = decode(values[place])
        if self._inline is not None:
            begin, end, inner = self._inline
            values[begin:end] = [inner.record(values[begin:end])]
        return self._record(*values)

    def __str__(self) -> str:
        return ", ".join(self.names)


class Table(Generic[Record]):
    """A table: its columns are `before`, those of its record, and `after`."""

    def __init__(
        self, name: str, record: Columns[Record], *, before: Sequence[str] = (), after: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.record = record.record
        self.values = record.values
        #: The columns of the record, as a statement lists them.
        self.columns = str(record)
        self.width = len(record.names)
        self.all_columns = (*before, *record.names, *after)
        #: Adds a row: `before`, the record's values, `after`.
        self.insert = insert(name, self.all_columns)
        #: What stands behind `do update set` where a row that is there takes over the new record's values.
        self.from_excluded = ", ".join(f"{column} = excluded.{column}" for column in record.names)

    def columns_of(self, alias: str) -> str:
        """`columns`, each of table `alias`."""
        return ", ".join(f"{alias}.{name}" for name in self.columns.split(", "))


def insert(name: str, columns: Sequence[str]) -> str:
    """The statement that adds a row."""
    return f"insert into {name} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"


def assignments(columns: "Columns[Any]") -> str:
    """What stands behind `set` to replace all of them."""
    return ", ".join(f"{name} = ?" for name in columns.names)


def _converters(hint: Any) -> tuple[_Convert, _Convert] | None:
    """What makes a column's value of a field's, and back; None: they are the same."""
    kinds = [kind for kind in get_args(hint) if kind is not NoneType] if NoneType in get_args(hint) else [hint]
    (kind,) = kinds
    if kind is bool:
        return int, bool
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        # A third of the time that `value` takes; and a dictionary lookup takes a tenth of the enumeration's own.
        return str.__str__, {member.value: member for member in kind}.__getitem__
    if kind in _PLAIN:
        return None
    return (lambda value: _json.encode(value).decode()), msgspec.json.Decoder(kind).decode
