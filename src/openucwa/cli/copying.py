"""openucwa copy: from SQLite to PostgreSQL."""

import asyncio
from dataclasses import replace
from pathlib import Path

import click

from openucwa.cli.common import Failure, audited, opening, os_user, places, store_is_there
from openucwa.config import Config
from openucwa.store.choice import place_of, store_of
from openucwa.store.copying import copy_store
from openucwa.store.sqlite import SqliteStore
from openucwa.telemetry import audit


@click.command()
@places
def copy(file: Path | None, **flags: object) -> None:
    """Copy a SQLite store to a PostgreSQL database.

    Copies from the folder that `data` names to the database that `store` names, which must be new. Everything is
    copied: users and passwords, signing keys, applications, meetings and their extensions. Stop all servers that use
    the folder first; changes made during the copy are lost. The source stays as it is, except that an older one is
    migrated first.

    \b
    Example:
      openucwa copy --data ./openucwa-data --config node.toml
    """
    target = opening(file, flags)
    if target.store is None:
        raise Failure("no target database: set --store or the setting store")
    source = replace(target, store=None)
    if not store_is_there(source):
        raise Failure(f"no store found in {place_of(source)}; --data names the folder")
    with audited(target):
        asyncio.run(_copy(source, target))
        audit.log(audit.StoreCopied(os_user(), place_of(target)))
    click.echo(f"copied to {place_of(target)}")


async def _copy(source: Config, target: Config) -> None:
    old, new = SqliteStore(Path(source.data), source.store_timeout), store_of(target)
    await old.open()
    try:
        await new.open()
        try:
            await copy_store(old, new, lambda table, count: click.echo(f"{table.replace('_', ' ')}: {count:,}"))
        finally:
            await new.close()
    finally:
        await old.close()
