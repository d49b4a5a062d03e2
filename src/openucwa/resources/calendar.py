"""Invitations for calendar programs: a meeting as an event (iCalendar, RFC 5545; RFC 5546).

UCWA leaves invitations to mail programs, so this resource is an addition; a meeting's answers link to it by a Link
header.
"""

import asyncio
import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from openucwa import __version__
from openucwa.api.answer import Answer
from openucwa.api.call import Call, Context
from openucwa.api.resource import Operation
from openucwa.meetings.pools import Pools
from openucwa.meetings.schedule import Schedule, schedule_in, zone_of
from openucwa.model.meeting import Meeting
from openucwa.model.refusals import ParameterValidationFailure
from openucwa.model.scopes import CONVERSATION_SCOPES
from openucwa.model.user import User
from openucwa.model.values import LAST_INSTANT, Instant
from openucwa.model.world import World
from openucwa.representation.parameters import Parameter
from openucwa.resources.my_online_meetings import MeetingDocuments
from openucwa.resources.online_meetings import READ_REFUSALS, OneMeeting
from openucwa.resources.texts import Texts
from openucwa.store import contract

if TYPE_CHECKING:
    from icalendar import Calendar, Event, Timezone
    from icalendar.prop import vInline

CALENDAR = "text/calendar"
HOUR = 3_600_000
_YEAR = timedelta(days=366)

QUERY = (
    Parameter("start", kind="datetime", description="Start; default: the meeting's begin, or else the next full hour."),
    Parameter("end", kind="datetime", description="End; default: the meeting's end, or else one hour after the start."),
)

#: Characters that some parser takes for the end of a line, which ends an iCalendar property.
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_TO_ESCAPE = re.compile(r"[\\;,]")

_ADDRESS = re.compile(r"[^:]*:([^@]+@(?:\[[^\]]*\]|[^:;?]*))")


async def load() -> None:
    """Loads the library in the background, so that neither the start nor a request waits for it."""
    if "icalendar" not in sys.modules:
        await asyncio.to_thread(importlib.import_module, "icalendar")


class MeetingInvitation(OneMeeting):
    """The invitation to a meeting, for calendar programs."""

    rel = "openucwa:invitation"
    scopes = CONVERSATION_SCOPES
    cached = False  # it contains the current time

    def __init__(
        self,
        meetings: contract.Meetings,
        users: contract.Users,
        pools: Pools,
        documents: MeetingDocuments,
        world: World,
        footer: str,
    ) -> None:
        """`footer`: the setting `invitation_footer_text`."""
        super().__init__(pools, meetings)
        self._users = users
        self._documents = documents
        self._footer = footer
        self._world = world

    @Operation(
        "The invitation to the meeting, for calendar programs.",
        query=QUERY,
        produces=(CALENDAR,),
        refuses=READ_REFUSALS,
    )
    async def get(self, call: Call[Meeting]) -> Answer:
        """For an organizer who has listed nobody, an event to put into a calendar (PUBLISH); otherwise an invitation
        (REQUEST): only the latter may, and must, name attendees (RFC 5546).
        """
        from icalendar import Calendar  # noqa: PLC0415  # a quarter of a second: see `load`

        _, extensions = await self._meetings.get_with_extensions(call.target.organizer, call.target.id)
        schedule = schedule_in(extensions)
        start, end = self._time(call, schedule)
        organizer = await self._users.get(call.target.organizer)
        calendar = Calendar()
        calendar.add("prodid", f"-//openucwa//{__version__}//EN")
        calendar.add("version", "2.0")
        calendar.add("method", "REQUEST" if _invited(call.target) else "PUBLISH")
        texts = Texts(call)
        event = self._event(call, call.target, organizer, texts)
        _add_times(calendar, event, start, end, schedule)
        calendar.add_component(event)
        return Answer(
            body=calendar.to_ical(),
            content_type=f"{CALENDAR}; charset=utf-8",
            headers=(
                (b"Content-Disposition", f'attachment; filename="{call.target.id}.ics"'.encode()),
                (b"Content-Language", texts.language.encode()),
                (b"Vary", b"Accept-Language"),
            ),
        )

    def _time(self, call: Call[Meeting], schedule: Schedule | None) -> tuple[Instant, Instant]:
        """ParameterValidationFailure: the end is not after the start, or out of range."""
        values = call.values
        # iCalendar has no fractions of a second.
        if not values and schedule is not None and schedule.begin.ms // 1000 < schedule.end.ms // 1000:
            return schedule.begin, schedule.end
        start = values.get("start") or Instant((self._world.now() // HOUR + 1) * HOUR)
        end = values.get("end") or Instant(min(start.ms + HOUR, LAST_INSTANT.ms))
        if end.ms // 1000 <= start.ms // 1000:
            raise ParameterValidationFailure({"end": "must be later than start"})
        return start, end

    def _event(self, call: Context, meeting: Meeting, organizer: User | None, texts: Texts) -> "Event":
        from icalendar import Event  # noqa: PLC0415  # as above

        settings = meeting.settings
        join_url = self._documents.join_url(call, meeting)
        parts = (_text(settings.description), f"{texts('Join the meeting:')}\n{join_url}", _text(self._footer))
        event = Event()
        event.add("uid", meeting.conversation_id)
        event.add("dtstamp", Instant(self._world.now()).datetime())
        event.add("summary", _as_text(" ".join(_text(settings.subject).split()) or texts("Online meeting")))
        event.add("description", _as_text("\n\n".join(filter(None, parts))))
        event.add("location", _as_text(join_url))
        event.add("url", join_url)
        event.add("status", "CONFIRMED")
        email = organizer.email if organizer is not None else None
        name = organizer.name if organizer is not None else ""
        event.add("organizer", f"mailto:{email or _address(meeting.organizer)}", {"CN": _name(name)} if name else {})
        for address in _invited(meeting):
            parameters = {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"}
            event.add("attendee", f"mailto:{address}", parameters)
        return event


def _add_times(calendar: "Calendar", event: "Event", start: Instant, end: Instant, schedule: Schedule | None) -> None:
    """Start and end in the time zone in which the meeting was scheduled, with its rules; otherwise in UTC."""
    first, last = start.datetime(), end.datetime()
    zone = None if schedule is None or last - first > _YEAR else zone_of(schedule.time_zone)
    if zone is not None and zone.key != "UTC":
        with suppress(ValueError, OverflowError):  # it is at the end of the calendar
            local = first.astimezone(zone), last.astimezone(zone)
            # Of two times that clocks show alike, programs take the first.
            if not any(time.fold for time in local):
                calendar.add_component(_rules(zone, first - _YEAR, last + _YEAR))
                first, last = local
    event.add("dtstart", first)
    event.add("dtend", last)


def _rules(zone: ZoneInfo, begin: datetime, end: datetime) -> "Timezone":
    """The offsets of a zone from `begin` to `end`, both in UTC.

    The library's own rules name the time after a change when clocks are put forward. RFC 5545 (3.6.5) requires the time
    before it.
    """
    from icalendar import Timezone, TimezoneDaylight, TimezoneStandard  # noqa: PLC0415  # as above

    rules = Timezone()
    rules.add("tzid", zone.key)
    offset = _offset(zone, begin)
    for time in (begin, *_changes(zone, begin, end)):
        local = time.astimezone(zone)
        part = TimezoneDaylight() if local.dst() else TimezoneStandard()
        before, offset = offset, _offset(zone, time)
        part.add("dtstart", (time + before).replace(tzinfo=None))
        part.add("tzname", local.tzname())
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", offset)
        rules.add_component(part)
    return rules


def _changes(zone: ZoneInfo, begin: datetime, end: datetime) -> Iterator[datetime]:
    """When the zone's offset changes, to the second. No zone changes it twice within three days."""
    step, second = timedelta(days=3), timedelta(seconds=1)
    while begin < end:
        after = min(begin + step, end)
        if _offset(zone, begin) != _offset(zone, after):
            low, high = begin, after
            while high - low > second:
                middle = low + (high - low) / 2
                low, high = (middle, high) if _offset(zone, middle) == _offset(zone, begin) else (low, middle)
            yield high.replace(microsecond=0)
        begin = after


def _offset(zone: ZoneInfo, time: datetime) -> timedelta:
    return time.astimezone(zone).utcoffset() or timedelta()


def _invited(meeting: Meeting) -> list[str]:
    """The addresses of leaders and attendees, without duplicates and the organizer's."""
    settings = meeting.settings
    return list(_others(map(_address, (*settings.leaders, *settings.attendees)), _address(meeting.organizer)))


def _others(addresses: Iterable[str], organizer: str) -> Iterable[str]:
    known = {organizer.lower()}
    for address in addresses:
        if address.lower() not in known:
            known.add(address.lower())
            yield address


def _address(uri: str) -> str:
    """`user@host` of a SIP URI, which mail programs understand; without scheme, port and parameters."""
    found = _ADDRESS.match(uri)
    return uri if found is None else found[1]


def _text(text: str) -> str:
    return _LINE_ENDS.sub("\n", text).strip()


def _as_text(text: str) -> "vInline":
    """A TEXT value (RFC 5545, 3.3.11). The library's own takes `\\N` for a line break before it escapes anything."""
    from icalendar.prop import vInline  # noqa: PLC0415  # as above

    escaped = _TO_ESCAPE.sub(r"\\\g<0>", text)
    return vInline(escaped.replace("\n", "\\n"))


def _name(name: str) -> str:
    """A parameter's value without quotes and control characters, which it cannot contain even if escaped."""
    return " ".join("".join(char if char.isprintable() else " " for char in name.replace('"', "'")).split())
