"""openucwa token."""

from pathlib import Path

import click

from openucwa.cli.common import Failure, existing, in_store, places
from openucwa.cli.users import sip
from openucwa.identity.tickets import Ticket, Tickets
from openucwa.model.refusals import ResourceNotFound
from openucwa.model.scopes import ALL, ANY_SCOPE
from openucwa.model.world import RealWorld
from openucwa.store.contract import Store

#: Seconds that such a token is good for at most: as long as servers keep the key that signed it.
_HOUR = 3_600


@click.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option(
    "--scope",
    "scopes",
    metavar="SCOPE",
    multiple=True,
    type=click.Choice([ALL, *sorted(ANY_SCOPE)]),
    help="A scope of the token; several times for several. [default: all]",
)
@click.option(
    "--expires-in", metavar="SECONDS", type=click.IntRange(1), default=_HOUR, show_default=True, help="Its lifetime."
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
    if expires_in > config.token_lifetime:
        raise Failure(f"--expires-in is at most {config.token_lifetime}, the setting token_lifetime")
    uri = sip(sip_uri)
    asked = frozenset(scopes)
    granted = None if not asked or ALL in asked else asked

    async def issue(store: Store) -> str:
        user, keys = await store.user(uri), await store.signing_keys()
        if user is None:
            raise ResourceNotFound(f"there is no user {uri}")
        if not keys:
            raise ResourceNotFound("there is no signing key yet; a server's first start makes it")
        world = RealWorld()
        expires = world.now() + expires_in * 1000
        return Tickets(keys, world).issue(Ticket(user.uri, user.name, None, user.generation, expires, granted))

    click.echo(in_store(config, issue))
