"""The filter language: a subset of OData's `$filter`, read into the values of `model/filters.py`.

Bounded in length, nesting and comparisons. What it means is in docs/protocol.md, "Finding meetings".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from openucwa.meetings.filter_tokens import Token, date_of, error_at, first_token, next_token, number_of, text_of
from openucwa.model.filters import And, AnyExtension, Comparable, Compare, Filter, Has, Not, Operator, Or, Order
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import Instant, InvalidValue

#: Properties of a meeting that filters and orders may name.
MEETING_PROPERTIES = (
    "accessLevel",
    "creationTime",
    "expirationTime",
    "onlineMeetingId",
    "organizerUri",
    "subject",
)
_DATES = {"creationTime", "expirationTime"}
#: Maximum length of a text that others are ordered by or begin with, in characters.
MAX_ORDERED_TEXT = 128
_ORDERED = {"gt": Operator.GT, "ge": Operator.GE, "lt": Operator.LT, "le": Operator.LE}
_WORDS = {"and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "null", "true", "false"}
_NOT_SUPPORTED = {
    "all", "contains", "endswith", "tolower", "toupper", "length", "indexof", "substring", "trim", "concat", "year",
    "month", "day", "hour", "minute", "second", "now", "add", "sub", "mul", "div", "mod", "has",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FilterLimits:
    """`length`: in characters; `depth`: of parentheses, `not` and `any`; `terms`: comparisons, each value of an `in`
    counted.
    """

    length: int
    depth: int
    terms: int


def read_filter(text: str, limits: FilterLimits, name: str = "$filter") -> Filter:
    """The filter that `text` describes. `name`: of the parameter, for errors.

    ParameterValidationFailure: what is wrong, and at which character, counted from 1.
    """
    try:
        parser = _Parser(text, limits)
        condition = parser.condition(_Scope())
        parser.end()
    except InvalidValue as invalid:
        raise ParameterValidationFailure({name: str(invalid)}) from None
    return condition


def read_order(text: str, limits: FilterLimits, name: str = "$orderby") -> Order:
    """The order that `text` describes, such as `subject desc` or `extensions('crm')/priority`.

    ParameterValidationFailure, as `read_filter`.
    """
    try:
        parser = _Parser(text, limits)
        order = parser.order()
        parser.end()
    except InvalidValue as invalid:
        raise ParameterValidationFailure({name: str(invalid)}) from None
    return order


@dataclass(frozen=True, slots=True)
class _Scope:
    """The meaning of names. `extension`: the variable of `extensions/any`; `value`: that of an array's `any`."""

    extension: str | None = None
    value: str | None = None


class _Parser:
    """Reads tokens one at a time; each method reads what it is named for."""

    def __init__(self, text: str, limits: FilterLimits) -> None:
        if len(text) > limits.length:
            raise InvalidValue(f"has {len(text):,} characters; at most {limits.length:,} are allowed")
        self._text = text
        self._limits = limits
        self._depth = 0
        self._terms = 0
        self._next = first_token(text)

    def condition(self, scope: _Scope) -> Filter:
        parts = [self._all(scope)]
        while self._word("or"):
            parts.append(self._all(scope))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def order(self) -> Order:
        token = self._take("name")
        extension = None
        name = token.text
        if name == "extensions":
            extension = self._key()
            self._sign("/")
            name = self._property()
        elif name not in MEETING_PROPERTIES:
            raise error_at(token, f"must be extensions('ID')/NAME or one of {', '.join(MEETING_PROPERTIES)}")
        descending = self._word("desc")
        if not descending:
            self._word("asc")
        if self._next.text == ",":
            raise error_at(self._next, "only one property can be ordered by")
        return Order(name, extension, descending)

    def end(self) -> None:
        if self._next.kind != "end":
            raise error_at(self._next, f"unexpected {self._next}")

    def _all(self, scope: _Scope) -> Filter:
        parts = [self._one(scope)]
        while self._word("and"):
            parts.append(self._one(scope))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self, scope: _Scope) -> Filter:
        token = self._next
        if self._word("not"):
            return Not(self._nested(token, lambda: self._one(scope)))
        if token.text == "(":
            self._advance()
            inner = self._nested(token, lambda: self.condition(scope))
            self._sign(")")
            return inner
        token = self._take("name")
        if self._next.text == "(" and token.text != "extensions":
            if token.text == "startswith":
                return self._startswith(scope)
            raise error_at(token, f"{token.text}() is not supported; there is startswith()")
        if token.text == "extensions" and self._next.text == "/":
            if scope.extension or scope.value:
                raise error_at(token, "extensions/any cannot be nested")
            self._advance()
            return self._any_extension()
        return self._comparison(self._subject(token, scope), scope)

    def _nested(self, at: Token, read: Callable[[], Filter]) -> Filter:
        self._depth += 1
        if self._depth > self._limits.depth:
            raise error_at(at, f"is nested too deeply: at most {self._limits.depth} levels are allowed")
        inner = read()
        self._depth -= 1
        return inner

    def _startswith(self, scope: _Scope) -> Filter:
        self._sign("(")
        about = self._subject(self._take("name"), scope)
        self._sign(",")
        token = self._next
        literal = self._literal()
        if not isinstance(literal, str):
            raise error_at(token, "startswith() needs a text in single quotes")
        self._sign(")")
        self._count(token)
        return about(Compare(Operator.STARTSWITH, self._ordered(token, literal)))

    def _subject(self, token: Token, scope: _Scope) -> Callable[[Filter | None], Filter]:
        """Reads a path; the result makes the filter that a test of its values is (None: it has any)."""
        if scope.value is not None:
            if token.text != scope.value:
                raise error_at(token, f"must be {scope.value}, the variable of any()")
            return lambda test: test or Or(())
        if scope.extension is not None:
            if token.text != scope.extension:
                raise error_at(token, f"must begin with {scope.extension}/, the variable of any()")
            self._sign("/")
            name = self._property()
            return lambda test: Has(name, test)
        if token.text == "extensions":
            extension = self._key()
            if self._next.text != "/":
                return lambda test: AnyExtension(extension, None if test is None else Has("id", test))
            self._advance()
            inner = self._property()
            return lambda test: AnyExtension(extension, Has(inner, test))
        if token.text not in MEETING_PROPERTIES:
            if token.text in _NOT_SUPPORTED:
                raise error_at(token, f"{token.text} is not supported")
            raise error_at(token, f"must be extensions or one of {', '.join(MEETING_PROPERTIES)}")
        return lambda test: self._of_meeting(token, test)

    def _of_meeting(self, at: Token, test: Filter | None) -> Filter:
        """The types of a meeting's own properties are known, so a literal of another one is an error."""
        kind: type[Comparable] = Instant if at.text in _DATES else str
        if test is not None and any(not isinstance(literal, kind) for literal in _literals(test)):
            wanted = "a date, such as 2026-01-31T12:00:00Z" if kind is Instant else "a text in single quotes"
            raise error_at(at, f"{at.text} must be compared with {wanted}")
        return Has(at.text, test)

    def _any_extension(self) -> Filter:
        token = self._take("name")
        if token.text != "any":
            raise error_at(token, "must be any(VARIABLE: CONDITION), or write extensions('ID')/NAME")
        self._sign("(")
        if self._next.text == ")":
            self._advance()
            self._count(token)
            return AnyExtension(None, None)
        variable = self._variable()
        self._sign(":")
        inner = self._nested(token, lambda: self.condition(_Scope(extension=variable)))
        self._sign(")")
        return AnyExtension(None, inner)

    def _comparison(self, about: Callable[[Filter | None], Filter], scope: _Scope) -> Filter:
        if self._next.text == "/" and scope.value is None:
            return self._any_value(about)
        token = self._take("name")
        self._count(token)
        if token.text in ("eq", "ne"):
            return self._equals(about, scope, same=token.text == "eq")
        if token.text == "in":
            return about(self._choice())
        if (how := _ORDERED.get(token.text)) is None:
            raise error_at(token, f"must be eq, ne, gt, ge, lt, le or in, not {token}")
        at = self._next
        return about(Compare(how, self._ordered(at, self._literal())))

    def _equals(self, about: Callable[[Filter | None], Filter], scope: _Scope, *, same: bool) -> Filter:
        at = self._next
        if self._word("null"):
            if scope.value is not None:
                raise error_at(at, "an array contains no null")
            there = about(None)
            return Not(there) if same else there
        equal = about(Compare(Operator.EQ, self._literal()))
        return equal if same else Not(equal)

    def _choice(self) -> Filter:
        self._sign("(")
        tests: list[Filter] = []
        while True:
            if tests:
                self._count(self._next)
            tests.append(Compare(Operator.EQ, self._literal()))
            if self._next.text != ",":
                break
            self._advance()
        self._sign(")")
        return tests[0] if len(tests) == 1 else Or(tuple(tests))

    def _any_value(self, about: Callable[[Filter | None], Filter]) -> Filter:
        self._sign("/")
        token = self._take("name")
        if token.text != "any":
            raise error_at(token, "must be any(VARIABLE: CONDITION)")
        self._sign("(")
        variable = self._variable()
        self._sign(":")
        inner = self._nested(token, lambda: self.condition(_Scope(value=variable)))
        self._sign(")")
        return about(inner)

    def _variable(self) -> str:
        token = self._take("name")
        if token.text in _WORDS:
            raise error_at(token, f"{token.text} cannot be a variable")
        return token.text

    def _key(self) -> str:
        self._sign("(")
        token = self._take("text")
        self._sign(")")
        return text_of(token)

    def _property(self) -> str:
        """A name of a property, in quotes if it is not made of letters, digits, `_`, `-` and `.`."""
        token = self._next
        if token.kind == "text":
            self._advance()
            return text_of(token)
        return self._take("name").text

    def _literal(self) -> Comparable:
        token = self._next
        self._advance()
        match token.kind:
            case "text":
                return text_of(token)
            case "number":
                return number_of(token)
            case "date":
                return date_of(token)
            case "name" if token.text in ("true", "false"):
                return token.text == "true"
            case "name" if token.text == "null":
                raise error_at(token, "null can only be compared by eq and ne")
            case _:
                shown = token
                raise error_at(token, f"must be a text in single quotes, a number, a date, true or false, not {shown}")

    def _ordered(self, at: Token, literal: Comparable) -> Comparable:
        if isinstance(literal, bool):
            raise error_at(at, "true and false can only be compared by eq, ne and in")
        if isinstance(literal, str) and len(literal) > MAX_ORDERED_TEXT:
            raise error_at(
                at, f"has {len(literal):,} characters; {MAX_ORDERED_TEXT} are allowed, except by eq, ne and in"
            )
        return literal

    def _count(self, at: Token) -> None:
        self._terms += 1
        if self._terms > self._limits.terms:
            raise error_at(at, f"is one comparison too many: at most {self._limits.terms} are allowed")

    def _word(self, word: str) -> bool:
        """Whether `word` comes next, which is then read."""
        if self._next.kind == "name" and self._next.text == word:
            self._advance()
            return True
        return False

    def _sign(self, sign: str) -> None:
        if self._next.text != sign or self._next.kind != "sign":
            raise error_at(self._next, f"must be {sign}, not {self._next}")
        self._advance()

    def _take(self, kind: str) -> Token:
        token = self._next
        if token.kind != kind:
            expected = "a text in single quotes" if kind == "text" else "a name"
            raise error_at(token, f"must be {expected}, not {token}")
        self._advance()
        return token

    def _advance(self) -> None:
        self._next = next_token(self._text, self._next)


def _literals(test: Filter) -> Iterator[Comparable]:
    match test:
        case Compare(_, literal):
            yield literal
        case And(parts) | Or(parts):
            for part in parts:
                yield from _literals(part)
        case Not(part):
            yield from _literals(part)
