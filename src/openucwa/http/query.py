"""The query of a URL."""

from collections.abc import Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

#: The values of a query, by name as sent; those of a repeated name in order.
Query: TypeAlias = Mapping[str, list[str]]


def parse(query: bytes) -> Query:
    """The fields of a raw query. Invalid UTF-8 is replaced; a field without `=` has an empty value."""
    values: dict[str, list[str]] = {}
    if not query:
        return values
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace", separator="&"):
        values.setdefault(name, []).append(value)
    return values
