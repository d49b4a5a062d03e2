"""The commands that control a running sandbox: each is one request to its control resources."""

import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import click

from openucwa.cli.common import Failure, printable, table
from openucwa.sandbox import remote

Command = TypeVar("Command", bound=Callable[..., Any])


def at(command: Command) -> Command:
    """Adds the option that names the sandbox."""
    return click.option(
        "--url",
        metavar="URL",
        envvar="UCWA_SANDBOX",
        default="http://127.0.0.1:8080",
        show_default=True,
        help="Address of the sandbox.",
    )(command)


def ask(url: str, method: str, path: str, body: object = None) -> Any:
    """As `remote.ask`. Failure: it is a refusal, or there is no sandbox."""
    try:
        return remote.ask(url, method, path, body)
    except remote.ControlError as error:
        raise Failure(str(error)) from None


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
            case "set":
                if time is None:
                    raise click.UsageError("set needs a TIME, such as 2027-01-01T08:00:00Z")
                wanted = {"now": time}
            case _:
                wanted = {"advance": change}
        found = ask(url, "POST", "/clock", wanted)
    click.echo(found["now"] + (" frozen" if found["frozen"] else ""))


@click.command()
@click.option("--user", metavar="URI", help="Remove only this user's data.")
@at
def reset(user: str | None, url: str) -> None:
    """Restore the initial state."""
    ask(url, "POST", "/reset", {} if user is None else {"user": user})


@click.command()
@click.argument("name", required=False)
@at
def snapshot(name: str | None, url: str) -> None:
    """Save the current state as NAME; without a name, list the snapshots."""
    if name is not None:
        ask(url, "PUT", f"/snapshots/{quote(name, safe='')}")
        return
    for each in ask(url, "GET", "/snapshots")["names"]:
        click.echo(each)


@click.command()
@click.argument("name")
@at
def restore(name: str, url: str) -> None:
    """Restore the snapshot NAME."""
    ask(url, "POST", f"/snapshots/{quote(name, safe='')}/restore")


@click.command()
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--rel", metavar="REL", help="Only requests for resources with this rel.")
@click.option("--method", metavar="METHOD", help="Only requests with this method.")
@click.option("--user", metavar="URI", help="Only requests of this user.")
@click.option("--path", metavar="PATH", help="Only requests for this path; `*` in it stands for any text.")
@click.option("--after", metavar="N", default=0, help="Number of matching requests that succeed first. [default: 0]")
@click.option("--count", metavar="N", default=1, show_default=True, help="Number of requests that fail; 0: all.")
@click.option("--probability", metavar="P", default=1.0, help="Probability of each request to fail. [default: 1]")
@at
def fault(name: str, parameters: tuple[str, ...], count: int, url: str, **match: object) -> None:
    """Make requests fail; prints the id of the rule.

    NAME is an error such as Conflict/AlreadyExists, or another fault listed by /sandbox/faults/catalogue.

    \b
    Examples:
      openucwa sandbox fault ServiceUnavailable retryAfter=5 --method PUT
      openucwa sandbox fault lost --rel onlineMeetingExtensions --method POST
      openucwa sandbox fault delay seconds=2 --count 0 --probability 0.1
    """
    pairs = [parameter.partition("=") for parameter in parameters]
    wanted = {
        "fault": name,
        "parameters": {key: value for key, _, value in pairs},
        "count": count or None,
        **{key: value for key, value in match.items() if value is not None},
    }
    click.echo(ask(url, "POST", "/faults", wanted)["id"])


@click.command()
@click.option("--clear", is_flag=True, help="Remove all rules.")
@click.option("--remove", metavar="ID", help="Remove one rule.")
@at
def faults(clear: bool, remove: str | None, url: str) -> None:
    """List or remove the rules for failing requests."""
    if clear or remove is not None:
        ask(url, "DELETE", "/faults" if clear else f"/faults/{quote(remove or '', safe='')}")
        return
    rows = [
        tuple(
            "any" if rule[name] is None else str(rule[name])
            for name in ("id", "fault", "rel", "method", "user", "path", "count", "hits")
        )
        for rule in ask(url, "GET", "/faults")["rules"]
    ]
    table(("id", "fault", "rel", "method", "user", "path", "count", "hits"), rows)


def filters(command: Command) -> Command:
    """Adds the options that select requests."""
    for add in (
        click.option("--body", metavar="TEXT", help="Only requests whose body contains this text."),
        click.option("--status", metavar="STATUS", type=int, help="Only requests answered with this status."),
        click.option("--user", metavar="URI", help="Only requests of this user."),
        click.option("--rel", metavar="REL", help="Only requests for resources with this rel."),
        click.option("--path", metavar="PATH", help="Only requests for this path; `*` in it stands for any text."),
        click.option("--method", metavar="METHOD", help="Only requests with this method."),
    ):
        command = add(command)
    return command


@click.command()
@filters
@click.option("--har", is_flag=True, help="Print as HAR 1.2.")
@click.option("--deviations", is_flag=True, help="Only requests that deviate from the reference, with the deviations.")
@at
def requests(har: bool, deviations: bool, url: str, **match: object) -> None:
    """List the recorded requests, oldest first."""
    query = urlencode({name: value for name, value in match.items() if value is not None})
    if har:
        click.echo(json.dumps(ask(url, "GET", f"/requests/har?{query}"), indent=2))
        return
    for entry in ask(url, "GET", f"/requests?{query}")["requests"]:
        if deviations and not entry["deviations"]:
            continue
        said = [entry["method"], entry["path"], str(entry["status"] or "-")]
        said += [f"fault: {entry['fault']}"] if entry["fault"] else []
        click.echo(printable(" ".join(said)))
        for deviation in entry["deviations"] if deviations else ():
            click.echo(f"  {printable(deviation)}")


@click.command()
@filters
@click.option("--at-least", metavar="N", type=int, help="Minimum number of requests. [default: 1]")
@click.option("--at-most", metavar="N", type=int, help="Maximum number of requests.")
@click.option("--exactly", metavar="N", type=int, help="Exact number of requests.")
@at
def verify(at_least: int | None, at_most: int | None, exactly: int | None, url: str, **match: object) -> None:
    """Check the number of recorded requests; exit status 1 if it differs.

    \b
    Example:
      openucwa sandbox verify --rel onlineMeetingExtension --method PUT --exactly 1
    """
    wanted = {"atLeast": at_least, "atMost": at_most, "exactly": exactly, **match}
    found = ask(url, "POST", "/requests/verify", {name: value for name, value in wanted.items() if value is not None})
    came = f"{found['count']} request{'' if found['count'] == 1 else 's'}"
    click.echo(f"{came}, as expected" if found["verified"] else f"{came}, expected {found['expected']}")
    if not found["verified"]:
        sys.exit(1)


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@at
def export_state(file: Path, url: str) -> None:
    """Write all data to FILE as JSON. [default: stdout]

    Only its owner can read FILE: it contains signing keys and the hashes of passwords.
    """
    text = json.dumps(ask(url, "GET", "/state"), indent=1)
    if str(file) == "-":
        click.echo(text)
        return
    try:
        with open(file, "w", opener=_open_for_owner) as written:
            written.write(f"{text}\n")
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None


def _open_for_owner(file: str, flags: int) -> int:
    """As `os.open`. Nobody else can read the file, even if it was there before."""
    opened = os.open(file, flags, 0o600)
    if stat.S_ISREG(os.fstat(opened).st_mode):
        os.fchmod(opened, 0o600)
    return opened


@click.command("import")
@click.argument("file", type=click.File("r"), default="-")
@at
def import_state(file: Any, url: str) -> None:
    """Replace all data with that of FILE, an export. [default: stdin]"""
    try:
        state = json.load(file)
    except ValueError as error:
        raise Failure(f"{file.name} is not JSON: {error}") from None
    ask(url, "PUT", "/state", state)


COMMANDS = (clock, export_state, fault, faults, import_state, requests, reset, restore, snapshot, verify)
