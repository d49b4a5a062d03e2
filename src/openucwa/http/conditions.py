"""If-Match and If-None-Match, parsed leniently."""

import re
from itertools import islice

from openucwa.http.lists import DEFAULT_LIMITS, ListLimits, bounded

#: A quoted tag, or a bare one up to the next comma or blank; a `W/` before it is ignored.
_TAG = re.compile(r'(?:[Ww]/)?(?:"([^"]*)"|([^\s,"]+))')


def parse(header: str, limits: ListLimits = DEFAULT_LIMITS) -> frozenset[str] | None:
    """The etags in the header, without quotes and `W/`; None for `*`, which is any.

    Never fails: anything but an etag is skipped, and a header without etags matches nothing.
    """
    if header.strip() == "*":
        return None
    if header[:1] == header[-1:] == '"' and header.count('"') == 2:  # one etag, which needs no parser
        return frozenset((header[1:-1],))
    found = islice(_TAG.finditer(bounded(header, limits)), limits.max_list_elements)
    return frozenset(tag[1] or tag[2] or "" for tag in found)


def names_no_etag(header: str, limits: ListLimits = DEFAULT_LIMITS) -> bool:
    """Whether the header cannot contain an etag of this server, whose etags have no punctuation."""
    parsed = parse(header, limits)
    return parsed is not None and not any(tag.isalnum() for tag in parsed)


def matches(parsed: frozenset[str] | None, etag: str) -> bool:
    """Whether `parsed` contains this etag, or is any."""
    return parsed is None or etag in parsed
