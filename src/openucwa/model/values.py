"""The values that properties hold, whatever the format they travel in."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """A moment, to the millisecond. `ms`: since 1970-01-01T00:00:00Z, within years 1 to 9999."""

    ms: int

    def datetime(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.ms)


#: The first and the last moment that both formats can carry.
FIRST_INSTANT = Instant(-62_135_596_800_000)
LAST_INSTANT = Instant(253_402_300_799_999)

#: The most digits of an integer: both formats carry more, but reading them takes time that grows with the square.
MAX_INTEGER_DIGITS = 4_000


class InvalidValue(ValueError):  # a finding about what a client sent, not an error of ours
    """What is wrong with a value, in words that follow the name of its property."""


class UntypedText(str):
    """A text that came in XML without `xsi:type`: a string, unless what is known of the property says otherwise."""

    __slots__ = ()


Scalar: TypeAlias = str | int | float | bool | Instant
Value: TypeAlias = Scalar | list[Scalar]

_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_carriable(text: str) -> bool:
    """Whether both formats can carry `text`: XML 1.0 has no way to write most control characters, U+FFFE and U+FFFF,
    and neither format can write half of a surrogate pair."""
    return _NO_XML_CHARACTER.search(text) is None
