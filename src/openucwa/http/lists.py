"""Headers whose value is a list (RFC 9110, 5.6.1), read up to one common limit; the rest is ignored."""

#: The maximum number of elements that are read, and of characters.
MAX_ELEMENTS = 128
MAX_LENGTH = 4_096


def bounded(header: str) -> str:
    """The part of a header's value that is read, whatever its grammar."""
    if len(header) <= MAX_LENGTH:
        return header
    cut = header[:MAX_LENGTH]
    return cut.rpartition(",")[0] or cut


def elements(header: str) -> list[str]:
    """The elements of a comma-separated list, without surrounding blanks; empty ones are left out."""
    return [element for text in bounded(header).split(",", MAX_ELEMENTS)[:MAX_ELEMENTS] if (element := text.strip())]
