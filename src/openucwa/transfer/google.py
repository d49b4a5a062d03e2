"""Events of Google Calendar, with their extended properties.

As `GET /calendars/{id}/events` answers, an object with the array `items`, or JSON Lines of events.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openucwa.meetings.schedule import zone_of
from openucwa.model.meeting import ExtensionType
from openucwa.transfer.calendars import FoundEvent, FoundExtension, instant, text_of
from openucwa.transfer.files import InvalidFile

#: The member of an answer that has the events.
MEMBER = "items"

#: Who sees the extended properties, and who sees the extension that they become.
AUDIENCES = {
    "private": ExtensionType.ROAMED_ORGANIZER_DATA,
    "shared": ExtensionType.ROAMED_PARTICIPANT_DATA,
}

#: The last day of a recurrence (RFC 5545).
_UNTIL = re.compile(r"UNTIL=([0-9]{4})([0-9]{2})([0-9]{2})")

Note = Callable[[str, str], None]


def event_of(place: str, event: Mapping[str, Any], note: Note) -> FoundEvent | None:
    """The event; None: it is no meeting of its own, which `note` says. InvalidFile."""
    if event.get("status") == "cancelled":
        note(place, "left out: it was cancelled")
        return None
    if event.get("recurringEventId"):
        note(place, "left out: it is one occurrence of a series, which is imported as an event of its own")
        return None
    organizer = event.get("organizer")
    address = organizer.get("email") if isinstance(organizer, dict) else None
    if not text_of(event, "id") or not isinstance(address, str) or "@" not in address:
        raise InvalidFile(place, "an event must have id and organizer.email")
    if event.get("recurrence"):
        note(place, "its recurrence is not carried: it becomes one meeting")
    created = text_of(event, "created")
    return FoundEvent(
        id=text_of(event, "id"),
        organizer=address,
        subject=text_of(event, "summary"),
        description=text_of(event, "description"),
        attendees=list(_attendees(event, place, note)),
        ends=_end(event, place),
        begins=_time(event["start"], f"{place}.start") if event.get("start") and not event.get("recurrence") else None,
        time_zone=_zone(event.get("start")),
        created=instant(created, f"{place}.created") if created else None,
        extensions=list(_extensions(event, place)),
    )


def _end(event: Mapping[str, Any], place: str) -> int | None:
    """In ms; None: a series without end."""
    if rules := event.get("recurrence"):
        until = _UNTIL.search(" ".join(map(str, rules)) if isinstance(rules, list) else str(rules))
        return None if until is None else instant(f"{until[1]}-{until[2]}-{until[3]}T23:59:59Z", f"{place}.recurrence")
    return _time(event["end"], f"{place}.end") if event.get("end") else None


def _zone(start: Any) -> str:
    name = start.get("timeZone") if isinstance(start, dict) else None
    return name if isinstance(name, str) and zone_of(name) is not None else "UTC"


def _attendees(event: Mapping[str, Any], place: str, note: Note) -> Iterator[str]:
    for number, attendee in enumerate(event.get("attendees") or ()):
        where = f"{place}.attendees[{number}]"
        address = attendee.get("email") if isinstance(attendee, dict) else None
        if not isinstance(address, str) or "@" not in address:
            note(where, "left out: it has no address")
        elif attendee.get("resource") is True:
            note(where, "left out: it is a resource, such as a room")
        elif attendee.get("organizer") is not True:
            yield address


def _time(value: Any, place: str) -> int:
    """A time with an offset or in a time zone, or the end of a whole day, in ms."""
    if isinstance(value, dict) and isinstance(value.get("dateTime"), str):
        text, zone = value["dateTime"], str(value.get("timeZone") or "UTC")
    elif isinstance(value, dict) and isinstance(value.get("date"), str):
        text, zone = f"{value['date']}T00:00:00Z", "UTC"
    else:
        raise InvalidFile(place, "must have dateTime or date")
    try:
        time = datetime.fromisoformat(text)
        aware = time if time.tzinfo is not None else time.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, OSError, LookupError):
        raise InvalidFile(place, f"{text[:50]!r} in the time zone {zone[:50]!r} is not a time") from None
    return round(aware.timestamp() * 1000)


def _extensions(event: Mapping[str, Any], place: str) -> Iterator[FoundExtension]:
    extended = event.get("extendedProperties") or {}
    if not isinstance(extended, dict):
        raise InvalidFile(f"{place}.extendedProperties", "must be an object")
    for name, kind in AUDIENCES.items():
        where = f"extendedProperties.{name}"
        values = extended.get(name) or {}
        if not isinstance(values, dict):
            raise InvalidFile(f"{place}.{where}", "must be an object")
        if values:
            yield FoundExtension(where, where, kind, values)
