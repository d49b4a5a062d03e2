"""Help texts use the words that CONTRIBUTING.md asks for."""

import re
from collections.abc import Iterator

import click
import pytest

from openucwa.cli import main
from openucwa.config_loading import options

#: Words that have a better one in the table of CONTRIBUTING.md.
AVOIDED = re.compile(
    r"\b(somebody|nobody|everybody|whoever|meanwhile|under way|(has|have) to|bears?|tells?|told|looks?|kept)\b",
    re.IGNORECASE,
)


def commands(group: click.Group, *path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield " ".join((*path, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)


def texts(command: click.Command) -> list[str]:
    return [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]


@pytest.mark.parametrize(("name", "text"), [(setting.name, setting.metadata["help"]) for setting in options()])
def test_help_of_a_setting_avoids_unusual_words(name: str, text: str) -> None:
    assert [found[0] for found in AVOIDED.finditer(text)] == [], name


@pytest.mark.parametrize(("name", "command"), list(commands(main)), ids=lambda value: str(value)[:20])
def test_help_of_a_command_avoids_unusual_words(name: str, command: click.Command) -> None:
    assert [found[0] for text in texts(command) for found in AVOIDED.finditer(text)] == [], name
