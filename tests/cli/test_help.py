"""Help texts and wrong usage of all commands."""

from collections.abc import Iterator

import click
import pytest

from openucwa import __version__
from openucwa.cli import main
from openucwa.config import Config
from tests.cli.commands import run


def test_version_is_printed() -> None:
    assert run("--version").output == f"openucwa {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["serve"], ["check"], ["user"], ["user", "add"], ["user", "passwd"], ["copy"]]
)
def test_every_command_has_help(arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert "Usage: openucwa" in result.output
    assert "." in result.output


def test_help_shows_defaults() -> None:
    output = "".join(run("serve", "--help").output.split())
    assert f"[default:{Config().data}]" in output
    assert Config().listen[0] in output


def test_wrong_usage_is_status_2() -> None:
    assert run("user", "add").exit_code == 2
    assert run("serve", "--nonsense").exit_code == 2


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    """All commands below a group, with what is typed for them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name)), command


def test_every_list_is_offered_as_json() -> None:
    # A sandbox is controlled by HTTP, in JSON.
    found = [(name, each) for name, each in commands(main) if not name.startswith("sandbox ")]
    lists = {name: each for name, each in found if (each.help or "").strip().startswith("List ")}
    assert {"user list", "key list", "webhook list", "webhook deliveries"} <= lists.keys()
    assert [name for name, each in lists.items() if not any("--json" in option.opts for option in each.params)] == []
