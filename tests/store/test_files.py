"""The database's file: who may read it, and what is said when it can't be used."""
# ruff: noqa: ASYNC240 -- files are what is tested

import asyncio
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from openucwa.model.refusals import ServiceUnavailable
from openucwa.store.sqlite import SqliteStore
from tests.contract.samples import AT, EVENT, MANY, MEETING, extension, logged, user, with_participants
from tests.users import LENE

#: The user id that owns nothing.
NOBODY = 65534


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    yield
    os.umask(before)


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def refused(folder: Path) -> str:
    """Why a store in `folder` is refused, as administrators are told; clients are not told where it is."""
    with pytest.raises(ServiceUnavailable) as refusal:
        await SqliteStore(folder, timeout=0.1).open()
    assert refusal.value.retry_after >= 1
    assert str(folder) not in str(refusal.value)
    return refusal.value.reason


@pytest.mark.parametrize("replaced", [False, True])
async def test_removed_or_replaced_file_makes_the_store_unavailable(
    folder: Path, file: Path, caplog: pytest.LogCaptureFixture, replaced: bool
) -> None:
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.users.add(user())
    file.rename(folder / "moved")
    if replaced:
        file.write_bytes((folder / "moved").read_bytes())
    with pytest.raises(ServiceUnavailable) as refusal:
        await store.events.append(AT, [EVENT])
    assert str(refusal.value) == "the store was removed or replaced"
    assert refusal.value.reason == f"the store's file {file} was removed or replaced"
    end = time.monotonic() + 60
    while not isinstance((await asyncio.gather(store.users.get(LENE), return_exceptions=True))[0], ServiceUnavailable):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)
    assert not store.refresh(LENE)
    assert caplog.text.count(str(file)) == 1

    (folder / "moved").rename(file)
    await store.events.append(AT, [EVENT])
    assert await store.users.get(LENE) == user()
    assert store.refresh(LENE)
    await store.close()


async def test_only_the_owner_can_read_created_files(folder: Path) -> None:
    with umask(0):
        store = SqliteStore(folder, timeout=5.0)
        await store.open()
        await store.users.add(user())
        assert mode(folder) == 0o700
        assert {path.name: mode(path) for path in folder.iterdir()} == {
            "openucwa.sqlite3": 0o600,
            "openucwa.sqlite3-wal": 0o600,
            "openucwa.sqlite3-shm": 0o600,
        }
        await store.close()


async def test_existing_folder_keeps_its_mode(folder: Path) -> None:
    folder.mkdir(mode=0o750)
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.close()
    assert mode(folder) == 0o750


async def test_nested_folders_are_created(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "a" / "b" / "c d%?#", timeout=5.0)
    await store.open()
    await store.users.add(user())
    await store.close()
    assert (tmp_path / "a" / "b" / "c d%?#" / "openucwa.sqlite3").exists()


async def test_closed_store_is_one_file(folder: Path) -> None:
    stores = [SqliteStore(folder, timeout=5.0) for _ in range(2)]
    for store in stores:
        await store.open()
        await store.users.add(user(f"sip:{id(store)}@contoso.com"))
    for store in stores:
        await store.close()
    assert [path.name for path in folder.iterdir()] == ["openucwa.sqlite3"]


async def test_folder_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert await refused(folder) == f"the store {folder}/openucwa.sqlite3 cannot be opened: Not a directory"


@contextmanager
def as_nobody() -> Iterator[None]:
    """root may write everywhere, and so is nobody for that time; others stay who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("file_mode", [None, 0o444])
async def test_read_only_file_is_refused(file_mode: int | None) -> None:
    # Not below tmp_path, where nobody but its owner gets in.
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "data"
        folder.mkdir()
        file = folder / "openucwa.sqlite3"
        if file_mode is not None:
            file.touch(mode=file_mode)
        Path(place).chmod(0o755)
        folder.chmod(0o555)
        with as_nobody():
            assert await refused(folder) == f"the store {file} cannot be opened: Permission denied"
        folder.chmod(0o755)


async def test_folder_with_the_files_name_is_refused(folder: Path, file: Path) -> None:
    file.mkdir(parents=True)
    assert await refused(folder) == f"the store {file} cannot be opened: Is a directory"


async def test_file_that_is_not_a_database_is_refused_and_left_unchanged(folder: Path, file: Path) -> None:
    folder.mkdir()
    file.write_bytes(b"something else" * 1000)
    assert await refused(folder) == f"the store {file} is not a SQLite database, or is damaged"
    assert file.read_bytes() == b"something else" * 1000
    assert [path.name for path in folder.iterdir()] == [file.name]


async def test_foreign_database_is_refused_and_left_unchanged(folder: Path, file: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table users (name text)")
    before = file.read_bytes()
    assert await refused(folder) == "the database belongs to another application"
    assert file.read_bytes() == before


async def test_damaged_file_is_refused(folder: Path, file: Path) -> None:
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.close()
    length = file.stat().st_size
    with file.open("r+b") as damaged:
        damaged.seek(100)
        damaged.write(b"\xff" * (length - 100))
    assert await refused(folder) == f"the store {file} is damaged"


async def test_damage_found_by_a_read_or_a_change_is_reported(folder: Path, file: Path) -> None:
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.close()
    with closing(sqlite3.connect(file)) as connection:
        page = connection.execute("select rootpage from sqlite_schema where name = 'users'").fetchone()[0]
        page_size = connection.execute("pragma page_size").fetchone()[0]
    with file.open("r+b") as damaged:
        damaged.seek((page - 1) * page_size)
        damaged.write(b"\xff" * page_size)

    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    for use in (store.users.get(LENE), store.users.add(user())):
        with pytest.raises(ServiceUnavailable) as refusal:
            await use
        assert str(refusal.value) == "the store is damaged"
    assert await store.signing_keys.all() == []
    await store.close()


async def test_change_on_a_full_disk_is_refused_and_leaves_nothing(store: SqliteStore, file: Path) -> None:
    await with_participants(store)
    before = await logged(store, f"conversation/{LENE}/{MEETING}")
    big = extension(properties=b"x" * 65_536)
    with largest_file(file.with_name(file.name + "-wal").stat().st_size + 10_000):
        with pytest.raises(ServiceUnavailable) as refusal:
            await store.extensions.add(LENE, MEETING, big, MANY, AT)
        assert (await store.meetings.get_with_extensions(LENE, MEETING))[1] == []
    assert str(refusal.value) == "the store has a disk error"
    assert refusal.value.retry_after >= 1
    assert await logged(store, f"conversation/{LENE}/{MEETING}") == before

    await store.extensions.add(LENE, MEETING, big, MANY, AT)
    assert await store.extensions.get(LENE, MEETING, big.id) == big


async def test_waiting_too_long_for_another_to_create_the_store_is_refused(folder: Path, file: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(ServiceUnavailable, match="busy"):
            await SqliteStore(folder, timeout=0.1).open()
        other.execute("rollback")
    store = SqliteStore(folder, timeout=5.0)
    await store.open()
    await store.close()
