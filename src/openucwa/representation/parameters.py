"""Documented input of a POST or PUT, declared once, for parsing and for the API description.

Whether values fit together, or are allowed for the caller, is decided by the resource.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.values import Instant, InvalidValue, UntypedText, is_carriable
from openucwa.representation import dates, timespans
from openucwa.representation.custom import read_integer

Kind: TypeAlias = Literal["string", "boolean", "integer", "datetime", "sip", "address", "timespan"]

_HOST = r"(?:[^\W_](?:[\w-]*)(?:\.[\w-]+)*\.?|\[[0-9A-Fa-f:.]+\])"
_SIP = re.compile(rf"[sS][iI][pP]:[^\s\x00-\x1f\x7f-\x9f@<>\"]+@{_HOST}(?:[:;?][^\s\x00-\x1f\x7f-\x9f@<>\"]*)?")
#: The beginning of what is an address without a scheme.
_NO_SCHEME = re.compile(r"[^:@]+@")
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One documented property of a request.

    `name`: as documented. `kind`: the type of its value; `sip` is a SIP URI, `address`
    one that may lack the `sip:`, `timespan` a number of seconds. `many`: whether it is an array of those.
    `required`: whether it must be present and, if a string, not empty. `max_length`: in characters. `choices`: the
    allowed strings. `minimum`, `maximum`: of an integer. `max_items`: of an array. `secret`: it must not be in the
    query, which ends up in the logs of proxies. `description`: for the API description.
    """

    name: str
    kind: Kind = "string"
    required: bool = False
    many: bool = False
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    max_items: int | None = None
    secret: bool = False
    description: str = ""


def read(
    parameters: Sequence[Parameter], given: Mapping[str, object], query: Mapping[str, str | Sequence[str]] | None = None
) -> dict[str, Any]:
    """The values of `parameters`, by documented name: str, bool, int, `Instant`, or a tuple of those.

    `given`: the parsed body; `query`: the query string, decoded; the body takes precedence. A name that the query
    repeats has an array as its value or, if none is expected, the last value. Names are matched without regard to case.
    null counts as absent, and so does a date in year 1; absent values are left out; unknown names are ignored.

    ParameterValidationFailure: everything that is wrong, by documented name.
    """
    faults: dict[str, str] = {}
    found = _by_lower_name(given)
    asked = _texts_by_lower_name(query or {})
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name.lower()
        if parameter.secret and name in asked:
            faults[parameter.name] = "must be in the body: logs contain addresses"
            continue
        if name not in found and name in asked:
            found[name] = [asked[name] if parameter.many else asked[name][-1]]
        if name not in found and not parameter.required:
            continue
        try:
            value = _value(parameter, found.get(name, []))
        except InvalidValue as invalid:
            faults[parameter.name] = str(invalid)
        else:
            if value is not None:
                values[parameter.name] = value
    if faults:
        raise ParameterValidationFailure(faults)
    return values


def schema(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a body with `parameters`."""
    described: dict[str, Any] = {
        "type": "object",
        "properties": {parameter.name: _schema(parameter) for parameter in parameters},
    }
    if required := [parameter.name for parameter in parameters if parameter.required]:
        described["required"] = required
    return described


def _by_lower_name(given: Mapping[str, object]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for name, value in given.items():
        if value is not None:
            found.setdefault(name.lower(), []).append(value)
    return found


def _texts_by_lower_name(query: Mapping[str, str | Sequence[str]]) -> dict[str, list[UntypedText]]:
    found: dict[str, list[UntypedText]] = {}
    for name, texts in query.items():
        each = (texts,) if isinstance(texts, str) else texts
        found.setdefault(name.lower(), []).extend(map(UntypedText, each))
    return found


def _value(parameter: Parameter, given: Sequence[object]) -> object:
    """InvalidValue: what is wrong; the message follows the parameter's name."""
    if len(given) > 1:
        raise InvalidValue("is given twice, differing only in case")
    value = (_many if parameter.many else _one)(parameter, given[0]) if given else None
    if parameter.required and (value is None or value == ""):
        raise InvalidValue("is required")
    return value


def _many(parameter: Parameter, given: object) -> tuple[object, ...]:
    if not isinstance(given, list):
        raise InvalidValue("must be an array")
    if parameter.max_items is not None and len(given) > parameter.max_items:
        raise InvalidValue(f"has {len(given):,} entries; at most {parameter.max_items:,} are allowed")
    return tuple(_items(parameter, given))


def _items(parameter: Parameter, given: Sequence[object]) -> Iterator[object]:
    for number, item in enumerate(given, start=1):
        try:
            value = _one(parameter, item)
        except InvalidValue as invalid:
            raise InvalidValue(f"{invalid} (entry {number})") from None
        if value is None:
            raise InvalidValue(f"must not be null (entry {number})")
        yield value


def _one(parameter: Parameter, given: object) -> object:
    if isinstance(given, list):
        raise InvalidValue("must not be an array")
    return _READERS[parameter.kind](parameter, given)


def _string(parameter: Parameter, given: object) -> str:
    if not isinstance(given, str):
        raise InvalidValue("must be a string")
    if parameter.choices:
        for choice in parameter.choices:
            if choice.lower() == given.lower():
                return choice
        raise InvalidValue(f"must be one of {', '.join(parameter.choices)}")
    if parameter.max_length is not None and len(given) > parameter.max_length:
        raise InvalidValue(f"has {len(given):,} characters; at most {parameter.max_length:,} are allowed")
    if not is_carriable(given):
        raise InvalidValue("contains a character that XML cannot represent")
    return str(given)


def _boolean(_: Parameter, given: object) -> bool:
    value = _BOOLEANS.get(given.strip().lower()) if isinstance(given, UntypedText) else given
    if not isinstance(value, bool):
        raise InvalidValue("must be true or false")
    return value


def _integer(parameter: Parameter, given: object) -> int:
    value = read_integer(given.strip()) if isinstance(given, UntypedText) else given
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValue("must be an integer")
    if parameter.minimum is not None and value < parameter.minimum:
        raise InvalidValue(f"must be {parameter.minimum} or more")
    if parameter.maximum is not None and value > parameter.maximum:
        raise InvalidValue(f"must be {parameter.maximum} or less")
    return value


def _datetime(_: Parameter, given: object) -> Instant | None:
    if isinstance(given, Instant):
        return dates.supplied(given)
    if not isinstance(given, str):
        raise InvalidValue("must be a date")
    return dates.parse(given.strip())


def _sip(parameter: Parameter, given: object) -> str:
    return _sip_uri(_string(parameter, given))


def _address(parameter: Parameter, given: object) -> str:
    text = _string(parameter, given)
    return _sip_uri(f"sip:{text}" if _NO_SCHEME.match(text) else text)


def _sip_uri(text: str) -> str:
    if not _SIP.fullmatch(text):
        raise InvalidValue("must be a SIP URI, sip:USER@HOST")
    return text


def _timespan(parameter: Parameter, given: object) -> int:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    return timespans.read(_string(parameter, given).strip())


_READERS: Mapping[Kind, Callable[[Parameter, object], object]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "datetime": _datetime,
    "sip": _sip,
    "address": _address,
    "timespan": _timespan,
}

_SCHEMAS: Mapping[Kind, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "datetime": {
        "type": "string",
        "anyOf": [{"format": "date-time"}, {"pattern": r"^/Date\(-?[0-9]+([+-][0-9]{4})?\)/$"}],
    },
    # Without an example, viewers make one up from the pattern.
    "sip": {
        "type": "string",
        "pattern": r"^[sS][iI][pP]:[^\s@<>]+@[A-Za-z0-9]",
        "examples": ["sip:danab@contoso.com"],
    },
    "address": {
        "type": "string",
        "pattern": r"^([sS][iI][pP]:[^\s@<>]+|[^\s@<>:]+)@[A-Za-z0-9]",
        "examples": ["sip:danab@contoso.com"],
    },
    "timespan": {"type": "string", "pattern": timespans.PATTERN, "examples": ["PT10M"]},
}


def _schema(parameter: Parameter) -> dict[str, Any]:
    text_is_required = parameter.required and not parameter.many and parameter.kind in {"string", "sip", "address"}
    bounds = {
        "minLength": 1 if text_is_required else None,
        "maxLength": parameter.max_length,
        "enum": list(parameter.choices) or None,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
    }
    described = _SCHEMAS[parameter.kind] | {key: bound for key, bound in bounds.items() if bound is not None}
    if parameter.many:
        described = {"type": "array", "items": described}
        if parameter.max_items is not None:
            described["maxItems"] = parameter.max_items
    if parameter.description:
        described["description"] = parameter.description
    return described if parameter.required else _or_null(described)


def _or_null(described: dict[str, Any]) -> dict[str, Any]:
    nullable = described | {"type": [described["type"], "null"]}
    if "enum" in described:
        nullable["enum"] = [*described["enum"], None]
    return nullable
