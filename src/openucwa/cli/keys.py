"""openucwa key: list, rotate, remove."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from openucwa.cli.common import existing, in_store, json_option, listing, os_user, places
from openucwa.identity.tokens import new_signing_key
from openucwa.model.world import RealWorld
from openucwa.telemetry import audit


@click.group()
def key() -> None:
    """List, rotate and remove the keys that sign tokens. Safe to use while servers are running.

    The newest key signs; tokens signed by any listed key are accepted. After a rotation, servers remove an older key
    once its last token has expired.

    \b
    Examples:
      openucwa key list
      openucwa key rotate
      openucwa key remove 5e8a7c0f21b4
    """


@key.command("list")
@json_option
@places
def list_keys(as_json: bool, file: Path | None, **flags: object) -> None:
    """List the keys, signing key first."""
    found = in_store(existing(file, flags), lambda store: store.signing_keys.all())
    rows: Sequence[tuple[object, ...]] = [
        (known.id, datetime.fromtimestamp(known.created // 1000, UTC).isoformat(), "sign" if number == 0 else "verify")
        for number, known in enumerate(found)
    ]
    listing(("key", "created", "use"), rows, as_json=as_json)


@key.command()
@places
def rotate(file: Path | None, **flags: object) -> None:
    """Add a new signing key. Running servers pick it up within `key_refresh_interval` seconds."""
    added = new_signing_key(RealWorld())
    act = audit.SigningKeyAdded(os_user(), added.id)
    in_store(existing(file, flags), lambda store: store.signing_keys.add(added), act)
    click.echo(f"added signing key {added.id}")


@key.command("remove")
@click.argument("key_id", metavar="KEY")
@places
def remove_key(key_id: str, file: Path | None, **flags: object) -> None:
    """Remove a key. Its tokens become invalid; running servers notice within `key_refresh_interval` seconds."""
    act = audit.SigningKeyRemoved(os_user(), key_id)
    in_store(existing(file, flags), lambda store: store.signing_keys.remove(key_id), act)
    click.echo(f"removed signing key {key_id}")
