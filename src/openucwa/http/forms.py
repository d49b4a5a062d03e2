"""Forms, as the token resource takes them: `application/x-www-form-urlencoded` and `multipart/form-data`.

What the fields mean is decided elsewhere.
"""

import io
from urllib.parse import parse_qsl

from falcon import HTTPError
from falcon.media.multipart import MultipartFormHandler, MultipartParseOptions

from openucwa.http.negotiation import value_and_parameters
from openucwa.model.refusals import DeserializationFailure, UnsupportedMediaType

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"

_MOST_FIELDS = 100
#: Bytes of a field's headers: its name, and little else.
_LONGEST_HEAD = 1_024
#: Charsets besides UTF-8 that a form is read in. The Encoding Standard too reads Latin-1 as windows-1252.
_CHARSETS = {"iso-8859-1": "cp1252", "latin1": "cp1252", "windows-1252": "cp1252", "cp1252": "cp1252"}


def parse_form(body: bytes, content_type: str | None) -> dict[str, str]:
    """The fields of a form; of those that bear one name the last counts.

    Without a Content-Type it is taken for URL-encoded; a charset that is not known, or oddly quoted, is UTF-8.
    DeserializationFailure: the body is no such form. UnsupportedMediaType: the Content-Type is neither.
    """
    kind, parameters = value_and_parameters(content_type or URLENCODED)
    if kind == URLENCODED:
        return _urlencoded(body, parameters.get("charset", ""))
    if kind == MULTIPART:
        return _multipart(body, parameters.get("boundary", ""))
    raise UnsupportedMediaType(f"a form's Content-Type has to be {URLENCODED} or {MULTIPART}")


def _urlencoded(body: bytes, charset: str) -> dict[str, str]:
    encoding = _CHARSETS.get(charset.lower(), "utf-8")
    try:
        # An onlineMeetingUri holds semicolons: only & parts fields.
        fields = parse_qsl(
            body.decode(encoding), keep_blank_values=True, encoding=encoding, errors="strict", separator="&",
            max_num_fields=_MOST_FIELDS,
        )  # fmt: skip
    except ValueError:
        raise DeserializationFailure("the form is not URL-encoded text, or has too many fields") from None
    return dict(fields)


def _multipart(body: bytes, boundary: str) -> dict[str, str]:
    options = MultipartParseOptions()
    options.max_body_part_headers_size = _LONGEST_HEAD
    try:
        handler = MultipartFormHandler(options)
        form = handler.deserialize(io.BytesIO(body), f"{MULTIPART}; boundary={boundary}", len(body))
        return {part.name: part.get_data().decode() for part in form if part.name is not None}
    except (HTTPError, ValueError):
        raise DeserializationFailure(f"the form is not {MULTIPART}, or a field is not UTF-8 text") from None
