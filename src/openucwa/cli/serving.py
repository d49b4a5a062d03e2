"""openucwa serve: the server, in one process or several."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openucwa import __version__
from openucwa.cli.common import default, failures, listening, settings
from openucwa.config import Config
from openucwa.model.world import RealWorld, World
from openucwa.wire.access_log import LogLines, route_logging

if TYPE_CHECKING:
    from openucwa.wire.listeners import Listener


@click.command()
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help=f"Processes that serve, on the same listeners. [default: {default('workers')}]",
)
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
      openucwa serve --workers 4
    """
    config = settings(file, flags).config
    from openucwa.wire import listeners as wire  # noqa: PLC0415

    world = RealWorld()
    lines = LogLines(sys.stderr, config.log_level, world, config.log_format)
    with failures():
        listeners = wire.bind(config.listen)
        config = replace(config, listen=tuple(listener.url for listener in listeners))
        restore_logging = route_logging(lines)
        try:
            if config.workers > 1:
                status = with_workers(config, listeners, world)
            else:
                status = with_one_process(config, listeners, world, lines)
        finally:
            wire.close(listeners)
            restore_logging()
    sys.exit(status)


def with_one_process(config: Config, listeners: "Sequence[Listener]", world: World, lines: LogLines) -> int:
    """Serves in this process; the exit status."""
    import uvloop  # noqa: PLC0415

    from openucwa.app import Service  # noqa: PLC0415
    from openucwa.wire.serving import serve as serve_here  # noqa: PLC0415

    service = Service(config, world)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve_here(service, config, listeners=listeners, lines=lines, ready=announce))


def with_workers(config: Config, listeners: "Sequence[Listener]", world: World) -> int:
    """Lets several processes serve, and looks after them; the exit status."""
    from openucwa.workers.supervisor import supervise  # noqa: PLC0415

    return asyncio.run(supervise(config, listeners, world, announce))


def announce(urls: Sequence[str]) -> None:
    """Says on stdout that the server accepts connections."""
    with suppress(OSError):  # nobody reads it
        for url in urls:
            click.echo(f"openucwa {__version__} listens on {url}")
