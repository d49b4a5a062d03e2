"""Which servers may use which stores, and how a store comes to the version that its server knows."""

import asyncio
import inspect
import shutil
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from operator import attrgetter
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from openucwa.model.application import Application, Communication
from openucwa.model.change import BEGINNING, SERVER, Author, ChangeKind, Position
from openucwa.model.change_set import ChangeSet
from openucwa.model.contact import ContactCard, Group, GroupKind, Relationship
from openucwa.model.conversation import FirstMessage, Invitation, InvitationKind, MessagingState, Participation, Role
from openucwa.model.event import ChannelState, NewEvent
from openucwa.model.filters import Order
from openucwa.model.history import HistoryLimits
from openucwa.model.meeting import Extension, Meeting, MeetingSettings
from openucwa.model.photo import PhotoOrigin, Picture
from openucwa.model.presence import Membership, Subscription, SubscriptionLimits
from openucwa.model.refusals import InvalidExchangeServerVersion
from openucwa.model.user import SigningKey, User
from openucwa.model.webhook import Delivery, Webhook, WebhookPosition, WebhookState
from openucwa.store.contract import ContactLimits, Ending, Match, MeetingQuery, QueryLimits, Store
from openucwa.store.sqlite import SqliteStore
from openucwa.store.sqlite.database import Database
from openucwa.store.sqlite.schema import MIGRATIONS, Schema
from tests.contract.samples import (
    AT,
    COMMUNICATION,
    DAN,
    EVENT,
    MANY,
    MEETING,
    SETTINGS,
    application,
    delivery,
    extension,
    invitation,
    meeting,
    participation,
    picture,
    user,
    webhook,
)
from tests.users import LENE

#: What a method can be called with, by the type of its parameter.
ARGUMENTS: dict[Any, object] = {
    str: "x",
    str | None: None,
    int: 1,
    bool: True,
    Match: None,
    Ending: Ending(AT, "x"),
    Ending | None: None,
    Webhook: webhook(),
    WebhookPosition: WebhookPosition("x", 0, 0),
    WebhookState: WebhookState.GONE,
    Delivery: delivery("x"),
    Sequence[Delivery]: (delivery("x"),),
    Sequence[str]: ("x",),
    Mapping[str, int]: {"x": 0},
    Mapping[tuple[str, str], int]: {("x", "x"): 1},
    Sequence[NewEvent]: (EVENT,),
    InvitationKind: InvitationKind.MESSAGING,
    User: user(),
    SigningKey: SigningKey("1", b"", 1),
    Application: application(),
    Communication: COMMUNICATION,
    ChannelState: ChannelState(),
    Meeting: meeting(),
    MeetingSettings: SETTINGS,
    Extension: extension(),
    Participation: participation(),
    Invitation: invitation(),
    Invitation | None: None,
    FirstMessage | None: None,
    Sequence[Invitation]: (),
    Role: Role.LEADER,
    MessagingState: MessagingState.CONNECTED,
    Subscription: Subscription("x", "x", "x", False, 1),
    SubscriptionLimits: SubscriptionLimits(1, 1, 1),
    Membership: Membership("x", "x"),
    ContactCard: ContactCard("x", "x"),
    ContactLimits: ContactLimits(1, 1),
    HistoryLimits: HistoryLimits(1, 1),
    Group: Group("x", GroupKind.GROUP, "x", "1"),
    Relationship: Relationship("x", None, "1"),
    Sequence[Picture]: (picture(),),
    PhotoOrigin: PhotoOrigin(None, ""),
    int | None: None,
    Position: BEGINNING,
    ChangeSet: ChangeSet(()),
    bytes: b"{}",
    Author: SERVER,
    ChangeKind: ChangeKind.ADDED,
    Callable[[], str]: str,
    MeetingQuery: MeetingQuery("x", None, Order("subject"), None, 1, assigned=True),
    QueryLimits: QueryLimits(1, 1, 1, 1),
}

#: Those that are no use of the store.
WITHOUT_USE = {"open", "close", "announce_by", "on_commit", "on_invalidate", "refresh"}
PARTS = {
    name: get_type_hints(part.fget)["return"]
    for name, part in inspect.getmembers(Store, lambda member: isinstance(member, property))
}
METHODS: dict[str, Callable[..., Awaitable[object]]] = {
    name: method for name, method in inspect.getmembers(Store, inspect.isfunction) if not name.startswith("_")
} | {
    f"{part}.{name}": method
    for part, contract in PARTS.items()
    for name, method in inspect.getmembers(contract, inspect.isfunction)
    if not name.startswith("_")
}


def call(store: Store, name: str) -> Awaitable[object]:
    """Calls a method, of a part say, with whatever it takes."""
    hints = get_type_hints(METHODS[name])
    arguments = {parameter: ARGUMENTS[hint] for parameter, hint in hints.items() if parameter != "return"}
    method: Callable[..., Awaitable[object]] = attrgetter(name)(store)
    return method(**arguments)


def raised(file: Path) -> None:
    """Another process raises the oldest version that may use the store."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("update store_version set version = 99, oldest = 99")
        connection.commit()


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """The folder of a server that knows what this one knows; a test adds what a newer one knows."""
    folder = tmp_path / "migrations"
    shutil.copytree(str(MIGRATIONS), folder)
    return folder


async def opened_and_closed(folder: Path, migrations: Path) -> None:
    store = SqliteStore(folder, timeout=5.0, migrations=migrations)
    await store.open()
    await store.close()


def migrated(folder: Path, migrations: Path) -> None:
    """A store as an older server makes it."""
    Database(folder, 5.0, Schema(migrations)).connect_writer().close()


def contents(file: Path) -> tuple[bytes, bytes]:
    """What is in the database's file, and what is to come into it."""
    log = file.with_name(file.name + "-wal")
    return file.read_bytes(), log.read_bytes() if log.exists() else b""


def version(file: Path) -> tuple[int, int]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("select version, oldest from store_version").fetchone()  # type: ignore[no-any-return]


def rows(file: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute(sql)]


async def test_store_for_newer_servers_is_refused_and_left_unchanged(
    folder: Path, file: Path, migrations: Path
) -> None:
    (migrations / "0099_break.sql").write_text("update store_version set oldest = 99;")
    await opened_and_closed(folder, migrations)
    before = contents(file)
    with pytest.raises(InvalidExchangeServerVersion) as refusal:
        await SqliteStore(folder, timeout=5.0).open()
    assert "version 99" in str(refusal.value)
    assert contents(file) == before


async def test_running_newer_server_is_unaffected_by_a_refused_older_one(
    folder: Path, file: Path, migrations: Path
) -> None:
    (migrations / "0099_break.sql").write_text("update store_version set oldest = 99;")
    newer = SqliteStore(folder, timeout=5.0, migrations=migrations)
    await newer.open()
    before = contents(file)
    with pytest.raises(InvalidExchangeServerVersion):
        await SqliteStore(folder, timeout=5.0).open()
    assert contents(file) == before
    await newer.users.add(user())
    assert await newer.users.get(LENE) == user()
    await newer.close()


async def test_newer_compatible_store_is_used_and_not_downgraded(folder: Path, file: Path, migrations: Path) -> None:
    (migrations / "0099_add.sql").write_text("alter table users add column shoe_size integer;")
    await opened_and_closed(folder, migrations)
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.users.add(user())
    assert await store.users.get(LENE) == user()
    await store.close()
    assert version(file) == (99, 1)


async def test_running_server_is_refused_after_an_incompatible_upgrade(store: SqliteStore, file: Path) -> None:
    await store.users.add(user())
    assert await store.users.get(LENE) == user()
    raised(file)
    for _ in range(2):
        with pytest.raises(InvalidExchangeServerVersion):
            await store.users.all()
        with pytest.raises(InvalidExchangeServerVersion):
            await store.users.change_password(LENE, "another")
    assert rows(file, "select password_hash from users") == [user().password_hash]


@pytest.mark.parametrize("name", sorted(METHODS.keys() - WITHOUT_USE))
async def test_every_method_is_refused_after_an_incompatible_upgrade(store: SqliteStore, file: Path, name: str) -> None:
    raised(file)
    with pytest.raises(InvalidExchangeServerVersion):
        await call(store, name)


async def test_reading_foreign_topics_is_refused_too(store: SqliteStore, file: Path) -> None:
    raised(file)
    with pytest.raises(InvalidExchangeServerVersion):
        await store.foreign_topics()


async def test_running_server_gets_a_refusal_even_if_its_tables_are_gone(store: SqliteStore, file: Path) -> None:
    raised(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("alter table users rename to people")
    with pytest.raises(InvalidExchangeServerVersion):
        await store.users.get(LENE)
    with pytest.raises(InvalidExchangeServerVersion):
        await store.users.add(user())


async def test_running_server_survives_a_compatible_upgrade(
    store: SqliteStore, folder: Path, file: Path, migrations: Path
) -> None:
    await store.users.add(user())
    (migrations / "0099_add.sql").write_text("alter table users add column shoe_size integer;")
    await opened_and_closed(folder, migrations)
    assert version(file)[0] == 99
    assert await store.users.get(LENE) == user()
    await store.users.change_password(LENE, "another")


async def test_migrations_are_applied_in_order_and_once(folder: Path, file: Path, migrations: Path) -> None:
    (migrations / "0102_third.sql").write_text("insert into steps (name) values ('third');")
    (migrations / "0100_first.sql").write_text("create table steps (name text); -- the first\n")
    second = "insert into steps values ('second'); -- and; then\ninsert into steps values (';');"
    (migrations / "0101_second.sql").write_text(second)
    (migrations / "readme.txt").write_text("no migration")
    for _ in range(2):
        await opened_and_closed(folder, migrations)
    assert rows(file, "select name from steps") == ["second", ";", "third"]
    assert version(file)[0] == 102


async def test_migrations_are_applied_once_by_servers_that_open_at_the_same_time(
    folder: Path, file: Path, migrations: Path
) -> None:
    (migrations / "0100_steps.sql").write_text("create table steps (name text); insert into steps values ('once');")
    await asyncio.gather(*(opened_and_closed(folder, migrations) for _ in range(4)))
    assert rows(file, "select name from steps") == ["once"]


async def test_older_store_is_migrated_with_its_data(folder: Path, file: Path, migrations: Path) -> None:
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.users.add(user())
    await store.close()
    (migrations / "0100_change.sql").write_text("update users set name = upper(name);")
    await opened_and_closed(folder, migrations)
    assert rows(file, "select name from users") == [user().name.upper()]


async def test_migration_that_fails_leaves_nothing(folder: Path, file: Path, migrations: Path) -> None:
    await opened_and_closed(folder, migrations)
    before = version(file)
    (migrations / "0100_fails.sql").write_text("create table steps (name text);\nthis is no SQL;\n")
    with pytest.raises(sqlite3.OperationalError):
        await opened_and_closed(folder, migrations)
    assert version(file) == before
    assert rows(file, "select name from sqlite_schema where name = 'steps'") == []
    await opened_and_closed(folder, Path(str(MIGRATIONS)))


def leave_first(count: int, migrations: Path) -> None:
    """Removes all migrations but the first ones."""
    for later in sorted(migrations.iterdir())[count:]:
        later.unlink()


async def test_meetings_of_an_older_version_count_as_changed_and_their_bytes_count(
    folder: Path, file: Path, migrations: Path
) -> None:
    leave_first(3, migrations)
    migrated(folder, migrations)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(
            "insert into meetings values (?, ?, 1, 'myOnlineMeetings', '1', '1', '1', 1, 'Everyone', '[]', 'Disabled',"
            " 'ü', 'Disabled', 2, '[]', 'Disabled', 'Disabled', 'x')",
            (LENE, MEETING),
        )
        connection.execute(
            "insert into extensions values (?, ?, 'a', 1, 'RoamedOrganizerData', '1', x'7b7d')", (LENE, MEETING)
        )
        connection.execute("insert into topics (topic, last) values (?, 1)", (f"application/{LENE}/gone",))
        connection.commit()
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    assert await store.meetings.remove_expired(AT, MANY, AT) == 0
    assert rows(file, "select bytes from stored_bytes") == [len("üx[][]{}".encode())]
    assert await store.events.forget_topics(1, MANY) == 1
    await store.close()


async def test_keys_and_topics_of_the_second_version_keep_their_order_and_numbers(
    folder: Path, file: Path, migrations: Path
) -> None:
    leave_first(2, migrations)
    migrated(folder, migrations)
    with closing(sqlite3.connect(file)) as connection:
        for key_id in ("b", "c", "a"):
            connection.execute("insert into signing_keys (id, secret, created) values (?, x'00', 1)", (key_id,))
        connection.execute("insert into topics (topic, last, moved) values ('a', 7, 3)")
        connection.commit()
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    assert [key.id for key in await store.signing_keys.all()] == ["a", "c", "b"]
    await store.events.append(AT, [NewEvent("a", "happened")])
    assert await store.events.last_numbers(["a"]) == {"a": 8}
    await store.close()


async def test_users_who_were_available_before_presence_was_stored_are_online(
    folder: Path, file: Path, migrations: Path
) -> None:
    leave_first(7, migrations)
    migrated(folder, migrations)
    with closing(sqlite3.connect(file)) as connection:
        for number, available in (("101", 1), ("102", 0)):
            connection.execute(
                "insert into applications (owner, id, endpoint_id, culture, user_agent, created, communication,"
                " available, etag, instances, last_request) values (?, ?, ?, '', '', 1, ?, ?, '1', '[]', ?)",
                (LENE if available else DAN, number, number, '{"etag":"1"}', available, AT),
            )
        connection.commit()
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    assert await store.presence.update_due(AT, MANY) == 1
    assert [(await store.presence.get(owner)).availability for owner in (LENE, DAN)] == ["Online", "Offline"]
    await store.close()


async def test_communication_of_the_first_version_is_read(store: SqliteStore, file: Path) -> None:
    """The column holds JSON, whose names must stay as they were."""
    await store.applications.open(application(), None, AT, 1)
    stored = (
        '{"etag":"1","supported_modalities":["Messaging"],"supported_message_formats":["Plain","Html"],'
        '"audio_preference":"PhoneAudio","conversation_history":"Enabled","lis_location":"here",'
        '"lis_query_result":"Succeeded","phone_number":"tel:+1","publish_endpoint_location":true,'
        '"simultaneous_ring_number_match":"Enabled","video_based_screen_sharing":"Enabled"}'
    )
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("update applications set communication = ?", (stored,))
        connection.commit()
    assert (await store.applications.session(LENE, "101")).application.communication == COMMUNICATION
