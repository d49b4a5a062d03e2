"""The common parts of the commands: options, settings, access to the store, and errors."""

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from openucwa.config import Config
from openucwa.config_checks import masked
from openucwa.config_loading import SETTINGS_FILE, Loaded, load_with_sources, options, settings_file
from openucwa.config_options import ConfigError
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld
from openucwa.store.choice import place_of, store_of
from openucwa.store.contract import Store
from openucwa.telemetry import audit
from openucwa.telemetry.audit import Act
from openucwa.telemetry.audit_trail import AuditTrail

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


class Failure(click.ClickException):
    """A command that failed: one line on stderr, exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"openucwa: {printable(self.format_message())}", file=file, err=file is None)


def printable(text: str) -> str:
    """`text` with blanks in place of characters that are not printable: what others wrote must not control the terminal
    or forge lines."""
    return "".join(character if character.isprintable() else " " for character in text)


@contextmanager
def failures() -> Iterator[None]:
    """Turns the errors of settings, store and listeners into a `Failure`."""
    try:
        yield
    except ConfigError as error:
        raise Failure(str(error)) from None
    except Refusal as refusal:
        raise Failure(refusal.reason) from None


def default(name: str) -> str:
    """A setting's default, as help texts show it."""
    value = next(option.default for option in options() if option.name == name)
    return shown(value)


def shown(value: object) -> str:
    """A setting's value for people, without the user and password that a URL may hold."""
    if isinstance(value, tuple):
        return ", ".join(shown(entry) for entry in value) or "none"
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return masked(str(value))


def places(command: Command) -> Command:
    """Adds the options that locate the store."""
    for add in (
        click.option(
            "--store",
            metavar="URL",
            help="Use PostgreSQL instead of SQLite: postgresql://USER@HOST:PORT/DATABASE. A password given here is "
            "visible in the process list; use OPENUCWA_STORE, the settings file or a password file instead.",
        ),
        click.option("--data", metavar="DIR", help=f"Folder of the SQLite database. [default: {default('data')}]"),
        click.option(
            "--config",
            "file",
            metavar="FILE",
            type=click.Path(path_type=Path),
            envvar="OPENUCWA_CONFIG",
            help="Settings file (TOML). The environment (OPENUCWA_NAME) and these options override it. "
            f"[default: {SETTINGS_FILE} if it exists]",
        ),
    ):
        command = add(command)
    return command


def listening(command: Command) -> Command:
    """Adds the options of the listeners."""
    for add in (
        click.option("--bus", metavar="URL", help="Event bus between servers: nats://HOST:PORT."),
        click.option(
            "--allow-origin",
            metavar="ORIGIN",
            multiple=True,
            help="Web origin that may use the cross-domain frame and CORS; repeatable. [default: none]",
        ),
        click.option("--public-url", metavar="URL", help="Public URL of the server, for example behind a proxy."),
        click.option("--tls-key", metavar="FILE", help="Private key of the certificate (PEM)."),
        click.option("--tls-cert", metavar="FILE", help="TLS certificate chain (PEM), for https."),
        click.option(
            "--listen",
            metavar="URL",
            multiple=True,
            help="Address to listen on: http://HOST:PORT or https://HOST:PORT; port 0 picks a free port; repeatable. "
            f"[default: {default('listen')}]",
        ),
    ):
        command = add(command)
    return places(command)


def settings(file: Path | None, flags: Mapping[str, object]) -> Loaded:
    """The effective settings. Failure: one of them is invalid."""
    with failures():
        return load_with_sources(settings_file(file), os.environ, **flags)


def store_line(loaded: Loaded) -> str:
    """The store in use and the source of that setting: `store: /var/lib/openucwa (data: default)`."""
    name = "data" if loaded.config.store is None else "store"
    place = place_of(loaded.config)
    return f"store: {Path(place).absolute() if name == 'data' else place} ({name}: {loaded.sources[name]})"


def opening(file: Path | None, flags: Mapping[str, object]) -> Config:
    """The settings of a command that uses the store; says on stderr which store that is. Failure: as `settings`."""
    loaded = settings(file, flags)
    click.echo(f"openucwa: {store_line(loaded)}", err=True)
    if loaded.config.store is None and (owner := _other_owner(Path(loaded.config.data))):
        # SQLite's files would belong to root, and the server could not write to them.
        raise Failure(f"{loaded.config.data} belongs to {owner}; run this as that user: sudo -u {owner} openucwa ...")
    return loaded.config


def _other_owner(folder: Path) -> str | None:
    """The owner of `folder`, if that is not root and this process runs as root."""
    if os.geteuid() != 0 or not folder.exists() or (owner := folder.stat().st_uid) == 0:
        return None
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"#{owner}"


def existing(file: Path | None, flags: Mapping[str, object]) -> Config:
    """As `opening`, for a command that must not create a store. Failure: there is no store."""
    config = opening(file, flags)
    if not store_is_there(config):
        hint = "--data or --config names another" if config.store is None else "it is created by the first start"
        raise Failure(f"no store found in {place_of(config)}; {hint}")
    return config


def store_is_there(config: Config) -> bool:
    """Whether the store exists already. Failure: the database does not answer."""
    with failures():
        return asyncio.run(store_of(config).is_there())


def in_store(config: Config, work: Callable[[Store], Awaitable[T]], act: Act | None = None) -> T:
    """The result of `work` on the open store. `act`: for the audit trail, if `work` succeeds."""

    async def run() -> T:
        store = store_of(config)
        await store.open()
        try:
            result = await work(store)
        finally:
            await store.close()
        if act is not None:
            audit.log(act)
        return result

    with audited(config):
        return asyncio.run(run())


@contextmanager
def audited(config: Config) -> Iterator[None]:
    """As `failures`; acts in the block go where `audit_log` says, those of the log to stderr."""
    with failures(), AuditTrail(config, RealWorld()):
        yield


def os_user() -> str:
    """The user of the operating system who runs this command, as audit lines name it: `os:root`; `os:openucwa (sudo:
    lene)`, if sudo says so.
    """
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"#{os.getuid()}"
    return f"os:{name} (sudo: {sudo})" if (sudo := os.environ.get("SUDO_USER")) else f"os:{name}"


json_option = click.option("--json", "as_json", is_flag=True, help="Print a JSON array with an object for each row.")


def listing(head: tuple[str, ...], rows: Sequence[tuple[object, ...]], *, as_json: bool) -> None:
    """Prints rows for people, as a table, or for programs, as JSON: names are those of `head` in camelCase.

    Values are text, numbers, truth values or None, which is `-` in the table.
    """
    if as_json:
        names = [_camel(name) for name in head]
        objects = [dict(zip(names, row, strict=True)) for row in rows]
        click.echo(msgspec.json.format(msgspec.json.encode(objects)).decode())
        return
    table(head, [tuple(map(_cell, row)) for row in rows])


def _camel(name: str) -> str:
    first, *rest = name.split()
    return first + "".join(word.capitalize() for word in rest)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value is None or value == "" else printable(str(value))


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Prints a table, each column as wide as its widest entry."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
