"""openucwa import --from: events of Microsoft Graph and Google Calendar, as these export them."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from openucwa.meetings.extension import custom_values
from openucwa.model.meeting import Extension, ExtensionType, Meeting
from openucwa.model.values import Instant
from openucwa.store.sqlite import SqliteStore
from tests.cli.commands import run
from tests.contract.samples import user
from tests.users import DANA, LENE

#: The files are of 2026, which is over some day: their years are moved to the next ones.
YEARS = datetime.now(UTC).year + 1 - 2026


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The folder with the files."""
    for file in (Path(__file__).parent / "calendars").iterdir():
        (tmp_path / file.name).write_text(moved(file.read_text("utf-8")), "utf-8")
    return tmp_path


def moved(text: str) -> str:
    return re.sub(r"\b202[67]-", lambda found: f"{int(found[0][:4]) + YEARS}-", text)


def in_store(data: str, work: Callable[[SqliteStore], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        store = SqliteStore(Path(data), timeout=5.0)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


@pytest.fixture
def users(data: str) -> str:
    """A store with Lene and Dana."""

    async def add(store: SqliteStore) -> None:
        for uri in (LENE, DANA):
            await store.users.add(user(uri))

    in_store(data, add)
    return data


def meetings_of(data: str, uri: str = LENE) -> Sequence[tuple[Meeting, Sequence[Extension]]]:
    found: Sequence[tuple[Meeting, Sequence[Extension]]] = in_store(data, lambda store: store.meetings.all(uri))
    return sorted(found, key=lambda each: each[0].settings.subject)


def of_others(extensions: Sequence[Extension]) -> Sequence[Extension]:
    """Without begin and end."""
    return [each for each in extensions if each.id != "openucwa.schedule"]


def times(extensions: Sequence[Extension]) -> dict[str, Any]:
    (schedule,) = (each for each in extensions if each.id == "openucwa.schedule")
    assert schedule.type == ExtensionType.ROAMED_PARTICIPANT_DATA
    return custom_values(schedule.properties)


def ms(text: str) -> int:
    return round(datetime.fromisoformat(moved(text)).replace(tzinfo=UTC).timestamp() * 1000)


def test_events_of_graph_become_meetings(users: str, files: Path) -> None:
    done = run("import", "--from", "graph", str(files / "graph-events.json"), "--data", users)
    assert done.exit_code == 0, done.output
    (budget, _), (monday, _) = meetings_of(users)
    assert budget.settings.subject == "Budget"
    assert budget.settings.description == "Figures for next year"
    assert budget.settings.attendees == (DANA,)
    assert budget.settings.expiration_time == ms("2026-12-01T18:00:00")
    assert budget.created == ms("2026-11-02T10:15:00.123")
    assert monday.settings.description == "What we did"
    assert monday.settings.expiration_time == ms("2027-07-01T07:59:59")
    ((danas, _),) = meetings_of(users, DANA)
    assert danas.settings.expiration_time == ms("2026-12-01T17:00:00")


def test_open_extensions_of_graph_keep_their_names_and_types(users: str, files: Path) -> None:
    run("import", "--from", "graph", str(files / "graph-events.json"), "--data", users)
    (_, extensions), _ = meetings_of(users)
    deal, seats = of_others(extensions)
    assert (deal.id, deal.type) == ("com.contoso.deal", ExtensionType.ROAMED_ORGANIZER_DATA)
    assert custom_values(deal.properties) == {
        "companyName": "Wingtip Toys",
        "expirationDate": Instant(ms("2027-01-31T13:00:00")),
        "dealValue": 10_000,
        "probability": 0.75,
        "won": False,
        "topPicks": ["Employees only", "Add spouse or guest"],
        "reviews": [Instant(ms("2027-01-01T00:00:00"))],
    }
    assert (seats.id, custom_values(seats.properties)) == ("com.contoso.seats", {"seats": 12})


def test_what_cannot_be_carried_is_reported_with_its_place(users: str, files: Path) -> None:
    done = run("import", "--from", "graph", str(files / "graph-events.json"), "--data", users)
    for said in (
        "value[0].body: its HTML is not carried: bodyPreview becomes the description",
        "value[0].attendees[1]: left out: it is a resource, such as a room",
        "value[0].attendees[2]: left out: it has no address",
        "value[0].singleValueExtendedProperties: left out: these are MAPI properties, not open extensions",
        "value[0].extensions[0].address: left out: an extension contains no objects",
        "value[0].extensions[0].mixed: left out: an array in an extension contains values of one type",
        "value[1]: its recurrence is not carried: it becomes one meeting",
        "value[2]: left out: it was cancelled",
    ):
        assert done.stderr.count(f"openucwa: {said}\n") == 1, said
    assert "nothing" not in done.stderr


def test_events_of_google_become_meetings_with_their_extended_properties(users: str, files: Path) -> None:
    done = run("import", "--from", "google", str(files / "google-events.json"), "--data", users)
    assert done.exit_code == 0, done.output
    (day, no_extensions), (budget, extensions) = meetings_of(users)
    assert (day.settings.subject, of_others(no_extensions)) == ("A day off", [])
    assert day.settings.expiration_time == ms("2026-12-25T08:00:00")
    assert budget.settings.attendees == (DANA,)
    assert budget.settings.expiration_time == ms("2026-12-01T18:00:00")
    assert [(each.id, each.type, custom_values(each.properties)) for each in of_others(extensions)] == [
        ("extendedProperties.private", ExtensionType.ROAMED_ORGANIZER_DATA, {"crmId": "4711"}),
        (
            "extendedProperties.shared",
            ExtensionType.ROAMED_PARTICIPANT_DATA,
            {"room": "5", "catering": "vegetarian"},
        ),
    ]
    for said in ("items[2]: left out: it was cancelled", "items[3]: left out: it is one occurrence of a series"):
        assert said in done.stderr


@pytest.mark.parametrize(("calendar", "zone"), [("graph", "Europe/Berlin"), ("google", "Europe/Oslo")])
def test_begin_and_end_of_an_event_become_those_of_the_meeting(
    users: str, files: Path, calendar: str, zone: str
) -> None:
    file = files / f"{calendar}-events.json"
    text = file.read_text("utf-8")
    # Exchange has names of Windows.
    file.write_text(
        text.replace('"start": {', '"originalStartTimeZone": "W. Europe Standard Time", "start": {'), "utf-8"
    )
    run("import", "--from", calendar, str(file), "--data", users)
    found = {meeting.settings.subject: extensions for meeting, extensions in meetings_of(users)}
    begin, end = ms("2026-12-01T09:00:00"), ms("2026-12-01T10:00:00")
    assert times(found["Budget"]) == {"begin": Instant(begin), "end": Instant(end), "timeZone": zone}
    # A series has no time of its own.
    assert found.get("Every Monday", ()) == ()


@pytest.mark.parametrize("calendar", ["graph", "google"])
def test_import_of_a_calendar_can_be_run_again(users: str, calendar: str, files: Path) -> None:
    words = ("import", "--from", calendar, str(files / f"{calendar}-events.json"), "--data", users)
    run(*words)
    before = meetings_of(users)
    again = run(*words)
    assert again.exit_code == 0, again.output
    assert "added" not in again.stdout
    assert meetings_of(users) == before


def test_events_of_one_organizer_alone_can_be_imported(users: str, files: Path) -> None:
    file = str(files / "graph-events.json")
    done = run("import", "--from", "graph", "--organizer", DANA, file, "--data", users)
    assert f"value[0]: left out: its organizer is {LENE}" in done.stderr
    assert (len(meetings_of(users)), len(meetings_of(users, DANA))) == (0, 1)


@pytest.mark.parametrize("form", ["events", "pages"])
def test_events_can_be_json_lines(users: str, tmp_path: Path, form: str, files: Path) -> None:
    events = json.loads((files / "graph-events.json").read_text())["value"]
    lines = events if form == "events" else [{"value": events[:2]}, {"value": events[2:]}]
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run("import", "--from", "graph", str(tmp_path / "events.jsonl"), "--data", users)
    assert done.exit_code == 0, done.output
    assert len(meetings_of(users)) == 2
    assert "line 3: left out: it was cancelled" in done.stderr or "line 2: value[0]: left out" in done.stderr


@pytest.mark.parametrize(
    ("calendar", "text", "said"),
    [
        ("graph", "[{]", "openucwa: it is not JSON: "),
        ("graph", '{"id": "1"}\n{\n', "openucwa: line 2: is not JSON: "),
        ("graph", '{"value": [1]}', "openucwa: line 1: value[0]: is not an object"),
        ("graph", '{"value": [{"id": "1"}]}', "value[0]: an event must have id and organizer.emailAddress.address"),
        ("graph", "12", "line 1: must be an event, or an object with the array value"),
        (
            "graph",
            {"end": {"dateTime": "2026-12-01T10:00:00", "timeZone": "Nowhere Standard Time"}},
            "end: the time zone 'Nowhere Standard Time' is not known; export with Prefer: outlook.timezone=\"UTC\"",
        ),
        ("graph", {"end": {"dateTime": "soon", "timeZone": "UTC"}}, "end: 'soon' "),
        ("graph", {"extensions": [{"seats": 1}]}, "extensions[0]: must have extensionName or id"),
        ("google", '{"items": [{"id": "1"}]}', "items[0]: an event must have id and organizer.email"),
        ("google", {"extendedProperties": {"private": []}, "end": 1}, "end: must have dateTime or date"),
        ("google", {"extendedProperties": {"shared": [1]}}, "extendedProperties.shared: must be an object"),
    ],
)
def test_malformed_events_are_named_and_nothing_is_imported(
    users: str, tmp_path: Path, calendar: str, text: str | dict[str, Any], said: str
) -> None:
    if not isinstance(text, str):
        organizers = {"graph": {"emailAddress": {"address": "lenea@contoso.com"}}, "google": {"email": "a@b.c"}}
        text = json.dumps({"id": "1", "organizer": organizers[calendar], **text})
    (tmp_path / "events.json").write_text(text)
    done = run("import", "--from", calendar, str(tmp_path / "events.json"), "--data", users)
    assert done.exit_code == 1
    assert said in done.stderr
    assert "malformed; nothing was imported" in done.stderr
    assert meetings_of(users) == []


def test_event_that_is_over_is_left_out_and_one_without_end_in_sight_is_shortened(users: str, tmp_path: Path) -> None:
    events = [
        {"id": day, "summary": day, "organizer": {"email": "lenea@contoso.com"}, "end": {"date": day}}
        for day in ("2001-01-01", f"{datetime.now(UTC).year + 50}-01-01")
    ]
    (tmp_path / "events.json").write_text(json.dumps({"items": events}))
    done = run("import", "--from", "google", str(tmp_path / "events.json"), "--data", users)
    assert done.exit_code == 0, done.output
    assert "items[0]: left out: it is over, and meetings are kept for " in done.stderr
    assert "items[1]: it ends in more than ten years" in done.stderr
    assert len(meetings_of(users)) == 1


def test_what_no_meeting_can_have_is_left_out_shortened_or_renamed(users: str, tmp_path: Path) -> None:
    event = {
        "id": "1",
        "subject": "s" * 251,
        "body": {"contentType": "text", "content": "a\u000bb"},
        "organizer": {"emailAddress": {"address": "lenea@contoso.com"}},
        "attendees": [{"emailAddress": {"address": address}} for address in ("a b@c", "danab@contoso.com")],
        "createdDateTime": moved("2026-01-01T00:00:00Z"),
        "extensions": [
            {"id": "a", "x\u0007": 1, "type": "gold", "etag": "1", "etag_": "2", "fine": True},
            {"id": "b" * 300, "fine": True},
            {"id": "c", "large": "x" * 2_000_000},
        ],
    }
    (tmp_path / "events.json").write_text(json.dumps({"value": [event]}))
    done = run("import", "--from", "graph", str(tmp_path / "events.json"), "--data", users)
    assert done.exit_code == 0, done.output
    ((meeting, (extension,)),) = meetings_of(users)
    assert (meeting.settings.subject, meeting.settings.description) == ("s" * 250, "a b")
    assert meeting.settings.attendees == (DANA,)
    assert custom_values(extension.properties) == {"type_": "gold", "etag__": "1", "etag_": "2", "fine": True}
    for said in (
        "value[0]: its subject is shortened to 250 characters",
        "value[0]: characters of its description that XML cannot represent are replaced by blanks",
        "value[0]: the attendee 'a b@c' is left out: it is no address of a user",
        "value[0]: it has no end: it expires ten years after it was created",
        "value[0].extensions[0].type: is called type_ here, where type is something else",
        "value[0].extensions[1]: left out: id: has 300 characters; at most 256 are allowed",
        "value[0].extensions[2]: left out: the properties take",
        "left out: it has a name that contains a control character",
    ):
        assert said in done.stderr, said


def test_organizer_who_is_not_a_user_is_reported(data: str, files: Path) -> None:
    done = run("import", "--from", "google", str(files / "google-events.json"), "--data", data)
    assert done.exit_code == 1
    assert f"items[0]: not imported: there is no user {LENE}" in done.stderr


def test_organizer_is_an_option_for_calendars_only(data: str) -> None:
    done = run("import", "--organizer", LENE, "--data", data)
    assert "--organizer requires --from" in done.stderr
