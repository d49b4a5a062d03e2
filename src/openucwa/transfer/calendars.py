"""Events of other calendars as lines: what they have in common."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openucwa.meetings.extension import ExtensionDraft, ExtensionLimits, read_extension
from openucwa.meetings.meeting import CONFERENCE_ID_DIGITS, MAX_SUBJECT, PARAMETERS, MeetingRules
from openucwa.meetings.schedule import SCHEDULE_ID, Schedule
from openucwa.model.meeting import Extension, ExtensionType, Meeting, MeetingRel
from openucwa.model.refusals import ParameterValidationFailure, Refusal
from openucwa.model.values import Instant, InvalidValue, is_carriable
from openucwa.model.world import MEETING_ID_ALPHABET, MEETING_ID_LENGTH
from openucwa.representation import dates, parameters
from openucwa.representation.custom import encode
from openucwa.transfer.files import InvalidFile
from openucwa.transfer.importing import Placed
from openucwa.transfer.lines import line_of_extension, line_of_meeting

#: The namespace of the conversation ids of imported meetings.
_NAMESPACE = uuid.UUID("0f1b1a70-6f0e-5c7e-9a43-6d1c64f3a0f6")


#: Names of an extension that are no properties of its own, and those that the server adds.
_OWN = frozenset({"id", "type"})
_SERVERS = frozenset({"rel", "href", "etag", "_links", "_embedded", "Self", "PGuid"})
_ATTENDEES = [parameter for parameter in PARAMETERS if parameter.name == "attendees"]
#: In ms.
_YEAR = 365 * 86_400_000


@dataclass(frozen=True, slots=True)
class FoundExtension:
    """An extension of an event. `place`: where it stands in the event. `values`: its properties, not checked yet."""

    place: str
    id: str
    type: ExtensionType
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event of another calendar. `organizer`: an e-mail address; `attendees`: as well. `ends`: when it is over, of a
    series the last one, in ms; None: unknown. `created`: in ms. `begins`: in ms; None: unknown, or a series.
    `time_zone`: where it was scheduled, a name of the IANA database.
    """

    id: str
    organizer: str
    subject: str
    description: str
    attendees: Sequence[str]
    ends: int | None
    created: int | None
    extensions: Sequence[FoundExtension] = ()
    begins: int | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class CalendarLimits:
    """`description`: in characters. `attendees`: their number."""

    description: int
    attendees: int
    extension: ExtensionLimits


@dataclass(slots=True)
class Converter:
    """Makes lines of events. `rules`, `limits`: those of the server. `kept`: how long a meeting is kept after its end,
    in seconds. `grace`: how long it stays open after its end, in seconds. `now`: in ms. `note`: called with a
    place and what of it is not carried. `organizer`: the SIP URI whose calendar it is, if its meetings alone are
    wanted.
    """

    rules: MeetingRules
    limits: CalendarLimits
    kept: int
    grace: int
    now: int
    note: Callable[[str, str], None]
    organizer: str | None = None
    _known: set[str] = field(default_factory=set)

    def lines(self, place: str, event: FoundEvent) -> Iterator[Placed]:
        """The lines of an event. InvalidFile: it cannot be a meeting of this server."""
        organizer = sip(event.organizer)
        if self.organizer is not None and organizer != self.organizer:
            self.note(place, f"left out: its organizer is {organizer}")
            return
        if event.id in self._known:
            self.note(place, "left out: this event occurs twice")
            return
        self._known.add(event.id)
        if event.ends is not None and event.ends < self.now - self.kept * 1000:
            self.note(
                place, f"left out: it is over, and meetings are kept for {self.kept // 86_400} days after their end"
            )
            return
        yield Placed(place, line_of_meeting(meeting := self._meeting(place, event, organizer)))
        schedule = _schedule(event)
        if schedule is not None:
            yield Placed(f"{place}.start", line_of_extension(organizer, meeting.id, schedule))
        for found in event.extensions:
            where = f"{place}.{found.place}"
            if schedule is not None and found.id == SCHEDULE_ID:
                self.note(where, "left out: begin and end of the event have this id")
            elif (extension := self._extension(where, found)) is not None:
                yield Placed(where, line_of_extension(organizer, meeting.id, extension))

    def _meeting(self, place: str, event: FoundEvent, organizer: str) -> Meeting:
        created = self.now if event.created is None else event.created
        ends = None if event.ends is None else event.ends + self.grace * 1000
        if ends is None:
            self.note(place, "it has no end: it expires ten years after it was created")
            ends = max(min(created, self.now) + 10 * _YEAR, self.now)
        elif ends > self.now + 10 * _YEAR:
            self.note(place, "it ends in more than ten years, which is the longest: it expires then")
            ends = self.now + 10 * _YEAR
        given = {
            "subject": self._text(place, "subject", event.subject, MAX_SUBJECT),
            "description": self._text(place, "description", event.description, self.limits.description),
            "attendees": self._attendees(place, event.attendees),
            "expirationTime": Instant(ends),
        }
        try:
            settings = self.rules.settings(parameters.read(PARAMETERS, given), organizer)
        except Refusal as refusal:
            raise InvalidFile(place, refusal.reason) from None
        digest = hashlib.sha256(f"{organizer}\0{event.id}".encode()).digest()
        number = int.from_bytes(digest)
        letters = []
        for _ in range(MEETING_ID_LENGTH):
            number, index = divmod(number, len(MEETING_ID_ALPHABET))
            letters.append(MEETING_ID_ALPHABET[index])
        least = 10 ** (CONFERENCE_ID_DIGITS - 1)
        return Meeting(
            organizer=organizer,
            id="".join(letters),
            rel=MeetingRel.MY_ONLINE_MEETINGS,
            etag=_etag(repr(settings)),
            conference_id=str(least + number % (9 * least)),
            conversation_id=str(uuid.uuid5(_NAMESPACE, digest.hex())),
            created=created,
            settings=settings,
        )

    def _text(self, place: str, name: str, text: str, longest: int) -> str:
        """`text` as a meeting can have it."""
        clean = text if is_carriable(text) else "".join(each if is_carriable(each) else " " for each in text)
        if clean != text:
            self.note(place, f"characters of its {name} that XML cannot represent are replaced by blanks")
        if len(clean) > longest:
            self.note(place, f"its {name} is shortened to {longest} characters")
        return clean[:longest]

    def _attendees(self, place: str, addresses: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for address in addresses:
            try:
                parameters.read(_ATTENDEES, {"attendees": [sip(address)]})
            except Refusal:
                self.note(place, f"the attendee {address[:100]!r} is left out: it is no address of a user")
            else:
                found[sip(address)] = None
        if len(found) > self.limits.attendees:
            self.note(place, f"its attendees beyond the first {self.limits.attendees} are left out")
        return list(found)[: self.limits.attendees]

    def _extension(self, place: str, found: FoundExtension) -> Extension | None:
        """None: it cannot be carried, which is noted."""
        values: dict[str, object] = {}
        for name, value in found.values.items():
            if (reason := _uncarriable(value)) is None and len(values) < self.limits.extension.properties:
                values[self._name(place, name, found.values)] = value
            elif reason != "":
                self.note(f"{place}.{name[:128]}", reason or "left out: the extension has too many properties")
        given = {"id": found.id, "type": str(found.type), **values}
        try:
            draft = self._read(place, given)
        except Refusal as refusal:
            self.note(place, f"left out: {refusal.reason}")
            return None
        return Extension(found.id, draft.type, _etag(repr((draft.type, draft.properties))), draft.properties)

    def _read(self, place: str, given: dict[str, object]) -> ExtensionDraft:
        """The extension without what is wrong with it. Refusal: it is wrong as a whole."""
        try:
            return read_extension(given, href=None, pass_through="", stored=None, limits=self.limits.extension)
        except ParameterValidationFailure as failure:
            wrong = {name: why for name, why in failure.parameters.items() if name in given and name not in _OWN}
            if not wrong:
                raise
        for name, why in wrong.items():
            self.note(f"{place}.{name}", f"left out: it {why}")
        return self._read(place, {name: value for name, value in given.items() if name not in wrong})

    def _name(self, place: str, name: str, taken: Mapping[str, object]) -> str:
        """The name of a property: another one where it is that of something else in an extension."""
        own = name
        while own.lower() in _OWN or own in _SERVERS or (own != name and own in taken):
            own += "_"
        if own != name:
            self.note(f"{place}.{name}", f"is called {own} here, where {name} is something else")
        return own


def _schedule(event: FoundEvent) -> Extension | None:
    """Begin and end; None: it has none, as a series has not."""
    if event.begins is None or event.ends is None or event.begins >= event.ends:
        return None
    schedule = Schedule(Instant(event.begins), Instant(event.ends), event.time_zone)
    properties = encode(schedule.properties())
    return Extension(
        SCHEDULE_ID, ExtensionType.ROAMED_PARTICIPANT_DATA, _etag(repr((SCHEDULE_ID, properties))), properties
    )


def _etag(text: str) -> str:
    """The same for the same contents, so that an import that is run again changes nothing."""
    return str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 2)


def _uncarriable(value: object) -> str | None:
    """Why a value cannot be one of an extension; None: it can; empty: there is none."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return "left out: an extension contains no objects"
    if isinstance(value, list):
        if any(isinstance(item, dict | list) or item is None for item in value):
            return "left out: an array in an extension contains no objects, arrays or null"
        kinds = {float if isinstance(item, int) and not isinstance(item, bool) else type(item) for item in value}
        if len(kinds) > 1:
            return "left out: an array in an extension contains values of one type"
    return None


def sip(address: str) -> str:
    """The SIP URI of an e-mail address, in lower case."""
    return "sip:" + address.strip().lower().removeprefix("sip:").removeprefix("mailto:")


def text_of(event: Mapping[str, Any], name: str) -> str:
    """A text of an event; empty: it has none."""
    value = event.get(name)
    return value if isinstance(value, str) else ""


def instant(text: str, place: str) -> int:
    """ms since 1970. InvalidFile: it is no date."""
    try:
        found = dates.parse(text)
    except InvalidValue as invalid:
        raise InvalidFile(place, f"{text[:50]!r} {invalid}") from None
    if found is None:
        raise InvalidFile(place, f"{text[:50]!r} is not a date")
    return found.ms
