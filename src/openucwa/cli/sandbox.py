"""openucwa sandbox: a server for tests, and the commands that control a running one."""

import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from openucwa import __version__
from openucwa.cli.common import Failure, default, failures
from openucwa.cli.sandbox_control import COMMANDS
from openucwa.config_loading import load_with_sources
from openucwa.sandbox.durations import ms_of

if TYPE_CHECKING:
    from openucwa.sandbox.users import Seed

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@click.group(invoke_without_command=True)
@click.option(
    "--listen",
    metavar="URL",
    multiple=True,
    help=f"Address to listen on; port 0 picks a free port; repeatable. [default: {default('listen')}]",
)
@click.option(
    "--seed",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="File with the users (JSON or TOML). [default: two users]",
)
@click.option(
    "--random-seed",
    metavar="N",
    type=int,
    help="Seed for the same ids, etags and tokens in each run. [default: random]",
)
@click.option("--now", metavar="TIME", help="Initial time (ISO 8601). [default: the current time]")
@click.option("--frozen", is_flag=True, help="Start with the clock frozen.")
@click.option("--allow-origin", metavar="ORIGIN", multiple=True, help="Web origin that may use CORS; repeatable.")
@click.option(
    "--config", "file", metavar="FILE", type=click.Path(path_type=Path), help="Settings file (TOML). [default: none]"
)
@click.pass_context
def sandbox(
    context: click.Context,
    listen: tuple[str, ...],
    seed: Path | None,
    random_seed: int | None,
    now: str | None,
    frozen: bool,
    allow_origin: tuple[str, ...],
    file: Path | None,
) -> None:
    """Serve or control a sandbox for testing clients.

    Without a command, serves until SIGTERM or Ctrl-C, with all data in memory. Anyone who can reach the address can
    move its clock, inject faults and read the recorded requests; the commands do so from another terminal.

    \b
    Examples:
      openucwa sandbox
      openucwa sandbox --seed users.json --random-seed 7 --now 2027-01-01T08:00:00Z --frozen
      openucwa sandbox clock +15m
      openucwa sandbox reset
    """
    if context.invoked_subcommand is not None:
        return
    from openucwa.sandbox.users import DEFAULT, read_seed  # noqa: PLC0415

    with failures():
        users = DEFAULT if seed is None else read_seed(seed)
        flags: dict[str, object] = {"listen": listen, "allow_origin": allow_origin}
        config = load_with_sources(file, os.environ, **flags).config
    try:
        start = None if now is None else ms_of(now)
    except ValueError:
        raise Failure(f"--now: {now} is not a time in ISO 8601, from 1970 to 2999") from None
    sys.exit(_serve(replace(config, store=None, workers=1), users, random_seed, start, frozen=frozen))


for command in COMMANDS:
    sandbox.add_command(command)


def _serve(config: Any, users: "Seed", random_seed: int | None, now: int | None, *, frozen: bool) -> int:
    import uvloop  # noqa: PLC0415

    from openucwa.sandbox.server import make_sandbox, serve_sandbox  # noqa: PLC0415
    from openucwa.sandbox.world import SandboxWorld  # noqa: PLC0415
    from openucwa.server.control import ProcessControl, Signals  # noqa: PLC0415
    from openucwa.server.listeners import bind, close  # noqa: PLC0415
    from openucwa.telemetry.access_log import AccessLog  # noqa: PLC0415
    from openucwa.telemetry.log import LogLines, route_logging  # noqa: PLC0415

    with failures():
        listeners = bind(config.listen)
        try:
            world = SandboxWorld(seed=random_seed, now=now, frozen=frozen)
            made = make_sandbox(replace(config, listen=tuple(listener.url for listener in listeners)), world, users)
            lines = LogLines.of(made.config, world)
            restore_logging = route_logging(lines)
            process = ProcessControl()

            async def run() -> int:
                with Signals(process):
                    return await serve_sandbox(
                        made,
                        listeners,
                        process,
                        observer=AccessLog(lines, made.measures),
                        ready=lambda urls: _announce(urls, users, developer_pages=made.config.developer_pages),
                    )

            try:
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    return runner.run(run())
            finally:
                restore_logging()
        finally:
            close(listeners)


def _announce(urls: Sequence[str], users: "Seed", *, developer_pages: bool) -> None:
    """The ready lines on stdout, and on stderr what this is."""
    for url in urls:
        click.echo(f"openucwa {__version__} listening on {url}")
    say = [
        "This is a SANDBOX: all data is in memory and lost when it stops.",
        f"Anyone who can reach it controls its clock, data and faults: {urls[0]}/sandbox",
        *([f"Try requests in a browser: {urls[0]}/docs/api and {urls[0]}/sandbox/docs"] if developer_pages else []),
        *(f"User {user.uri.removeprefix('sip:')} with password {user.password}" for user in users.users[:10]),
    ]
    if any(urlsplit(url).hostname not in _LOOPBACK for url in urls):
        say.append("It listens on an address that other machines may be able to reach.")
    for line in say:
        click.echo(f"openucwa: {line}", err=True)
