"""The statements themselves, all of them as they are run: that every engine takes them, and by what key they go."""

import ast
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from openucwa.store.engine import UNCACHED
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import MEETING
from tests.store.recording import STATEMENTS, ExecutedStatement, RecordedStore, StatementLog, walk

#: Table -> the column by which it can be distributed, so that what belongs together is in one place.
KEYS = {
    "users": "uri",
    "applications": "owner",
    "replaced_applications": "owner",
    "channels": "owner",
    "removed_users": "uri",
    "invitations": "owner",
    "meetings": "organizer",
    "extensions": "organizer",
    "schemas": "owner",
    "participations": "organizer",
    "conversation_logs": "owner",
    "log_messages": "owner",
    "conference_ids": "id",
    "topics": "topic",
    "stored_bytes": "owner",
    "events": "topic",
    "photos": "owner",
    "presences": "owner",
    "endpoints": "owner",
    "subscriptions": "owner",
    "subscribed": "owner",
    "contacts": "owner",
    "contact_groups": "owner",
    "contact_memberships": "owner",
    "privacy_relationships": "owner",
    "contact_subscriptions": "owner",
    "user_words": "uri",
    "changes": "organizer",
    "shown_changes": "organizer",
    "invitees": "organizer",
    "forgotten_changes": "organizer",
    "findable": "organizer",
    "findable_state": "organizer",
    "deliveries": "webhook",
}
#: Few rows, which can be in every place.
EVERYWHERE = {"store_version", "handed_over", "signing_keys", "counters", "change_log", "webhooks"}
#: What a statement brings along itself.
BROUGHT = {"touched", "positions", "page"}

#: How the statements end that name no key, and why they needn't.
WITHOUT_KEY = {
    # The sweeper looks over everything, now and then.
    "< ? order by coalesce(last_poll, last_request) limit ?": "sweeper",
    "from applications where coalesce(last_poll, last_request) < ?)": "sweeper",
    "(select owner, id from replaced_applications where at < ? order by at limit ?)": "sweeper",
    "select owner, id from replaced_applications where at < ? order by at limit ?": "sweeper",
    "e.changed >= ?1 ) order by m.expiration_time limit ?2": "sweeper",
    "(select topic from topics where ended < ? order by ended limit ?)": "sweeper",
    "select topic from topics where ended < ? order by ended limit ?": "sweeper",
    "from participations where ended < ? order by ended limit ?": "sweeper",
    "select topic, number from events where at < ? order by at limit ?": "sweeper",
    "from invitations where expires < ? and state = 'Connecting' and outgoing = 1 order by expires limit ?": "sweeper",
    "from participations where in_lobby = 1 and joined < ? order by joined limit ?": "sweeper",
    "where (topic, number) in (select topic, number from events where at < ? order by at limit ?)": "sweeper",
    "select owner from presences where due <= ? order by due limit ?": "sweeper",
    "from subscriptions where expires <= ? and announced = 0 order by expires limit ?": "sweeper",
    "from subscriptions where expires <= ? order by expires limit ?": "sweeper",
    "where expires < ? and (warned = 0 or expires <= ?) order by expires limit ?": "sweeper",
    "where d.state <> 'Pending' and (d.at < ? or d.number <= w.last - ?) order by d.at limit ?": "sweeper",
    "(d.at < ? or d.number <= w.last - ?) order by d.at limit ? )": "sweeper",
    "select uri from users where searchable = 0 order by uri limit ?": "sweeper",
    # An index leads to the few rows, wherever they are.
    "u.uri > ? order by u.uri limit ?": "a search for people",
    "where m.uri = ? and m.group_id = 'delegatesGroup' order by u.uri": "a delegate's delegators",
    "where uri = ? and group_id = 'delegatesGroup' order by owner": "a user's end",
    "select owner from privacy_relationships where uri = ?": "a user's end",
    "and id <> ? and kind <> 'messagingInvitation' order by owner, application_id, id":
        "the other sides of an invitation, once in its life",
    "where organizer = ? and meeting_id = ? and state = 'Connecting' and kind = 'messagingInvitation'"
    " order by owner, application_id, id":
        "the other sides of an invitation to a conversation of two, twice in its life",
    "from participations where owner = ? and application_id = ? and ended is null and id = ?":
        "a conversation by its application",
    "from participations where owner = ? and application_id = ? and ended is null order by joined":
        "an application's conversations",
    "from participations where owner = ? and application_id = ? order by joined":
        "what an application's events tell of",
    "select count(*) from participations where owner = ? and application_id = ? and ended is null":
        "how many conversations an application has",
    "(select organizer, meeting_id, id from participations where ended < ? order by ended limit ?)": "sweeper",
    "select owner, id from conversation_logs where changed < ? order by changed limit ?": "sweeper",
    "from participations where owner = ? and application_id = ? order by organizer, meeting_id, position":
        "an application's end",
    "from participations where owner = ? order by organizer, meeting_id, position": "a user's end",
    "limit ?) as p join meetings m on m.organizer = p.organizer and m.id = p.id": "what others let a user see",
    "order by v.organizer limit ?": "what others let a user see",
    # For a person at a command line, or who signs in.
    "from users order by uri": "a list of all users",
    "from users where uri >= ? and uri < ? order by uri": "a user who signs in without a domain",
    "delete from events where topic >= ? and topic < ?": "a user's end",
    "update topics set ended = ? where topic >= ? and topic < ?": "a user's end",
    "(select count(*) from events) from store_version": "`openucwa check`",
    # Readers of the log begin with a user, or read all of it.
    "and number > ?3 order by transaction_id, number limit ?4": "a reader of the whole log, or the sweeper",
    "order by c.transaction_id, c.number limit ?4": "a reader of others' meetings, by an index of theirs",
    "from shown_changes order by transaction_id desc, number desc limit 1": "where the log ends",
    "from forgotten_changes order by transaction_id desc, number desc limit 1": "a reader of the whole log",
    "or organizer in (select organizer from participations where owner = ?1)": "a reader of others' meetings",
    "from invitees where uri = ? and until is null order by organizer, meeting_id limit ?":
        "the meetings that a user is invited to",
    "delete from forgotten_changes where (transaction_id, number) <= (?, ?)": "sweeper",
}  # fmt: skip

#: Changes that decide on nobody's rows: they add, or a later one may overtake them.
UNHELD = (
    "update webhooks set holder = ?1",
    "with touched (owner, id, at) as (values",
    "delete from replaced_applications where (owner, id) in",
    "delete from participations where (organizer, meeting_id, id) in",
    "update changes set contents = null",
    "delete from changes where organizer = ?1 and number <= ?2",
    "delete from invitees where organizer = ? and until <= ?",
    "delete from forgotten_changes where (transaction_id",
    "delete from handed_over where successor = ?1 and not exists",
)

#: What one of SQLite (3.37) and PostgreSQL (13) does not know, or takes in another way.
NOT_PORTABLE = re.compile(
    r"json|rowid|\bmoved\b|limit -1|max\([^()]*,|min\([^()]*,|on conflict do update|on conflict.*on conflict"
    r"|\? is null|\btrue\b|\bfalse\b|::|\bi?like\b|\bglob\b|replace into"
)

_TABLE = re.compile(r"(?:\bfrom|\bjoin|\binto|(?<!do )\bupdate) (\w+)")
_PARAMETER = re.compile(r"(?:(\w+) = )?\?(\d*)")


@pytest.fixture
async def records(store: SqliteStore) -> AsyncIterator[StatementLog]:
    """What the walk through all methods ran."""
    recorded = RecordedStore(store.reader, store.writer)
    await walk(recorded)
    return recorded.records


def tables(text: str) -> list[str]:
    return _TABLE.findall(text)


def columns(text: str) -> list[str]:
    """The columns that an `insert` gives."""
    found = re.match(r"insert into \w+ \(([^)]*)\)", text)
    return re.split(r", ?", found[1].strip()) if found else []


def names_key(text: str) -> bool:
    """Whether it says of each of its tables by the key which of the places it is about."""
    keys = [KEYS[table] for table in tables(text) if table not in EVERYWHERE | BROUGHT]
    keys = [key for key in keys if key not in columns(text)]
    return all(len(re.findall(rf"\b{key} (?:= (?!coalesce)|in \(\?)", text)) >= keys.count(key) for key in keys)


def values(ran: ExecutedStatement, key: str) -> Iterator[object]:
    """The parameters that a statement gives for `key`."""
    if key in columns(ran.text):
        yield ran.parameters[columns(ran.text).index(key)]
        return
    for place, (column, number) in enumerate(_PARAMETER.findall(ran.text)):
        if column == key:
            yield ran.parameters[int(number) - 1 if number else place]


def calls(source: str) -> Iterator[ast.Call]:
    """The calls that run a statement, or are awaited and so lead to one."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Await(value=ast.Call(func=ast.Attribute(attr="change" | "lock" | "shrink"))):
                pass
            case ast.Await(value=ast.Call() as call):
                yield call
            case ast.Call(func=ast.Attribute(attr="row" | "rows" | "run" | "read")):
                yield node


def unseen(file: Path, seen: Sequence[int]) -> list[str]:
    found = {(call.lineno, call.end_lineno or call.lineno) for call in calls(file.read_text("utf-8"))}
    return [f"{file.name}:{begin}" for begin, end in sorted(found) if not any(begin <= line <= end for line in seen)]


async def test_walk_covers_every_call_that_runs_a_statement(records: StatementLog) -> None:
    files = sorted(STATEMENTS.glob("*.py"))
    assert len(files) > 10
    missed = [
        each for file in files for each in unseen(file, [line for name, line in records.lines if name == file.name])
    ]
    assert missed == []


async def test_every_statement_names_the_key_of_each_of_its_tables(records: StatementLog) -> None:
    texts = {ran.text for ran in records.ran}
    without = {text for text in texts if not names_key(text)}
    assert [text for text in sorted(without) if not text.endswith(tuple(WITHOUT_KEY))] == []
    assert [end for end in WITHOUT_KEY if not any(text.endswith(end) for text in without)] == []


async def test_changes_write_only_rows_they_have_locked(records: StatementLog) -> None:
    loose = [
        ran
        for ran in records.ran
        if ran.held is not None and not ran.text.startswith(("select", *UNHELD))
        for key in {KEYS[table] for table in tables(ran.text) if table in KEYS} & {"uri", "owner", "organizer"}
        if not (given := set(values(ran, key))) or not given <= ran.held
    ]
    assert loose == []


async def test_changes_write_only_within_their_declared_scope(records: StatementLog) -> None:
    wrote: dict[str, set[str]] = {}
    for ran in records.ran:
        if ran.scope is not None and not ran.text.startswith("select"):
            wrote.setdefault(ran.scope, set()).add(tables(ran.text)[0])
            assert "extensions" not in tables(ran.text) or set(values(ran, "meeting_id")) == {ran.scope}
    assert wrote.pop(UNCACHED) == {
        "channels",
        "photos",
        "presences",
        "endpoints",
        "subscriptions",
        "subscribed",
        "events",
        "topics",
        "changes",
        "change_log",
        "findable",
        "findable_state",
        "forgotten_changes",
        "handed_over",
        "invitees",
        "webhooks",
        "deliveries",
    }
    # Of meetings that are there only `changed`, which nobody is shown, so that no cache holds it.
    assert {ran.text for ran in records.ran if ran.scope and ran.text.startswith("update meetings")} == {
        "update meetings set changed = ? where organizer = ? and id = ?"
    }
    logged = {"changes", "invitees"}
    assert wrote.pop(MEETING) == {"extensions", "events", "topics", "meetings", "conference_ids", *logged}
    assert wrote.pop("gone") == {"extensions", "meetings", "conference_ids", *logged}
    assert wrote == {"ASSIGNED": {"meetings", "conference_ids", *logged}}


async def test_every_engine_accepts_every_statement(records: StatementLog) -> None:
    texts = {ran.text for ran in records.ran}
    assert [text for text in sorted(texts) if NOT_PORTABLE.search(text)] == []
    assert [text for text in sorted(texts) if re.search(r"\?\d", text) and re.search(r"\?(?!\d)", text)] == []


async def test_every_engine_accepts_every_parameter(records: StatementLog) -> None:
    kinds = {type(value) for ran in records.ran for value in ran.parameters}
    assert kinds == {str, int, bytes, type(None)}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("select 1 from meetings where organizer = ? and id = ?", True),
        ("select 1 from meetings where id = ?", False),
        ("select exists (select 1 from meetings where organizer = ?1) from extensions where organizer = ?1", True),
        ("select exists (select 1 from meetings where id = ?1) from extensions where organizer = ?2", False),
        ("insert into events (topic, number) values (?, ?)", True),
        ("insert into events (number) values (?)", False),
        ("select 1 from topics where topic in (?, ?)", True),
        ("select version from store_version", True),
    ],
)
def test_check_notices_a_statement_without_its_key(text: str, named: bool) -> None:
    assert names_key(text) == named
