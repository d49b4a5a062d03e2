"""Begin and end of a meeting: the extension `openucwa.schedule` (docs/data-on-meetings.md)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from openucwa.client.extensions import ExtensionState
from openucwa.client.resources import Value

#: The id of the extension.
SCHEDULE_ID = "openucwa.schedule"
#: For how long a meeting stays open after its end: the default of the server's setting `meeting_grace_period`.
GRACE_PERIOD = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a meeting begins and ends. `time_zone`: where it was scheduled, a name of the IANA database, by which
    invitations show the times.

    ValueError: a date has no time zone, or the end is not after the begin.
    """

    begin: datetime
    end: datetime
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.begin.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("a date needs a time zone, such as datetime.UTC")
        if self.end <= self.begin:
            raise ValueError("the end must be after the begin")

    @staticmethod
    def of(extension: ExtensionState) -> "Schedule | None":
        """The schedule that an extension is, for example one of `FoundMeeting.extensions`. Its dates are in UTC. None:
        it is another extension, or its values are invalid.
        """
        begin, end, zone = (extension.data.get(name) for name in ("begin", "end", "timeZone"))
        if extension.id != SCHEDULE_ID or not (isinstance(begin, datetime) and isinstance(end, datetime)):
            return None
        if end <= begin:
            return None
        return Schedule(begin, end, zone if isinstance(zone, str) else "UTC")

    def properties(self) -> dict[str, Value]:
        """Those of the extension."""
        return {"begin": self.begin, "end": self.end, "timeZone": self.time_zone}
