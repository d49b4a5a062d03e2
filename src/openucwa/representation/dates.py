"""Dates in JSON and XML: writing, and one parser for all sources."""

import re
from datetime import UTC, datetime, timedelta

from openucwa.model.values import EPOCH, FIRST_INSTANT, LAST_INSTANT, Instant, InvalidValue

_JSON = re.compile(r"/Date\((-?[0-9]+)(?:[+-]([0-9]{2})([0-9]{2}))?\)/")
_DAY = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_OFFSET = r"(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?"
#: To the minute or finer.
_MOMENT = re.compile(rf"{_DAY}[Tt ]([0-9]{{2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:\.([0-9]+))?)?{_OFFSET}")
_WHOLE_DAY = re.compile(_DAY + _OFFSET)
#: Maximum length of a number of milliseconds; int() takes more than linear time.
_MAX_DIGITS = 16
_MILLISECOND = timedelta(milliseconds=1)
#: In minutes. No clock on earth is farther from UTC.
_MAX_OFFSET = 14 * 60


def json_date(instant: Instant) -> str:
    """`/Date(1474932029004)/`; the slashes are left for the writer to escape."""
    return f"/Date({instant.ms})/"


def xml_date(instant: Instant) -> str:
    """ISO 8601 in UTC: `2016-09-26T23:20:29.004+00:00`, without milliseconds if they are 0."""
    return instant.datetime().isoformat(timespec="milliseconds" if instant.ms % 1000 else "seconds")


def parse_json_date(text: str) -> Instant | None:
    """The instant of a text of the form `/Date(ms)/` or `/Date(ms±hhmm)/`; None: it has another form.

    The offset is that of the writer's clock; the instant is `ms` alone. InvalidValue: out of years 1 to 9999.
    """
    match = _JSON.fullmatch(text)
    if match is None or _offset("+", match[2], match[3]) is None:
        return None
    digits = match[1]
    if len(digits) > _MAX_DIGITS:
        raise InvalidValue("is not within years 1 to 9999")
    return _within_bounds(int(digits))


def parse_date(text: str) -> Instant:
    """The instant of a text in JSON's form, or in ISO 8601.

    ISO 8601: with at least minutes, any number of decimals (cut to ms), `T`, `t` or a blank between date and time,
    `24:00` for the end of a day, an offset up to 14 hours (`+hh`, `+hhmm`, `+hh:mm`, `Z`, `z`), or none, which is UTC.
    InvalidValue: it is not a date, or out of years 1 to 9999.
    """
    if (instant := parse_json_date(text)) is not None:
        return instant
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise InvalidValue("is not a date")
    hour, minute, second = int(match[4]), int(match[5]), int(match[6] or 0)
    ms = int((match[7] or "").ljust(3, "0")[:3])
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and (minute, second, ms) != (0, 0, 0)):
        raise InvalidValue("is not a date")
    return _moment(match, ((hour * 60 + minute) * 60 + second) * 1000 + ms, _offset(match[8], match[9], match[10]))


def parse_day(text: str) -> Instant:
    """The instant at which the day of an `xs:date` begins: in UTC, unless it has an offset. InvalidValue: it is not
    one, or out of years 1 to 9999.
    """
    match = _WHOLE_DAY.fullmatch(text)
    if match is None:
        raise InvalidValue("is not a date")
    return _moment(match, 0, _offset(match[4], match[5], match[6]))


def parse(text: str) -> Instant | None:
    """A documented date; None for one in year 1, by which clients say that they supply none.

    InvalidValue: it is not a date, or out of years 1 to 9999.
    """
    if text.startswith("0001-") and _MOMENT.fullmatch(text):
        # Checked before the offset is applied: year 1 with an offset to the east is in no year at all.
        return None
    return supplied(parse_date(text))


def supplied(instant: Instant) -> Instant | None:
    """`instant`, or None for one in year 1."""
    return instant if instant.datetime().year > 1 else None


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> int | None:
    """Minutes east of UTC; None: there is no such offset."""
    total = int(hours or 0) * 60 + int(minutes or 0)
    if int(minutes or 0) > 59 or total > _MAX_OFFSET:
        return None
    return -total if sign == "-" else total


def _moment(day: "re.Match[str]", ms: int, offset: int | None) -> Instant:
    """`day`: a match whose first three groups are year, month and day. `ms`: since it began; `offset`: of its clock."""
    try:
        begin = datetime(int(day[1]), int(day[2]), int(day[3]), tzinfo=UTC)
    except ValueError:
        raise InvalidValue("is not a date") from None
    if offset is None:
        raise InvalidValue("is not a date: its offset is larger than 14 hours")
    return _within_bounds((begin - EPOCH) // _MILLISECOND + ms - offset * 60_000)


def _within_bounds(ms: int) -> Instant:
    if not FIRST_INSTANT.ms <= ms <= LAST_INSTANT.ms:
        raise InvalidValue("is not within years 1 to 9999")
    return Instant(ms)
