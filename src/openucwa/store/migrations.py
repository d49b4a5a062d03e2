"""The numbered files that make a store's schema; how they are applied, each engine knows.

A number means the same in every engine, so that a store's version does. A server's version, as far as the store goes,
is the number of the newest migration that it knows.
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
