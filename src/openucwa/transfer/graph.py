"""Events of Microsoft Graph, with their open extensions.

As `GET /me/events?$expand=extensions` answers, an object with the array `value`, or JSON Lines of events.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from openucwa.meetings.schedule import zone_of
from openucwa.model.meeting import ExtensionType
from openucwa.model.values import Instant
from openucwa.transfer.calendars import FoundEvent, FoundExtension, instant, text_of
from openucwa.transfer.files import InvalidFile

#: The member of an answer that has the events.
MEMBER = "value"

_PREFIXES = ("microsoft.graph.opentypeextension.", "microsoft.outlookservices.opentypeextension.")
_TYPE = "@odata.type"
_LEGACY = ("singleValueExtendedProperties", "multiValueExtendedProperties")

Note = Callable[[str, str], None]


def event_of(place: str, event: Mapping[str, Any], note: Note) -> FoundEvent | None:
    """The event; None: it is no meeting of its own, which `note` says. InvalidFile."""
    if event.get("isCancelled") is True:
        note(place, "left out: it was cancelled")
        return None
    if event.get("type") in {"occurrence", "exception"}:
        note(place, "left out: it is one occurrence of a series, whose seriesMaster is imported")
        return None
    organizer = _address(event.get("organizer"))
    if not text_of(event, "id") or organizer is None:
        raise InvalidFile(place, "an event must have id and organizer.emailAddress.address")
    begins = ends = None
    if event.get("recurrence"):
        note(place, "its recurrence is not carried: it becomes one meeting")
        ends = _end_of_series(event["recurrence"], place)
    elif event.get("end"):
        ends = _time(event["end"], f"{place}.end")
        begins = _time(event["start"], f"{place}.start") if event.get("start") else None
    created = text_of(event, "createdDateTime")
    return FoundEvent(
        id=text_of(event, "id"),
        organizer=organizer,
        subject=text_of(event, "subject"),
        description=_description(event, place, note),
        attendees=list(_attendees(event, place, note)),
        ends=ends,
        begins=begins,
        time_zone=_zone(event),
        created=instant(created, f"{place}.createdDateTime") if created else None,
        extensions=list(_extensions(event, place, note)),
    )


def _address(of: Any) -> str | None:
    """The address of a recipient."""
    found = of.get("emailAddress") if isinstance(of, dict) else None
    address = found.get("address") if isinstance(found, dict) else None
    return address if isinstance(address, str) and "@" in address else None


def _attendees(event: Mapping[str, Any], place: str, note: Note) -> Iterator[str]:
    for number, attendee in enumerate(event.get("attendees") or ()):
        address = _address(attendee)
        if address is None:
            note(f"{place}.attendees[{number}]", "left out: it has no address")
        elif attendee.get("type") == "resource":
            note(f"{place}.attendees[{number}]", "left out: it is a resource, such as a room")
        else:
            yield address


def _description(event: Mapping[str, Any], place: str, note: Note) -> str:
    body = event.get("body")
    if isinstance(body, dict) and isinstance(body.get("content"), str) and body["content"]:
        if str(body.get("contentType")).lower() == "text":
            return str(body["content"])
        note(f"{place}.body", "its HTML is not carried: bodyPreview becomes the description")
    return text_of(event, "bodyPreview")


def _time(value: Any, place: str) -> int:
    """A dateTimeTimeZone in ms."""
    if not isinstance(value, dict) or not isinstance(value.get("dateTime"), str):
        raise InvalidFile(place, "must have dateTime and timeZone")
    zone = value.get("timeZone") or "UTC"
    if zone == "UTC" or value["dateTime"].endswith("Z"):
        return instant(value["dateTime"], place)
    try:
        time = datetime.fromisoformat(value["dateTime"]).replace(tzinfo=ZoneInfo(str(zone)))
    except (ValueError, OSError, LookupError):
        raise InvalidFile(
            place, f'the time zone {str(zone)[:50]!r} is not known; export with Prefer: outlook.timezone="UTC"'
        ) from None
    return round(time.timestamp() * 1000)


def _zone(event: Mapping[str, Any]) -> str:
    """The time zone in which it was scheduled: Exchange has names of Windows and of the IANA database."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415  # a quarter of a second

    start = event.get("start")
    for name in (event.get("originalStartTimeZone"), start.get("timeZone") if isinstance(start, dict) else None):
        if isinstance(name, str) and zone_of(found := WINDOWS_TO_OLSON.get(name, name)) is not None:
            return found
    return "UTC"


def _end_of_series(recurrence: Any, place: str) -> int | None:
    days = recurrence.get("range") if isinstance(recurrence, dict) else None
    if isinstance(days, dict) and days.get("type") == "endDate" and isinstance(days.get("endDate"), str):
        return instant(f"{days['endDate']}T23:59:59Z", f"{place}.recurrence.range.endDate")
    return None


def _extensions(event: Mapping[str, Any], place: str, note: Note) -> Iterator[FoundExtension]:
    for number, extension in enumerate(event.get("extensions") or ()):
        where = f"extensions[{number}]"
        if not isinstance(extension, dict):
            raise InvalidFile(f"{place}.{where}", "must be an object")
        name = text_of(extension, "extensionName") or _bare(text_of(extension, "id"))
        if not name:
            raise InvalidFile(f"{place}.{where}", "must have extensionName or id")
        values = {
            key: _typed(value, extension.get(f"{key}{_TYPE}"), f"{place}.{where}.{key}")
            for key, value in extension.items()
            if "@odata." not in key and key not in {"id", "extensionName"}
        }
        yield FoundExtension(where, name, ExtensionType.ROAMED_ORGANIZER_DATA, values)
    for kind in _LEGACY:
        if event.get(kind):
            note(f"{place}.{kind}", "left out: these are MAPI properties, not open extensions")


def _bare(extension_id: str) -> str:
    """`com.contoso.deal` of `Microsoft.OutlookServices.OpenTypeExtension.com.contoso.deal`."""
    for prefix in _PREFIXES:
        if extension_id.lower().startswith(prefix):
            return extension_id[len(prefix) :]
    return extension_id


def _typed(value: Any, declared: Any, place: str) -> Any:
    """A value with the type that its annotation declares."""
    kind = str(declared or "").removeprefix("#")
    if kind.startswith("Collection(") and isinstance(value, list):
        item = kind.removeprefix("Collection(").removesuffix(")")
        return [_typed(each, item, f"{place}[{number}]") for number, each in enumerate(value)]
    if not isinstance(value, str):
        return value
    if kind in {"DateTimeOffset", "Edm.DateTimeOffset"}:
        return Instant(instant(value, place))
    if kind in {"Int64", "Int32", "Edm.Int64", "Edm.Int32"} and value.lstrip("-").isdecimal():
        return int(value[:400])
    return value
