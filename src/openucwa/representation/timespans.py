"""Spans of time on input: .NET's TimeSpan, XML Schema's duration, or a number of minutes.

[d.]hh:mm[:ss]    P[nD][T[nH][nM][nS]]    n
"""

import re

from openucwa.model.values import InvalidValue

_DAY = 86_400
_FORM = r"[0-9]{1,4}|(?:[0-9]{1,3}\.)?[0-9]{1,2}:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,7})?)?"
_DURATION = r"P(?:[0-9]{1,3}D)?(?:T(?:[0-9]{1,4}H)?(?:[0-9]{1,4}M)?(?:[0-9]{1,5}(?:\.[0-9]{1,7})?S)?)?"
#: What is read, for the API description.
PATTERN = rf"^(?:{_FORM}|{_DURATION})$"

_SPAN = re.compile(r"(?:(\d{1,3})\.)?(\d{1,2}):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,7})?)?", re.ASCII)
_ISO = re.compile(r"P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,4})M)?(?:(\d{1,5})(?:\.\d{1,7})?S)?)?", re.ASCII)


def read(text: str) -> int:
    """The number of whole seconds. InvalidValue: `text` is no span of time."""
    if re.fullmatch(r"\d{1,4}", text, re.ASCII):
        return 60 * int(text)
    found = _SPAN.fullmatch(text) or _ISO.fullmatch(text)
    if found is None:
        raise InvalidValue("must be a duration, such as 00:05:00 or PT5M")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return days * _DAY + hours * 3600 + minutes * 60 + seconds
