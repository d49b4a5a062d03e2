"""Data URIs (RFC 2397), in which UCWA clients put the text of a message into a link's href."""

import base64
import binascii
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from openucwa.http import charset

_FORM = re.compile(
    r"data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*?)(?P<base64>;\s*base64)?,(?P<data>.*)", re.IGNORECASE | re.DOTALL
)


#: Of any type, without reading the data.
_ANY = re.compile(r"data:[!-+\--~]*,[!-~]*", re.IGNORECASE)


class DataUri(NamedTuple):
    """The content of a data URI. `content_type`: in lower case, without parameters."""

    content_type: str
    text: str


def read_data_uri(uri: str) -> DataUri:
    """The text in `uri`. Data other than base64 is form-encoded: `+` is a blank.

    ValueError: it is not a data URI, its data is malformed, or its charset is not supported.
    """
    found = _FORM.fullmatch(uri.strip())
    if found is None:
        raise ValueError("is not a data URI")
    if found["base64"]:
        try:
            data = base64.b64decode(b"".join(unquote_to_bytes(found["data"]).split()), validate=True)
        except binascii.Error:
            raise ValueError("contains invalid base64") from None
    else:
        data = unquote_to_bytes(found["data"].replace("+", " "))
    label = None
    for parameter in found["parameters"].split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            label = value.strip().strip('"')
    try:
        text = charset.decode(data, charset.encoding_of(data, label, "text"))
    except (charset.UnknownCharset, UnicodeDecodeError):
        raise ValueError(f"is not text in {(label or 'utf-8')[:40]}") from None
    return DataUri(found["type"].strip().lower() or "text/plain", text)


def is_data_uri(text: str) -> bool:
    """Whether `text` is a data URI, in the characters that a URI may have; its data is not read."""
    return _ANY.fullmatch(text) is not None
