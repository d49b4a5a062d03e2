"""openucwa export and import: everything that is exported from one store is imported into another, once."""

import asyncio
import json
import os
import stat
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from openucwa.config import Config
from openucwa.model.change import Author
from openucwa.model.meeting import Extension, ExtensionType
from openucwa.model.photo import PhotoOrigin
from openucwa.store.choice import store_of
from openucwa.store.sql import SqlStore
from openucwa.store.sqlite import SqliteStore
from openucwa.transfer.exporting import OF_USER
from tests.cli.commands import fails, run
from tests.contract.samples import (
    AT,
    DAN,
    MANY,
    MEETING,
    OTHER_SETTINGS,
    application,
    assigned,
    extension,
    meeting,
    picture,
    user,
)
from tests.users import LENE

Place = tuple[str, str]
UUID = "6e5d1a3e-0d26-4a4c-8b11-0f7b0a1c2d3e"


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """The option that names a new store of each engine."""
    if request.param == "sqlite":
        return "--data", str(tmp_path / "old")
    return "--store", request.getfixturevalue("database")


@pytest.fixture
def new(tmp_path: Path) -> Place:
    """The option that names another store."""
    return "--data", str(tmp_path / "new")


def in_store(place: Place, work: Callable[[SqlStore], Awaitable[Any]]) -> Any:
    option, value = place

    async def run() -> Any:
        store = store_of(Config(data=value) if option == "--data" else Config(store=value))
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    return asyncio.run(run())


LEFT = "sip:left@contoso.com"


async def fill(store: SqlStore) -> None:
    await store.users.add(user(LENE))
    await store.users.add(user(DAN, email=None, pool=None))
    await store.applications.open(application(), None, AT, MANY)
    await store.meetings.add(meeting(conference_id="75", conversation_id=UUID), MANY)
    await store.extensions.add(LENE, MEETING, extension("slides"), MANY, AT)
    await store.extensions.add(LENE, MEETING, extension("ünïcödé / %"), MANY, AT)
    await store.meetings.assigned(assigned(conference_id="76", conversation_id=UUID))
    await store.meetings.add(meeting("DAN00001", organizer=DAN, conference_id="77", conversation_id=UUID), MANY)
    await store.schemas.put(LENE, "agenda", None, "1", b'{"type":"object"}', AT, MANY, MANY)
    await store.schemas.put(LENE, "slides", None, "1", b'{"type":"string"}', AT, MANY, MANY)
    await store.schemas.put(LENE, "slides", None, "2", b'{"type":"object"}', AT, MANY, MANY)
    await store.schemas.put(DAN, "gone", None, "1", b"{}", AT, MANY, MANY)
    await store.schemas.remove(DAN, "gone", None, "2", AT)
    values = Extension(
        "typed", ExtensionType.ROAMED_PARTICIPANT_DATA, "12", b'{"big":123456789012345678901,"on":"\\/Date(1)\\/"}'
    )
    await store.extensions.add(DAN, "DAN00001", values, MANY, AT)
    await store.extensions.replace(LENE, MEETING, None, extension("slides", etag="2"), AT + 5, Author(LENE, "101", "a"))
    await store.users.add(user(LEFT))
    await store.users.remove(LEFT, AT)
    await store.meetings.add(meeting("HANDED00", conference_id="78", conversation_id=UUID), MANY)
    await store.meetings.hand_over(LENE, "HANDED00", DAN, MANY, lambda: "3", AT + 6)
    await store.photos.put(LENE, [picture(48, bytes(range(256)))], PhotoOrigin(None, ""))


async def contents(store: SqlStore) -> list[object]:
    """The users, their schemas, meetings and extensions."""
    users = await store.users.all()
    schemas = [await store.schemas.current(each.uri) for each in users]
    found = [{name: schema.schema for name, schema in each.items()} for each in schemas]
    return [users, [await store.meetings.all(each.uri) for each in users], found]


def exported(place: Place, *options: str) -> list[dict[str, Any]]:
    done = run("export", *options, *place)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def kinds(lines: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(line["kind"] for line in lines))


def test_store_that_is_exported_and_imported_is_the_same(place: Place, new: Place, tmp_path: Path) -> None:
    in_store(place, fill)
    file = tmp_path / "all.jsonl"
    done = run("export", str(file), *place)
    assert done.exit_code == 0, done.output
    assert "exported 2 users" in done.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    imported = run("import", str(file), *new)
    assert imported.exit_code == 0, imported.output
    assert in_store(new, contents) == in_store(place, contents)


def test_old_link_of_a_meeting_that_was_handed_over_leads_to_it_after_an_import(
    place: Place, new: Place, tmp_path: Path
) -> None:
    in_store(place, fill)
    run("export", str(tmp_path / "all.jsonl"), *place)
    for outcome in ("added", "unchanged"):
        imported = run("import", str(tmp_path / "all.jsonl"), *new)
        assert f"handover: 1 {outcome}\n" in imported.stdout
        assert in_store(new, lambda store: store.meetings.find(LENE, "HANDED00")).organizer == DAN


def test_removed_user_is_not_added_by_an_issuer_after_an_import(place: Place, new: Place, tmp_path: Path) -> None:
    in_store(place, fill)
    run("export", str(tmp_path / "all.jsonl"), *place)
    for outcome in ("added", "unchanged"):
        imported = run("import", str(tmp_path / "all.jsonl"), *new)
        assert f"removed user: 1 {outcome}\n" in imported.stdout
    assert in_store(new, lambda store: store.users.admit(user(LEFT, source="issuer"), create=True)) is None


def test_import_into_the_engine_that_was_exported_from_changes_nothing(place: Place, tmp_path: Path) -> None:
    in_store(place, fill)
    before = in_store(place, contents)
    run("export", str(tmp_path / "all.jsonl"), *place)
    again = run("import", str(tmp_path / "all.jsonl"), *place)
    assert again.exit_code == 0, again.output
    assert "added" not in again.stdout
    assert in_store(place, contents) == before


def test_interrupted_import_is_completed_by_running_it_again(place: Place, new: Place, tmp_path: Path) -> None:
    in_store(new, fill)
    run("export", str(tmp_path / "all.jsonl"), *new)
    lines = (tmp_path / "all.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "part.jsonl").write_text("".join(lines[: len(lines) // 2]))
    assert run("import", str(tmp_path / "part.jsonl"), *place).exit_code == 0
    assert run("import", str(tmp_path / "all.jsonl"), *place).exit_code == 0
    assert in_store(place, contents) == in_store(new, contents)


def test_history_is_imported_in_front_of_what_is_there(place: Place, new: Place, tmp_path: Path) -> None:
    in_store(place, fill)
    run("export", str(tmp_path / "all.jsonl"), *place)
    for _ in range(2):
        assert run("import", str(tmp_path / "all.jsonl"), *new).exit_code == 0

    async def versions(store: SqlStore) -> list[tuple[object, ...]]:
        found = await store.change_log.versions(LENE, MEETING, "slides", None, MANY)
        return [(each.kind, each.at, each.etag, each.actor) for each in reversed(found)]

    was, now = in_store(place, versions), in_store(new, versions)
    assert len(was) == 2
    assert now[:2] == was
    assert len(now) == 3, "the import itself is one more version"


def test_export_of_a_user_has_all_of_hers_and_no_password(place: Place) -> None:
    in_store(place, fill)
    lines = exported(place, "--user", LENE)
    assert kinds(lines) == ["openucwa", "user", "data", "schema", "change", "meeting", "extension"]
    assert lines[0]["user"] == LENE
    assert {line.get("organizer", line.get("owner", LENE)) for line in lines} == {LENE}
    assert "passwordHash" not in lines[1]
    assert {"photos", "applications", "handed_over"} <= {line["table"] for line in lines if line["kind"] == "data"}
    assert "argon2" not in json.dumps(lines)


def test_export_of_an_unknown_user_is_refused(tmp_path: Path) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    done = run("export", "--user", "sip:nobody@contoso.com", str(tmp_path / "nobody.jsonl"), *old)
    assert (done.exit_code, "sip:nobody@contoso.com" in done.stderr) == (1, True)
    assert not (tmp_path / "nobody.jsonl").exists()


#: What is stored of a user and not exported with it: what lasts for minutes, and what is exported in another form.
NOT_OF_USER = {
    "channels",
    "contact_subscriptions",
    "endpoints",
    "events",
    "invitations",
    "participations",
    "replaced_applications",
    "schemas",
    "stored_bytes",
    "subscribed",
    "subscriptions",
}


async def test_every_table_of_a_user_is_exported_or_left_out_on_purpose(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "data", timeout=5.0)
    await store.open()
    try:
        of_user = {
            table
            for (table,) in await store.reader.rows("select name from sqlite_schema where type = 'table'")
            if await store.reader.rows("select 1 from pragma_table_info(?) where name = 'owner'", table)
        }
    finally:
        await store.close()
    exported = {table if isinstance(table, str) else table.name for table, _, _ in OF_USER}
    assert exported <= of_user
    assert of_user - exported <= NOT_OF_USER


def test_passwords_and_history_can_be_left_out(place: Place) -> None:
    in_store(place, fill)
    assert {"passwordHash"} <= exported(place)[1].keys()
    lines = exported(place, "--without-passwords", "--without-history")
    assert kinds(lines) == ["openucwa", "user", "removedUser", "schema", "meeting", "handover", "extension"]
    assert not any("passwordHash" in line for line in lines)


def hash_of(*, m: int = 65_536, t: int = 3, p: int = 4) -> str:
    return f"$argon2id$v=19$m={m},t={t},p={p}$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"


def line_of(place: Place, kind: str) -> dict[str, Any]:
    return next(line for line in exported(place) if line["kind"] == kind)


#: Makes a change of a meeting one of an extension.
OF_EXTENSION = {"extensionId": "agenda", "type": "RoamedParticipantData"}


@pytest.mark.parametrize(
    ("kind", "changed", "said"),
    [
        ("meeting", {"subject": 1}, "Expected `str`, got `int` - at `$.subject`"),
        ("meeting", {"subject": "x" * 251}, "subject: has 251 characters; at most 250 are allowed"),
        ("meeting", {"accessLevel": "everyone"}, "accessLevel: must be written Everyone"),
        ("meeting", {"attendees": ["joe"]}, "attendees: must be a SIP URI"),
        ("meeting", {"onlineMeetingId": "short"}, "onlineMeetingId: must match"),
        ("meeting", {"colour": "red"}, "Object contains unknown field `colour`"),
        ("handover", {"organizer": "joe"}, "organizer: must be a SIP URI"),
        ("handover", {"successor": LENE}, "successor: must be another user than organizer"),
        ("handover", {"onlineMeetingId": "short"}, "onlineMeetingId: must match"),
        ("removedUser", {"uri": "joe"}, "uri: must be a SIP URI"),
        ("user", {"uri": "joe"}, "uri: must be a SIP URI"),
        ("user", {"passwordHash": "plain"}, "passwordHash: must be a hash of Argon2"),
        ("user", {"passwordHash": "$argon2id$v=19$m=8"}, "passwordHash: must be a hash of Argon2"),
        ("user", {"passwordHash": hash_of(m=4_000_000_000)}, "passwordHash: takes more than"),
        ("user", {"passwordHash": hash_of(t=1_000_000)}, "passwordHash: takes more than"),
        ("user", {"passwordHash": hash_of(p=5_000)}, "passwordHash: takes more than"),
        ("extension", {"properties": []}, "properties: must be an object"),
        ("extension", {"properties": {"a": {"b": 1}}}, "a: must not contain an object"),
        ("schema", {"schema": {"type": 1}}, "schema: "),
        ("schema", {"owner": "joe"}, "owner: must be a SIP URI"),
        ("change", {"contents": {"a": 1}}, "contents: Object missing required field"),
        ("change", {"contents": []}, "contents: Expected `object`"),
        ("change", {"onlineMeetingId": "AAAAAAAA"}, "contents: must be of the meeting that the line names"),
        ("change", {"organizer": "sip:eve@contoso.com"}, "contents: must be of the meeting that the line names"),
        ("change", {"onlineMeetingId": ".."}, "onlineMeetingId: must match"),
        ("change", OF_EXTENSION | {"contents": []}, "properties: must be an object"),
        ("change", OF_EXTENSION | {"contents": {"type": 5}}, "type: "),
        ("change", OF_EXTENSION | {"contents": {"id": "other"}}, "contents: must have the properties"),
        ("change", OF_EXTENSION | {"contents": {"_links": 5}}, "contents: must have the properties"),
        ("change", OF_EXTENSION | {"contents": {"a": {"b": 1}}}, "a: must not contain an object"),
        ("change", OF_EXTENSION | {"contents": {}, "type": "Other"}, "contents: 'Other' is not a valid"),
        ("change", OF_EXTENSION | {"contents": {}, "extensionId": ".."}, "id: "),
        ("extension", {"type": "Other"}, "Invalid enum value 'Other'"),
        ("openucwa", {"version": 99}, "version: 99 is newer than 1"),
        ("user", {"kind": "uzer"}, "Invalid value 'uzer' - at `$.kind`"),
    ],
)
def test_malformed_line_is_named_and_nothing_is_imported(
    tmp_path: Path, new: Place, kind: str, changed: dict[str, Any], said: str
) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    good = exported(old, "--without-history")
    bad = line_of(old, kind) | changed
    (tmp_path / "bad.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*good, bad]))
    done = run("import", str(tmp_path / "bad.jsonl"), *new)
    assert done.exit_code == 1
    assert f"openucwa: line {len(good) + 1}: {said}" in done.stderr
    assert "1 line is malformed; nothing was imported" in done.stderr
    assert in_store(new, contents) == [[], [], []]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"kind": "user"', "line 1: Input data was truncated"),
        (b"\xff\xfe\n", "line 1: "),
        (b"\n\n[]\n", "line 3: Expected `object`, got `array`"),
        (b'{"kind": "\\u001b]0;title\\u0007\\n\\u009b2J"}', "line 1: Invalid value ' ]0;title   2J' - at `$.kind`"),
    ],
)
def test_line_that_is_no_json_object_is_named(tmp_path: Path, new: Place, text: bytes, said: str) -> None:
    (tmp_path / "bad.jsonl").write_bytes(text)
    done = run("import", str(tmp_path / "bad.jsonl"), *new)
    assert done.exit_code == 1
    assert said in done.stderr


def test_what_exists_and_differs_is_left_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    run("export", str(tmp_path / "all.jsonl"), *old)

    async def change(store: SqlStore) -> None:
        await store.meetings.replace(LENE, MEETING, None, OTHER_SETTINGS, "99", AT)
        await store.extensions.replace(LENE, MEETING, None, extension("slides", etag="98"), AT)

    async def subject(store: SqlStore) -> str:
        return (await store.meetings.get(LENE, MEETING)).settings.subject

    in_store(old, change)
    done = run("import", str(tmp_path / "all.jsonl"), *old)
    assert done.exit_code == 1
    assert "the meeting exists and is different; --replace replaces it" in done.stderr
    assert in_store(old, subject) == "another"
    done = run("import", "--replace", str(tmp_path / "all.jsonl"), *old)
    assert (done.exit_code, in_store(old, subject)) == (0, "a subject"), done.output


def test_meeting_of_an_unknown_user_is_reported_and_the_rest_is_imported(tmp_path: Path, new: Place) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    lines = [line for line in exported(old, "--without-history") if line.get("uri") != DAN]
    (tmp_path / "some.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run("import", str(tmp_path / "some.jsonl"), *new)
    assert done.exit_code == 1
    assert f"not imported: there is no user {DAN}" in done.stderr
    assert "not imported: no such online meeting" in done.stderr
    assert f"4 of {len(lines) - 1} lines were not imported" in done.stderr
    assert len(in_store(new, contents)[1][0]) == 2


def test_export_is_piped_into_import(tmp_path: Path, new: Place) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    done = run("import", *new, stdin=run("export", *old).stdout)
    assert done.exit_code == 0, done.output
    assert in_store(new, contents) == in_store(old, contents)


def test_check_imports_nothing(tmp_path: Path, new: Place) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    run("export", str(tmp_path / "all.jsonl"), *old)
    done = run("import", "--check", str(tmp_path / "all.jsonl"), *new)
    assert done.stdout.endswith("lines are well-formed\n")
    assert in_store(new, contents) == [[], [], []]


def test_store_and_file_that_are_not_there_are_named(tmp_path: Path, new: Place) -> None:
    fails(run("export", *new), f"no store found in {new[1]}; --data or --config names another")
    done = run("import", str(tmp_path / "missing.jsonl"), *new)
    assert f"{tmp_path / 'missing.jsonl'} cannot be read: No such file or directory" in done.stderr
    done = run("import", str(tmp_path), *new)
    assert f"{tmp_path} cannot be read: Is a directory" in done.stderr


def test_export_that_fails_leaves_no_file(tmp_path: Path) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    (tmp_path / "there").mkdir()
    done = run("export", str(tmp_path / "no" / "folder"), *old)
    assert f"{tmp_path / 'no' / 'folder'} cannot be written: No such file or directory" in done.stderr
    done = run("export", str(tmp_path / "there"), *old)
    assert f"{tmp_path / 'there'} cannot be written: Is a directory" in done.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["old", "there"]


def test_import_from_a_pipe_is_read_twice(tmp_path: Path, new: Place) -> None:
    old = ("--data", str(tmp_path / "old"))
    in_store(old, fill)
    os.mkfifo(tmp_path / "pipe")
    text = run("export", *old).stdout
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(text,), daemon=True)
    writer.start()
    done = run("import", str(tmp_path / "pipe"), *new)
    writer.join(30)
    assert done.exit_code == 0, done.output
    assert in_store(new, contents) == in_store(old, contents)


def test_import_of_an_empty_file_says_that_there_is_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    done = run("import", "--data", str(tmp_path / "data"), str(empty))
    assert (done.exit_code, done.stdout) == (0, f"{empty} is empty: there is nothing to import\n")
