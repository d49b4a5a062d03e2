"""The values of meetings and extensions that queries find, and the texts that the index stores for them.

A text orders as its value does, in the order of code points, and begins with the value's type.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b

from openucwa.model.filters import Comparable, Filterable, comparable
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.values import Instant, Value
from openucwa.representation.custom import custom_values

#: A text is stored up to this length; a longer one as its first characters and a digest of it.
MAX_TEXT = 160
PREFIX = 128
#: A number is stored with this many significant digits.
MAX_DIGITS = 64

_EXPONENT = 100_000
_INSTANT = 10**15
_LAST_CHARACTER = "\U0010ffff"
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def filterable(
    meeting: Meeting, extensions: Iterable[Extension], max_values: int, *, organizer: bool = True
) -> Filterable:
    """A meeting as filters see it. `max_values`: of each extension. `organizer`: whether for its organizer; otherwise
    only extensions are seen that participants can see.
    """
    return Filterable(
        meeting_values(meeting),
        {
            each.id: extension_values(each, max_values)
            for each in extensions
            if organizer or each.type == ExtensionType.ROAMED_PARTICIPANT_DATA
        },
    )


def meeting_values(meeting: Meeting) -> dict[str, Sequence[Comparable]]:
    """The values of the meeting's own properties."""
    expires = meeting.settings.expiration_time
    return {
        "accessLevel": (meeting.settings.access_level,),
        "creationTime": (Instant(meeting.created),),
        "expirationTime": () if expires is None else (Instant(expires),),
        "onlineMeetingId": (meeting.id,),
        "organizerUri": (meeting.organizer,),
        "subject": (meeting.settings.subject,),
    }


def extension_values(extension: Extension, limit: int) -> dict[str, Sequence[Comparable]]:
    """The values of the extension's properties: the first `limit` in the order stored, those of an array one by one,
    equal ones once. `id` and `type` are not counted.
    """
    values: dict[str, Sequence[Comparable]] = {"id": (extension.id,), "type": (str(extension.type),)}
    given: Mapping[str, Value] = custom_values(extension.properties)
    for name, value in given.items():
        items = value if isinstance(value, list) else [value]
        found = list(dict.fromkeys(map(_typed, items)))[:limit]
        limit -= len(found)
        if found:
            values[name] = tuple(each for _, each in found)
    return values


def _typed(item: str | float | bool | Instant) -> tuple[type, Comparable]:
    """With its type: True and 1 are equal, and not the same."""
    value = comparable(item)
    return type(value), value


def text_of(value: Comparable) -> str:
    """The text that is stored for a value."""
    if isinstance(value, str):
        return "s" + (value if len(value) <= MAX_TEXT else f"{value[:PREFIX]}#{_digest(value)}")
    if isinstance(value, bool):
        return "b1" if value else "b0"
    if isinstance(value, Instant):
        return f"d{value.ms + _INSTANT:016}"
    return "n" + _number(value)


def type_bounds(value: Comparable) -> tuple[str, str]:
    """The texts of all values of this type are at or after the first, and before the second."""
    kind = text_of(value)[0]
    return kind, chr(ord(kind) + 1)


def prefix_bounds(prefix: str) -> tuple[str, str]:
    """As `type_bounds`, of all texts that begin with `prefix`."""
    begin = "s" + prefix
    kept = begin.rstrip(_LAST_CHARACTER)
    following = ord(kept[-1]) + 1
    if following == 0xD800:  # there are no characters up to U+DFFF
        following = 0xE000
    return begin, kept[:-1] + chr(following)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _number(value: Decimal) -> str:
    """Sign, exponent and digits; those of negative numbers inverted, so that they order the other way round."""
    sign, digits, _ = value.as_tuple()
    significant = "".join(map(str, digits)).lstrip("0").rstrip("0")
    if not significant:
        return "1"
    exponent = f"{value.adjusted() + _EXPONENT:06}"
    if len(significant) > MAX_DIGITS:
        # Beyond what a filter's literal can have, so it is equal to none.
        significant = significant[:MAX_DIGITS] + "5"
    if not sign:
        return f"2{exponent}{significant}"
    return f"0{(exponent + significant).translate(_COMPLEMENT)}~"
