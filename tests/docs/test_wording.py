"""Texts that users meet use the words that CONTRIBUTING.md asks for: help, summaries, messages, log lines, pages."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

from openucwa.cli import main
from openucwa.config_loading import options

#: Words that have a better one in the table of CONTRIBUTING.md.
AVOIDED = re.compile(
    r"\b(somebody|nobody|everybody|anybody|whoever|meanwhile|under way|(has|have) to)\b"
    r"|\b(bears?|tells?|told|looks?|kept|can't)\b",
    re.IGNORECASE,
)

SOURCE = Path(__file__).parents[2] / "src/openucwa"
MODULES = sorted(SOURCE.rglob("*.py"))
PAGES = sorted((SOURCE / "web").glob("*.html"))
LEVELS = {"debug", "info", "warning", "error", "exception", "log"}

#: Their sentences are OAuth's and UCWA's.
SENTENCES = {"identity/sign_in.py"}


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


def text_of(node: ast.AST) -> str | None:
    """A string literal; values in an f-string are shown as `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
    return None


def is_call(node: ast.AST, *names: str) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in names
    return False


def messages(module: Path) -> list[str]:
    """The texts of errors that are raised, and of log lines."""
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found += [text_of(argument) for argument in node.exc.args]
        elif isinstance(node, ast.Call) and is_call(node, *LEVELS):
            found += [text_of(argument) for argument in node.args]
    return [text for text in found if text is not None and " " in text]


def summaries(module: Path) -> list[str]:
    """The summaries of operations, and the descriptions of their parameters."""
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call) and is_call(node, "Operation"):
            found += [text_of(argument) for argument in node.args[:1]]
        elif isinstance(node, ast.Call) and is_call(node, "Parameter"):
            found += [text_of(word.value) for word in node.keywords if word.arg == "description"]
    return [text for text in found if text is not None]


class PageText(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_messages_and_summaries_avoid_unusual_words(module: Path) -> None:
    for text in (*messages(module), *summaries(module)):
        assert [found[0] for found in AVOIDED.finditer(text)] == [], text


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_messages_begin_in_lower_case_and_have_no_full_stop(module: Path) -> None:
    if str(module.relative_to(SOURCE)) in SENTENCES:
        return
    for text in messages(module):
        assert not re.match(r"[A-Z][a-z]+ ", text), text
        assert not text.endswith(".") or text.endswith("..."), text


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_text_of_a_page_avoids_unusual_words(page: Path) -> None:
    parser = PageText()
    parser.feed(page.read_text())
    assert [found[0] for found in AVOIDED.finditer(parser.text)] == []


def test_every_operation_has_a_checked_summary() -> None:
    assert sum(len(summaries(module)) for module in MODULES) > 60
