"""gzip compression, and its negotiation."""

import gzip
from functools import cache

from openucwa.http.lists import DEFAULT_LIMITS, ListLimits
from openucwa.http.negotiation import weighted

#: Level 1 leaves a resource's JSON a tenth larger than level 6, in half the time.
_LEVEL = 1
_NAMES = {"gzip", "x-gzip"}


def accepts_gzip(header: str | None, limits: ListLimits = DEFAULT_LIMITS) -> bool:
    """Whether this Accept-Encoding accepts gzip: by name with q above 0, else by `*`."""
    asked = weighted(header or "", limits)
    named = [q for name, q in asked if name in _NAMES]
    return any(q > 0 for q in named or [q for name, q in asked if name == "*"])


def compress(body: bytes) -> bytes:
    """`body` compressed with gzip; equal bodies give equal bytes."""
    return gzip.compress(body, _LEVEL, mtime=0)


@cache
def compress_well(body: bytes) -> bytes:
    """`body` as small as gzip makes it, kept: for the server's own files."""
    return gzip.compress(body, 9, mtime=0)


def decompress(body: bytes) -> bytes:
    """The opposite of `compress`, for what this server compressed itself."""
    return gzip.decompress(body)
