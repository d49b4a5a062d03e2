"""Times and durations as people write them: `+1h30m`, `900`, `2027-01-01T08:00:00Z`."""

import math
import re
from datetime import UTC, datetime

_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
#: The longest step of the clock, in seconds: ten years.
LONGEST = 315_576_000.0
#: The latest time of the clock, in ms since 1970: the end of 2999. Later expiries can still be represented.
LATEST = 32_503_679_999_999


def seconds_of(text: str | float) -> float:
    """A duration in seconds: a number, or text such as `15m`, `+8h`, `1d12h`, `250ms`. ValueError: it is neither."""
    if isinstance(text, str):
        bare = text.strip().removeprefix("+")
        if _PARTS.fullmatch(bare):
            seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(bare))
        else:
            seconds = _number(bare)
    else:
        seconds = float(text)
    if not (math.isfinite(seconds) and 0 <= seconds <= LONGEST):
        raise ValueError(f"{str(text)[:100]!r} is not a duration from 0 s to 10 years, such as 15m, 8h30m or 900")
    return seconds


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def ms_of(text: str) -> int:
    """A time in ISO 8601, as ms since 1970; without an offset it is UTC.

    ValueError: it is not such a time, or not from 1970 to LATEST.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    ms = round(moment.timestamp() * 1000)
    if not 0 <= ms <= LATEST:
        raise ValueError(f"{text} is not a time from 1970 to 2999")
    return ms


def shown(ms: int) -> str:
    """A time as it is shown: `2027-01-01T08:00:00.000Z`."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
