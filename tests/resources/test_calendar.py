"""The invitation to a meeting: what a calendar program makes of it."""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from io import StringIO
from typing import Any

import pytest
from dateutil.tz import tzical
from icalendar import Calendar

from openucwa.resources.texts_de import TEXTS
from tests.client import UcwaClient, self_of
from tests.resources.conftest import SignedIn
from tests.resources.messages import assert_invalid, assert_refused
from tests.world import FakeWorld

NINE = datetime(2030, 5, 6, 9, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)


def when(start: datetime, end: datetime | None = None) -> dict[str, str]:
    texts = {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
    return texts if end is None else texts | {"end": f"{end:%Y-%m-%dT%H:%M:%SZ}"}


async def invitation(client: UcwaClient, meeting: dict[str, Any], **query: str) -> Calendar:
    """What a calendar program reads."""
    answer = await client.get(f"{self_of(meeting)}/invitation", params=query, headers={"Accept": "text/calendar"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(answer.content)
    assert isinstance(calendar, Calendar)
    return calendar


def event_of(calendar: Calendar) -> Any:
    """Its one event."""
    (event,) = calendar.walk("VEVENT")
    return event


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_meeting_links_to_its_invitation(lene: UcwaClient, method: str) -> None:
    answer = await lene.post(lene.meetings, json={})
    meeting = answer.json()
    if method == "GET":
        answer = await lene.get(self_of(meeting))
    elif method == "PUT":
        answer = await lene.replace(meeting, subject="Sales")
    assert f'<{self_of(meeting)}/invitation>; rel="openucwa:invitation"' in answer.headers.get_list("Link")


async def test_invitation_has_subject_location_and_time(lene: UcwaClient) -> None:
    meeting = await lene.schedule(subject="Sales, quarterly", description="Bring numbers;\nall of them")
    event = event_of(await invitation(lene, meeting, **when(NINE, TEN)))
    assert (event["SUMMARY"], event["LOCATION"], event["URL"]) == (
        "Sales, quarterly",
        meeting["joinUrl"],
        meeting["joinUrl"],
    )
    assert event["DESCRIPTION"] == f"Bring numbers;\nall of them\n\nJoin the meeting:\n{meeting['joinUrl']}"
    assert (event.start, event.end) == (NINE, TEN)
    assert (event["ORGANIZER"], event["ORGANIZER"].params["CN"]) == ("mailto:lenea@contoso.com", "Lene Aaling")


@pytest.mark.parametrize(
    ("accepted", "language", "words"),
    [
        ("de-CH, de;q=0.9, en;q=0.8", "de", "An der Besprechung teilnehmen:"),
        ("fr, en;q=0.5, de;q=0.7", "de", "An der Besprechung teilnehmen:"),
        ("en-GB, de", "en", "Join the meeting:"),
        ("fr, de;q=0, *", "en", "Join the meeting:"),
        (None, "en", "Join the meeting:"),
    ],
)
async def test_invitation_is_in_the_language_of_the_client(
    lene: UcwaClient, accepted: str | None, language: str, words: str
) -> None:
    headers = {"Accept": "text/calendar"} | ({"Accept-Language": accepted} if accepted else {})
    answer = await lene.get(f"{self_of(await lene.schedule())}/invitation", headers=headers)
    assert answer.headers["Content-Language"] == language
    assert "Accept-Language" in answer.headers["Vary"]
    event = event_of(Calendar.from_ical(answer.content))
    assert event["DESCRIPTION"].startswith(words)
    assert event["SUMMARY"] == {"en": "Online meeting", "de": "Online-Besprechung"}[language]


@pytest.mark.parametrize("text", [r"\\srv\\News", r"a\\nb\\Nc", r"\;\\,;,\\\\", "x\\"])
async def test_backslashes_are_escaped(lene: UcwaClient, text: str) -> None:
    meeting = await lene.schedule(subject=text, description=f"{text}\n{text}")
    answer = await lene.get(f"{self_of(meeting)}/invitation", headers={"Accept": "text/calendar"})
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = answer.text.replace("\r\n ", "").splitlines()
    assert f"SUMMARY:{escaped}" in lines
    (description,) = (line for line in lines if line.startswith("DESCRIPTION:"))
    assert description.startswith(f"DESCRIPTION:{escaped}\\n{escaped}\\n\\nJoin the meeting:\\nhttps://")


async def test_invitation_ends_with_the_enterprises_footer(signed_in: SignedIn) -> None:
    lene = await signed_in(invitation_footer_text="Contoso asks you to be on time.")
    event = event_of(await invitation(lene, await lene.schedule()))
    assert event["DESCRIPTION"].endswith("\n\nContoso asks you to be on time.")


async def test_invitation_without_a_time_is_for_the_next_full_hour(lene: UcwaClient, world: FakeWorld) -> None:
    event = event_of(await invitation(lene, await lene.schedule()))
    now = datetime.fromtimestamp(world.now() / 1000, UTC)
    assert event.start == now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert event.end == event.start + timedelta(hours=1)


async def test_invitation_without_an_end_lasts_an_hour(lene: UcwaClient) -> None:
    event = event_of(await invitation(lene, await lene.schedule(), **when(NINE)))
    assert event.end == TEN


async def scheduled(
    lene: UcwaClient, time_zone: str, begin: datetime = NINE, length: timedelta = TEN - NINE
) -> dict[str, Any]:
    """A meeting with begin and end, as the console writes them."""
    meeting = await lene.schedule()
    first, last = (f"/Date({int(time.timestamp())}000)/" for time in (begin, begin + length))
    times = {"begin": first, "end": last, "timeZone": time_zone}
    await lene.extend(meeting, id="openucwa.schedule", type="RoamedParticipantData", **times)
    return meeting


async def test_invitation_is_for_the_times_of_the_meeting_in_its_time_zone(lene: UcwaClient) -> None:
    calendar = await invitation(lene, await scheduled(lene, "Europe/Copenhagen"))
    event = event_of(calendar)
    assert (event.start, event.end) == (NINE, TEN)
    assert event["DTSTART"].params["TZID"] == "Europe/Copenhagen"
    (zone,) = calendar.walk("VTIMEZONE")
    assert zone["TZID"] == "Europe/Copenhagen"


@pytest.mark.parametrize(
    ("time_zone", "change"),
    [
        ("Europe/Copenhagen", datetime(2030, 3, 31, 1, tzinfo=UTC)),
        ("Europe/Copenhagen", datetime(2030, 10, 27, 1, tzinfo=UTC)),
        ("Europe/Dublin", datetime(2030, 3, 31, 1, tzinfo=UTC)),
        ("America/New_York", datetime(2030, 3, 10, 7, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2030, 4, 6, 15, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2030, 10, 5, 15, 30, tzinfo=UTC)),
    ],
)
async def test_invitation_around_a_clock_change_is_for_the_right_hour_by_its_own_rules(
    lene: UcwaClient, time_zone: str, change: datetime
) -> None:
    for minutes in (-90, -45, -15, 0, 15, 45, 90):
        begin = change + timedelta(minutes=minutes)
        meeting = await scheduled(lene, time_zone, begin, timedelta(minutes=30))
        answer = await lene.get(f"{self_of(meeting)}/invitation", headers={"Accept": "text/calendar"})
        assert by_own_rules(answer.text) == (begin, begin + timedelta(minutes=30))


async def test_rules_change_at_the_time_that_clocks_showed_before(lene: UcwaClient) -> None:
    calendar = await invitation(lene, await scheduled(lene, "Europe/Copenhagen"))
    changes = {
        each["DTSTART"].to_ical().decode(): (each.name, each["TZNAME"], each["TZOFFSETFROM"].td, each["TZOFFSETTO"].td)
        for each in calendar.walk("VTIMEZONE")[0].subcomponents
    }
    one, two = timedelta(hours=1), timedelta(hours=2)
    assert changes == {
        "20290505T110000": ("DAYLIGHT", "CEST", two, two),
        "20291028T030000": ("STANDARD", "CET", two, one),
        "20300331T020000": ("DAYLIGHT", "CEST", one, two),
        "20301027T030000": ("STANDARD", "CET", two, one),
        "20310330T020000": ("DAYLIGHT", "CEST", one, two),
    }


async def test_rules_may_end_in_the_second_of_a_clock_change(lene: UcwaClient) -> None:
    meeting = await scheduled(lene, "Europe/Copenhagen")
    calendar = await invitation(lene, meeting, start="2030-03-29T00:00:00Z", end="2030-03-29T01:00:00.500Z")
    # The rules end 366 days after the meeting, half a second after this change.
    last = calendar.walk("VTIMEZONE")[0].subcomponents[-1]
    assert last["DTSTART"].to_ical() == b"20310330T020000"


def by_own_rules(text: str) -> tuple[datetime, ...]:
    """Start and end of the event, by the rules in the file alone."""
    unfolded = text.replace("\r\n ", "")
    zone = tzical(StringIO(unfolded)).get() if "VTIMEZONE" in unfolded else UTC
    event = unfolded.partition("BEGIN:VEVENT")[2]
    found = [re.search(rf"^{name}[^:]*:(\w+)", event, re.MULTILINE) for name in ("DTSTART", "DTEND")]
    times = [datetime.strptime(each[1].rstrip("Z"), "%Y%m%dT%H%M%S") for each in found if each is not None]  # noqa: DTZ007
    return tuple(time.replace(tzinfo=zone).astimezone(UTC) for time in times)


@pytest.mark.parametrize(
    "time_zone",
    ["UTC", "Mars/Olympus", "../../etc/passwd", "", "localtime", "Factory", "posixrules", "right/Europe/Copenhagen"],
)
async def test_invitation_for_an_unknown_time_zone_is_in_utc(lene: UcwaClient, time_zone: str) -> None:
    calendar = await invitation(lene, await scheduled(lene, time_zone))
    assert event_of(calendar)["DTSTART"].to_ical() == b"20300506T090000Z"
    assert calendar.walk("VTIMEZONE") == []


async def test_times_in_the_query_come_before_those_of_the_meeting(lene: UcwaClient) -> None:
    meeting = await scheduled(lene, "Europe/Copenhagen")
    event = event_of(await invitation(lene, meeting, **when(TEN)))
    assert (event.start, event.end) == (TEN, TEN + timedelta(hours=1))


@pytest.mark.parametrize("end", [NINE, NINE - timedelta(days=1)])
async def test_end_that_is_not_after_the_start_is_refused(lene: UcwaClient, end: datetime) -> None:
    meeting = await lene.schedule()
    answer = await lene.get(
        f"{self_of(meeting)}/invitation", params=when(NINE, end), headers={"Accept": "text/calendar"}
    )
    assert_invalid(answer, "end")


async def test_invitation_in_the_last_representable_hour_is_no_internal_error(lene: UcwaClient) -> None:
    meeting = await lene.schedule()
    last = {"start": "/Date(253402300799999)/"}
    assert_invalid(await lene.get(f"{self_of(meeting)}/invitation", params=last, headers={"Accept": "*/*"}), "end")


async def test_leaders_and_attendees_are_invited_once_by_mail_address(lene: UcwaClient) -> None:
    meeting = await lene.schedule(
        leaders=["sip:danab@contoso.com"],
        attendees=["SIP:DanaB@contoso.com", "sip:joe@fabrikam.com:5061;transport=tls", "sip:lenea@contoso.com"],
    )
    calendar = await invitation(lene, meeting)
    event = event_of(calendar)
    assert calendar["METHOD"] == "REQUEST"
    assert event["ATTENDEE"] == ["mailto:danab@contoso.com", "mailto:joe@fabrikam.com"]
    assert event["ATTENDEE"][0].params["RSVP"] == "TRUE"


async def test_meeting_without_guests_is_published(lene: UcwaClient) -> None:
    calendar = await invitation(lene, await lene.schedule())
    assert calendar["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in event_of(calendar)


async def test_event_of_a_meeting_is_always_the_same_one(lene: UcwaClient) -> None:
    meeting, other = await lene.schedule(subject="a"), await lene.schedule()
    before = event_of(await invitation(lene, meeting))["UID"]
    await lene.replace(meeting, subject="b")
    assert event_of(await invitation(lene, meeting, **when(NINE)))["UID"] == before
    assert event_of(await invitation(lene, other))["UID"] != before


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x85", "\u2028"])
async def test_user_input_never_becomes_a_line_of_its_own(lene: UcwaClient, end: str) -> None:
    hostile = f"a,b;c\\n{end}END:VEVENT{end}ATTENDEE:mailto:evil@example.com"
    meeting = await lene.schedule(subject=hostile, description=hostile)
    answer = await lene.get(f"{self_of(meeting)}/invitation", headers={"Accept": "text/calendar"})
    unfolded = re.sub("\r\n[ \t]", "", answer.text)
    lines = unfolded.splitlines()
    assert lines.count("END:VEVENT") == 1
    assert not [line for line in lines if line.startswith("ATTENDEE")]
    event = event_of(Calendar.from_ical(answer.content))
    assert event["SUMMARY"] == "a,b;c\\n END:VEVENT ATTENDEE:mailto:evil@example.com"


async def test_another_users_invitation_is_answered_like_a_missing_one(lene: UcwaClient, dana: UcwaClient) -> None:
    meeting = await lene.schedule()
    href = f"{dana.meetings}/{meeting['onlineMeetingId']}/invitation"
    assert_refused(await dana.get(href, headers={"Accept": "*/*"}), 404, "NotFound", "ResourceNotFound")


async def test_invitation_is_only_available_as_a_calendar(lene: UcwaClient) -> None:
    answer = await lene.get(f"{self_of(await lene.schedule())}/invitation")
    assert_refused(answer, 406, "NotAcceptable")


def test_german_texts_are_those_of_the_pages() -> None:
    pages = files("openucwa.web").joinpath("texts-de.js").read_text("utf-8")
    assert [
        f'  "{text}": "{german}",\n' for text, german in TEXTS.items() if f'"{text}": "{german}"' not in pages
    ] == []
