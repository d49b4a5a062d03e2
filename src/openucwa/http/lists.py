"""Headers whose value is a list (RFC 9110, 5.6.1).

Strangers write them, so there is one bound for all: what stands behind it is ignored.
"""

#: The elements of a list that count, and the characters of the header in which they have to stand.
MAX_ELEMENTS = 128
MAX_LENGTH = 4_096


def bounded(header: str) -> str:
    """That part of a header's value that is read, whatever its grammar."""
    if len(header) <= MAX_LENGTH:
        return header
    cut = header[:MAX_LENGTH]
    return cut.rpartition(",")[0] or cut


def elements(header: str) -> list[str]:
    """The elements of a list that is separated by commas, without blanks around them; empty ones are left out."""
    return [element for text in bounded(header).split(",", MAX_ELEMENTS)[:MAX_ELEMENTS] if (element := text.strip())]
