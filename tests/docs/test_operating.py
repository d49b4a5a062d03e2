"""The commands and examples of the pages can be used as they stand there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from openucwa.cli import main
from openucwa.config_loading import load

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Each line of a page that calls `openucwa`: where it stands, and its words."""
    for page in PAGES:
        for line in page.read_text("utf-8").splitlines():
            if found := re.match(r"(?:ExecStart=)?(?:\S*/)?openucwa ([a-z].*)", line):
                yield page.name, shlex.split(found[1], comments=True)


@pytest.mark.parametrize(("page", "words"), list(commands()), ids=lambda value: " ".join(value)[:40])
def test_commands_in_the_docs_exist_with_all_their_options(page: str, words: list[str]) -> None:
    found: click.Command = main
    while isinstance(found, click.Group) and not (found.invoke_without_command and words[0].startswith("-")):
        found = found.commands[words.pop(0)]
    known = {spelling for parameter in found.params for spelling in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_example_settings_file_is_valid(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", (ROOT / "docs" / "configuration.md").read_text("utf-8"), re.DOTALL)
    assert example is not None
    file = tmp_path / "openucwa.toml"
    file.write_text(example[1], "utf-8")
    config = load(file, {})
    assert [pool.name for pool in config.pools] == ["north"]
