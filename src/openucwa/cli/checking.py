"""openucwa check: the effective settings, and what the store holds."""

import asyncio
from pathlib import Path

import click

from openucwa.cli.common import failures, listening, settings, shown, store_is_there, store_line, table
from openucwa.config import Config
from openucwa.config_loading import check_files
from openucwa.meetings.schemas import ServerSchemas
from openucwa.store.choice import store_of


@click.command()
@listening
def check(file: Path | None, **flags: object) -> None:
    """Validate and print the settings, and describe the store.

    Shows each setting with its value and source, then what the store holds. Exit status 1, with one line that says
    why, if the server could not start. Nothing is modified: a missing store is not created, an older one is not
    migrated.

    \b
    Examples:
      openucwa check
      openucwa check --config node.toml
    """
    loaded = settings(file, flags)
    rows = [(name, shown(getattr(loaded.config, name)), source) for name, source in loaded.sources.items()]
    table(("setting", "value", "from"), rows)
    check_certificate(loaded.config)
    with failures():
        check_files(loaded)
        ServerSchemas.read(loaded.config.schemas, loaded.config.max_schema_work)
    found = store_is_there(loaded.config)
    click.echo(f"\n{store_line(loaded)}")
    if not found:
        click.echo("store does not exist yet; it is created on first start")
        return
    with failures():
        for key, value in asyncio.run(store_of(loaded.config).inspect()).items():
            click.echo(f"store {key}: {value}")


def check_certificate(config: Config) -> None:
    """Failure: the certificate or its key is not usable."""
    if config.tls_cert is None or config.tls_key is None:
        return
    from openucwa.server.listeners import tls_context  # noqa: PLC0415

    with failures():
        tls_context(config.tls_cert, config.tls_key)
