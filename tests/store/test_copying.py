"""What a SQLite store holds, copied to a new store of either engine."""
# ruff: noqa: S608 -- statements are put together from constants alone

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from openucwa.model.contact import ContactCard, Group, GroupKind, Relationship
from openucwa.model.conversation import MessagingState
from openucwa.model.event import ChannelState
from openucwa.model.history import HistoryLimits
from openucwa.model.photo import PhotoOrigin
from openucwa.model.presence import Subscription, SubscriptionLimits
from openucwa.model.privacy import PrivacyLevel
from openucwa.model.refusals import Conflict
from openucwa.model.user import SigningKey
from openucwa.model.webhook import WebhookPosition
from openucwa.store.contract import ContactLimits
from openucwa.store.copying import TABLES, copy_store
from openucwa.store.postgres import PostgresStore
from openucwa.store.sql import SqlStore
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import (
    AT,
    COMMUNICATION,
    DAN,
    MANY,
    application,
    assigned,
    calling,
    delivery,
    invitation,
    meeting,
    picture,
    user,
    webhook,
    with_participants,
)
from tests.users import LENE

#: What is not copied: an engine's own, and what each server writes for itself.
OWN = {
    "store_version": {"version", "oldest"},
    "commits": {"number"},
    "topics": {"moved"},
    "stored_bytes": {"owner", "bytes"},  # counted by triggers
    "sqlite_sequence": {"name", "seq"},
    "findable": {"organizer", "meeting_id", "extension_id", "name", "value"},  # made by the first query
    "findable_state": {"organizer", "identity", "number", "walked"},
}


async def fill(store: SqliteStore) -> None:
    """Something in every table."""
    await store.users.add(user("sip:gone@contoso.com"))
    await store.users.remove("sip:gone@contoso.com", AT)
    await store.users.add(user(LENE))
    await store.users.add(user(DAN, email=None, pool=None))
    for number in (1, 2):
        await store.signing_keys.add(SigningKey(f"key{number}", bytes(range(number, 40)), AT + number))
    await with_participants(store, "slides", "ünïcödé / %")
    await store.writer.run(
        LENE, "insert into forgotten_changes (organizer, transaction_id, number) values (?, 0, 0)", LENE
    )
    await store.meetings.assigned(assigned())
    await store.schemas.put(LENE, "slides", None, "1", b"{}", AT, 1, 1)
    await store.channels.write(LENE, "101", "", 0, ChannelState(served=3, acknowledged={"a/b": 1}, low=7))
    own = await store.conversations.get(DAN, "101", f"conversation of {DAN}")
    await store.conversations.change_messaging(own, MessagingState.CONNECTED, replace(invitation(DAN), id="m"), AT)
    await store.conversations.send_message(own, "text/plain", "Hello \U0001f600", None, AT)
    await store.invitations.refuse(calling(LENE, "missed")[1], AT, HistoryLimits(9, 9))
    await store.contacts.add_group(LENE, Group("1", GroupKind.GROUP, "Family", "1"), 9, AT)
    await store.contacts.add(LENE, ContactCard(DAN, "Dan"), "1", ContactLimits(9, 9), AT)
    await store.contacts.set_relationship(LENE, None, Relationship(DAN, PrivacyLevel.WORKGROUP, "1"), 9, AT)
    await store.contacts.subscribe(LENE, "101", 1, 1, AT)
    await store.photos.put(LENE, [picture(48, bytes(range(256)))], PhotoOrigin(None, ""))
    await store.webhooks.add(webhook(), WebhookPosition("log", 0, 1), 9)
    await store.webhooks.append(delivery("msg"), 9)
    for number in range(3):
        await store.applications.open(application(f"20{number}", f"endpoint{number}", owner=DAN), None, AT + number, 2)
    await store.applications.make_available(LENE, "101", COMMUNICATION, "9", AT, ())
    await store.meetings.add(meeting("HANDED", conference_id="handed"), MANY)
    await store.meetings.hand_over(LENE, "HANDED", DAN, MANY, lambda: "2", AT)
    draft = Subscription(LENE, "101", "1", False, AT + 1)
    await store.subscriptions.add(draft, [DAN], SubscriptionLimits(1, 1, 1), AT)


async def rows(store: SqlStore, table: str) -> list[Sequence[Any]]:
    found = [tuple(row) for row in await store.reader.rows(f"select {', '.join(TABLES[table])} from {table}")]
    return sorted(found, key=repr)


@pytest.fixture(params=["sqlite", "postgres"])
def new(request: pytest.FixtureRequest, tmp_path: Path) -> SqliteStore | PostgresStore:
    """A new store of each engine, which is not open yet."""
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "new", timeout=5.0)
    return PostgresStore(request.getfixturevalue("database"), timeout=30.0)


async def test_every_row_is_copied_unchanged(store: SqliteStore, new: SqliteStore | PostgresStore) -> None:
    await fill(store)
    progress: dict[str, int] = {}
    await new.open()
    try:
        await copy_store(store, new, progress.__setitem__)
        for table in TABLES:
            there = await rows(store, table)
            assert there, f"nothing in {table}, so nothing is shown"
            assert await rows(new, table) == there
            assert progress[table] == len(there)
        counted = "select owner, bytes from stored_bytes where bytes > 0 order by owner"
        assert list(map(tuple, await new.reader.rows(counted))) == await store.reader.rows(counted)
    finally:
        await new.close()


async def test_target_with_data_is_refused(store: SqliteStore, new: SqliteStore | PostgresStore) -> None:
    await fill(store)
    await new.open()
    try:
        await new.signing_keys.add_first(SigningKey("own", b"secret", AT))
        with pytest.raises(Conflict, match="signing keys"):
            await copy_store(store, new, lambda _table, _count: None)
        assert await new.users.all() == []
    finally:
        await new.close()


async def test_aborted_copy_is_neither_usable_nor_taken_for_a_new_store(
    store: SqliteStore, new: SqliteStore | PostgresStore
) -> None:
    await fill(store)

    def break_off(table: str, _count: int) -> None:
        if table == "signing_keys":
            raise BrokenPipeError

    await new.open()
    try:
        with pytest.raises(BrokenPipeError):
            await copy_store(store, new, break_off)
        assert (await new.users.all(), len(await new.signing_keys.all())) == ([], 2)
        with pytest.raises(Conflict):
            await copy_store(store, new, lambda _table, _count: None)
    finally:
        await new.close()


async def test_every_table_and_column_is_copied(store: SqliteStore) -> None:
    columns = {
        table: {name for (name,) in await store.reader.rows("select name from pragma_table_info(?)", table)}
        - OWN.get(table, set())
        for (table,) in await store.reader.rows("select name from sqlite_schema where type = 'table'")
    }
    assert {table: set(names) for table, names in TABLES.items()} == {
        table: names for table, names in columns.items() if names
    }
