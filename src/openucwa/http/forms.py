"""Forms for the token resource: `application/x-www-form-urlencoded` and `multipart/form-data`.

The meaning of the fields is the resource's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from openucwa.http import charset
from openucwa.http.multipart import head_and_content, headers_of, split
from openucwa.http.negotiation import value_and_parameters
from openucwa.model.refusals import DeserializationFailure, UnsupportedMediaType

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
FORM_TYPES = (URLENCODED, MULTIPART)

_TRANSFER_ENCODINGS = {"7bit", "8bit", "binary"}


@dataclass(frozen=True, slots=True)
class FormLimits:
    """Limits of forms. `fields`: their maximum number. `part_headers`: header lines of a part."""

    fields: int = 100
    part_headers: int = 100


def parse_form(body: bytes, content_type: str | None, limits: FormLimits) -> dict[str, str]:
    """The fields of a form, by name in lower case.

    Without a Content-Type it is read as URL-encoded. A charset that is unknown, or oddly quoted, is taken for UTF-8.
    The first field beyond a limit ends the reading.

    DeserializationFailure: the body is not such a form, or a field is repeated, or a limit is exceeded.
    UnsupportedMediaType: another Content-Type.
    """
    kind, parameters = value_and_parameters(content_type or URLENCODED)
    if kind == URLENCODED:
        return _each_once(_urlencoded(body, parameters.get("charset"), limits))
    if kind == MULTIPART:
        return _each_once(_multipart(body, parameters.get("boundary", ""), limits))
    raise UnsupportedMediaType(f"the Content-Type of a form must be {URLENCODED} or {MULTIPART}")


def _each_once(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields:
        if name.lower() in found:
            raise DeserializationFailure("a field of the form is repeated")
        found[name.lower()] = value
    return found


def _urlencoded(body: bytes, label: str | None, limits: FormLimits) -> list[tuple[str, str]]:
    encoding = _encoding(body, label)
    try:
        # An onlineMeetingUri contains semicolons: only & separates fields.
        return parse_qsl(
            charset.decode(body, encoding), keep_blank_values=True, encoding=encoding, errors="strict", separator="&",
            max_num_fields=limits.fields,
        )  # fmt: skip
    except ValueError:
        raise DeserializationFailure("the form is not URL-encoded text, or has too many fields") from None


def _multipart(body: bytes, boundary: str, limits: FormLimits) -> list[tuple[str, str]]:
    if not boundary:
        raise DeserializationFailure("the Content-Type of the form has no boundary")
    parts = split(body, boundary.encode("latin-1"), limits.fields)
    if len(parts) > limits.fields:
        raise DeserializationFailure(f"the form has more than {limits.fields} fields")
    return [_field(number, part, limits) for number, part in enumerate(parts, 1)]


def _field(number: int, part: bytes, limits: FormLimits) -> tuple[str, str]:
    head, content = head_and_content(part)
    headers = dict(headers_of(number, head, limits.part_headers))
    disposition, parameters = value_and_parameters(headers.get("content-disposition", ""))
    if disposition != "form-data" or "name" not in parameters:
        raise DeserializationFailure(f"part {number} is not a field: it has no Content-Disposition with a name")
    if headers.get("content-transfer-encoding", "7bit").lower() not in _TRANSFER_ENCODINGS:
        raise DeserializationFailure(f"part {number} is encoded: only 7bit, 8bit and binary are supported")
    label = value_and_parameters(headers.get("content-type", ""))[1].get("charset")
    try:
        # Names are UTF-8 (RFC 7578, 5.1), headers were read byte by byte.
        name = parameters["name"].encode("latin-1").decode()
        return name, charset.decode(content, _encoding(content, label))
    except UnicodeDecodeError:
        raise DeserializationFailure(f"part {number} is not text in its charset") from None


def _encoding(body: bytes, label: str | None) -> str:
    try:
        return charset.encoding_of(body, label, "text")
    except charset.UnknownCharset:
        return "utf_8"
