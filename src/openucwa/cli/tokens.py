"""openucwa token."""

from pathlib import Path

import click

from openucwa.cli.common import Failure, default, existing, in_store, os_user, places
from openucwa.cli.users import sip
from openucwa.identity.tokens import Caller, Tokens, new_signing_key
from openucwa.model.scopes import ALL, ANY_SCOPE
from openucwa.model.world import RealWorld
from openucwa.store.contract import Store
from openucwa.telemetry import audit

_HOUR = 3_600


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option(
    "--scope",
    "scopes",
    metavar="SCOPE",
    multiple=True,
    type=click.Choice([ALL, *sorted(ANY_SCOPE)]),
    help=f"Scope of the token: {', '.join(sorted(ANY_SCOPE))} or all; repeatable. [default: all]",
)
@click.option(
    "--expires-in",
    metavar="SECONDS",
    type=int,
    default=_HOUR,
    help=f"Lifetime of the token; at most the setting `token_lifetime`, {default('token_lifetime')} by default. "
    f"[default: {_HOUR}]",
)
@places
def token(sip_uri: str, scopes: tuple[str, ...], expires_in: int, file: Path | None, **flags: object) -> None:
    """Print an access token for a user, for scripts. Servers accept it until it expires or the password changes.

    \b
    Examples:
      openucwa token sip:lenea@contoso.com
      openucwa token sip:lenea@contoso.com --scope Conversations.Receive --expires-in 600
    """
    config = existing(file, flags)
    if not 1 <= expires_in <= config.token_lifetime:  # servers keep the signing key no longer than that
        raise Failure(f"--expires-in must be between 1 and {config.token_lifetime}, the setting token_lifetime")
    uri = sip(sip_uri)
    asked = frozenset(scopes)
    granted = None if not asked or ALL in asked else asked

    async def issue(store: Store) -> str:
        user = await store.users.get(uri)
        if user is None:
            raise Failure(f"no such user: {uri}")
        if user.disabled:
            raise Failure(f"{uri} is disabled")
        world = RealWorld()
        await store.signing_keys.add_first(new_signing_key(world))
        keys = await store.signing_keys.all()
        expires = world.now() + expires_in * 1000
        return Tokens(keys, world).issue(Caller(user.uri, user.name, None, user.generation, expires, granted))

    shown = " ".join(sorted(granted)) if granted else ALL
    click.echo(in_store(config, issue, audit.TokenIssued(os_user(), uri, expires_in, shown)))
