"""The input of openucwa:changeSet: its structure, whatever is stored. Faults are named by JSON Pointers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openucwa.api.openapi_parts import ref
from openucwa.http import conditions
from openucwa.http.negotiation import JSON
from openucwa.meetings.extension import MAX_ID_LENGTH
from openucwa.model.refusals import EntityTooLarge, ParameterValidationFailure
from openucwa.representation.patches import JSON_PATCH, MERGE_PATCH, Patch, PatchLimits, read_patch

#: The members that each operation may have, and those that it must have.
_MEMBERS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "add": (frozenset({"id", "type", "properties"}), frozenset()),
    "replace": (frozenset({"id", "type", "properties", "ifMatch"}), frozenset({"id", "properties"})),
    "patch": (frozenset({"id", "patch", "ifMatch"}), frozenset({"id", "patch"})),
    "remove": (frozenset({"id", "ifMatch"}), frozenset({"id"})),
}
_OF_MEETING = frozenset({"ifMatch", "patch"})
#: Names that are beside `properties`, not in it.
_BESIDE = frozenset({"id", "type"})

_PATCH = {"oneOf": [ref("schemas", "MergePatch"), ref("schemas", "JsonPatch")]}
#: The JSON Schema of the body.
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "changes": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "operation": ref("schemas", "ChangeOperation"),
                    "id": {"type": "string", "maxLength": MAX_ID_LENGTH},
                    "ifMatch": {"type": "string"},
                    "type": ref("schemas", "OnlineMeetingExtensionType"),
                    "properties": {"type": "object"},
                    "patch": _PATCH,
                },
                "required": ["operation"],
                "additionalProperties": False,
            },
        },
        "meeting": {
            "type": "object",
            "properties": {"ifMatch": {"type": "string"}, "patch": _PATCH},
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
    "examples": [
        {
            "changes": [
                {"operation": "add", "id": "notes", "type": "RoamedOrganizerData", "properties": {"remark": "Hi"}},
                {"operation": "patch", "id": "agenda", "patch": {"seats": 14}},
            ],
            "meeting": {"patch": {"subject": "Sales"}},
        }
    ],
}
#: The media type of the body.
TYPES = (JSON,)


@dataclass(frozen=True, slots=True)
class Item:
    """One change. `id`: None: the server assigns one. `match`: of ifMatch; None: any. `properties`: with id and type,
    as a body of an extension has them. `patch`: None: it is no patch.
    """

    operation: str
    id: str | None
    match: frozenset[str] | None
    properties: Mapping[str, object]
    patch: Patch | None


@dataclass(frozen=True, slots=True)
class Input:
    """`items`: the changes of extensions. `match`, `patch`: of the meeting."""

    items: tuple[Item, ...]
    match: frozenset[str] | None
    patch: Patch | None


def read_input(given: Mapping[str, object], limits: PatchLimits, max_changes: int) -> Input:
    """The change set in a body. ParameterValidationFailure, DeserializationFailure, EntityTooLarge."""
    faults: dict[str, str] = {}
    for name in given.keys() - {"changes", "meeting"}:
        faults[f"/{escaped(name)}"] = "is unknown"
    changes = given.get("changes", [])
    if not isinstance(changes, list):
        changes, faults["/changes"] = [], "must be an array"
    if len(changes) > max_changes:
        raise EntityTooLarge(f"the change set has {len(changes):,} changes; at most {max_changes:,} are allowed")
    items: list[Item] = []
    seen: set[str] = set()
    for number, each in enumerate(changes):
        try:
            item = _item(each, limits)
        except ParameterValidationFailure as invalid:
            faults |= {f"/changes/{number}{pointer}": why for pointer, why in invalid.parameters.items()}
            continue
        items.append(item)
        if item.id is not None and item.id in seen:
            faults[f"/changes/{number}/id"] = "is changed twice"
        seen.add(item.id or "")
    match, patch = None, None
    try:
        match, patch = _meeting(given.get("meeting", {}), limits)
    except ParameterValidationFailure as invalid:
        faults |= {f"/meeting{pointer}": why for pointer, why in invalid.parameters.items()}
    if faults:
        raise ParameterValidationFailure(faults)
    return Input(tuple(items), match, patch)


def escaped(name: str) -> str:
    """A name as a reference token of a JSON Pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _item(given: object, limits: PatchLimits) -> Item:
    if not isinstance(given, dict):
        raise ParameterValidationFailure({"": "must be an object"})
    operation = given.get("operation")
    if not isinstance(operation, str) or operation not in _MEMBERS:
        raise ParameterValidationFailure({"/operation": f"must be one of {', '.join(_MEMBERS)}"})
    allowed, required = _MEMBERS[operation]
    faults = {f"/{escaped(name)}": f"is no member of {operation}" for name in given.keys() - allowed - {"operation"}}
    faults |= {f"/{name}": "is required" for name in required if given.get(name) is None}
    faults |= dict(_types(given))
    if faults:
        raise ParameterValidationFailure(faults)
    extension_id = given.get("id") or None
    named = {"id": extension_id, "type": given.get("type")}
    return Item(
        operation,
        extension_id,
        _match(given),
        {**given.get("properties", {}), **{name: value for name, value in named.items() if value is not None}},
        _patch(given, limits),
    )


def _types(given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is wrong with the types of members."""
    for name in ("id", "ifMatch"):
        if not isinstance(given.get(name, ""), str | None):
            yield f"/{name}", "must be a string"
    properties = given.get("properties", {})
    if not isinstance(properties, dict):
        yield "/properties", "must be an object"
        return
    for name in properties:
        if name.lower() in _BESIDE:
            yield f"/properties/{escaped(name)}", "must be beside properties, not in it"


def _meeting(given: object, limits: PatchLimits) -> tuple[frozenset[str] | None, Patch | None]:
    if not isinstance(given, dict):
        raise ParameterValidationFailure({"": "must be an object"})
    faults = {f"/{escaped(name)}": "is unknown" for name in given.keys() - _OF_MEETING}
    faults |= dict(_types(given))
    if faults:
        raise ParameterValidationFailure(faults)
    return _match(given), _patch(given, limits)


def _match(given: Mapping[str, Any]) -> frozenset[str] | None:
    text = given.get("ifMatch")
    return None if text is None else conditions.parse(text)


def _patch(given: Mapping[str, Any], limits: PatchLimits) -> Patch | None:
    """The patch: an object is a JSON Merge Patch, an array a JSON Patch."""
    patch = given.get("patch")
    if patch is None:
        return None
    if not isinstance(patch, dict | list):
        raise ParameterValidationFailure({"/patch": "must be an object (JSON Merge Patch) or an array (JSON Patch)"})
    try:
        return read_patch(MERGE_PATCH if isinstance(patch, dict) else JSON_PATCH, patch, limits)
    except ParameterValidationFailure as invalid:
        faults = {f"/patch{pointer}": why for pointer, why in invalid.parameters.items()}
        raise ParameterValidationFailure(faults) from None
