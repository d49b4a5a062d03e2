"""Programmer-defined values in JSON and XML, both lossless. Which values are allowed is decided elsewhere."""

import json
import math
import re
from collections.abc import Mapping

import msgspec

from openucwa.model.values import MAX_INTEGER_DIGITS, Instant, InvalidValue, Scalar, Value
from openucwa.representation.dates import json_date, parse_date, parse_day, parse_json_date, xml_date

_ENCODER = msgspec.json.Encoder()
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INTEGER_TYPES = frozenset({
    "integer", "int", "long", "short", "byte", "unsignedInt", "unsignedLong", "unsignedShort", "unsignedByte",
    "nonNegativeInteger", "nonPositiveInteger", "positiveInteger", "negativeInteger",
})  # fmt: skip
_NUMBER_TYPES = frozenset({"double", "float", "decimal"})


def json_form(value: object) -> object:
    """`value` in the form that msgspec encodes: a date becomes `"\\/Date(ms)\\/"`, a sequence a list."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Instant):
        return msgspec.Raw(f'"{json_date(value)}"'.replace("/", "\\/").encode())
    if isinstance(value, list | tuple):
        return [json_form(item) for item in value]
    return value


def encode(values: Mapping[str, Value]) -> bytes:
    """One compact JSON object in UTF-8: the stored form of an extension's properties."""
    return _ENCODER.encode({name: json_form(value) for name, value in values.items()})


def custom_values(properties: bytes) -> dict[str, Value]:
    """The values that were passed to `encode`."""
    # The standard decoder, because it keeps all digits of integers beyond 64 bits.
    values: dict[str, Value] = json.loads(properties)
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = [_with_date(item) for item in value]
        else:
            values[name] = _with_date(value)
    return values


def xml_form(value: Scalar) -> str:
    """The XML text of a programmer-defined value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Instant):
        return xml_date(value)
    return repr(value)


def xml_type(value: Scalar) -> str | None:
    """The XML Schema type of `value`; None for a string, which is written without one."""
    if isinstance(value, str):
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Instant):
        return "dateTime"
    return "integer" if isinstance(value, int) else "double"


def from_xml_form(text: str, type_name: str) -> Scalar:
    """The value of a text with an XML Schema type: of a supported type, that value; of any other type, the text.

    InvalidValue: the text does not match its type.
    """
    word = text.strip(" \t\r\n")
    if type_name in _INTEGER_TYPES:
        return read_integer(word)
    if type_name in _NUMBER_TYPES:
        if not _NUMBER.fullmatch(word):
            raise InvalidValue("is not a number")
        return read_number(word)
    if type_name == "boolean":
        if word not in _BOOLEANS:
            raise InvalidValue("is not a boolean")
        return _BOOLEANS[word]
    if type_name == "dateTime":
        return parse_date(word)
    if type_name == "date":
        return parse_day(word)
    return text


def read_integer(text: str) -> int:
    """InvalidValue: `text` is not an integer, or has too many digits."""
    if not _INTEGER.fullmatch(text):
        raise InvalidValue("is not an integer")
    if len(text.lstrip("+-")) > MAX_INTEGER_DIGITS:
        raise InvalidValue(f"has more than {MAX_INTEGER_DIGITS:,} digits")
    return int(text)


def read_number(text: str) -> float:
    """The double nearest to a decimal number. InvalidValue: it is out of a double's range."""
    number = float(text)
    if not math.isfinite(number):
        raise InvalidValue("is not within the range of a double")
    return number


def _with_date(item: Scalar) -> Scalar:
    return (parse_json_date(item) or item) if isinstance(item, str) else item
