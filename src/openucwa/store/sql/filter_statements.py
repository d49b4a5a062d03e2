"""Filters as SQL: conditions on a meeting, `m`, and the statement that leads to the few meetings that may match.

Every name and value of a filter is a parameter. What is looked up is in `findable` (`store/findable.py` has its texts).
Whether a meeting or an extension exists, and who can see it, is decided by its own row.
"""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from openucwa.model.filters import And, AnyExtension, Compare, Filter, Has, Not, Operator, Or
from openucwa.store.findable import prefix_bounds, text_of, type_bounds


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a statement with its parameters, in order."""

    sql: str
    parameters: tuple[object, ...] = ()

    def __add__(self, other: "Part | str") -> "Part":
        if isinstance(other, str):
            return Part(self.sql + other, self.parameters)
        return Part(self.sql + other.sql, self.parameters + other.parameters)


@dataclass(frozen=True, slots=True)
class Candidates:
    """A statement that finds the ids of all meetings of an organizer that may match, and of few others.

    `rank`: how many are to be expected, roughly.
    """

    rank: int
    part: Part


_EVERYTHING, _NOTHING = "1 = 1", "1 = 0"
_PARTICIPANTS_SEE = " and x.type = 'RoamedParticipantData'"
_OF_MEETING = Part("''")
_OF_EXTENSION = Part("x.id")

#: What is expected of comparisons: of one value, of a beginning, of a range, of any value.
_EQUAL, _BEGINNING, _RANGE, _ANY = range(4)
#: From this rank on, many meetings are to be expected.
COMMON = _ANY
#: Properties that many have the same value of.
_COMMON = {"accessLevel", "organizerUri", "type"}


def condition(wanted: Filter, *, organizer: bool) -> Part:
    """What stands behind `where` for a meeting `m`. `organizer`: whether for its organizer."""
    return _holds(wanted, _OF_MEETING, "" if organizer else _PARTICIPANTS_SEE)


def candidates(wanted: Filter, organizer: str) -> Candidates | None:
    """None: nothing better is known than all meetings of the organizer."""
    return _candidates(wanted, organizer, Part(" and f.extension_id = ''"))


def order_key(name: str, extension: str | None, *, descending: bool, organizer: bool) -> Part:
    """The text that meetings `m` are ordered by: the first of several values; empty if there is none."""
    first = "max" if descending else "min"
    row = f"select {first}(f.value) from findable f where f.organizer = m.organizer and f.meeting_id = m.id"
    if extension is None:
        return Part(f"coalesce(({row} and f.extension_id = '' and f.name = ?), '')", (name,))
    visible = _extension("" if organizer else _PARTICIPANTS_SEE, extension)
    return Part(f"coalesce(({row} and f.extension_id = ? and f.name = ? and ", (extension, name)) + visible + ")), '')"


def _holds(wanted: Filter, within: Part, visible: str) -> Part:
    """`within`: the id of the extension that `Has` is about; empty: the meeting itself."""
    match wanted:
        case And(parts):
            return _joined(" and ", _EVERYTHING, [_holds(part, within, visible) for part in parts])
        case Or(parts):
            return _joined(" or ", _NOTHING, [_holds(part, within, visible) for part in parts])
        case Not(part):
            return Part("not ") + _holds(part, within, visible)
        case Has(name, test):
            found = Part("exists (select 1 from findable f where f.organizer = m.organizer and f.meeting_id = m.id")
            return found + " and f.extension_id = " + within + Part(" and f.name = ?", (name,)) + _and(test) + ")"
        case AnyExtension(extension, part):
            inner = Part("") if part is None else Part(" and ") + _holds(part, _OF_EXTENSION, visible)
            return _extension(visible, extension) + inner + ")"
        case Compare():
            raise TypeError("a comparison is about one value")


def _extension(visible: str, extension: str | None) -> Part:
    """Without the closing parenthesis."""
    named = Part("") if extension is None else Part(" and x.id = ?", (extension,))
    found = "exists (select 1 from extensions x where x.organizer = m.organizer and x.meeting_id = m.id"
    return Part(found) + named + visible


def _candidates(wanted: Filter, organizer: str, within: Part) -> Candidates | None:
    match wanted:
        case And(parts):
            found = [each for part in parts if (each := _candidates(part, organizer, within)) is not None]
            return min(found, key=lambda each: each.rank, default=None)
        case Or(parts) if parts:
            several = [_candidates(part, organizer, within) for part in parts]
            known = [each for each in several if each is not None]
            if len(known) < len(several):
                return None
            return Candidates(max(each.rank for each in known), _united([each.part for each in known]))
        case Has(name, test):
            row = Part("select f.meeting_id from findable f where f.organizer = ? and f.name = ?", (organizer, name))
            return Candidates(_rank(name, test), row + _and(test) + within)
        case AnyExtension(extension, part):
            return _candidates_of_extension(extension, part, organizer)
        case _:
            return None


def _candidates_of_extension(extension: str | None, part: Filter | None, organizer: str) -> Candidates | None:
    of = Part(" and f.extension_id <> ''") if extension is None else Part(" and f.extension_id = ?", (extension,))
    found = None if part is None else _candidates(part, organizer, of)
    if found is None and extension is not None:
        return _candidates(Has("id", Compare(Operator.EQ, extension)), organizer, of)
    return found


def _united(parts: Sequence[Part]) -> Part:
    united = parts[0]
    for part in parts[1:]:
        united = united + " union all " + part
    return united


def _rank(name: str, test: Filter | None) -> int:
    common = _ANY if name in _COMMON else 0
    match test:
        case Compare(operator=Operator.EQ):
            return common + _EQUAL
        case Compare(operator=Operator.STARTSWITH):
            return common + _BEGINNING
        case Compare():
            return common + _RANGE
        case Or(parts):
            return max((_rank(name, part) for part in parts), default=0)
        case And(parts):
            return min((_rank(name, part) for part in parts), default=_ANY)
        case _:
            return common + _ANY


def _and(test: Filter | None) -> Part:
    return Part("") if test is None else Part(" and ") + _passes(test)


def _passes(test: Filter) -> Part:
    """About `f.value`."""
    match test:
        case And(parts):
            return _joined(" and ", _EVERYTHING, list(map(_passes, parts)))
        case Or(parts) if parts and all(isinstance(each, Compare) and each.operator == Operator.EQ for each in parts):
            texts = tuple(text_of(each.literal) for each in parts if isinstance(each, Compare))
            return Part(f"f.value in ({', '.join('?' * len(texts))})", texts)
        case Or(parts):
            return _joined(" or ", _NOTHING, list(map(_passes, parts)))
        case Not(part):
            return Part("not ") + _passes(part)
        case Compare():
            return _COMPARISONS[test.operator](test)
        case Has() | AnyExtension():
            raise TypeError("within a comparison there are no properties")


def _joined(word: str, empty: str, parts: Sequence[Part]) -> Part:
    if not parts:
        return Part(empty)
    joined = Part("(") + parts[0]
    for part in parts[1:]:
        joined = joined + word + part
    return joined + ")"


def _between(begin: str, end: str) -> Part:
    return Part("(f.value >= ? and f.value < ?)", (begin, end))


def _above(test: Compare) -> Part:
    return Part("(f.value > ? and f.value < ?)", (text_of(test.literal), type_bounds(test.literal)[1]))


def _up_to(test: Compare) -> Part:
    return Part("(f.value >= ? and f.value <= ?)", (type_bounds(test.literal)[0], text_of(test.literal)))


_COMPARISONS: dict[Operator, Callable[[Compare], Part]] = {
    Operator.EQ: lambda test: Part("f.value = ?", (text_of(test.literal),)),
    Operator.GT: _above,
    Operator.GE: lambda test: _between(text_of(test.literal), type_bounds(test.literal)[1]),
    Operator.LT: lambda test: _between(type_bounds(test.literal)[0], text_of(test.literal)),
    Operator.LE: _up_to,
    Operator.STARTSWITH: lambda test: _between(*prefix_bounds(str(test.literal))),
}
