"""`openucwa backup` and `openucwa restore`, on a SQLite store; docs/operating.md is walked with both stores."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from openucwa.store.sqlite.database import FILE
from tests.cli.commands import add, fails, run, stored
from tests.users import LENE


@pytest.fixture
def store(data: str) -> str:
    assert add(data).exit_code == 0
    return data


@pytest.fixture
def backup(store: str, tmp_path: Path) -> Path:
    file = tmp_path / "monday.sqlite3"
    assert run("backup", str(file), "--data", store).exit_code == 0
    return file


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_backup_is_written_checked_and_private(store: str, tmp_path: Path) -> None:
    file = tmp_path / "copies.sqlite3"
    done = run("backup", str(file), "--data", store)
    assert done.stdout == f"wrote {file}: {file.stat().st_size:,} bytes, checked\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert files(tmp_path) == {"data", file.name}


def test_backup_overwrites_nothing(store: str, tmp_path: Path) -> None:
    file = tmp_path / "precious"
    file.write_text("mine")
    fails(run("backup", str(file), "--data", store), f"{file} exists already")
    assert file.read_text() == "mine"


def test_backup_to_a_folder_that_is_missing_is_refused_with_the_reason(store: str, tmp_path: Path) -> None:
    file = tmp_path / "missing" / "a.sqlite3"
    fails(run("backup", str(file), "--data", store), f"{file} cannot be written: No such file or directory")


def test_backup_of_no_store_creates_none(data: str, tmp_path: Path) -> None:
    done = run("backup", str(tmp_path / "a"), "--data", data)
    fails(done, f"no store found in {data}; --data or --config names another")
    assert files(tmp_path) == set()


def test_only_the_newest_backups_are_kept_and_other_files_are_left(store: str, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    old = [f"openucwa-2026010{day}T000000Z.sqlite3" for day in (1, 2, 3)]
    others = {"openucwa-20260101T000000Z.dump", "openucwa-last.sqlite3", "monday.sqlite3"}
    for name in (*old, *others):
        (folder / name).touch()
    done = run("backup", "--keep", "2", str(folder), "--data", store)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == [f"removed {folder / name}" for name in (old[1], old[0])]
    assert others | {old[2]} < files(folder)
    assert len(files(folder)) == len(others) + 2


def test_keeping_a_number_of_backups_needs_a_folder(store: str, tmp_path: Path) -> None:
    done = run("backup", "--keep", "2", str(tmp_path / "a"), "--data", store)
    fails(done, f"--keep requires a folder; {tmp_path / 'a'} is not one")


def test_failed_backup_removes_no_older_one(store: str, tmp_path: Path) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    (folder / "openucwa-20260101T000000Z.sqlite3").touch()
    with closing(sqlite3.connect(Path(store) / FILE)) as connection:
        connection.execute("pragma journal_mode = delete")
    content = (Path(store) / FILE).read_bytes()
    (Path(store) / FILE).write_bytes(content[: len(content) // 2])
    assert run("backup", "--keep", "1", str(folder), "--data", store).exit_code == 1
    assert files(folder) == {"openucwa-20260101T000000Z.sqlite3"}


def test_backup_is_restored_to_a_new_folder(backup: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    done = run("restore", str(backup), "--data", str(elsewhere))
    assert done.stdout == f"restored {backup} to {elsewhere}\n"
    assert stored(str(elsewhere)) is not None
    assert (elsewhere / FILE).stat().st_mode & 0o777 == 0o600


def test_restored_change_log_has_another_identity(backup: Path, store: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert run("restore", str(backup), "--data", str(elsewhere)).exit_code == 0
    assert run("user", "list", "--data", str(elsewhere)).exit_code == 0  # opens it
    identities = []
    for folder in (Path(store), elsewhere):
        with closing(sqlite3.connect(folder / FILE)) as connection:
            identities += connection.execute("select identity from change_log").fetchone()
    assert "" not in identities
    assert len(set(identities)) == 2


def test_store_that_is_there_is_not_replaced_without_the_option(backup: Path, store: str) -> None:
    fails(
        run("restore", str(backup), "--data", store),
        f"{store} contains a store already; --replace restores in its place",
    )


def test_replaced_store_is_renamed_with_all_it_held(backup: Path, store: str, tmp_path: Path) -> None:
    assert add(store, uri="sip:later@contoso.com").exit_code == 0
    done = run("restore", "--replace", str(backup), "--data", store)
    assert done.exit_code == 0
    first = done.stdout.splitlines()[0]
    renamed = Path(first.removeprefix("the store that was there is now "))
    assert stored(store, "sip:later@contoso.com") is None
    again = tmp_path / "again"
    again.mkdir()
    renamed.rename(again / FILE)
    assert stored(str(again), "sip:later@contoso.com") is not None
    assert stored(str(again), LENE) is not None


def test_store_that_a_server_uses_is_not_replaced(backup: Path, store: str) -> None:
    with closing(sqlite3.connect(Path(store) / FILE)) as server:
        server.execute("select count(*) from users").fetchall()
        fails(
            run("restore", "--replace", str(backup), "--data", store),
            f"a server uses the store {Path(store).absolute() / FILE}: stop it first",
        )
    assert stored(store) is not None


@pytest.mark.parametrize("damage", ["half", "page", "text", "empty", "other"])
def test_damaged_backup_is_refused_and_nothing_is_changed(damage: str, backup: Path, store: str) -> None:
    content = backup.read_bytes()
    if damage == "half":
        backup.write_bytes(content[: len(content) // 2])
    elif damage == "page":
        with closing(sqlite3.connect(backup)) as connection:
            ((root,),) = connection.execute("select rootpage from sqlite_schema where name = 'users'").fetchall()
            ((size,),) = connection.execute("pragma page_size").fetchall()
        backup.write_bytes(content[: (root - 1) * size] + b"\xff" * size + content[root * size :])
    elif damage == "text":
        backup.write_text("This is not a database, but long enough to be read as one. " * 99)
    else:
        backup.write_bytes(b"")
        if damage == "other":
            with closing(sqlite3.connect(backup)) as connection:
                connection.execute("create table t (x)")
    done = run("restore", "--replace", str(backup), "--data", store)
    assert (done.exit_code, done.stdout) == (1, "")
    assert str(backup) in done.stderr
    assert stored(store) is not None
    assert [name for name in files(Path(store)) if "replaced" in name or "restoring" in name] == []
    assert run("restore", "--check", str(backup), "--data", store).exit_code == 1


def test_complete_backup_passes_its_check(backup: Path, store: str) -> None:
    done = run("restore", "--check", str(backup), "--data", store)
    assert done.stdout == f"{backup} is complete\n"


def test_backup_of_a_newer_store_is_refused(backup: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute("update store_version set version = 9999, oldest = 9999")
        connection.commit()
    done = run("restore", str(backup), "--data", str(tmp_path / "elsewhere"))
    assert done.exit_code == 1
    assert "requires a server that supports version 9999" in done.stderr
    assert not (tmp_path / "elsewhere").exists()
