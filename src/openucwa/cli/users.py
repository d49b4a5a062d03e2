"""openucwa user: add, list, passwd, photo, remove."""

import asyncio
import sys
from pathlib import Path

import click

from openucwa.cli.common import Failure, existing, failures, in_store, json_option, listing, opening, os_user, places
from openucwa.config import Config
from openucwa.identity.passwords import MAX_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, Passwords
from openucwa.model.photo import PhotoOrigin
from openucwa.model.user import User, is_sip_uri
from openucwa.model.world import RealWorld
from openucwa.pictures.photos import PhotoMaker, PhotoSettings
from openucwa.store.contract import Store
from openucwa.telemetry import audit


@click.group()
def user() -> None:
    """Add, list and remove users, change passwords and photos. Safe to use while the server is running.

    \b
    Examples:
      openucwa user add sip:lenea@contoso.com --name "Lene Aaling"
      pass show lenea | openucwa user passwd sip:lenea@contoso.com --password-stdin
      openucwa user list
    """


password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin, one line, instead of asking for it twice."
)


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option("--name", metavar="NAME", help="Display name. [default: the part before the @]")
@click.option("--email", metavar="EMAIL", help="E-mail address. [default: none]")
@click.option(
    "--pool", metavar="POOL", help="Home pool of the user, one of the setting `pools`. [default: this server]"
)
@password_stdin
@places
def add(
    sip_uri: str,
    name: str | None,
    email: str | None,
    pool: str | None,
    password_stdin: bool,
    file: Path | None,
    **flags: object,
) -> None:
    """Add a user, who can then sign in and organize meetings. A missing store is created.

    \b
    Examples:
      openucwa user add sip:lenea@contoso.com
      echo "$PASSWORD" | openucwa user add sip:lenea@contoso.com --name "Lene Aaling" --password-stdin
    """
    config = opening(file, flags)
    uri = sip(sip_uri)
    for option, text in {"--name": name, "--email": email}.items():
        if text is not None and (not text.strip() or not text.isprintable()):
            raise Failure(f"{option} {text!r} is empty or contains control characters")
    if pool is not None and pool not in {known.name for known in config.pools}:
        click.echo(f"openucwa: warning: the setting pools does not list {pool}", err=True)
    local_part = uri.removeprefix("sip:").partition("@")[0]
    hashed = hash_of(read_password(uri, from_stdin=password_stdin))
    added = User(uri=uri, name=name or local_part, email=email, pool=pool, password_hash=hashed)
    in_store(config, lambda store: store.users.add(added), audit.UserAdded(os_user(), uri))
    click.echo(f"added {uri}")


@user.command("list")
@json_option
@places
def list_users(as_json: bool, file: Path | None, **flags: object) -> None:
    """List all users. "from" is the issuer or directory that a user comes from; "-" means `user add`."""
    config = existing(file, flags)
    found = in_store(config, lambda store: store.users.all())
    listing(
        ("user", "name", "email", "pool", "disabled", "from"),
        [(known.uri, known.name, known.email, known.pool, known.disabled, known.source) for known in found],
        as_json=as_json,
    )


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@password_stdin
@places
def passwd(sip_uri: str, password_stdin: bool, file: Path | None, **flags: object) -> None:
    """Change a user's password. Tokens issued for the old password become invalid."""
    config = existing(file, flags)
    uri = sip(sip_uri)
    known = require_user(config, uri)
    if known.source is not None:
        raise Failure(f"the password of {uri} is managed by {known.source}")
    hashed = hash_of(read_password(uri, from_stdin=password_stdin))
    in_store(config, lambda store: store.users.change_password(uri, hashed), audit.PasswordChanged(os_user(), uri))
    click.echo(f"changed the password of {uri}")


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@places
def remove(sip_uri: str, yes: bool, file: Path | None, **flags: object) -> None:
    """Remove a user and all of their meetings, with the extensions.

    Issuers and directories do not add the user again; `user add` does.
    """
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("not a terminal: use --yes to remove without confirmation")
        click.confirm(f"Remove {uri} and all of their meetings, with the extensions?", abort=True)
    in_store(config, lambda store: store.users.remove(uri, RealWorld().now()), audit.UserRemoved(os_user(), uri))
    click.echo(f"removed {uri}")


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.argument("picture", metavar="[FILE]", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--remove", is_flag=True, help="Remove the photo.")
@places
def photo(sip_uri: str, picture: Path | None, remove: bool, file: Path | None, **flags: object) -> None:
    """Set or remove a user's photo, from a JPEG or PNG file. It is stored square, reduced, and without metadata.

    \b
    Examples:
      openucwa user photo sip:lenea@contoso.com lene.jpg
      openucwa user photo sip:lenea@contoso.com --remove
    """
    if (picture is None) != remove:
        raise Failure("name a file, or use --remove")
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    if picture is None:

        async def remove_it(store: Store) -> None:
            if not await store.photos.remove(uri):
                raise Failure(f"{uri} has no photo")

        in_store(config, remove_it, audit.PhotoRemoved(os_user(), uri))
        click.echo(f"removed the photo of {uri}")
        return
    with failures():
        pictures = asyncio.run(PhotoMaker(config.part(PhotoSettings)).make(uri, read_photo(picture)))
    origin = PhotoOrigin(None, "")
    in_store(config, lambda store: store.photos.put(uri, pictures, origin), audit.PhotoChanged(os_user(), uri))
    click.echo(f"set the photo of {uri} ({pictures[-1].size} x {pictures[-1].size} pixels)")


def read_photo(picture: Path) -> bytes:
    """The content of a file. Failure: it cannot be read."""
    try:
        return picture.read_bytes()
    except OSError as error:
        raise Failure(f"{picture}: {error.strerror}") from None


def require_user(config: Config, uri: str) -> User:
    """The user with this SIP URI. Failure: no user has it."""
    found = in_store(config, lambda store: store.users.get(uri))
    if found is None:
        raise Failure(f"no such user: {uri}")
    return found


def sip(text: str) -> str:
    """A SIP URI as the store has it, in lower case. Failure: it is not one."""
    uri = text.lower()
    if not is_sip_uri(uri):
        raise Failure(f"{text!r} is not a SIP URI of the form sip:USER@DOMAIN")
    return uri


def read_password(uri: str, *, from_stdin: bool) -> str:
    """The password, typed or piped in. Failure: it is missing, too short or too long."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt(
            f"Password of {uri}", hide_input=True, confirmation_prompt="Repeat the password", err=True
        )
    else:
        raise Failure("not a terminal: use --password-stdin to pipe the password in")
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise Failure(f"the password must have {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH:,} characters")
    return password


def hash_of(password: str) -> str:
    """The hash of a password, as the store has it."""
    passwords = Passwords(workers=1)
    try:
        return asyncio.run(passwords.hash(password))
    finally:
        passwords.close()
