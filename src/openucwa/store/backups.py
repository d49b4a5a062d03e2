"""Backups of a store in one file: made while servers run, checked, and restored."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from openucwa.model.refusals import Refusal
from openucwa.store.sqlite.database import FILE
from openucwa.store.sqlite.schema import Schema

#: The ends of the names of backups: of a SQLite store, of a PostgreSQL database.
SQLITE, POSTGRES = ".sqlite3", ".dump"


class BackupFailed(Exception):
    """A backup could not be made or restored; the message says why."""


def back_up_sqlite(folder: Path, target: Path) -> None:
    """Copies the store in `folder` to `target`, a new file that only its owner can read, and checks the copy.

    BackupFailed: then there is no `target`.
    """
    source = folder.absolute() / FILE
    with _new_file(target) as part, _errors(f"the store {source} cannot be copied"):
        _copy(source, part)
        check_sqlite(part)


def check_sqlite(file: Path) -> None:
    """BackupFailed: `file` is no complete store, or needs a newer server."""
    if not file.is_file():
        raise BackupFailed(f"there is no file {file}")
    with _errors(f"{file} is not a complete backup"), closing(_connect(file, "ro")) as copy:
        if Schema().check_or_empty(copy).version == 0:
            raise BackupFailed(f"{file} is empty")
        found = [*copy.execute("pragma integrity_check(1)"), *copy.execute("pragma foreign_key_check")]
        if found != [("ok",)]:
            raise BackupFailed(f"{file} is damaged: {found[0][0]}")


def restore_sqlite(file: Path, folder: Path, at: datetime) -> Path | None:
    """Puts the backup `file` in the place of the store in `folder`, which no server may use.

    Returns where the store that was there is now; None: there was none. BackupFailed: nothing was changed.
    """
    check_sqlite(file)
    target = folder.absolute() / FILE
    replaced = target.with_name(f"{FILE}.replaced-{_stamp(at)}")
    with _errors(f"{file} cannot be restored to {target}"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        there = target.exists()
        if there:
            _close_log(target)
        part = target.with_name(FILE + ".restoring")
        part.unlink(missing_ok=True)
        with _new_file(part) as copied:
            _copy(file, copied)
        _end_positions(part)
        if there:
            target.rename(replaced)
        part.rename(target)
    return replaced if there else None


def _copy(source: Path, target: Path) -> None:
    """Writes what `source` contains at this moment to the empty file `target`."""
    with closing(_connect(source, "ro")) as store:
        store.execute("vacuum into ?", (str(target),))


def _end_positions(restored: Path) -> None:
    """Ends the identity of the change log: later changes get numbers that were given to others before."""
    with closing(_connect(restored, "rw")) as store:
        if store.execute("select 1 from sqlite_schema where name = 'change_log'").fetchone():
            store.execute("update change_log set identity = ''")


def _close_log(target: Path) -> None:
    """Moves what is in the write-ahead log into the file. BackupFailed: another process has the store open."""
    with closing(_connect(target, "rw")) as store:
        try:
            store.execute("pragma journal_mode = delete")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            raise BackupFailed(f"a server uses the store {target}: stop it first") from None


def back_up_postgres(url: str, target: Path) -> None:
    """Dumps the database at `url` to `target`, a new file that only its owner can read, and reads the dump again.

    Needs PostgreSQL's client programs. BackupFailed: then there is no `target`.
    """
    with _new_file(target) as part:
        _program(url, "pg_dump", "--format=custom", f"--file={part}")
        check_postgres(part)


def check_postgres(file: Path) -> None:
    """BackupFailed: `file` is not a complete dump. Needs PostgreSQL's client programs."""
    if not file.is_file():
        raise BackupFailed(f"there is no file {file}")
    _run(["pg_restore", "--file=/dev/null", str(file)])


#: As `_end_positions`; a dump of an earlier version has no change log.
_END_POSITIONS = """
    do $$ begin
        if to_regclass('change_log') is not null then update change_log set identity = ''; end if;
    end $$
"""


def restore_postgres(file: Path, url: str) -> None:
    """Restores the dump `file` into the database at `url`, which must be empty, in one transaction.

    Needs PostgreSQL's client programs. BackupFailed: nothing was changed.
    """
    check_postgres(file)
    _program(url, "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", str(file))
    _program(url, "psql", "--no-psqlrc", "--quiet", "--command", _END_POSITIONS)


def backup_name(at: datetime, kind: str) -> str:
    """The name of a backup made at `at`: `openucwa-20261130T020000Z.sqlite3`. `kind`: SQLITE or POSTGRES."""
    return f"openucwa-{_stamp(at)}{kind}"


def remove_old(folder: Path, kind: str, keep: int) -> list[Path]:
    """Removes all but the `keep` newest backups of `kind` in `folder`, other files never; returns those removed."""
    digit = "[0-9]"
    stamp = f"{digit * 8}T{digit * 6}Z"
    old = sorted(folder.glob(f"openucwa-{stamp}{kind}"), reverse=True)[keep:]
    for file in old:
        file.unlink()
    return old


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _connect(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


@contextmanager
def _new_file(target: Path) -> Iterator[Path]:
    """A file that becomes `target` at the end, once it is on disk, and is removed after an error."""
    part = target.with_name(target.name + ".part")
    try:
        if target.exists():
            raise BackupFailed(f"{target} exists already")
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield part
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(target)
    except OSError as error:
        raise BackupFailed(f"{target} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


@contextmanager
def _errors(what: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise BackupFailed(f"{what}: {error}") from error
    except OSError as error:
        raise BackupFailed(f"{what}: {error.strerror}") from error
    except Refusal as refusal:
        raise BackupFailed(f"{what}: {refusal.reason}") from refusal


def _program(url: str, *words: str) -> None:
    """Runs a program of PostgreSQL on the database at `url`. The password goes by the environment, which only this
    user can read."""
    parts = urlsplit(url)
    user, at, place = parts.netloc.rpartition("@")
    name, _, password = user.partition(":")
    public = parts._replace(netloc=f"{name}{at}{place}").geturl()
    _run([*words, f"--dbname={public}"], {"PGPASSWORD": unquote(password)} if password else {})


def _run(words: list[str], environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(  # noqa: S603  # of PostgreSQL's own programs
            words, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BackupFailed(f"{words[0]} not found: install PostgreSQL's client programs") from None
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise BackupFailed(f"{words[0]} failed: {lines[0].removeprefix(f'{words[0]}: ').removeprefix('error: ')}")
