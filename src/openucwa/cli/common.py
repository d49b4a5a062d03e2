"""What the commands have in common: options, settings, the store, and what is said where something can't be done."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from openucwa.config import Config, ConfigError, Loaded, load_with_sources, options
from openucwa.config_checks import masked
from openucwa.model.refusals import Refusal
from openucwa.store.choice import place_of, store_of
from openucwa.store.contract import Store

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])


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
    except ConfigError as error:
        raise Failure(str(error)) from None
    except Refusal as refusal:
        raise Failure(refusal.reason) from None


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
        click.option(
            "--store",
            metavar="URL",
            help="PostgreSQL database instead: postgresql://USER@HOST:PORT/DATABASE. A password that is typed here "
            "is seen in the list of processes: OPENUCWA_STORE or a password file keeps it out of there.",
        ),
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
        click.option("--bus", metavar="URL", help="Event bus between servers: nats://HOST:PORT."),
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


def settings(file: Path | None, flags: Mapping[str, object]) -> Loaded:
    """The settings in force. Failure: one of them can't be used."""
    with failures():
        return load_with_sources(file, os.environ, **flags)


def existing(file: Path | None, flags: Mapping[str, object]) -> Config:
    """The settings, where their store is there: looking for a user must not make one."""
    config = settings(file, flags).config
    if not store_is_there(config):
        option = "--data names its folder" if config.store is None else "a server's first start makes it"
        raise Failure(f"there is no store in {place_of(config)}; {option}")
    return config


def store_is_there(config: Config) -> bool:
    """Whether the store was made already. Failure: that can't be seen."""
    with failures():
        return asyncio.run(store_of(config).is_there())


def in_store(config: Config, work: Callable[[Store], Awaitable[T]]) -> T:
    """What `work` gives, with the store open meanwhile."""

    async def run() -> T:
        store = store_of(config)
        await store.open()
        try:
            return await work(store)
        finally:
            await store.close()

    with failures():
        return asyncio.run(run())


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Prints columns, each as wide as its widest entry."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    for row in [head, *rows]:
        click.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
