"""The tokens of the filter language, and what literals mean.

An error says at which character it is, counted from 1.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from openucwa.model.values import Instant, InvalidValue, is_carriable
from openucwa.representation import dates

#: Maximum number of significant digits of a number, and of its exponent.
MAX_DIGITS = 64
MAX_EXPONENT = 4_096

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')
    |(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt][0-9:.]+(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?)(?![\w.])
    |(?P<number>[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,5})?)(?![\w.])
    |(?P<name>[^\W\d][\w.-]*)
    |(?P<sign>[()/,:])
    |(?P<end>\Z)""",
    re.VERBOSE,
)
_BLANKS = re.compile(r"[ \t\r\n]*")


class Token(NamedTuple):
    """`kind`: text, date, number, name, sign or end. `at`: the index of its first character, from 0."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        """As error messages show it."""
        return "the end" if self.kind == "end" else repr(self.text[:40])


def first_token(text: str) -> Token:
    """The first token of a filter; InvalidValue: it begins with none."""
    return _token_at(text, 0)


def next_token(text: str, token: Token) -> Token:
    """The token that follows `token` in a filter; InvalidValue: none does."""
    return _token_at(text, token.at + len(token.text))


def _token_at(text: str, begin: int) -> Token:
    blank = _BLANKS.match(text, begin)
    at = begin if blank is None else blank.end()
    found = _TOKEN.match(text, at)
    if found is None:
        what = "a text without closing quote" if text[at] == "'" else f"unexpected {text[at]!r}"
        raise InvalidValue(f"{what} (at character {at + 1})")
    return Token(str(found.lastgroup), found[0], at)


def error_at(token: Token, message: str) -> InvalidValue:
    """The error that something is wrong at `token`."""
    return InvalidValue(f"{message} (at character {token.at + 1})")


def text_of(token: Token) -> str:
    """The text that a literal in single quotes stands for; InvalidValue: no property can contain it."""
    text = token.text[1:-1].replace("''", "'")
    if not is_carriable(text):
        raise error_at(token, "contains a character that no property can contain")
    return text


def number_of(token: Token) -> Decimal:
    """The number that a literal stands for; InvalidValue: it has too many digits."""
    number = Decimal(token.text)
    _, digits, exponent = number.as_tuple()
    if len(digits) > MAX_DIGITS:
        raise error_at(token, f"has {len(digits):,} digits; at most {MAX_DIGITS} are allowed")
    if abs(int(exponent)) > MAX_EXPONENT:
        raise error_at(token, "is out of range")
    return number


def date_of(token: Token) -> Instant:
    """The instant that a date with or without time stands for; InvalidValue: there is none."""
    try:
        return dates.parse_day(token.text) if len(token.text) == len("2026-01-31") else dates.parse_date(token.text)
    except InvalidValue as invalid:
        raise error_at(token, str(invalid)) from None
