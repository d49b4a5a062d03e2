"""The commands that control a running sandbox: each is one request to its control resources."""

import json
import sys
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import click

from openucwa.cli.common import Failure, table
from openucwa.sandbox import remote

Command = TypeVar("Command", bound=Callable[..., Any])


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


@click.command()
@click.argument("name")
@click.argument("parameters", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--rel", metavar="REL", help="Requests for resources of this rel only.")
@click.option("--method", metavar="METHOD", help="Requests with this method only.")
@click.option("--user", metavar="URI", help="Requests of this user only.")
@click.option("--path", metavar="REGEX", help="Requests whose path contains a match of this regular expression only.")
@click.option("--after", metavar="N", default=0, help="So many are answered as usual first.")
@click.option("--count", metavar="N", default=1, show_default=True, help="How many fail; 0: all of them.")
@click.option("--probability", metavar="P", default=1.0, help="Of each of them to fail. [default: 1]")
@at
def fault(name: str, parameters: tuple[str, ...], count: int, url: str, **match: object) -> None:
    """Let requests fail; prints the id of the rule.

    NAME is an error such as Conflict/AlreadyExists, or one of the other faults that /sandbox/faults/catalogue lists.

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
    """List the rules by which requests fail, or remove them."""
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
    """Adds the options that choose requests."""
    for add in (
        click.option("--body", metavar="REGEX", help="Whose body contains a match of this."),
        click.option("--status", metavar="STATUS", type=int, help="That were answered with this status."),
        click.option("--user", metavar="URI", help="Of this user."),
        click.option("--rel", metavar="REL", help="For resources of this rel."),
        click.option("--path", metavar="REGEX", help="Whose path contains a match of this."),
        click.option("--method", metavar="METHOD", help="With this method."),
    ):
        command = add(command)
    return command


@click.command()
@filters
@click.option("--har", is_flag=True, help="Print them as HAR 1.2.")
@click.option("--deviations", is_flag=True, help="Only those in which the client departed from the reference, and how.")
@at
def requests(har: bool, deviations: bool, url: str, **match: object) -> None:
    """List what the sandbox was asked, oldest first."""
    query = urlencode({name: value for name, value in match.items() if value is not None})
    if har:
        click.echo(json.dumps(ask(url, "GET", f"/requests/har?{query}"), indent=2))
        return
    for entry in ask(url, "GET", f"/requests?{query}")["requests"]:
        if deviations and not entry["deviations"]:
            continue
        said = [entry["method"], entry["path"], str(entry["status"] or "-")]
        said += [f"fault: {entry['fault']}"] if entry["fault"] else []
        click.echo(" ".join(said))
        for deviation in entry["deviations"] if deviations else ():
            click.echo(f"  {deviation}")


@click.command()
@filters
@click.option("--at-least", metavar="N", type=int, help="At least so many. [default: 1]")
@click.option("--at-most", metavar="N", type=int, help="At most so many.")
@click.option("--exactly", metavar="N", type=int, help="So many.")
@at
def verify(at_least: int | None, at_most: int | None, exactly: int | None, url: str, **match: object) -> None:
    """Check how many requests came; the exit status is 1 if it is not as expected.

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


COMMANDS = (clock, fault, faults, requests, reset, restore, snapshot, verify)
