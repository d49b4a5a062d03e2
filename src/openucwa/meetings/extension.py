"""The rules of an extension: its id, its type, and its programmer-defined properties.

Read from a body in either format, stored in one. Access to extensions is decided elsewhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.refusals import EntityTooLarge, ParameterValidationFailure
from openucwa.model.values import Instant, InvalidValue, Scalar, UntypedText, Value, is_carriable
from openucwa.representation.custom import custom_values, encode, xml_form
from openucwa.representation.dates import parse_json_date

__all__ = ["ExtensionDraft", "ExtensionLimits", "check_id", "custom_values", "read_extension"]

MAX_ID_LENGTH = 256
MAX_NAME_LENGTH = 128

_CONTROL_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f]")
_TYPES = {member.lower(): member for member in ExtensionType}
#: Properties that the server itself adds to an extension; clients may send them back.
_IGNORED = frozenset({"rel", "href", "etag", "_links", "_embedded"})


@dataclass(frozen=True, slots=True)
class ExtensionLimits:
    """`properties`: maximum number per extension; `bytes`: their maximum size as compact JSON in UTF-8."""

    properties: int
    bytes: int


class ExtensionDraft(msgspec.Struct, frozen=True):
    """An extension as a request describes it.

    `id` None: the server assigns one. `properties`: as `Extension.properties`. `compared`: whether they depend on the
    stored values.
    """

    id: str | None
    type: ExtensionType
    properties: bytes
    compared: bool


def read_extension(
    given: Mapping[str, object],
    *,
    href: str | None,
    pass_through: str,
    stored: Extension | None,
    limits: ExtensionLimits,
) -> ExtensionDraft:
    """The extension that a POST (`href` and `stored` are None) or a PUT describes.

    `given`: the body as either format reads it. `href`: the resource's own; `pass_through`: the name of its
    pass-through property; `stored`: the extension to be replaced. The draft keeps its id, and its values give texts of
    XML without a type their types. UCWA: onlineMeetingExtensions, POST; onlineMeetingExtension, PUT.

    ParameterValidationFailure: everything that is wrong, by name. EntityTooLarge: the properties exceed `limits.bytes`.
    """
    documented: dict[str, list[object]] = {"id": [], "type": []}
    custom: dict[str, object] = {}
    for name, value in given.items():
        if value is None or name in _IGNORED or name == pass_through:
            continue
        # One SDK sends its whole object.
        if (name == "Self" and value == href) or (name == "PGuid" and value == pass_through):
            continue
        if (same := documented.get(name.lower())) is not None:
            same.append(value)
        else:
            custom[name] = value
    if len(custom) > limits.properties:
        first = list(custom)[limits.properties]
        raise ParameterValidationFailure(
            {first: f"is one too many: an extension may have at most {limits.properties:,} properties"}
        )

    faults: dict[str, str] = {}
    extension_id = None
    extension_type = ExtensionType.UNDEFINED
    try:
        extension_id = _id(documented["id"], stored)
    except InvalidValue as invalid:
        faults["id"] = str(invalid)
    try:
        extension_type = _type(documented["type"])
    except InvalidValue as invalid:
        faults["type"] = str(invalid)
    compared = stored is not None and any(map(_is_untyped, custom.values()))
    known = custom_values(stored.properties) if stored is not None and compared else {}
    values: dict[str, Value] = {}
    for name, value in custom.items():
        try:
            _check_name(name)
            values[name] = _value(value, known.get(name))
        except InvalidValue as invalid:
            faults[name] = str(invalid)
    if faults:
        raise ParameterValidationFailure(faults)

    properties = encode(values)
    if len(properties) > limits.bytes:
        raise EntityTooLarge(
            f"the properties take {len(properties):,} bytes of JSON; an extension may have {limits.bytes:,}"
        )
    return ExtensionDraft(extension_id, extension_type, properties, compared)


def _is_untyped(value: object) -> bool:
    """Whether `value` contains a text without a type."""
    if isinstance(value, list):
        return any(isinstance(item, UntypedText) for item in value)
    return isinstance(value, UntypedText)


def _id(given: list[object], stored: Extension | None) -> str | None:
    extension_id = _only(given)
    if extension_id is None or extension_id == "":
        return None if stored is None else stored.id
    if not isinstance(extension_id, str):
        raise InvalidValue("must be a string")
    if stored is not None and extension_id != stored.id:
        raise InvalidValue("cannot be changed")
    check_id(extension_id)
    return str(extension_id)


def check_id(extension_id: str) -> None:
    """InvalidValue: an extension cannot have this id."""
    if not 1 <= len(extension_id) <= MAX_ID_LENGTH:
        raise InvalidValue(f"has {len(extension_id):,} characters; at most {MAX_ID_LENGTH} are allowed")
    if extension_id in {".", ".."}:
        raise InvalidValue("must not be . or .., which have a special meaning in URLs")
    _check_characters(extension_id)


def _type(given: list[object]) -> ExtensionType:
    type_name = _only(given)
    if type_name is None:
        return ExtensionType.UNDEFINED
    if isinstance(type_name, str) and (found := _TYPES.get(type_name.lower())) is not None:
        return found
    raise InvalidValue(f"must be one of {', '.join(ExtensionType)}")


def _only(given: list[object]) -> object:
    if len(given) > 1:
        raise InvalidValue("is given twice, differing only in case")
    return given[0] if given else None


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= MAX_NAME_LENGTH:
        raise InvalidValue(f"has a name of {len(name):,} characters; 1 to {MAX_NAME_LENGTH} are allowed")
    try:
        _check_characters(name)
    except InvalidValue as invalid:
        raise InvalidValue(f"has a name that {invalid}") from None


def _check_characters(text: str) -> None:
    if text.isascii() and text.isprintable():
        return
    if _CONTROL_CHARACTER.search(text):
        raise InvalidValue("contains a control character")
    if not is_carriable(text):
        raise InvalidValue("contains a character that XML cannot represent")


def _value(given: object, known: Value | None) -> Value:
    """`known`: the current value of the property, if any."""
    if not isinstance(given, list):
        if isinstance(given, UntypedText) and known is not None and not isinstance(known, list):
            return _scalar(_retyped([given], [known])[0])
        return _scalar(given)
    items = [_scalar(item) for item in _retyped(given, known if isinstance(known, list) else [])]
    if len({_kind(item) for item in items}) > 1:
        raise InvalidValue("is an array of values of different types")
    return items


def _retyped(given: list[object], known: list[Scalar]) -> list[object]:
    """`given`, where each text without a type is read as the XML form of the known value at the same position. If one
    of them does not fit, all are strings: an array that was edited without types is an array of strings.
    """
    retyped = list(given)
    for place, item in enumerate(given):
        if isinstance(item, UntypedText):
            if place >= len(known) or item != xml_form(known[place]):
                return given
            retyped[place] = known[place]
    return retyped


def _scalar(given: object) -> Scalar:
    if isinstance(given, str):
        if not is_carriable(given):
            raise InvalidValue("contains a character that XML cannot represent")
        return (parse_json_date(given) if given.startswith("/") else None) or str(given)
    if isinstance(given, int | float | Instant):
        return given
    if given is None:
        raise InvalidValue("must not contain null")
    raise InvalidValue("must not contain an array" if isinstance(given, list) else "must not contain an object")


def _kind(value: Scalar) -> type:
    """The common type of an array's values; integers and numbers are one."""
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)
