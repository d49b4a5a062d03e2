"""Lists of parameters. They have few different lengths, so that an engine sees few different statements."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def list_size(count: int) -> int:
    """The length of the list for `count` values: the next power of two."""
    return 1 << max(count - 1, 0).bit_length()


def padded(values: Sequence[T], filler: T) -> list[T]:
    """`values`, filled up to the length of their list. `filler`: a value that finds nothing."""
    return [*values, *[filler] * (list_size(len(values)) - len(values))]
