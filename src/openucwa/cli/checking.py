"""openucwa check: what is in force, and what the store holds."""

import asyncio
from pathlib import Path

import click

from openucwa.cli.common import failures, listening, settings, shown, store_is_there, table
from openucwa.config import Config
from openucwa.store.choice import place_of, store_of


@click.command()
@listening
def check(file: Path | None, **flags: object) -> None:
    """Check settings and store, and print what is in force.

    Each setting with its value and where it comes from, then what the store holds. Exit status 1, and one line that
    says why, if the server could not start with it. The store is left as it is: one that is not there yet is not made,
    and one of an older version is not brought up to date.

    \b
    Example:
      openucwa check --config /etc/openucwa.toml
    """
    loaded = settings(file, flags)
    rows = [(name, shown(getattr(loaded.config, name)), source) for name, source in loaded.sources.items()]
    table(("setting", "value", "from"), rows)
    check_certificate(loaded.config)
    if not store_is_there(loaded.config):
        click.echo(f"\nstore: none yet in {place_of(loaded.config)}; the first start makes it")
        return
    click.echo()
    with failures():
        for key, value in asyncio.run(store_of(loaded.config).inspect()).items():
            click.echo(f"store {key}: {value}")


def check_certificate(config: Config) -> None:
    """Failure: the certificate or its key can't be used."""
    if config.tls_cert is None or config.tls_key is None:
        return
    from openucwa.server.listeners import tls_context  # noqa: PLC0415

    with failures():
        tls_context(config.tls_cert, config.tls_key)
