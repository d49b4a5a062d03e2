"""The language that a client prefers (Accept-Language, RFC 9110, 12.5.4)."""

from collections.abc import Sequence

from openucwa.http.lists import DEFAULT_LIMITS, ListLimits
from openucwa.http.negotiation import weighted


def preferred(accept_language: str | None, offered: Sequence[str], limits: ListLimits = DEFAULT_LIMITS) -> str:
    """The one of `offered`, languages such as `en`, that the client prefers; the first, if it accepts none of them."""
    ranges = weighted(accept_language or "", limits)
    accepted = [(q, name.partition("-")[0]) for name, q in ranges if q > 0]
    known = [(q, language) for q, language in accepted if language in offered]
    # Among equals, max() returns the one that the client names first.
    return max(known, key=lambda each: each[0])[1] if known else offered[0]
