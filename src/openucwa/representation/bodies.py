"""Decoding of request bodies, with the refusals. Parsing is in `json.py` and `xml.py`."""

from openucwa.http import charset
from openucwa.model.refusals import DeserializationFailure, UnsupportedMediaType


def encoding_of(body: bytes, charset_label: str | None, kind: charset.TextKind) -> str:
    """The codec for `body`. `charset_label`: the `charset` of its Content-Type.

    UnsupportedMediaType: its charset is not supported, or not for this kind of body.
    """
    try:
        return charset.encoding_of(body, charset_label, kind)
    except charset.UnknownCharset as unknown:
        raise UnsupportedMediaType(str(unknown)) from None


def text_of(body: bytes, encoding: str) -> str:
    """The text of `body`, without a byte order mark. DeserializationFailure: it is not in this encoding."""
    try:
        return charset.decode(body, encoding)
    except UnicodeDecodeError as error:
        name = encoding.upper().replace("_", "-")
        raise DeserializationFailure(f"the body is not {name}: byte {error.start + 1} is invalid") from None
