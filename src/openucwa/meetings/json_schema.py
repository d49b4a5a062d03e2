"""JSON Schemas (2020-12) of extensions: which are accepted, and what one says about an extension's properties.

Schemas come from strangers, so what a check costs is bounded: a schema refers to nothing outside of itself and not to
itself recursively, which flat data never needs; its patterns are matched in linear time; and its size, references
followed, times the size of what it is to check has a limit.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from openucwa.model.refusals import MAX_PARAMETERS, EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import InvalidValue

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError, Validator

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: What a schema may have of the work that a check may take.
_SHARE = 100
#: Levels of schemas in schemas, references followed.
_MAX_DEPTH = 100
#: Above this, a check reports the first fault alone.
_MAX_WORK_FOR_ALL = 50_000
#: Compiled schemas that are cached, and the memory that the patterns of one may take, all and each, in bytes.
_MAX_COMPILED = 32
_PATTERN_BYTES = 1_000_000
_MAX_PATTERN_BYTES = 100_000
#: Characters of a message.
_MAX_MESSAGE = 300
#: Why a pattern is refused.
_NO_PATTERN = (
    "the regular expression (regex) is invalid, needs look-around or back-references, or is too large: "
    "minLength and maxLength take less than a range such as {1,1000}"
)
#: The name for what is wrong with all properties together.
WHOLE = "properties"

#: Keywords whose value is a schema, a list of schemas, or schemas by name.
_ONE = frozenset({
    "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip
_MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_NAMED = frozenset({"dependentSchemas", "patternProperties", "properties"})
#: Schemas that are only referred to.
_DEFINED = frozenset({"$defs", "definitions"})
#: Keywords that go through the parts of their schema again, nested ones included: how many times.
_UNEVALUATED = frozenset({"unevaluatedItems", "unevaluatedProperties"})
_UNEVALUATED_TIMES = 3
_REFUSED = frozenset({"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"})


def check_schema(schema: Any, max_work: int) -> None:
    """InvalidValue: `schema` is not accepted, with what is wrong."""
    work = _Schema(schema).work()
    if work * _SHARE > max_work:
        raise InvalidValue(f"is too complex: {work:,} parts, with references expanded; at most {max_work // _SHARE:,}")
    _compile(schema)


def check_properties(schema: bytes, properties: bytes, max_work: int) -> None:
    """Checks an extension's properties. `schema`: one that `check_schema` accepted, as JSON. `properties`: as
    `Extension.properties`. `max_work`: the limit of what it may cost.

    ParameterValidationFailure: what does not fit, by property. EntityTooLarge: it would cost too much.
    """
    work, validator = _compiled(schema)
    instance = json.loads(properties)
    work *= _weight(instance)
    if work > max_work:
        raise EntityTooLarge(
            "checking the extension against its schema would take too long; store less, or simplify the schema"
        )
    if validator.is_valid(instance):
        return
    errors = validator.iter_errors(instance) if work <= _MAX_WORK_FOR_ALL else _first(validator, instance)
    faults: dict[str, str] = {}
    for error in islice(errors, MAX_PARAMETERS):
        for name in _names(error):
            faults.setdefault(name, f"{_path(error)}{error.message[:_MAX_MESSAGE]}")
    raise ParameterValidationFailure(faults)


def _first(validator: "Validator", instance: object) -> "Iterator[ValidationError]":
    from jsonschema_rs import ValidationError  # noqa: PLC0415  # as in _compile

    try:
        validator.validate(instance)
    except ValidationError as error:
        yield error


def _names(error: "ValidationError") -> list[str]:
    """The properties that an error is about."""
    if error.instance_path:
        return [str(error.instance_path[0])]
    kind: Any = error.kind
    if (missing := getattr(kind, "property", None)) is not None:
        return [str(missing)]
    if unexpected := getattr(kind, "unexpected", None):
        return [str(each) for each in unexpected]
    return [WHOLE]


def _path(error: "ValidationError") -> str:
    """Where in the property it is."""
    return "".join(f"item {place}: " for place in error.instance_path[1:])


@lru_cache(_MAX_COMPILED)
def _compiled(schema: bytes) -> "tuple[int, Validator]":
    """What one check costs for each part of what it checks; and the schema, ready for use."""
    read = json.loads(schema)
    return _Schema(read).work(), _compile(read)


def _compile(schema: Any) -> "Validator":
    """InvalidValue: it is not valid."""
    # It is loaded where there are schemas: the library takes as much memory as a small server.
    from jsonschema_rs import Draft202012Validator, ReferencingError, RegexOptions, ValidationError  # noqa: PLC0415

    patterns = sum(1 for _ in _patterns(schema))
    size = min(_MAX_PATTERN_BYTES, _PATTERN_BYTES // max(patterns, 1))
    make: Callable[..., Validator] = Draft202012Validator
    try:
        # Formats are annotations, as the standard has it by default. Values are not repeated in errors.
        return make(
            schema,
            validate_formats=False,
            mask="the value",
            pattern_options=RegexOptions(size_limit=size, dfa_size_limit=size),
            offline=True,
        )
    except (ValidationError, ReferencingError, ValueError) as error:
        where = "/".join(str(each) for each in getattr(error, "instance_path", ()))
        message = str(getattr(error, "message", error))[:_MAX_MESSAGE]
        if message.endswith('not a "regex"'):
            message = _NO_PATTERN
        raise InvalidValue(f"is not a JSON Schema: {f'at /{where}: ' if where else ''}{message}") from None


def _patterns(schema: Any) -> Iterator[str]:
    """The regular expressions, and every text that could be one."""
    waiting = [schema]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(pattern := each.get("pattern"), str):
                yield pattern
            if isinstance(named := each.get("patternProperties"), dict):
                yield from named
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _weight(value: Any) -> int:
    """What one part of a schema may cost with `value`."""
    weight = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        weight += 1
        if isinstance(each, str):
            weight += len(each) // 16
        elif isinstance(each, dict):
            waiting += each.values()
            weight += sum(map(len, each)) // 16
        elif isinstance(each, list):
            waiting += each
            weight += _collisions(each)
        elif isinstance(each, int) and not isinstance(each, bool):
            weight += (each.bit_length() // 64) ** 2  # of long integers it is quadratic
        elif isinstance(each, float):
            weight += (_fraction_bits(each) // 64) ** 2
    return weight


def _collisions(items: list[Any]) -> int:
    """What `uniqueItems` may take for integers, which it compares in pairs if they are the same as a double."""
    alike: Counter[float] = Counter()
    longest = 0
    for each in items:
        if isinstance(each, int) and each.bit_length() > 53:  # those below are exact
            longest = max(longest, each.bit_length())
            try:
                alike[float(each)] += 1
            except OverflowError:
                alike[math.inf] += 1
    return sum(count**2 for count in alike.values() if count > 1) * (1 + longest // 64)


def _fraction_bits(value: float) -> int:
    """The digits, in bits, of a number that is handled as an exact fraction, as `multipleOf` does."""
    if not math.isfinite(value):
        return 0
    numerator, denominator = value.as_integer_ratio()
    return max(numerator.bit_length(), denominator.bit_length())


class _Schema:
    """A schema with what its references lead to."""

    def __init__(self, schema: Any) -> None:
        self._root = schema
        self._anchors: dict[str, Any] = {}
        self._work: dict[int, int] = {}
        self._open: set[int] = set()

    def work(self) -> int:
        """The number of its parts, those that it refers to as often as it does. InvalidValue: it is not accepted."""
        self._find_anchors()
        return self._of(self._root)

    def _find_anchors(self) -> None:
        waiting = [self._root]
        while waiting:
            each = waiting.pop()
            if not isinstance(each, dict):
                continue
            if isinstance(anchor := each.get("$anchor"), str):
                self._anchors[anchor] = each
            for name, value in each.items():
                waiting += _schemas(name, value)

    def _check(self, schema: dict[str, Any]) -> None:
        """InvalidValue: keywords of it are not accepted."""
        if schema is self._root:
            if str(schema.get("$schema", DIALECT)).removesuffix("#") != DIALECT:
                raise InvalidValue(f"has a $schema other than {DIALECT}")
        elif "$id" in schema or "$schema" in schema:
            raise InvalidValue("has an $id or $schema that is not at its root")
        if refused := _REFUSED & schema.keys():
            raise InvalidValue(f"has {min(refused)}, which is not supported")

    def _of(self, schema: Any) -> int:
        if not isinstance(schema, dict):
            return 1
        if (known := self._work.get(id(schema))) is not None:
            return known
        if id(schema) in self._open:
            raise InvalidValue("refers to itself; recursive schemas are not supported")
        self._check(schema)
        self._open.add(id(schema))
        if len(self._open) > _MAX_DEPTH:
            raise InvalidValue(f"has more than {_MAX_DEPTH} levels, with references expanded")
        work = 1
        for name, value in schema.items():
            if name == "$ref" and isinstance(value, str):
                work += self._of(self._target(value))
            inner = list(_schemas(name, value))
            parts = sum(map(self._of, inner))
            if name in _DEFINED:
                continue
            work += parts if inner else _weight(value)
            if name in _NAMED and isinstance(value, dict):
                work += _weight(list(value))
        if _UNEVALUATED & schema.keys():
            work *= _UNEVALUATED_TIMES
        self._open.discard(id(schema))
        self._work[id(schema)] = work
        return work

    def _target(self, reference: str) -> Any:
        """InvalidValue: it leads nowhere, or out of the schema."""
        if not reference.startswith("#"):
            raise InvalidValue(f"refers to {reference[:100]}; only references within the schema are followed")
        fragment = unquote(reference[1:])
        if fragment and not fragment.startswith("/"):
            if fragment not in self._anchors:
                raise InvalidValue(f"refers to {reference[:100]}, which does not exist")
            return self._anchors[fragment]
        found = self._root
        for token in fragment.split("/")[1:]:
            name = token.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict) and name in found:
                found = found[name]
            elif isinstance(found, list) and name.isdecimal() and len(name) < 6 and int(name) < len(found):
                found = found[int(name)]
            else:
                raise InvalidValue(f"refers to {reference[:100]}, which does not exist")
        return found


def _schemas(name: str, value: Any) -> list[Any]:
    """The schemas in the value of a keyword."""
    if name in _ONE:
        return [value]
    if name in _MANY and isinstance(value, list):
        return value
    if name in _NAMED | _DEFINED and isinstance(value, dict):
        return list(value.values())
    return []
