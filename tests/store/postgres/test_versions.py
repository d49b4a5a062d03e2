"""Which servers may use which PostgreSQL stores, and how a store comes to the version that its server knows."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from openucwa.model.refusals import InvalidExchangeServerVersion
from openucwa.store.postgres import PostgresStore
from openucwa.store.postgres.schema import MIGRATIONS
from openucwa.store.sqlite.schema import MIGRATIONS as MIGRATIONS_OF_SQLITE
from tests.contract.samples import user
from tests.postgres import PostgresServer
from tests.store.test_versions import METHODS, WITHOUT_USE, call
from tests.users import LENE
from tests.world import until


@pytest.fixture
def migrations(tmp_path: Path) -> Path:
    """The folder of a server that knows what this one knows; a test adds what a newer one knows."""
    folder = tmp_path / "migrations"
    shutil.copytree(str(MIGRATIONS), folder)
    return folder


@pytest.fixture
async def own_store(own_database: str) -> AsyncIterator[PostgresStore]:
    """A store whose tables a test may change."""
    store = PostgresStore(own_database, timeout=30.0)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def new_database(postgres: PostgresServer) -> str:
    """An empty database."""
    return postgres.new_database()


async def opened_and_closed(url: str, migrations: Path) -> None:
    store = PostgresStore(url, timeout=30.0, migrations=migrations)
    await store.open()
    await store.close()


def raised(postgres: PostgresServer, database: str) -> None:
    """Another server raises the oldest version that may use the store."""
    postgres.query("update store_version set version = 99, oldest = 99", database)


def test_versions_equal_those_of_sqlite() -> None:
    names, of_sqlite = (
        sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
        for folder in (MIGRATIONS, MIGRATIONS_OF_SQLITE)
    )
    assert names == of_sqlite


async def test_store_for_newer_servers_is_refused_and_left_unchanged(
    postgres: PostgresServer, new_database: str, migrations: Path
) -> None:
    (migrations / "0099_break.sql").write_text("update store_version set oldest = 99;")
    await opened_and_closed(new_database, migrations)
    with pytest.raises(InvalidExchangeServerVersion, match="version 99"):
        await PostgresStore(new_database, timeout=30.0).open()
    assert postgres.query("select version, oldest from store_version", new_database) == [["99", "99"]]


async def test_newer_compatible_store_is_used_and_not_downgraded(
    postgres: PostgresServer, own_database: str, migrations: Path
) -> None:
    (migrations / "0099_add.sql").write_text("alter table users add column shoe_size bigint;")
    await opened_and_closed(own_database, migrations)
    store = PostgresStore(own_database, timeout=30.0)
    await store.open()
    await store.users.add(user())
    assert await store.users.get(LENE) == user()
    await store.close()
    assert postgres.query("select version, oldest from store_version", own_database) == [["99", "1"]]


async def test_running_server_survives_a_compatible_upgrade(
    own_store: PostgresStore, own_database: str, migrations: Path
) -> None:
    await own_store.users.add(user())
    (migrations / "0099_add.sql").write_text(
        "alter table users add column shoe_size bigint; alter table users alter column name type varchar;"
    )
    await opened_and_closed(own_database, migrations)
    assert await own_store.users.get(LENE) == user()
    await own_store.users.change_password(LENE, "another")


@pytest.mark.parametrize("name", sorted(METHODS.keys() - WITHOUT_USE))
async def test_every_method_is_refused_after_an_incompatible_upgrade(
    store: PostgresStore, postgres: PostgresServer, database: str, name: str
) -> None:
    raised(postgres, database)
    with pytest.raises(InvalidExchangeServerVersion):
        await call(store, name)


async def test_refused_change_is_not_there(store: PostgresStore, postgres: PostgresServer, database: str) -> None:
    await store.users.add(user())
    raised(postgres, database)
    for _ in range(2):
        with pytest.raises(InvalidExchangeServerVersion):
            await store.users.change_password(LENE, "another")
    assert postgres.query("select password_hash from users", database) == [[user().password_hash]]


async def test_running_server_gets_a_refusal_even_if_its_tables_are_gone(
    own_store: PostgresStore, postgres: PostgresServer, own_database: str
) -> None:
    raised(postgres, own_database)
    postgres.query("alter table users rename to people", own_database)
    with pytest.raises(InvalidExchangeServerVersion):
        await own_store.users.get(LENE)
    with pytest.raises(InvalidExchangeServerVersion):
        await own_store.users.add(user())


async def test_migrations_are_applied_in_order_and_once(
    postgres: PostgresServer, own_database: str, migrations: Path
) -> None:
    (migrations / "0102_third.sql").write_text("insert into steps (name) values ('third');")
    (migrations / "0100_first.sql").write_text("create table steps (name text); -- the first\n")
    second = "insert into steps values ('second'); -- and; then\ninsert into steps values (';')"
    (migrations / "0101_second.sql").write_text(second)
    (migrations / "readme.txt").write_text("no migration")
    for _ in range(2):
        await opened_and_closed(own_database, migrations)
    assert postgres.query("select name from steps", own_database) == [["second"], [";"], ["third"]]
    assert postgres.query("select version from store_version", own_database) == [["102"]]


async def test_migrations_are_applied_once_by_servers_that_open_at_the_same_time(
    postgres: PostgresServer, new_database: str, migrations: Path
) -> None:
    (migrations / "0100_steps.sql").write_text("create table steps (name text); insert into steps values ('once');")
    await asyncio.gather(*(opened_and_closed(new_database, migrations) for _ in range(4)))
    assert postgres.query("select name from steps", new_database) == [["once"]]


async def test_migration_that_fails_leaves_nothing(
    postgres: PostgresServer, own_database: str, migrations: Path
) -> None:
    before = postgres.query("select version from store_version", own_database)
    (migrations / "0100_fails.sql").write_text("create table steps (name text);\nthis is no SQL;\n")
    with pytest.raises(asyncpg.PostgresSyntaxError):
        await opened_and_closed(own_database, migrations)
    assert postgres.query("select version from store_version", own_database) == before
    assert postgres.query("select to_regclass('steps') is null", own_database) == [["t"]]
    await opened_and_closed(own_database, Path(str(MIGRATIONS)))


async def test_migration_waits_for_changes_in_progress_and_later_ones_are_refused(
    own_store: PostgresStore, postgres: PostgresServer, own_database: str, migrations: Path
) -> None:
    """No change is made by a server that read the version before the migration and writes after it."""
    (migrations / "0100_break.sql").write_text("update store_version set oldest = 100; select pg_sleep(0.5);")
    answers = []

    async def write(writer: int) -> None:
        for number in range(1_000_000):
            try:
                await own_store.users.add(user(f"sip:{writer}-{number}@contoso.com"))
            except InvalidExchangeServerVersion:
                return
            answers.append(number)

    writing = [asyncio.create_task(write(writer)) for writer in range(4)]
    await until(lambda: len(answers) >= 20, 30)
    await opened_and_closed(own_database, migrations)
    count = len(answers)
    await asyncio.wait(writing, timeout=30)
    assert all(task.done() for task in writing)
    assert len(answers) - count <= len(writing), "only what was committed before the migration is answered after it"
    assert postgres.query("select count(*) from users", own_database) == [[str(len(answers))]]
