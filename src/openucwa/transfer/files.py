"""Files of JSON: JSON Lines of any length, or one document of limited size."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

#: The maximum length of a line, in bytes: of a photo in the data of a user, say.
MAX_LINE = 33_554_432
#: The maximum size of a document that is not JSON Lines, in bytes; it is read as a whole.
MAX_DOCUMENT = 268_435_456


class InvalidFile(Exception):
    """What a file contains is not what it should be. `place`: `line 12`, `value[3]`."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place = place
        self.reason = reason


def lines_of(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The lines that are not empty, with their numbers, from 1. InvalidFile: one is too long."""
    number = 0
    while line := file.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise InvalidFile(f"line {number}", f"is longer than {MAX_LINE:,} bytes")
        if text := line.strip():
            yield number, text


def events_of(file: BinaryIO, member: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of an export of another calendar, each with its place.

    Such a file is what the API answers, an object with the events in the array `member`; or JSON Lines of such objects
    or of events. InvalidFile.
    """
    numbered = lines_of(file)
    first = next(numbered, None)
    if first is None:
        return
    try:
        value = msgspec.json.decode(first[1])
    except msgspec.DecodeError:
        yield from _found(_document(file), member, "")
        return
    yield from _found(value, member, f"line {first[0]}")
    for number, line in numbered:
        try:
            value = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise InvalidFile(f"line {number}", f"is not JSON: {error}") from None
        yield from _found(value, member, f"line {number}")


def _document(file: BinaryIO) -> Any:
    file.seek(0)
    text = file.read(MAX_DOCUMENT + 1)
    if len(text) > MAX_DOCUMENT:
        raise InvalidFile("", f"a file of more than {MAX_DOCUMENT:,} bytes must be JSON Lines, one event a line")
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise InvalidFile("", f"it is not JSON: {error}") from None


def _found(value: Any, member: str, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events in what a line or a document contains."""
    within = f"{place}: " if place else ""
    if isinstance(value, dict) and isinstance(value.get(member), list):
        value, within = value[member], f"{within}{member}"
    elif not isinstance(value, list):
        if not isinstance(value, dict):
            raise InvalidFile(place, f"must be an event, or an object with the array {member}")
        yield place or "the event", value
        return
    for number, event in enumerate(value):
        if not isinstance(event, dict):
            raise InvalidFile(f"{within}[{number}]", "is not an object")
        yield f"{within}[{number}]", event
