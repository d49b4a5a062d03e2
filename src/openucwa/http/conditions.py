"""If-Match and If-None-Match, read as generously as clients write them."""

import re
from itertools import islice

from openucwa.http.lists import MAX_ELEMENTS, bounded

#: A quoted tag, or a bare one up to the next comma or blank; `W/` before either, which changes nothing here.
_TAG = re.compile(r'(?:[Ww]/)?(?:"([^"]*)"|([^\s,"]+))')


def parse(header: str) -> frozenset[str] | None:
    """The etags that the header names, without quotes and `W/`; None for `*`, which is any.

    Never fails: what is no etag is passed over, and a header without any matches nothing.
    """
    if header.strip() == "*":
        return None
    found = islice(_TAG.finditer(bounded(header)), MAX_ELEMENTS)
    return frozenset(tag[1] or tag[2] or "" for tag in found)


def names_no_etag(header: str) -> bool:
    """Whether what stands there can't be an etag of this server, in whose etags there is no punctuation."""
    parsed = parse(header)
    return parsed is not None and not any(tag.isalnum() for tag in parsed)


def matches(parsed: frozenset[str] | None, etag: str) -> bool:
    """Whether `parsed` names this etag, or any."""
    return parsed is None or etag in parsed
