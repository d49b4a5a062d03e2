"""JSON Merge Patch (RFC 7396) and JSON Patch (RFC 6902): reading a patch, and applying it to a JSON value.

What the members of the value mean, and which may be changed, is decided elsewhere.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from openucwa.model.refusals import Conflict, DeserializationFailure, EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import InvalidValue

MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
#: The media types of a patch, as in the header Accept-Patch (RFC 5789).
PATCH_TYPES = (MERGE_PATCH, JSON_PATCH)

#: A JSON value as `representation/json.py` reads it.
Json: TypeAlias = Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
_BAD_ESCAPE = re.compile(r"~(?![01])")
#: Levels of a pointer, and of a value that is copied.
MAX_DEPTH = 64
#: Characters of a pointer that an error shows.
_MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class PatchLimits:
    """`operations`: maximum number in a JSON Patch. `copied_bytes`: what all its `copy` operations may copy together,
    as compact JSON.
    """

    operations: int
    copied_bytes: int


class Patch(Protocol):
    """A patch that was read."""

    def apply(self, target: Json) -> Json:
        """The patched value; `target` may be changed on the way. Conflict: it does not fit `target`. EntityTooLarge."""
        ...


@dataclass(frozen=True, slots=True)
class MergePatch:
    """RFC 7396. `members`: the patch."""

    members: Json

    def apply(self, target: Json) -> Json:
        return merge(target, self.members)


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """RFC 6902."""

    operations: "Sequence[_Operation]"
    limits: PatchLimits

    def apply(self, target: Json) -> Json:
        work = _Work(target, self.limits.copied_bytes)
        for number, operation in enumerate(self.operations):
            try:
                _APPLY[operation.op](work, operation)
            except InvalidValue as invalid:
                raise Conflict(f"operation {number} ({operation.op} {_shown(operation.path)}): {invalid}") from None
        return work.value


def read_patch(media_type: str, given: Json, limits: PatchLimits) -> Patch:
    """The patch in a body. `given`: the body as JSON.

    DeserializationFailure, ParameterValidationFailure: it is no patch of that type; the latter's names are JSON
    Pointers into the body. EntityTooLarge: it has too many operations.
    """
    if media_type == MERGE_PATCH:
        return MergePatch(given)
    if not isinstance(given, list):
        raise DeserializationFailure("a JSON Patch is an array of operations")
    if len(given) > limits.operations:
        raise EntityTooLarge(f"the patch has {len(given):,} operations; at most {limits.operations:,} are allowed")
    faults: dict[str, str] = {}
    operations: list[_Operation] = []
    for number, each in enumerate(given):
        try:
            operations.append(_operation(each))
        except _Malformed as malformed:
            faults[f"/{number}{malformed.member}"] = str(malformed)
    if faults:
        raise ParameterValidationFailure(faults)
    return JsonPatch(operations, limits)


def merge(target: Json, patch: Json) -> Json:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    merged = target if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def equal(one: Json, other: Json) -> bool:
    """RFC 6902, section 4.6: the same type and value; numbers numerically."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(equal(value, other[name]) for name, value in one.items())
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


class _Malformed(ValueError):
    """An operation is malformed. `member`: the pointer to the faulty member, from the operation."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True, slots=True)
class _Operation:
    """`path`, `source`: the reference tokens of `path` and `from`."""

    op: str
    path: tuple[str, ...]
    source: tuple[str, ...] = ()
    value: Json = None


def _operation(given: Json) -> _Operation:
    if not isinstance(given, dict):
        raise _Malformed("", "must be an object")
    op = given.get("op")
    if not isinstance(op, str) or op not in _APPLY:
        raise _Malformed("/op", f"must be one of {', '.join(_APPLY)}")
    path = _pointer(given, "path")
    if op in {"move", "copy"}:
        source = _pointer(given, "from")
        if op == "move" and len(source) < len(path) and path[: len(source)] == source:
            raise _Malformed("/from", "must not be above path: a value cannot be moved into itself")
        return _Operation(op, path, source)
    if op in {"add", "replace", "test"}:
        if "value" not in given:
            raise _Malformed("/value", "is required")
        return _Operation(op, path, value=given["value"])
    return _Operation(op, path)


def _pointer(given: Mapping[str, Json], name: str) -> tuple[str, ...]:
    """The reference tokens of a JSON Pointer (RFC 6901)."""
    text = given.get(name)
    if not isinstance(text, str):
        raise _Malformed(f"/{name}", "must be a JSON Pointer")
    if text == "":
        return ()
    if not text.startswith("/") or _BAD_ESCAPE.search(text):
        raise _Malformed(f"/{name}", "must be a JSON Pointer: empty, or beginning with /, with ~0 for ~ and ~1 for /")
    if text.count("/") > MAX_DEPTH:
        raise _Malformed(f"/{name}", f"must have at most {MAX_DEPTH} levels")
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in text[1:].split("/"))


class _Work:
    """A value that operations change in place."""

    def __init__(self, value: Json, copied_bytes: int) -> None:
        self.value = value
        self._left = copied_bytes

    def get(self, path: tuple[str, ...]) -> Json:
        """InvalidValue: there is nothing at `path`."""
        found = self.value
        for token in path:
            found = found[_member(found, token)]
        return found

    def add(self, path: tuple[str, ...], value: Json) -> None:
        if not path:
            self.value = value
            return
        parent = self.get(path[:-1])
        if isinstance(parent, list):
            place = len(parent) if path[-1] == "-" else _index(path[-1])
            if place > len(parent):
                raise InvalidValue(f"the array has {len(parent):,} items")
            parent.insert(place, value)
        elif isinstance(parent, dict):
            parent[path[-1]] = value
        else:
            raise InvalidValue("the target is neither an object nor an array")

    def remove(self, path: tuple[str, ...]) -> Json:
        """Returns what was removed."""
        if not path:
            removed, self.value = self.value, None
            return removed
        parent = self.get(path[:-1])
        member = _member(parent, path[-1])
        return parent.pop(member)

    def replace(self, path: tuple[str, ...], value: Json) -> None:
        if not path:
            self.value = value
            return
        parent = self.get(path[:-1])
        parent[_member(parent, path[-1])] = value

    def copied(self, path: tuple[str, ...]) -> Json:
        """A copy. EntityTooLarge: all copies together are too large."""
        value = self.get(path)
        self._left -= _size(value, self._left)
        if self._left < 0:
            raise EntityTooLarge("the patch copies more than this server accepts")
        return _copied(value)


def _member(parent: Json, token: str) -> Any:
    """The key or index of an existing member."""
    if isinstance(parent, dict):
        if token not in parent:
            raise InvalidValue(f"there is no {_cut(token)}")
        return token
    if isinstance(parent, list):
        place = _index(token)
        if place >= len(parent):
            raise InvalidValue(f"the array has {len(parent):,} items")
        return place
    raise InvalidValue(f"there is no {_cut(token)}")


def _index(token: str) -> int:
    if not _INDEX.fullmatch(token):
        raise InvalidValue(f"{_cut(token)} is not an index of an array")
    return int(token)


def _size(value: Json, limit: int) -> int:
    """About the size of `value` as JSON; it is not counted further than `limit`.

    EntityTooLarge: it is nested too deep, which a series of moves can bring about.
    """
    size = 0
    waiting = [(value, 0)]
    while waiting and size <= limit:
        each, depth = waiting.pop()
        if isinstance(each, str):
            size += len(each) + 2
        elif isinstance(each, dict | list):
            if depth > MAX_DEPTH:
                raise EntityTooLarge(f"the patch copies a value nested more than {MAX_DEPTH} levels deep")
            size += 2 + len(each) + (sum(map(len, each)) if isinstance(each, dict) else 0)
            waiting += [(inner, depth + 1) for inner in (each.values() if isinstance(each, dict) else each)]
        else:
            size += 1 + each.bit_length() // 3 if isinstance(each, int) else 8
    return size


def _copied(value: Json) -> Json:
    if isinstance(value, list):
        return [_copied(item) if isinstance(item, list | dict) else item for item in value]
    if isinstance(value, dict):
        return {name: _copied(item) if isinstance(item, list | dict) else item for name, item in value.items()}
    return value


def _test(work: _Work, operation: _Operation) -> None:
    if not equal(work.get(operation.path), operation.value):
        raise InvalidValue("the current value is different")


_APPLY: Mapping[str, Callable[[_Work, _Operation], object]] = {
    # A patch may be applied again, so that what it contains must not become part of the target.
    "add": lambda work, each: work.add(each.path, _copied(each.value)),
    "remove": lambda work, each: work.remove(each.path),
    "replace": lambda work, each: work.replace(each.path, _copied(each.value)),
    "move": lambda work, each: work.add(each.path, work.remove(each.source)),
    "copy": lambda work, each: work.add(each.path, work.copied(each.source)),
    "test": _test,
}


def _shown(path: Sequence[str]) -> str:
    return _cut("".join("/" + token.replace("~", "~0").replace("/", "~1") for token in path)) or '""'


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
