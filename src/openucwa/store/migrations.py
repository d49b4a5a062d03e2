"""The numbered files that define a store's schema; each engine applies them in its own way.

A number means the same in every engine, and so does a store's version. The version that a server supports is the number
of its newest migration.
"""

from importlib.resources.abc import Traversable
from typing import NamedTuple


class Migration(NamedTuple):
    """One file: its number, and its SQL."""

    number: int
    script: str


def migrations_in(folder: Traversable) -> list[Migration]:
    """The files of `folder` that are named `0001_what_it_does.sql` and on, in order."""
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [Migration(int(name.partition("_")[0]), folder.joinpath(name).read_text(encoding="utf-8")) for name in names]
