"""openucwa copy: from the embedded default to a database."""

import asyncio
from dataclasses import replace
from pathlib import Path

import click

from openucwa.cli.common import Failure, failures, places, settings, store_is_there
from openucwa.config import Config
from openucwa.store.choice import place_of, store_of
from openucwa.store.copying import copy_store
from openucwa.store.sqlite import SqliteStore


@click.command()
@places
def copy(file: Path | None, **flags: object) -> None:
    """Copy a SQLite store to a PostgreSQL database.

    From the folder that `data` names to the database that `store` names, which has to be new. All comes along: users
    with their passwords, the keys that make tokens good, applications, meetings and their extensions. Stop the servers
    on the folder before: what they change meanwhile does not come along. The folder keeps what it has; a store of an
    older version is brought up to date there first.

    \b
    Example:
      openucwa copy --data ./openucwa-data --config node.toml
    """
    target = settings(file, flags).config
    if target.store is None:
        raise Failure("there is no database to copy to; --store, or the setting store, names it")
    source = replace(target, store=None)
    if not store_is_there(source):
        raise Failure(f"there is no store in {place_of(source)}; --data names its folder")
    with failures():
        asyncio.run(_copy(source, target))
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
