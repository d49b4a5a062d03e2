"""Media types: what a client accepts, and what a request's body is.

Only headers are read here; making JSON and XML is the representation's.
"""

import math
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from openucwa.http.lists import elements
from openucwa.http.message import Request
from openucwa.model.refusals import NotAcceptable

JSON = "application/json"
XML = "application/xml"
UCWA_JSON = "application/vnd.microsoft.com.ucwa+json"
UCWA_XML = "application/vnd.microsoft.com.ucwa+xml"
HTML = "text/html"
XHTML = "application/xhtml+xml"

#: What a resource is shown as where it says nothing else (UCWA: Media types and schemas); the first is the default.
UCWA_TYPES = (JSON, XML, UCWA_JSON, UCWA_XML)

#: The parameters of a value that are read.
MAX_PARAMETERS = 16

_KINDS: dict[str, Literal["json", "xml"]] = {JSON: "json", UCWA_JSON: "json", XML: "xml", UCWA_XML: "xml"}
Weighted = tuple[tuple[str, float], ...]

_REMEMBERED = 256
#: What was made of headers up to this length is remembered: longer ones are nobody's habit, and would fill the memory.
_LONGEST_REMEMBERED = 512


def choose(accept: str | None, produces: Sequence[str]) -> str:
    """The media type of `produces` to answer with.

    The most specific range that fits a type gives its q. Among types of equal q, one that is asked for by name goes
    before one that fits a range, the client's order decides among several, and the order of `produces` does the rest.
    What can't be read in the header is passed over. NotAcceptable: the client wants none of them.
    """
    accept = accept or "*/*"
    choice = _remembered_choice if len(accept) <= _LONGEST_REMEMBERED else _choice
    chosen = choice(accept, tuple(produces))
    if chosen is None:
        raise NotAcceptable(f"this is shown as {', '.join(produces)}, and the client accepts none of these")
    return chosen


def wants_page(request: Request) -> bool:
    """Whether it is a browser that asks, for something to show to a person.

    Its Accept names application/xhtml+xml, or takes nothing but text/html; or it says so by Sec-Fetch-Dest or
    Upgrade-Insecure-Requests. What merely prefers text/html, as the defaults of some HTTP libraries do, is none.
    """
    if request.headers.get(b"sec-fetch-dest") == b"document":
        return True
    if request.headers.get(b"upgrade-insecure-requests") == b"1":
        return True
    accepted = {name for name, q in _ranges(request.header(b"accept") or "") if q > 0}
    return XHTML in accepted or accepted == {HTML}


def content_type(media_type: str) -> str:
    """The Content-Type of an answer of this media type."""
    return f"{media_type}; charset=utf-8"


def kind_of(header: str | None) -> Literal["json", "xml"] | None:
    """`json` or `xml`, for the Content-Type of a body that is one of them; else None. Its charset is not looked at."""
    if not header:
        return None
    return (_remembered_kind if len(header) <= _LONGEST_REMEMBERED else _kind)(header)


def value_and_parameters(header: str) -> tuple[str, dict[str, str]]:
    """The value of a header such as Content-Type, in lower case, and its parameters, their names in lower case.

    Quotes are taken away, single ones around a value too, which some clients write.
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


_remembered_kind = lru_cache(_REMEMBERED)(_kind)


def weighted(header: str) -> Weighted:
    """The entries of a header such as Accept or Accept-Encoding, in lower case, each with its q, in order."""
    parse = _remembered_parse if len(header) <= _LONGEST_REMEMBERED else _parse
    return parse(header)


def _parse(header: str) -> Weighted:
    return tuple(_entries(header))


_remembered_parse = lru_cache(_REMEMBERED)(_parse)


def _entries(header: str) -> Iterator[tuple[str, float]]:
    for text in elements(header):
        name, parameters = value_and_parameters(text)
        if name:
            yield name, _q(parameters.get("q", "1"))


def _q(text: str) -> float:
    try:
        q = float(text)
    except ValueError:
        return 1.0
    return min(max(q, 0.0), 1.0) if math.isfinite(q) else 1.0


def _ranges(accept: str) -> Weighted:
    # A lone * is how some Java clients write */*.
    return tuple((name, q) for name, q in weighted(accept) if "/" in name or name == "*")


class _Fit(NamedTuple):
    """How a media type fits what was asked for; what is greater fits better."""

    quality: float
    specificity: int
    order: int


def _fit(media_type: str, ranges: Weighted) -> _Fit:
    specificity = {media_type: 3, media_type.partition("/")[0] + "/*": 2, "*/*": 1, "*": 1}
    fits = [_Fit(q, specificity[name], -place) for place, (name, q) in enumerate(ranges) if name in specificity]
    return max(fits, key=lambda fit: (fit.specificity, fit.quality), default=_Fit(0, 0, 0))


def _choice(accept: str, produces: tuple[str, ...]) -> str | None:
    ranges = _ranges(accept) or (("*/*", 1.0),)
    # Of equals max() takes the first, so that the order of `produces` does the rest.
    best = max(produces, key=lambda media_type: _fit(media_type, ranges))
    return best if _fit(best, ranges).quality > 0 else None


_remembered_choice = lru_cache(_REMEMBERED)(_choice)
