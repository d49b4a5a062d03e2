"""The commands: serve, user, check. They read what was typed, call the part that does it, and print what came of it.

What only serving needs is imported when it is served: the other commands need not wait for it.
"""

import asyncio
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from openucwa import __version__
from openucwa.config import Config, ConfigError, Loaded, load, load_with_sources, options
from openucwa.config_checks import masked
from openucwa.identity.passwords import Passwords
from openucwa.model.refusals import Refusal
from openucwa.model.user import User
from openucwa.model.world import RealWorld
from openucwa.store.contract import Store
from openucwa.store.sqlite import SqliteStore
from openucwa.wire.access_log import LogLines, route_logging

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

#: Characters that a password has at least, and at most.
SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024

#: The characters of a user that need no escape in a SIP URI, without those that end it (RFC 3261, 25.1).
_SIP_URI = re.compile(r"sip:[a-z0-9._~!$&'*+=-]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


class Failure(click.ClickException):
    """A command that can't do what it was asked to. One line on stderr, exit status 1."""

    def show(self, file: Any = None) -> None:
        text = "".join(c if c.isprintable() else " " for c in self.format_message())
        click.echo(f"openucwa: {text}", file=file, err=file is None)


@contextmanager
def failures() -> Iterator[None]:
    """Makes a `Failure` of what the parts raise when something can't be done."""
    try:
        yield
    except (ConfigError, Refusal) as error:
        raise Failure(str(error)) from None


def default(name: str) -> str:
    """How the help shows the default of a setting."""
    value = next(option.default for option in options() if option.name == name)
    return shown(value)


def shown(value: object) -> str:
    """How a setting's value is shown; a name and a password in a URL are not."""
    if isinstance(value, tuple):
        return ", ".join(shown(entry) for entry in value) or "none"
    if value is None or value == "":
        return "none"
    return masked(str(value))


def places(command: Command) -> Command:
    """The options of every command that looks for the store."""
    for add in (
        click.option("--data", metavar="DIR", help=f"Folder of the database. [default: {default('data')}]"),
        click.option(
            "--config",
            "file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            envvar="OPENUCWA_CONFIG",
            help="File of settings (TOML). The environment (OPENUCWA_NAME) and these options override it.",
        ),
    ):
        command = add(command)
    return command


def listening(command: Command) -> Command:
    """The options that say how the server is reached."""
    for add in (
        click.option("--bus", metavar="URL", help="Event bus between servers: nats://HOST:PORT. [default: none]"),
        click.option(
            "--allow-origin",
            metavar="ORIGIN",
            multiple=True,
            help="Web origin that may use the frame page and CORS. May be repeated. [default: none]",
        ),
        click.option("--public-url", metavar="URL", help="URL that clients reach the server by, behind a proxy say."),
        click.option("--tls-key", metavar="FILE", help="Private key of the certificate (PEM)."),
        click.option("--tls-cert", metavar="FILE", help="TLS certificate chain (PEM), for https."),
        click.option(
            "--listen",
            metavar="URL",
            multiple=True,
            help=f"http://HOST:PORT or https://HOST:PORT; port 0: a free one. May be repeated. "
            f"[default: {default('listen')}]",
        ),
    ):
        command = add(command)
    return places(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="openucwa", message="%(prog)s %(version)s")
def main() -> None:
    """An open, self-hosted server of the UCWA 2.0 online-meetings API.

    \b
    A first start:
      openucwa user add sip:lenea@contoso.com
      openucwa serve
      curl http://127.0.0.1:8080/

    All settings: docs/configuration.md. What is in force, and where from: openucwa check.
    """


@main.command()
@listening
def serve(file: Path | None, **flags: object) -> None:
    """Serve until SIGTERM or Ctrl-C.

    For each listener a line on stdout says when it accepts connections; the log is on stderr.
    At a stop requests under way are finished; a second Ctrl-C doesn't wait for them.

    \b
    Examples:
      openucwa serve
      openucwa serve --data /var/lib/openucwa --listen http://0.0.0.0:8080
      openucwa serve --listen https://0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem
      openucwa serve --config /etc/openucwa.toml --public-url https://meet.contoso.com
    """
    config = settings(file, flags).config
    import uvloop  # noqa: PLC0415

    from openucwa.app import Service  # noqa: PLC0415
    from openucwa.wire import listeners as wire  # noqa: PLC0415

    world = RealWorld()
    lines = LogLines(sys.stderr, config.log_level, world)
    with failures():
        listeners = wire.bind(config.listen)
        config = replace(config, listen=tuple(listener.url for listener in listeners))
        service = Service(config, world)
        restore_logging = route_logging(lines)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                status = runner.run(wire.serve(service, config, listeners=listeners, lines=lines, ready=announce))
        finally:
            restore_logging()
    sys.exit(status)


def announce(urls: Sequence[str]) -> None:
    """Says on stdout that the server accepts connections."""
    with suppress(OSError):  # nobody reads it
        for url in urls:
            click.echo(f"openucwa {__version__} listens on {url}")


@main.command()
@click.option("--exit", "exit_after", is_flag=True, help="End after the walk; exit status 0 if all went as it should.")
@click.option("--data", metavar="DIR", default="./demo-data", show_default=True, help="Folder of the demo's own.")
@click.option("--listen", metavar="URL", default="http://127.0.0.1:8080", show_default=True, help="Where it serves.")
def demo(exit_after: bool, data: str, listen: str) -> None:
    """Serve with two users, and show the main job step by step."""
    from openucwa.demo.client import Screen  # noqa: PLC0415
    from openucwa.demo.server import run  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with failures():
        config = load(None, {}, data=data, listen=(listen,))
        sys.exit(run(config, Screen(sys.stdout, colour=colour), exit_after=exit_after))


@main.command()
@listening
def check(file: Path | None, **flags: object) -> None:
    """Check settings and store, and print what is in force.

    Each setting with its value and where it comes from, then what the store holds. Exit status 1, and one line that
    says why, if the server could not start with it. A store that is not there yet is not made.

    \b
    Example:
      openucwa check --config /etc/openucwa.toml
    """
    loaded = settings(file, flags)
    rows = [(name, shown(getattr(loaded.config, name)), source) for name, source in loaded.sources.items()]
    table(("setting", "value", "from"), rows)
    check_certificate(loaded.config)
    if not Path(loaded.config.data).exists():
        click.echo(f"\nstore: none yet in {loaded.config.data}; the first start makes it")
        return

    async def describe(store: Store) -> Mapping[str, str]:
        return await store.describe()

    click.echo()
    for key, value in in_store(loaded.config, describe).items():
        click.echo(f"store {key}: {value}")


def check_certificate(config: Config) -> None:
    """Failure: the certificate or its key can't be used."""
    if config.tls_cert is None or config.tls_key is None:
        return
    from openucwa.wire.listeners import tls_context  # noqa: PLC0415

    with failures():
        tls_context(config.tls_cert, config.tls_key)


@main.group()
def user() -> None:
    """Users: add, list, passwd, remove. The server may run meanwhile.

    \b
    Examples:
      openucwa user add sip:lenea@contoso.com --name "Lene Aalling"
      pass show lenea | openucwa user passwd sip:lenea@contoso.com --password-stdin
      openucwa user list
    """


password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from stdin, one line, instead of asking for it twice."
)


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option("--name", metavar="NAME", help="Display name. [default: what stands before the @]")
@click.option("--email", metavar="EMAIL", help="E-mail address. [default: none]")
@click.option("--pool", metavar="POOL", help="Pool where the user is homed, of the setting pools. [default: here]")
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
    """Add a user, who may then sign in and organize meetings.

    \b
    Examples:
      openucwa user add sip:lenea@contoso.com
      echo "$PASSWORD" | openucwa user add sip:lenea@contoso.com --name "Lene Aalling" --password-stdin
    """
    config = settings(file, flags).config
    uri = sip(sip_uri)
    for option, text in {"--name": name, "--email": email}.items():
        if text is not None and (not text.strip() or not text.isprintable()):
            raise Failure(f"{option} {text!r} is empty or holds control characters")
    if pool is not None and pool not in {known.name for known in config.pools}:
        click.echo(f"openucwa: warning: the setting pools has no pool {pool}", err=True)
    local_part = uri.removeprefix("sip:").partition("@")[0]
    hashed = hash_of(read_password(uri, from_stdin=password_stdin))
    added = User(uri=uri, name=name or local_part, email=email, pool=pool, password_hash=hashed)
    in_store(config, lambda store: store.add_user(added))
    click.echo(f"added {uri}")


@user.command("list")
@places
def list_users(file: Path | None, **flags: object) -> None:
    """List all users."""
    config = existing(file, flags)
    found = in_store(config, lambda store: store.users())
    table(
        ("user", "name", "email", "pool"),
        [(known.uri, known.name, known.email or "-", known.pool or "-") for known in found],
    )


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@password_stdin
@places
def passwd(sip_uri: str, password_stdin: bool, file: Path | None, **flags: object) -> None:
    """Change a user's password. Whoever signed in with the old one has to sign in again."""
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    hashed = hash_of(read_password(uri, from_stdin=password_stdin))
    in_store(config, lambda store: store.change_password(uri, hashed))
    click.echo(f"changed the password of {uri}")


@user.command()
@click.argument("sip_uri", metavar="SIP-URI")
@click.option("--yes", is_flag=True, help="Don't ask.")
@places
def remove(sip_uri: str, yes: bool, file: Path | None, **flags: object) -> None:
    """Remove a user, with all of the user's meetings and their extensions."""
    config = existing(file, flags)
    uri = sip(sip_uri)
    require_user(config, uri)
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("there is no terminal to ask on; --yes removes without asking")
        click.confirm(f"Remove {uri} with all meetings and their extensions?", abort=True)
    in_store(config, lambda store: store.remove_user(uri, RealWorld().now()))
    click.echo(f"removed {uri}")


def settings(file: Path | None, flags: Mapping[str, object]) -> Loaded:
    """The settings in force. Failure: one of them can't be used."""
    with failures():
        return load_with_sources(file, os.environ, **flags)


def existing(file: Path | None, flags: Mapping[str, object]) -> Config:
    """The settings, where their store is there: looking for a user must not make one."""
    config = settings(file, flags).config
    if not Path(config.data).exists():
        raise Failure(f"there is no store in {config.data}; --data names its folder")
    return config


def in_store(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """What `work` gives, with the store open meanwhile."""

    async def run() -> T:
        store = SqliteStore(Path(config.data), timeout=config.store_timeout)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    with failures():
        return asyncio.run(run())


def require_user(config: Config, uri: str) -> None:
    """Failure: there is no user with this SIP URI."""
    if in_store(config, lambda store: store.user(uri)) is None:
        raise Failure(f"there is no user {uri}")


def sip(text: str) -> str:
    """A SIP URI as the store has it, in lower case. Failure: it is none."""
    uri = text.lower()
    if not _SIP_URI.fullmatch(uri):
        raise Failure(f"{text!r} is not a SIP URI of the form sip:USER@DOMAIN")
    return uri


def read_password(uri: str, *, from_stdin: bool) -> str:
    """The password that is typed, or piped in. Failure: there is none, or it is too short or too long."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt(f"Password of {uri}", hide_input=True, confirmation_prompt="Once more", err=True)
    else:
        raise Failure("there is no terminal to ask for the password on; --password-stdin reads it from a pipe")
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise Failure(f"a password has at least {SHORTEST_PASSWORD} characters, and at most {LONGEST_PASSWORD}")
    return password


def hash_of(password: str) -> str:
    """What the store keeps of a password."""
    passwords = Passwords(workers=1)
    try:
        return asyncio.run(passwords.hash(password))
    finally:
        passwords.close()


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Prints columns, each as wide as its widest entry."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
