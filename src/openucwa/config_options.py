"""The building blocks of settings: `option`, which declares one, the entries of settings that are lists of tables, and
`ConfigError`."""

from dataclasses import field
from typing import Any

import msgspec


class ConfigError(Exception):
    """An invalid setting. The text names it, its source, and what is wrong."""


class Pool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another pool of servers. `url`: its root, absolute. `backup`: name or URL of the pool that replaces it."""

    name: str
    url: str
    backup: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.url})"


class DialInRegion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """UCWA: dialInRegion. `languages`: culture names. `number`: a tel URI."""

    name: str
    number: str
    languages: tuple[str, ...] = ("en-US",)

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


def option(help_text: str, default: Any, *, minimum: float | None = None, choices: tuple[object, ...] = ()) -> Any:
    """A setting of `Config` with its help text.

    `minimum`: the minimum of a number; by default 1 for an int, and for a float more than 0.
    `choices`: the allowed values, if only some are; for a list, of its entries.
    """
    return field(default=default, metadata={"help": help_text, "minimum": minimum, "choices": choices})
