"""openucwa compare: a recorded session, sent to two servers."""

import sys
from pathlib import Path

import click

from openucwa.cli.common import Failure, printable


def _pairs(texts: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if not all(old and equals for old, equals, _ in pairs):
        raise Failure(f"{option} must be OLD=NEW")
    return {old: new for old, _, new in pairs}


@click.command()
@click.argument("url_a")
@click.argument("url_b")
@click.argument("script", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace-a", metavar="OLD=NEW", multiple=True, help="Send NEW instead of OLD to A; repeatable.")
@click.option("--replace-b", metavar="OLD=NEW", multiple=True, help="Send NEW instead of OLD to B; repeatable.")
def compare(url_a: str, url_b: str, script: Path, replace_a: tuple[str, ...], replace_b: tuple[str, ...]) -> None:
    """Send a recorded session to two servers and print how their answers differ.

    SCRIPT is a HAR file, for example from `openucwa sandbox requests --har`. Status, headers and the structure of
    JSON and XML are compared; ids, etags, tokens and addresses may differ. Both servers need the users that sign in.
    The exit status is 1 if there are differences. The requests are executed: use test servers only.

    A recorded token or cookie is only sent to the server from which it was recorded. If the session does not contain
    the sign-in, give each server's token with --replace-a and --replace-b. Bodies are sent to both, passwords included.

    \b
    Example:
      openucwa compare http://127.0.0.1:8080 https://ucwa.example.com session.har --replace-b lenea-password=secret
    """
    import httpx  # noqa: PLC0415
    import msgspec  # noqa: PLC0415

    from openucwa.sandbox import comparison  # noqa: PLC0415

    try:
        har = msgspec.json.decode(script.read_bytes(), type=comparison.Har)
    except OSError as error:
        raise Failure(f"{script} cannot be read: {error.strerror}") from None
    except msgspec.MsgspecError as error:
        raise Failure(f"{script} is not a HAR file: {error}") from None
    differ = asked = 0
    replaced = _pairs(replace_a, "--replace-a"), _pairs(replace_b, "--replace-b")
    try:
        for number, (what, found) in enumerate(comparison.compare(har, url_a, url_b, replaced), 1):
            asked = number
            differ += bool(found)
            for difference in found:
                click.echo(printable(f"{number} {what}: {difference}"))
    except httpx.HTTPError as error:
        raise Failure(f"request {asked + 1} was not answered: {type(error).__name__}") from None
    click.echo(f"{asked} requests, {differ} answered differently")
    if differ:
        sys.exit(1)
