"""openucwa serve: the server, in one process or several."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openucwa import __version__
from openucwa.cli.common import default, failures, listening, settings
from openucwa.config import Config, load_with_sources
from openucwa.model.world import RealWorld, World
from openucwa.telemetry.log import LogLines, route_logging

if TYPE_CHECKING:
    from openucwa.server.listeners import Listener
    from openucwa.server.orders import Orders


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
    At a stop requests in flight are finished; a second Ctrl-C doesn't wait for them. SIGHUP reads certificates, log
    level and log file again.

    \b
    Examples:
      openucwa serve
      openucwa serve --data /var/lib/openucwa --listen http://0.0.0.0:8080
      openucwa serve --listen https://0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem
      openucwa serve --config /etc/openucwa.toml --public-url https://meet.contoso.com
      openucwa serve --workers 4
    """
    config = settings(file, flags).config
    from openucwa.server import listeners as sockets  # noqa: PLC0415
    from openucwa.server.orders import Orders  # noqa: PLC0415

    world = RealWorld()
    with failures():
        listeners = sockets.bind(config.listen)
        try:
            config = replace(config, listen=tuple(listener.url for listener in listeners))
            lines = LogLines.of(config, world)
            orders = Orders(lambda: load_with_sources(file, os.environ, **flags).config)
            orders.on_reload(lines.reload)
            restore_logging = route_logging(lines)
            try:
                if config.workers > 1:
                    status = with_workers(config, listeners, orders, world)
                else:
                    status = with_one_process(config, listeners, orders, world, lines)
            finally:
                restore_logging()
        finally:
            sockets.close(listeners)
    sys.exit(status)


def with_one_process(
    config: Config, listeners: "Sequence[Listener]", orders: "Orders", world: World, lines: LogLines
) -> int:
    """Serves in this process; the exit status."""
    import uvloop  # noqa: PLC0415

    from openucwa.app import Service  # noqa: PLC0415
    from openucwa.server.orders import Signals  # noqa: PLC0415
    from openucwa.server.process import serve as serve_here  # noqa: PLC0415
    from openucwa.telemetry.access_log import AccessLog  # noqa: PLC0415

    service = Service(config, world)
    log = AccessLog(lines, service.measures)

    async def run() -> int:
        with Signals(orders):
            return await serve_here(service, config, listeners=listeners, orders=orders, observer=log, ready=announce)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def with_workers(config: Config, listeners: "Sequence[Listener]", orders: "Orders", world: World) -> int:
    """Lets several processes serve, and looks after them; the exit status."""
    from openucwa.workers.supervisor import supervise  # noqa: PLC0415

    return asyncio.run(supervise(config, listeners, orders, world, announce))


def announce(urls: Sequence[str]) -> None:
    """Says on stdout that the server accepts connections."""
    with suppress(OSError):  # nobody reads it
        for url in urls:
            click.echo(f"openucwa {__version__} listens on {url}")
