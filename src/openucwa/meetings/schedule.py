"""When a meeting begins and ends: an extension with a fixed id that clients agree on (docs/data-on-meetings.md).

The server does not interpret it, except for invitations; imports of calendars write it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from openucwa.meetings.extension import custom_values
from openucwa.model.meeting import Extension
from openucwa.model.values import Instant, Value

#: The id of the extension.
SCHEDULE_ID = "openucwa.schedule"
#: Characters of a time zone's name.
_MAX_ZONE = 64
#: Files that systems have beside the zones of the IANA database: the local zone, placeholders, and copies of the zones,
#: some of which count leap seconds.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
_COPIES = ("posix/", "right/")


@dataclass(frozen=True, slots=True)
class Schedule:
    """`begin` is before `end`. `time_zone`: where the meeting was scheduled, a name of the IANA database."""

    begin: Instant
    end: Instant
    time_zone: str

    def properties(self) -> dict[str, Value]:
        """Those of the extension."""
        return {"begin": self.begin, "end": self.end, "timeZone": self.time_zone}


def zone_of(name: str) -> ZoneInfo | None:
    """None: the IANA database has no such time zone."""
    if not 1 <= len(name) <= _MAX_ZONE or name in _NO_ZONES or name.startswith(_COPIES):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def schedule_in(extensions: Iterable[Extension]) -> Schedule | None:
    """The times of a meeting with these extensions. None: it has none, or none that could be true."""
    for extension in extensions:
        if extension.id == SCHEDULE_ID:
            values = custom_values(extension.properties)
            begin, end, zone = (values.get(name) for name in ("begin", "end", "timeZone"))
            if isinstance(begin, Instant) and isinstance(end, Instant) and begin.ms < end.ms:
                return Schedule(begin, end, zone if isinstance(zone, str) else "UTC")
    return None
