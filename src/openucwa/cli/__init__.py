"""The commands. They read what was typed, call what does it, and print what came of it.

What only serving needs is imported when it is served: the other commands need not wait for it.
"""

import os
import sys

import click

from openucwa import __version__
from openucwa.cli.checking import check
from openucwa.cli.common import failures
from openucwa.cli.copying import copy
from openucwa.cli.keys import key
from openucwa.cli.serving import serve
from openucwa.cli.tokens import token
from openucwa.cli.users import user
from openucwa.config import load


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="openucwa", message="%(prog)s %(version)s")
def main() -> None:
    """An open, self-hosted server of the UCWA 2.0 online-meetings API.

    \b
    A first start:
      openucwa user add sip:lenea@contoso.com
      openucwa serve
      curl http://127.0.0.1:8080/

    All settings: docs/configuration.md. What is in force, and where from: openucwa check.
    """


@main.command()
@click.option("--exit", "exit_after", is_flag=True, help="End after the walk; exit status 0 if all went as it should.")
@click.option("--data", metavar="DIR", default="./demo-data", show_default=True, help="Folder of the demo's own.")
@click.option("--listen", metavar="URL", default="http://127.0.0.1:8080", show_default=True, help="Where it serves.")
def demo(exit_after: bool, data: str, listen: str) -> None:
    """Serve with two users, and show the main job step by step."""
    from openucwa.demo.client import Screen  # noqa: PLC0415
    from openucwa.demo.server import run  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with failures():
        config = load(None, {}, data=data, listen=(listen,))
        sys.exit(run(config, Screen(sys.stdout, colour=colour), exit_after=exit_after))


for command in (serve, check, user, key, token, copy):
    main.add_command(command)
