"""Filters of meetings as values, and what they mean: `matches` decides it for one meeting.

The language that they are written in is in `meetings/filter_syntax.py`; the store translates them to SQL.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from openucwa.model.values import Instant, Scalar

#: A value in a filter, or one that it is compared with: numbers are decimal, as JSON writes them.
Comparable: TypeAlias = str | Decimal | Instant | bool


class Operator(StrEnum):
    """The comparisons of a filter, named as in OData."""

    EQ = "eq"
    GT = "gt"
    GE = "ge"
    LT = "lt"
    LE = "le"
    STARTSWITH = "startswith"


@dataclass(frozen=True, slots=True)
class Compare:
    """True for a value of the literal's type that compares so with it."""

    operator: Operator
    literal: Comparable


@dataclass(frozen=True, slots=True)
class And:
    """True if all parts are."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """True if one of the parts is."""

    parts: "tuple[Filter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True if the part is not."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Has:
    """True if the property has a value for which `test` is true; None: if it has any value.

    `name`: within `AnyExtension` a property of the extension, otherwise one of the meeting. `test`: made of `Compare`,
    `And`, `Or` and `Not`, about one value.
    """

    name: str
    test: "Filter | None"


@dataclass(frozen=True, slots=True)
class AnyExtension:
    """True if one of the meeting's extensions has the id (None: any) and `part` is true of it (None: it exists)."""

    id: str | None
    part: "Filter | None"


Filter: TypeAlias = And | Or | Not | Has | AnyExtension | Compare

#: The values of each property, by name.
Values: TypeAlias = Mapping[str, Sequence[Comparable]]


@dataclass(frozen=True, slots=True)
class Filterable:
    """A meeting as a filter sees it: its own values, and those of each extension, by id.

    Contains only what the caller may see.
    """

    values: Values
    extensions: Mapping[str, Values] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """An order of meetings: by a property of theirs, or of their extension with the id `extension`."""

    name: str
    extension: str | None = None
    descending: bool = False


def comparable(value: Scalar) -> Comparable:
    """`value` as filters compare it. A double is the shortest decimal number that stands for it."""
    if isinstance(value, bool | Instant):
        return value
    if isinstance(value, str):
        return str(value)
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def terms(condition: Filter | None) -> int:
    """The number of comparisons in `condition`."""
    match condition:
        case None:
            return 0
        case And(parts) | Or(parts):
            return sum(map(terms, parts))
        case Not(part):
            return terms(part)
        case Has(_, test):
            return max(terms(test), 1)
        case AnyExtension(_, part):
            return terms(part) + 1
        case Compare():
            return 1


def matches(condition: Filter, meeting: Filterable) -> bool:
    """Whether `condition` is true of the meeting."""
    return _holds(condition, meeting.values, meeting.extensions)


def matching_extensions(condition: Filter, meeting: Filterable) -> tuple[str, ...]:
    """The ids of the extensions that a part of `condition` outside of any `not` is true of, in the meeting's order."""
    found: set[str] = set()
    _collect(condition, meeting, found)
    return tuple(each for each in meeting.extensions if each in found)


def _collect(condition: Filter, meeting: Filterable, found: set[str]) -> None:
    if isinstance(condition, And | Or):
        for part in condition.parts:
            if matches(part, meeting):
                _collect(part, meeting, found)
    elif isinstance(condition, AnyExtension):
        found.update(extension for extension, values in meeting.extensions.items() if _is(condition, extension, values))


def _holds(condition: Filter, values: Values, extensions: Mapping[str, Values]) -> bool:
    match condition:
        case And(parts):
            return all(_holds(part, values, extensions) for part in parts)
        case Or(parts):
            return any(_holds(part, values, extensions) for part in parts)
        case Not(part):
            return not _holds(part, values, extensions)
        case Has(name, test):
            found = values.get(name, ())
            return any(test is None or _passes(test, value) for value in found)
        case AnyExtension():
            return any(_is(condition, extension, of) for extension, of in extensions.items())
        case Compare():
            raise TypeError("a test is about one value")


def _is(condition: AnyExtension, extension: str, values: Values) -> bool:
    return condition.id in (None, extension) and (condition.part is None or _holds(condition.part, values, {}))


def _passes(test: Filter, value: Comparable) -> bool:
    match test:
        case Compare(how, literal):
            return type(value) is type(literal) and _OPERATIONS[how](value, literal)
        case And(parts):
            return all(_passes(part, value) for part in parts)
        case Or(parts):
            return any(_passes(part, value) for part in parts)
        case Not(part):
            return not _passes(part, value)
        case Has() | AnyExtension():
            raise TypeError("within a test there are no properties")


def _startswith(value: Comparable, literal: Comparable) -> bool:
    return str(value).startswith(str(literal))


_OPERATIONS: Mapping[Operator, Callable[..., bool]] = {
    Operator.EQ: operator.eq,
    Operator.GT: operator.gt,
    Operator.GE: operator.ge,
    Operator.LT: operator.lt,
    Operator.LE: operator.le,
    Operator.STARTSWITH: _startswith,
}
