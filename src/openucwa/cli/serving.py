"""openucwa serve: the server, in one process or several."""

import asyncio
import logging
import os
import pwd
import shlex
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openucwa import __version__
from openucwa.cli.common import default, failures, listening, settings, store_line
from openucwa.config import Config
from openucwa.config_loading import SETTINGS_FILE, Loaded, check_files, load_with_sources, settings_file
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld, World
from openucwa.store.choice import store_of
from openucwa.telemetry.audit_trail import AuditTrail
from openucwa.telemetry.log import LogLines, route_logging

if TYPE_CHECKING:
    from openucwa.server.control import ProcessControl
    from openucwa.server.listeners import Listener
    from openucwa.server.systemd import Systemd

logger = logging.getLogger("openucwa")


@click.command()
@click.option(
    "--workers",
    type=int,
    metavar="N",
    help=f"Number of worker processes; they share the listeners. [default: {default('workers')}]",
)
@listening
def serve(file: Path | None, **flags: object) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Prints one line per listener on stdout once it accepts connections; logs go to stderr. On shutdown, requests in
    progress are completed; press Ctrl-C again to quit at once. SIGHUP reloads certificates, log level, log file and
    audit trail.

    \b
    Examples:
      openucwa serve
      openucwa serve --data /var/lib/openucwa --listen http://0.0.0.0:8080
      openucwa serve --listen https://0.0.0.0:443 --tls-cert cert.pem --tls-key key.pem
      openucwa serve --config node.toml --public-url https://meet.contoso.com
      openucwa serve --workers 4
    """
    loaded = settings(file, flags)
    config = loaded.config
    from openucwa.server import listeners as sockets  # noqa: PLC0415
    from openucwa.server.control import ProcessControl  # noqa: PLC0415
    from openucwa.server.systemd import Systemd  # noqa: PLC0415

    world = RealWorld()
    with failures():
        check_files(loaded)
        listeners = sockets.bind(config.listen)
        try:
            config = replace(config, listen=tuple(listener.url for listener in listeners))
            lines = LogLines.of(config, world)
            control = ProcessControl(lambda: load_with_sources(settings_file(file), os.environ, **flags).config)
            control.on_reload(lines.reload)
            ready = Announcement(loaded, Systemd(os.environ))
            with AuditTrail(config, world) as trail:
                control.on_reload(trail.reload)
                restore_logging = route_logging(lines)
                try:
                    if config.workers > 1:
                        status = with_workers(config, listeners, control, world, ready)
                    else:
                        status = with_one_process(config, listeners, control, world, lines, ready)
                finally:
                    ready.wait()
                    restore_logging()
        finally:
            sockets.close(listeners)
    sys.exit(status)


def with_one_process(
    config: Config,
    listeners: "Sequence[Listener]",
    control: "ProcessControl",
    world: World,
    lines: LogLines,
    ready: "Announcement",
) -> int:
    """Serves in this process; returns the exit status."""
    import uvloop  # noqa: PLC0415

    from openucwa.app import Service  # noqa: PLC0415
    from openucwa.server.control import Signals  # noqa: PLC0415
    from openucwa.server.process import serve as serve_here  # noqa: PLC0415
    from openucwa.telemetry.access_log import AccessLog  # noqa: PLC0415

    service = Service(config, world)
    log = AccessLog(lines, service.measures)

    async def run() -> int:
        with Signals(control):
            async with ready.systemd.informed(control):
                return await serve_here(
                    service, config, listeners=listeners, control=control, observer=log, ready=ready
                )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


def with_workers(
    config: Config, listeners: "Sequence[Listener]", control: "ProcessControl", world: World, ready: "Announcement"
) -> int:
    """Serves in several worker processes and supervises them; returns the exit status."""
    from openucwa.workers.supervisor import supervise  # noqa: PLC0415

    async def run() -> int:
        async with ready.systemd.informed(control):
            return await supervise(config, listeners, control, world, ready)

    return asyncio.run(run())


class Announcement:
    """Prints that the server accepts connections, notifies systemd, and logs how to add the first user if needed."""

    def __init__(self, loaded: Loaded, systemd: "Systemd") -> None:
        self._loaded = loaded
        self.systemd = systemd
        self._thread: threading.Thread | None = None

    def __call__(self, urls: Sequence[str]) -> None:
        with suppress(OSError):  # stdout may be closed
            for url in urls:
                click.echo(f"openucwa {__version__} listening on {url}")
        self.systemd.ready()
        logger.info(store_line(self._loaded))
        # On a connection of its own: the supervisor has none, and startup need not wait for the answer.
        self._thread = threading.Thread(target=self._say_how_to_begin, daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Waits until the store has answered."""
        if self._thread is not None:
            self._thread.join(self._loaded.config.store_timeout)

    def _say_how_to_begin(self) -> None:
        try:
            contents = asyncio.run(store_of(self._loaded.config).inspect())
        except Refusal:  # the server itself logs what is wrong with the store
            return
        if contents["users"] == "0":
            logger.info("no users yet; add the first one: %s", shlex.join(self._first_user()))

    def _first_user(self) -> list[str]:
        config, sources = self._loaded
        source = sources["data" if config.store is None else "store"]
        options = []
        if source not in {str(SETTINGS_FILE), "default", "command line"} and Path(source).is_file():
            options = ["--config", str(Path(source).absolute())]
        elif config.store is None and source != str(SETTINGS_FILE):
            options = ["--data", str(Path(config.data).absolute())]
        # A service has a user of its own; the person who reads its log is another one.
        as_user = ["sudo", "-u", pwd.getpwuid(os.geteuid()).pw_name] if self.systemd.present else []
        return [*as_user, "openucwa", "user", "add", *options, "sip:NAME@DOMAIN"]
