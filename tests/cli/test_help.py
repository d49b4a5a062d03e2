"""Help texts and wrong usage of all commands."""

import pytest

from openucwa import __version__
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
