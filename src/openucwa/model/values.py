"""Values of properties, independent of the format."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """An instant, to the millisecond. `ms`: since 1970-01-01T00:00:00Z, within years 1 to 9999."""

    ms: int

    def datetime(self) -> datetime:
        return EPOCH + timedelta(milliseconds=self.ms)


#: The first and the last instant that both formats can represent.
FIRST_INSTANT = Instant(-62_135_596_800_000)
LAST_INSTANT = Instant(253_402_300_799_999)

#: The maximum number of digits of an integer: both formats allow more, but parsing takes quadratic time.
MAX_INTEGER_DIGITS = 4_000


class InvalidValue(ValueError):  # describes a client's input, not an error of ours
    """A validation error; the message is a fragment to be put after the property's name."""


class UntypedText(str):
    """A text from XML without `xsi:type`: a string, unless the property is known to have another type."""

    __slots__ = ()


Scalar: TypeAlias = str | int | float | bool | Instant
Value: TypeAlias = Scalar | list[Scalar]

_NO_XML_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def is_carriable(text: str) -> bool:
    """Whether both formats can represent `text`: XML 1.0 excludes most control characters, U+FFFE and U+FFFF, and
    neither format allows half of a surrogate pair.
    """
    # Most text is printable ASCII, which is known in a third of the time.
    return (text.isascii() and text.isprintable()) or _NO_XML_CHARACTER.search(text) is None
