"""Marks: what tells servers that rows are outdated, also those that older servers and SQL by hand have written."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from openucwa.store.postgres import PostgresStore
from openucwa.store.postgres.invalidation import ALL, BUCKETS, bucket_of
from tests.contract.samples import AT, DAN, MANY, MEETING, application, extension, user, with_meeting
from tests.postgres import PostgresServer
from tests.store.recording import RecordedStore, walk
from tests.store.test_statements import tables
from tests.users import LENE

#: Tables whose rows no cached read shows, and why. All others have the triggers of `invalidate_on_change`.
UNCACHED_TABLES = {
    "change_log": "read from the store",
    "changes": "a log, read from the store",
    "channels": "read by polls only, from the store",
    "conference_ids": "read by changes only",
    "conversation_logs": "read from the store",
    "contact_groups": "read from the store",
    "contact_memberships": "read from the store",
    "contacts": "read from the store",
    "counters": "read by changes only",
    "deliveries": "read from the store",
    "endpoints": "read by changes and polls only, from the store",
    "events": "a log, read from the store",
    "findable": "read by queries only, from the store",
    "findable_state": "read by queries only, from the store",
    "forgotten_changes": "read from the store",
    "handed_over": "read from the store",
    "invalidations": "the marks themselves",
    "invitees": "read from the store",
    "log_messages": "read from the store",
    "photos": "read from the store",
    "presences": "read from the store",
    "removed_users": "read at sign-in only, from the store",
    "replaced_applications": "read to explain a refusal, and refusals are not cached",
    "signing_keys": "reloaded regularly (key_refresh_interval)",
    "store_version": "read with every query",
    "stored_bytes": "read by changes only",
    "subscribed": "read from the store",
    "subscriptions": "read from the store",
    "topics": "a log, read from the store",
    "user_words": "read by searches only, from the store",
    "webhooks": "read from the store",
}

#: Writes by hand to what `rows` made -> the rows that it is about.
WRITES = [
    "update users set name = 'New'",
    "delete from users",
    "update applications set last_poll = 5",
    "update meetings set subject = 'New'",
    "update extensions set etag = 'new'",
    "delete from extensions",
    "delete from meetings",
    "truncate extensions",
    "truncate meetings cascade",
    "update extensions set organizer = 'sip:dan@contoso.com', meeting_id = 'dan'",
]

_TABLES = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
_MARKED = """
    select c.relname from pg_class c where exists (
        select 1 from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = c.oid and p.proname = 'invalidate_rows' and t.tgtype & {event} <> 0
    )
"""
#: The bits of pg_trigger.tgtype.
_EVENTS = {"insert": 4, "delete": 8, "update": 16, "truncate": 32}

#: Notes, for every transaction, which buckets the triggers mark if they mark for everybody, and which were marked.
_SPY = """
    create table expected (transaction bigint, bucket integer, what text);
    create table marked (transaction bigint, bucket integer);
    create function expect() returns trigger language plpgsql as $$
    declare
        owner_column text;
        owner text;
    begin
        foreach owner_column in array tg_argv loop
            if tg_op <> 'INSERT' then
                execute format('select ($1).%I', owner_column) into owner using old;
                insert into expected values (txid_current(), invalidation_bucket(owner), tg_op || ' ' || tg_table_name);
            end if;
            if tg_op <> 'DELETE' then
                execute format('select ($1).%I', owner_column) into owner using new;
                insert into expected values (txid_current(), invalidation_bucket(owner), tg_op || ' ' || tg_table_name);
            end if;
        end loop;
        return null;
    end $$;
    create function note_mark() returns trigger language plpgsql as $$
    begin
        insert into marked values (txid_current(), new.bucket);
        return null;
    end $$;
    create trigger noted after insert or update on invalidations for each row execute function note_mark();
    create trigger expected after insert or update or delete on users for each row execute function expect('uri');
    create trigger expected after insert or update or delete on applications
        for each row execute function expect('owner');
    create trigger expected after insert or update or delete on meetings
        for each row execute function expect('organizer');
    create trigger expected after insert or update or delete on extensions
        for each row execute function expect('organizer');
    create trigger expected after insert or update or delete on participations
        for each row execute function expect('organizer', 'owner');
    create trigger expected after insert or update or delete on invitations
        for each row execute function expect('owner');
    alter table expected owner to openucwa;
    alter table marked owner to openucwa;
"""
_UNMARKED = """
    select distinct what from expected e where not exists (
        select 1 from marked m where m.transaction = e.transaction and m.bucket in (e.bucket, -1)
    )
"""


@pytest.fixture
async def by_hand(store: PostgresStore, database: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection to the store's database that is not the server's."""
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def shown(store: PostgresStore) -> list[object]:
    """What the cached reads show, as a request of its own finds it."""

    async def read() -> list[object]:
        return await asyncio.gather(
            store.applications.session(LENE, "101"),
            store.meetings.get(LENE, MEETING),
            store.meetings.get_with_extensions(LENE, MEETING),
            store.extensions.get(LENE, MEETING, "slides"),
            return_exceptions=True,
        )

    return await asyncio.create_task(read())


@pytest.mark.parametrize("write", WRITES)
async def test_write_by_hand_is_read_by_a_server_that_had_cached_the_rows(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]", write: str
) -> None:
    await store.users.add(user())
    await store.applications.open(application(), None, AT, MANY)
    await with_meeting(store, "slides")
    await with_meeting(store, organizer=DAN, meeting_id="dan")
    before = await shown(store)
    assert list(map(id, await shown(store))) == list(map(id, before)), "they are not cached"
    await by_hand.execute(write)
    after = list(map(repr, await shown(store)))
    assert after != list(map(repr, before))


async def test_write_by_hand_is_read_even_if_its_transaction_began_before_the_rows_were_cached(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await with_meeting(store, "slides")
    async with by_hand.transaction():
        await by_hand.execute("update extensions set etag = 'new'")
        for _ in range(2):
            assert await etag(store) == "1"
    assert await etag(store) == "new"


async def test_write_that_is_rolled_back_leaves_the_caches(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await with_meeting(store, "slides")
    await etag(store)
    record = await store.extensions.get(LENE, MEETING, "slides")
    transaction = by_hand.transaction()
    await transaction.start()
    await by_hand.execute("update extensions set etag = 'new'")
    await transaction.rollback()
    assert await asyncio.create_task(store.extensions.get(LENE, MEETING, "slides")) is record


async def test_manual_write_keeps_cache_entries_of_other_owners(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await with_meeting(store, "slides")
    await with_meeting(store, "slides", organizer=DAN)
    await etag(store)
    record = await store.extensions.get(DAN, MEETING, "slides")
    await by_hand.execute("update extensions set etag = 'new' where organizer = $1", LENE)
    assert await etag(store) == "new"
    assert await asyncio.create_task(store.extensions.get(DAN, MEETING, "slides")) is record


async def test_bucket_has_one_number_for_each_transaction(store: PostgresStore, database: str) -> None:
    """Whoever writes it, the server or a trigger: two would make the server drop what it has just written."""
    connection = await asyncpg.connect(database)
    await with_meeting(store)
    await connection.execute("delete from invalidations")
    await store.extensions.add(LENE, MEETING, extension(), MANY, AT)
    for value in "ab":
        await connection.execute(
            "update extensions set etag = $1; update meetings set etag = $1".replace("$1", f"'{value}'")
        )
    (numbers,) = [row["numbers"] for row in await connection.fetch("select numbers from invalidations")]
    assert len(set(numbers)) == len(numbers) == 4  # the last one is 0: there was none before
    await connection.close()


async def test_buckets_are_the_same_for_the_server_and_the_triggers(
    store: PostgresStore, by_hand: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    owners = ["", LENE, "anon:1", "sip:ünïcödé@contoso.com", "\U0001f600", *map(str, range(1000))]
    found = await by_hand.fetch("select invalidation_bucket(owner) from unnest($1::text[]) as owner", owners)
    assert [bucket for (bucket,) in found] == [bucket_of(owner) for owner in owners]
    assert all(ALL < bucket < BUCKETS for (bucket,) in found)


async def test_server_marks_every_row_that_it_changes(own_database: str, postgres: PostgresServer) -> None:
    postgres.query(_SPY, own_database)
    store = PostgresStore(own_database, timeout=30.0)
    await store.open()
    await walk(RecordedStore(store.reader, store.writer))
    await store.close()
    seen = {what for (what,) in postgres.query("select distinct what from expected", own_database)}
    every = ("users", "applications", "meetings", "extensions", "participations")
    assert seen >= {f"{change} {table}" for change in ("INSERT", "UPDATE", "DELETE") for table in every}
    assert postgres.query(_UNMARKED, own_database) == []


@pytest.mark.parametrize("event", _EVENTS)
async def test_every_table_with_cached_reads_has_triggers_that_mark_manual_writes(
    own_database: str, postgres: PostgresServer, event: str
) -> None:
    """A migration that adds a table calls `invalidate_on_change` for it, or it is added to UNCACHED_TABLES."""
    every = {name for (name,) in postgres.query(_TABLES, own_database)}
    marked = {name for (name,) in postgres.query(_MARKED.format(event=_EVENTS[event]), own_database)}
    assert every - marked == UNCACHED_TABLES.keys()


async def test_cached_reads_use_only_tables_whose_triggers_mark_manual_writes(store: PostgresStore) -> None:
    recorded = RecordedStore(store.reader, store.writer)
    await walk(recorded)
    read = {table for statement in recorded.cache.statements for table in tables(statement.text)}
    assert read >= {"applications", "users", "meetings", "extensions", "participations"}
    # What only explains a refusal is not cached.
    assert read & UNCACHED_TABLES.keys() <= {"replaced_applications"}


async def test_stored_activity_keeps_cache_entries_of_other_owners(store: PostgresStore) -> None:
    await store.applications.open(application(), None, AT, MANY)
    await with_meeting(store, "slides", organizer=DAN)
    record = await store.extensions.get(DAN, MEETING, "slides")
    await store.applications.touch({(LENE, "101"): AT + 1}, {})
    assert await asyncio.create_task(store.extensions.get(DAN, MEETING, "slides")) is record


async def etag(store: PostgresStore) -> str:
    """As a request of its own reads it."""
    return (await asyncio.create_task(store.extensions.get(LENE, MEETING, "slides"))).etag
