"""openucwa key: list, rotate, remove."""

from datetime import UTC, datetime
from pathlib import Path

import click

from openucwa.cli.common import existing, in_store, places, table
from openucwa.identity.tickets import new_signing_key
from openucwa.model.world import RealWorld


@click.group()
def key() -> None:
    """The keys that sign tokens: list, rotate, remove. Servers may run meanwhile.

    The newest key signs, and every key that is there makes its tokens good. After a rotation older keys are removed by
    a server once their last token has expired.

    \b
    Examples:
      openucwa key list
      openucwa key rotate
      openucwa key remove 5e8a7c0f21b4
    """


@key.command("list")
@places
def list_keys(file: Path | None, **flags: object) -> None:
    """List the keys, the one that signs first."""
    found = in_store(existing(file, flags), lambda store: store.signing_keys.all())
    rows = [
        (known.id, datetime.fromtimestamp(known.created // 1000, UTC).isoformat(), "signs" if number == 0 else "checks")
        for number, known in enumerate(found)
    ]
    table(("key", "created", "what for"), rows)


@key.command()
@places
def rotate(file: Path | None, **flags: object) -> None:
    """Add a key, which signs from now on. Servers that run take it up within `key_look` seconds."""
    added = new_signing_key(RealWorld())
    in_store(existing(file, flags), lambda store: store.signing_keys.add(added))
    click.echo(f"added {added.id}")


@key.command("remove")
@click.argument("key_id", metavar="KEY")
@places
def remove_key(key_id: str, file: Path | None, **flags: object) -> None:
    """Remove a key. Its tokens end: at servers that run, within `key_look` seconds."""
    in_store(existing(file, flags), lambda store: store.signing_keys.remove(key_id))
    click.echo(f"removed {key_id}")
