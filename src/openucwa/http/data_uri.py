"""Data URIs (RFC 2397), as UCWA's clients write them: what a message says, in a link's href."""

import base64
import binascii
import codecs
import re
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_FORM = re.compile(
    r"data:(?P<type>[^;,]*)(?P<parameters>(?:;[^;,]*)*?)(?P<base64>;\s*base64)?,(?P<data>.*)", re.IGNORECASE | re.DOTALL
)

#: Charsets that are read, by Python's names for them: decoding by some others takes time that grows quadratically.
_CHARSETS = {"ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "iso8859-1", "iso8859-15", "cp1250", "cp1252"}


class DataUri(NamedTuple):
    """What a data URI holds. `content_type`: in lower case, without parameters."""

    content_type: str
    text: str


def read_data_uri(uri: str) -> DataUri:
    """The text that `uri` holds. Data that is not base64 is form-encoded: `+` is a blank.

    ValueError: it is no data URI, its data is not what it says, or its charset is not known.
    """
    found = _FORM.fullmatch(uri.strip())
    if found is None:
        raise ValueError("is no data URI")
    if found["base64"]:
        try:
            data = base64.b64decode(b"".join(unquote_to_bytes(found["data"]).split()), validate=True)
        except binascii.Error:
            raise ValueError("holds no valid base64") from None
    else:
        data = unquote_to_bytes(found["data"].replace("+", " "))
    charset = "utf-8"
    for parameter in found["parameters"].split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"') or charset
    try:
        codec = codecs.lookup(charset).name
        text = data.decode(codec if codec in _CHARSETS else "unknown")
    except (LookupError, UnicodeError):
        raise ValueError(f"is not text in {charset}") from None
    return DataUri(found["type"].strip().lower() or "text/plain", text)
