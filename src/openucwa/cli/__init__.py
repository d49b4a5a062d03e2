"""The command line. Commands parse their arguments, call the code that does the work, and print the result.

What only the server needs is imported when it starts, so that the other commands start quickly.
"""

import os
import sys

import click

from openucwa import __version__
from openucwa.cli.accounts import disable, enable, hand_over, sign_out
from openucwa.cli.activity import meetings, sessions
from openucwa.cli.backups import backup, restore
from openucwa.cli.checking import check
from openucwa.cli.common import failures
from openucwa.cli.comparing import compare
from openucwa.cli.copying import copy
from openucwa.cli.health import health, migrate
from openucwa.cli.keys import key
from openucwa.cli.sandbox import sandbox
from openucwa.cli.serving import serve
from openucwa.cli.tokens import token
from openucwa.cli.transferring import export, import_data
from openucwa.cli.users import user
from openucwa.cli.webhooks import webhook
from openucwa.config_loading import load


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="openucwa", message="%(prog)s %(version)s")
def main() -> None:
    """An open, self-hosted server of the UCWA 2.0 online-meetings API.

    \b
    Quick start:
      openucwa user add sip:lenea@contoso.com
      openucwa serve
      curl http://127.0.0.1:8080/

    Settings are documented in docs/configuration.md; `openucwa check` shows the effective ones and where each comes
    from.
    """


@main.command()
@click.option(
    "--exit", "exit_after", is_flag=True, help="Exit after the walkthrough, with status 0 if every step passed."
)
@click.option("--verbose", is_flag=True, help="Show every request and answer with its body.")
@click.option("--data", metavar="DIR", default="./demo-data", show_default=True, help="Folder for the demo's data.")
@click.option(
    "--listen", metavar="URL", default="http://127.0.0.1:8080", show_default=True, help="Address to listen on."
)
def demo(exit_after: bool, verbose: bool, data: str, listen: str) -> None:
    """Run a demo server and walk through its API.

    Uses a folder of its own, with two users whose passwords are public. The server keeps running after the walkthrough
    until Ctrl-C.

    \b
    Examples:
      openucwa demo
      openucwa demo --exit --verbose
    """
    from openucwa.demo.client import Screen  # noqa: PLC0415
    from openucwa.demo.server import run  # noqa: PLC0415

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    with failures():
        config = load(None, {}, data=data, listen=(listen,))
        sys.exit(run(config, Screen(sys.stdout, colour=colour, verbose=verbose), exit_after=exit_after))


for command in (sessions, meetings, disable, enable, sign_out, hand_over):
    user.add_command(command)
for command in (
    serve,
    check,
    health,
    user,
    key,
    token,
    backup,
    restore,
    migrate,
    copy,
    export,
    import_data,
    sandbox,
    compare,
    webhook,
):
    main.add_command(command)
