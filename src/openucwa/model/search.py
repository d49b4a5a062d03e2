"""The words that people are found by: of their names, addresses and phone numbers."""

import re
import unicodedata
from collections.abc import Iterator

from openucwa.model.privacy import Visible
from openucwa.model.user import User

#: Words of a user that are indexed, and characters of one.
MAX_WORDS = 64
MAX_WORD_LENGTH = 64
#: Words of a query that count.
MAX_QUERY_WORDS = 8
#: Digits of the longest country code: a number is found without it, too.
_COUNTRY_CODE = 3
_MIN_DIGITS = 3

_SEPARATORS = re.compile(r"[\W_]+")
_NUMBER = re.compile(r"(?:tel:)?[+(]?[\d\s()./-]+", re.IGNORECASE)


def query_words(query: str) -> tuple[str, ...]:
    """The words of a query; a user matches if each of them begins one of the user's words."""
    text = query.strip()
    if _NUMBER.fullmatch(text) and len(digits := _digits(text)) >= _MIN_DIGITS:
        return (digits[:MAX_WORD_LENGTH],)
    words: list[str] = []
    for part in text.split():
        words += [_plain(_address(part))] if "@" in part else _words(part)
    return tuple(dict.fromkeys(word[:MAX_WORD_LENGTH] for word in words if word))[:MAX_QUERY_WORDS]


def typed_words(query: str) -> tuple[str, ...]:
    """The words of a query as they were typed, for a directory, which has rules of its own; a number as its digits."""
    text = query.strip()
    if _NUMBER.fullmatch(text) and len(digits := _digits(text)) >= _MIN_DIGITS:
        return (digits,)
    return tuple(_address(word) for word in text.split())[:MAX_QUERY_WORDS]


def mail_words(mail: str) -> tuple[str, ...]:
    """The words of a search by mail address."""
    word = _plain(_address(mail.strip()))[:MAX_WORD_LENGTH]
    return (word,) if word else ()


def has_mail(words: tuple[str, ...], user: User) -> bool:
    """Whether an address of the user begins with each of the `mail_words`."""
    return all(
        any(_plain(address).startswith(word) for address in (user.address, user.email) if address) for word in words
    )


def user_words(user: User) -> tuple[str, ...]:
    """The words that are indexed of a user."""
    everything = Visible(work_phone=True, mobile_phone=True, private_phones=True)
    return tuple(dict.fromkeys(word[:MAX_WORD_LENGTH] for word in _all_words(user, everything)))[:MAX_WORDS]


def matches(words: tuple[str, ...], user: User, visible: Visible) -> bool:
    """Whether each of `words` begins a word of what is visible of the user."""
    own = tuple(_all_words(user, visible))
    return all(any(each.startswith(word) for each in own) for word in words)


def _all_words(user: User, visible: Visible) -> Iterator[str]:
    yield from _words(user.name)
    for address in (user.address, user.email):
        if address:
            yield _plain(address)
            yield from _words(address.partition("@")[0])
    if visible.work_phone:
        yield from _numbers(user.work_phone)
    if visible.mobile_phone:
        yield from _numbers(user.mobile_phone)
    if visible.private_phones:
        yield from _numbers(user.home_phone)
        yield from _numbers(user.other_phone)


def _numbers(phone: str | None) -> Iterator[str]:
    """The digits of a number, with and without a country code, and its extension."""
    number, _, parameters = (phone or "").partition(";")
    digits = _digits(number)
    for begin in range(_COUNTRY_CODE + 1 if number.lstrip("telTEL:").startswith("+") else 1):
        if len(digits) - begin >= _MIN_DIGITS:
            yield digits[begin:]
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.lower() == "ext" and _digits(value):
            yield _digits(value)


def _address(text: str) -> str:
    return text[4:] if text[:4].lower() == "sip:" else text


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(_plain(text)) if word]


def _plain(text: str) -> str:
    """`text` without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each)).casefold()


def _digits(text: str) -> str:
    return "".join(each for each in text if each.isascii() and each.isdigit())
