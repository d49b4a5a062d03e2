"""openucwa health and openucwa migrate: for containers, their orchestrators, and scripts."""

import http.client
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import click

from openucwa.cli.common import Failure, in_store, listening, opening, places, settings

#: Where a server listens on every address, it is asked on this machine's own.
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound


@click.command()
@click.option("--ready", is_flag=True, help="Check whether it can serve requests (/readyz), not only that it runs.")
@click.option("--timeout", type=float, default=5.0, show_default=True, metavar="SECONDS", help="Maximum time to wait.")
@listening
def health(ready: bool, timeout: float, file: Path | None, **flags: object) -> None:
    """Check whether the server on this machine is healthy; exit status 1 if it is not.

    Requests the first address of the setting `listen`. A certificate is not verified, because it is not for an
    address of this machine.

    \b
    Examples:
      openucwa health
      openucwa health --ready --listen https://127.0.0.1:443
    """
    config = settings(file, flags).config
    url = urlsplit(config.listen[0])
    host = _EVERY_ADDRESS.get(url.hostname or "", url.hostname or "")
    path = "/readyz" if ready else "/healthz"
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        connection = http.client.HTTPSConnection(host, url.port, timeout=timeout, context=_without_verification())
    else:
        connection = http.client.HTTPConnection(host, url.port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        text = answer.read(10_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        reason = str(error) or type(error).__name__
        raise Failure(f"{config.listen[0]} does not answer: {reason}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Failure(f"{config.listen[0]} answers {answer.status}: {text}")
    click.echo(text)


@click.command()
@places
def migrate(file: Path | None, **flags: object) -> None:
    """Create the store, or migrate it to this version of openucwa, and print what it holds.

    A server does the same when it starts; use this to migrate in a separate step first, such as a job that runs
    once before several servers start. `openucwa check` shows whether there is anything to do.

    \b
    Example:
      openucwa migrate --config node.toml
    """
    config = opening(file, flags)
    for key, value in in_store(config, lambda store: store.describe()).items():
        click.echo(f"store {key}: {value}")


def _without_verification() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
