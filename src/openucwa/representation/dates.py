"""Dates as they stand in JSON and in XML. What a date means for a resource is not decided here."""

import re
from datetime import UTC, datetime, timedelta

from openucwa.model.values import EPOCH, FIRST_INSTANT, LAST_INSTANT, Instant, InvalidValue

_JSON = re.compile(r"/Date\((-?[0-9]+)(?:[+-][0-9]{4})?\)/")
_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,7}))?"
    r"(?:Z|([+-])([0-9]{2}):?([0-5][0-9]))?"
)
_MOST_DIGITS = 16
_MILLISECOND = timedelta(milliseconds=1)


def json_date(instant: Instant) -> str:
    """`/Date(1474932029004)/`; the slashes are for the writer to escape."""
    return f"/Date({instant.ms})/"


def xml_date(instant: Instant) -> str:
    """ISO 8601 in UTC: `2016-09-26T23:20:29.004+00:00`, without the milliseconds where they are 0."""
    return instant.datetime().isoformat(timespec="milliseconds" if instant.ms % 1000 else "seconds")


def parse_json_date(text: str) -> Instant | None:
    """The moment that a text stands for that is wholly `/Date(ms)/` or `/Date(ms±hhmm)/`; None: it is another text.

    The offset says where the writer's clock was; the moment is `ms` alone. InvalidValue: out of years 1 to 9999.
    """
    match = _JSON.fullmatch(text)
    if match is None:
        return None
    digits = match[1]
    if len(digits) > _MOST_DIGITS:
        raise InvalidValue("is out of years 1 to 9999")
    return _within_bounds(int(digits))


def parse_xml_date(text: str) -> Instant:
    """The moment of an ISO 8601 text: 0 to 7 decimals (cut to ms), `Z`, an offset, or none, which is UTC.

    InvalidValue: it is none, or out of years 1 to 9999.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        raise InvalidValue("is not a date")
    year, month, day, hour, minute, second = (int(match[group]) for group in range(1, 7))
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise InvalidValue("is not a date") from None
    ms = (local - EPOCH) // _MILLISECOND + int((match[7] or "").ljust(3, "0")[:3])
    if match[8]:
        offset = (int(match[9]) * 60 + int(match[10])) * 60_000
        ms += offset if match[8] == "-" else -offset
    return _within_bounds(ms)


def parse(text: str) -> Instant | None:
    """A documented date in either form; None for one in year 1, by which clients say that they supply none.

    InvalidValue: it is no date, or out of years 1 to 9999.
    """
    if text.startswith("0001-") and _ISO.fullmatch(text):
        # Looked at before the offset counts: year 1 with an offset to the east lies in no year at all.
        return None
    instant = parse_json_date(text) or parse_xml_date(text)
    return supplied(instant)


def supplied(instant: Instant) -> Instant | None:
    """`instant`, or None for one in year 1."""
    return instant if instant.datetime().year > 1 else None


def _within_bounds(ms: int) -> Instant:
    if not FIRST_INSTANT.ms <= ms <= LAST_INSTANT.ms:
        raise InvalidValue("is out of years 1 to 9999")
    return Instant(ms)
