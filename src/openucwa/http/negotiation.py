"""Content negotiation: the media types that a client accepts, and that of a request's body."""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from openucwa.http.lists import DEFAULT_LIMITS, ListLimits, elements
from openucwa.http.message import Request
from openucwa.model.refusals import NotAcceptable

JSON = "application/json"
XML = "application/xml"
UCWA_JSON = "application/vnd.microsoft.com.ucwa+json"
UCWA_XML = "application/vnd.microsoft.com.ucwa+xml"
HTML = "text/html"
XHTML = "application/xhtml+xml"

#: The media types of resources by default (UCWA: Media types and schemas), the preferred one first.
UCWA_TYPES = (JSON, XML, UCWA_JSON, UCWA_XML)

#: The maximum number of a value's parameters that are read.
MAX_PARAMETERS = 16

_KINDS: dict[str, Literal["json", "xml"]] = {JSON: "json", UCWA_JSON: "json", XML: "xml", UCWA_XML: "xml"}
Weighted = tuple[tuple[str, float], ...]

_MAX_MEMOIZED = 256
#: Headers up to this length are memoized: longer ones are rare, and would fill the memory.
_MAX_MEMOIZED_LENGTH = 512


def choose(accept: str | None, produces: Sequence[str], limits: ListLimits = DEFAULT_LIMITS) -> str:
    """The media type of `produces` to answer with.

    The most specific range that matches a type gives its q. Among types of equal q, one that is named takes precedence
    over one that matches a range; then the client's order decides, then that of `produces`. Malformed entries are
    skipped.

    NotAcceptable: the client accepts none of them.
    """
    accept = accept or "*/*"
    choice = _memoized_choice if len(accept) <= _MAX_MEMOIZED_LENGTH else _choice
    chosen = choice(accept, tuple(produces), limits)
    if chosen is None:
        raise NotAcceptable(f"available as {', '.join(produces)}; none of these is acceptable to the client")
    return chosen


def is_navigation(request: Request) -> bool:
    """Whether a browser will show the answer to a person."""
    return (
        request.headers.get(b"sec-fetch-dest") == b"document"
        or request.headers.get(b"upgrade-insecure-requests") == b"1"
    )


def wants_page(request: Request, limits: ListLimits = DEFAULT_LIMITS) -> bool:
    """Whether the client is a browser that wants a page to display.

    Its Accept names application/xhtml+xml, or accepts nothing but text/html; or it says so by Sec-Fetch-Dest or
    Upgrade-Insecure-Requests. A mere preference for text/html, the default of some HTTP libraries, is not enough.
    """
    if is_navigation(request):
        return True
    accepted = {name for name, q in _ranges(request.header(b"accept") or "", limits) if q > 0}
    return XHTML in accepted or accepted == {HTML}


def content_type(media_type: str) -> str:
    """The Content-Type of an answer of this media type."""
    return f"{media_type}; charset=utf-8"


def kind_of(header: str | None) -> Literal["json", "xml"] | None:
    """`json` or `xml`, if that is the Content-Type of a body; otherwise None. Its charset is ignored."""
    if not header:
        return None
    return (_memoized_kind if len(header) <= _MAX_MEMOIZED_LENGTH else _kind)(header)


def charset_of(header: str | None) -> str | None:
    """The charset of a Content-Type; None: it names none."""
    if not header:
        return None
    return (_memoized_charset if len(header) <= _MAX_MEMOIZED_LENGTH else _charset)(header)


def value_and_parameters(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header such as Content-Type, in lower case, and its parameters, names in lower case.

    Quotes are removed, also single ones around the value, which some clients send.
    """
    value, *texts = header.replace('"', "").replace("\\", "").split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
    parameters: dict[str, str] = {}
    for text in texts:
        name, equals, parameter = text.partition("=")
        if equals:
            parameters[name.strip().lower()] = parameter.strip().strip("'")
    return value.strip().lower(), parameters


def _kind(header: str) -> Literal["json", "xml"] | None:
    return _KINDS.get(value_and_parameters(header)[0])


_memoized_kind = lru_cache(_MAX_MEMOIZED)(_kind)


def _charset(header: str) -> str | None:
    return value_and_parameters(header)[1].get("charset")


_memoized_charset = lru_cache(_MAX_MEMOIZED)(_charset)


def weighted(header: str, limits: ListLimits = DEFAULT_LIMITS) -> Weighted:
    """The entries of a header such as Accept or Accept-Encoding, in lower case, each with its q, in order."""
    parse = _memoized_parse if len(header) <= _MAX_MEMOIZED_LENGTH else _parse
    return parse(header, limits)


def _parse(header: str, limits: ListLimits) -> Weighted:
    return tuple(_entries(header, limits))


_memoized_parse = lru_cache(_MAX_MEMOIZED)(_parse)


def _entries(header: str, limits: ListLimits) -> Iterator[tuple[str, float]]:
    for text in elements(header, limits):
        name, parameters = value_and_parameters(text)
        if name:
            yield name, _q(parameters.get("q", "1"))


def _q(text: str) -> float:
    try:
        q = float(text)
    except ValueError:
        return 1.0
    return min(max(q, 0.0), 1.0) if math.isfinite(q) else 1.0


def _ranges(accept: str, limits: ListLimits) -> Weighted:
    # Some Java clients send a lone * for */*.
    return tuple((name, q) for name, q in weighted(accept, limits) if "/" in name or name == "*")


class _Fit(NamedTuple):
    """The quality of a match between a media type and a range; greater is better."""

    quality: float
    specificity: int
    order: int


def _fit(media_type: str, ranges: Weighted) -> _Fit:
    specificity = {media_type: 3, media_type.partition("/")[0] + "/*": 2, "*/*": 1, "*": 1}
    fits = [_Fit(q, specificity[name], -place) for place, (name, q) in enumerate(ranges) if name in specificity]
    return max(fits, key=lambda fit: (fit.specificity, fit.quality), default=_Fit(0, 0, 0))


def _choice(accept: str, produces: tuple[str, ...], limits: ListLimits) -> str | None:
    ranges = _ranges(accept, limits) or (("*/*", 1.0),)
    # max() returns the first of equals, so the order of `produces` decides last.
    best = max(produces, key=lambda media_type: _fit(media_type, ranges))
    return best if _fit(best, ranges).quality > 0 else None


_memoized_choice = lru_cache(_MAX_MEMOIZED)(_choice)
