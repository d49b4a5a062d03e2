"""Headers whose value is a list (RFC 9110, 5.6.1), read up to common limits; the rest is ignored."""

from dataclasses import dataclass

#: The limits by default.
MAX_ELEMENTS = 128
MAX_LENGTH = 4_096


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: they are part of the keys of memos
class ListLimits:
    """The settings of these names: how many elements of a header are read, and how many characters."""

    max_list_elements: int = MAX_ELEMENTS
    max_list_length: int = MAX_LENGTH


DEFAULT_LIMITS = ListLimits()


def bounded(header: str, limits: ListLimits = DEFAULT_LIMITS) -> str:
    """The part of a header's value that is read, whatever its grammar."""
    if len(header) <= limits.max_list_length:
        return header
    cut = header[: limits.max_list_length]
    return cut.rpartition(",")[0] or cut


def elements(header: str, limits: ListLimits = DEFAULT_LIMITS) -> list[str]:
    """The elements of a comma-separated list, without surrounding blanks; empty ones are left out."""
    count = limits.max_list_elements
    return [element for text in bounded(header, limits).split(",", count)[:count] if (element := text.strip())]
