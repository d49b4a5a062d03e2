"""openucwa backup and openucwa restore."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from openucwa.cli.common import Failure, audited, existing, opening, os_user, places, store_is_there
from openucwa.store import backups
from openucwa.store.backups import POSTGRES, SQLITE, BackupFailed
from openucwa.store.choice import place_of
from openucwa.telemetry import audit


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except BackupFailed as error:
        raise Failure(str(error)) from None


@click.command()
@click.argument("target", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove all but the N newest backups from FOLDER, once this one is complete. [default: keep all]",
)
@places
def backup(target: Path, keep: int | None, file: Path | None, **flags: object) -> None:
    """Write a complete copy of the store to FILE, or to a file named after the time in FOLDER.

    Safe to use while servers are running: the copy is a consistent snapshot. It is checked after it was written,
    and appears under its name only when it is complete. It contains the keys that sign tokens: protect it like the
    store. PostgreSQL's client programs (pg_dump) are required where the store is a PostgreSQL database.

    \b
    Examples:
      openucwa backup before-the-upgrade.sqlite3
      openucwa backup --keep 14 /var/backups/openucwa
    """
    config = existing(file, flags)
    kind = SQLITE if config.store is None else POSTGRES
    folder = target if target.is_dir() else None
    if folder is None and keep is not None:
        raise Failure(f"--keep requires a folder; {target} is not one")
    if folder is not None:
        target = folder / backups.backup_name(datetime.now(UTC), kind)
    with _failures(), audited(config):
        if config.store is None:
            backups.back_up_sqlite(Path(config.data), target)
        else:
            backups.back_up_postgres(config.store, target)
        audit.log(audit.BackupWritten(os_user(), str(target)))
    click.echo(f"wrote {target}: {target.stat().st_size:,} bytes, checked")
    if folder is not None and keep is not None:
        for removed in backups.remove_old(folder, kind, keep):
            click.echo(f"removed {removed}")


@click.command()
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--check", "check_only", is_flag=True, help="Only check that FILE is a complete backup.")
@click.option("--replace", is_flag=True, help="Replace the SQLite store that is there; it is renamed, not removed.")
@places
def restore(source: Path, check_only: bool, replace: bool, file: Path | None, **flags: object) -> None:
    """Restore a store from a backup FILE. Stop all servers that use the store first.

    A PostgreSQL database must be new and empty; PostgreSQL's client programs (pg_restore) are required for it.

    \b
    Examples:
      openucwa restore --check /var/backups/openucwa/openucwa-20261130T020000Z.sqlite3
      openucwa restore --replace /var/backups/openucwa/openucwa-20261130T020000Z.sqlite3
    """
    config = opening(file, flags)
    with _failures(), audited(config):
        if check_only:
            (backups.check_sqlite if config.store is None else backups.check_postgres)(source)
            click.echo(f"{source} is complete")
            return
        if not replace and store_is_there(config):
            hint = "--replace restores in its place" if config.store is None else "restore into a new database"
            raise Failure(f"{place_of(config)} contains a store already; {hint}")
        if config.store is not None:
            backups.restore_postgres(source, config.store)
        elif (replaced := backups.restore_sqlite(source, Path(config.data), datetime.now(UTC))) is not None:
            click.echo(f"the store that was there is now {replaced}")
        audit.log(audit.BackupRestored(os_user(), str(source)))
    click.echo(f"restored {source} to {place_of(config)}")
