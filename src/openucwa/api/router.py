"""The router: from the raw path of a request to the resource that it names.

Paths are split at `/` before they are decoded, so that an extension's id may contain an encoded slash.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from openucwa.api.resource import Resource

#: The path prefix of all UCWA resources.
PREFIX = "/ucwa/v1"
#: The accepted spellings of the prefix; hrefs use the one of the request.
PREFIXES = (PREFIX, "/ucwa/oauth/v1")

#: The number of memoized paths, and the maximum length of one; their product bounds the memory.
_MAX_MEMOIZED = 8_192
_MAX_MEMOIZED_LENGTH = 512

_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class Found(NamedTuple):
    """The resource that a path names.

    `prefix`: the one of PREFIXES that the path begins with, or PREFIX. `names`: the values of the path parameters.
    `template`: None: the path leads nowhere, and `resource` answers 404.
    """

    resource: Resource[Any]
    prefix: str
    names: Mapping[str, str]
    template: str | None


@dataclass(frozen=True, slots=True)
class _Route:
    template: str | None
    resource: Resource[Any]
    names: tuple[str, ...]
    prefix: str


@dataclass(slots=True)
class _Node:
    """A node in the tree of templates. `fixed`: children by segment in lower case."""

    fixed: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    route: _Route | None = None


class Router:
    """Finds the resource that a path names.

    Fixed segments match without regard to case and take precedence over path parameters, which match any text. Empty
    segments are ignored. `aliases`: further spellings of fixed segments, wherever they occur. `not_found`: the resource
    for unknown paths, so that the 404 comes in its turn among the checks; `not_found_in_ucwa`: the one for unknown
    paths below PREFIXES.
    """

    def __init__(
        self,
        not_found: Resource[Any],
        aliases: Mapping[str, Sequence[str]] | None = None,
        not_found_in_ucwa: Resource[Any] | None = None,
    ) -> None:
        self._root = _Node()
        self._aliases = aliases or {}
        self._not_found = _Route(None, not_found, (), PREFIX)
        # Clients repeat paths, and resolving one costs fifteen times as much as the memo.
        self._memoized = lru_cache(_MAX_MEMOIZED)(self._find)
        below = not_found_in_ucwa or not_found
        self._not_found_below = {prefix: _Route(None, below, (), prefix) for prefix in PREFIXES}

    def add_route(self, template: str, resource: Resource[Any]) -> None:
        """Adds `resource` at `template`; one below PREFIX is served below all of PREFIXES. Call before `find`.

        ValueError: the template, or the spelling of a segment, is taken.
        """
        if not template.startswith(PREFIX + "/"):
            self._add(template, template, resource, PREFIX)
            return
        for prefix in PREFIXES:
            self._add(prefix + template.removeprefix(PREFIX), template, resource, prefix)

    def find(self, path: bytes) -> Found:
        """The resource that a raw path names."""
        return self._memoized(path) if len(path) <= _MAX_MEMOIZED_LENGTH else self._find(path)

    def _find(self, path: bytes) -> Found:
        segments = _segments(path)
        values: list[str] = []
        route = None if segments is None else _walk(self._root, segments, 0, values)
        if route is None:
            route = self._nothing_at(path)
        return Found(route.resource, route.prefix, dict(zip(route.names, values, strict=True)), route.template)

    def _nothing_at(self, raw_path: bytes) -> _Route:
        segments = [segment for segment in raw_path.lower().split(b"/") if segment]
        for prefix, route in self._not_found_below.items():
            fixed = prefix.encode().strip(b"/").split(b"/")
            if segments[: len(fixed)] == fixed:
                return route
        return self._not_found

    def _add(self, path: str, template: str, resource: Resource[Any], prefix: str) -> None:
        node = self._root
        names: list[str] = []
        for segment in filter(None, path.split("/")):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = self._fixed(node, segment, template)
        if node.route is not None:
            raise ValueError(f"{template} is taken by {node.route.template}")
        node.route = _Route(template, resource, tuple(names), prefix)

    def _fixed(self, node: _Node, segment: str, template: str) -> _Node:
        child = node.fixed.setdefault(segment.lower(), _Node())
        for alias in self._aliases.get(segment, ()):
            if node.fixed.setdefault(alias.lower(), child) is not child:
                raise ValueError(f"{template}: {alias} cannot be an alias of {segment}")
        return child


def _segments(raw_path: bytes) -> list[str] | None:
    """The decoded segments of a raw path; None: a segment is not UTF-8 or has a broken percent escape."""
    try:
        return [_decode(segment) for segment in raw_path.split(b"/") if segment]
    except ValueError:
        return None


def _decode(segment: bytes) -> str:
    if b"%" not in segment:
        return segment.decode()
    if _BROKEN_ESCAPE.search(segment):
        raise ValueError(segment)
    return unquote_to_bytes(segment).decode()


def _walk(node: _Node, segments: Sequence[str], at: int, values: list[str]) -> _Route | None:
    """The route that the segments from `at` on lead to; the values of its parameters are appended to `values`."""
    if at == len(segments):
        return node.route
    segment = segments[at]
    child = node.fixed.get(segment.lower())
    if child is not None and (found := _walk(child, segments, at + 1, values)) is not None:
        return found
    if node.variable is None:
        return None
    values.append(segment)
    found = _walk(node.variable, segments, at + 1, values)
    if found is None:
        values.pop()
    return found
