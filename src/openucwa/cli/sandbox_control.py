"""The commands that control a running sandbox: each is one request to its control resources."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

import click

from openucwa.cli.common import Failure

Command = TypeVar("Command", bound=Callable[..., Any])

#: Seconds to wait for an answer; a step of years takes some.
PATIENCE = 600.0


def at(command: Command) -> Command:
    """Adds the option that names the sandbox."""
    return click.option(
        "--url",
        metavar="URL",
        envvar="OPENUCWA_SANDBOX",
        default="http://127.0.0.1:8080",
        show_default=True,
        help="Address of the sandbox.",
    )(command)


def ask(url: str, method: str, path: str, body: object = None) -> Any:
    """The JSON of an answer; None: it has none. Failure: it is a refusal, or there is no sandbox."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310  # the user names the address
        f"{url.rstrip('/')}/sandbox{path}", data, {"Content-Type": "application/json"}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            text = answer.read()
    except urllib.error.HTTPError as refused:
        raise Failure(_sentence(refused)) from None
    except OSError as error:
        raise Failure(f"no sandbox answers at {url}: {getattr(error, 'reason', error)}") from None
    return json.loads(text) if text else None


def _sentence(refused: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(refused.read())["message"])
    except (ValueError, KeyError, TypeError):
        return f"the answer was {refused.code}; is this a sandbox?"


@click.command()
@click.argument("change", required=False)
@click.argument("time", required=False)
@at
def clock(change: str | None, time: str | None, url: str) -> None:
    """Show, freeze, set or advance the clock.

    CHANGE is `freeze`, `run`, `set` with a TIME in ISO 8601, or a duration such as +15m or +8h30m.

    \b
    Examples:
      openucwa sandbox clock
      openucwa sandbox clock freeze
      openucwa sandbox clock set 2027-01-01T08:00:00Z
      openucwa sandbox clock +15m
    """
    if change is None:
        found = ask(url, "GET", "/clock")
    else:
        wanted: dict[str, object]
        match change:
            case "freeze" | "run":
                wanted = {"frozen": change == "freeze"}
            case "set" if time is not None:
                wanted = {"now": time}
            case _:
                wanted = {"advance": change}
        found = ask(url, "POST", "/clock", wanted)
    click.echo(found["now"] + (" frozen" if found["frozen"] else ""))


@click.command()
@click.option("--user", metavar="URI", help="Remove only what this user has.")
@at
def reset(user: str | None, url: str) -> None:
    """Return to the state after the start."""
    ask(url, "POST", "/reset", {} if user is None else {"user": user})


@click.command()
@click.argument("name", required=False)
@at
def snapshot(name: str | None, url: str) -> None:
    """Keep the present state under NAME; without one, list the snapshots."""
    if name is not None:
        ask(url, "PUT", f"/snapshots/{quote(name, safe='')}")
        return
    for each in ask(url, "GET", "/snapshots")["names"]:
        click.echo(each)


@click.command()
@click.argument("name")
@at
def restore(name: str, url: str) -> None:
    """Return to the snapshot NAME."""
    ask(url, "POST", f"/snapshots/{quote(name, safe='')}/restore")


COMMANDS = (clock, reset, snapshot, restore)
