"""What the source does without: untyped side doors, and what dependencies keep to themselves."""

import argparse
import ast
import asyncio
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import openucwa

PACKAGE = Path(openucwa.__file__).parent

#: Public in spite of its name.
PUBLIC = {"os._exit"}


def private_uses(source: str) -> Iterator[tuple[int, str]]:
    """The private names of other packages' modules that a module uses, each with its line."""
    tree = ast.parse(source)
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if not name.startswith("openucwa") and any(map(_is_private, name.split("."))):
                yield node.lineno, name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            name = f"{node.value.id}.{node.attr}"
            if _is_private(node.attr) and name not in PUBLIC:
                yield node.lineno, name


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def overridden(kind: type) -> list[str]:
    """The private methods of another package's class that a class defines anew."""
    bases = [base for base in kind.__mro__[1:] if not base.__module__.startswith("openucwa")]
    return [
        f"{kind.__module__}.{kind.__qualname__}.{name}"
        for name, value in vars(kind).items()
        if _is_private(name) and _written_in(value) == kind.__module__ and any(name in vars(base) for base in bases)
    ]


def _written_in(value: object) -> str | None:
    """The module of a method; `enum`, say, puts some of its own into every class."""
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    return value.__module__ if inspect.isfunction(value) else None


def test_nothing_private_of_another_package_is_used() -> None:
    found = [
        f"{file.relative_to(PACKAGE.parent)}:{line}: {name}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, name in private_uses(file.read_text("utf-8"))
    ]
    assert not found, "\n".join(found)


def test_no_private_method_of_another_package_is_overridden() -> None:
    found: list[str] = []
    count = 0
    for each in pkgutil.walk_packages([str(PACKAGE)], "openucwa."):
        if each.name == "openucwa.__main__" or ".migrations" in each.name:
            continue
        try:
            module = importlib.import_module(each.name)
        except ModuleNotFoundError as error:
            if error.name != "ldap":  # an extra
                raise
            continue
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == each.name:
                count += 1
                found += overridden(kind)
    assert count > 100
    assert not found, "\n".join(found)


@pytest.mark.parametrize("forbidden", [r'scope\["openucwa', r'cast\(\s*"?Any\b', r"\bFIXME\b", r"\bTODO\b"])
def test_source_does_without(forbidden: str) -> None:
    texts = {file: file.read_text("utf-8") for file in PACKAGE.rglob("*.py")}
    found = [
        f"{file.relative_to(PACKAGE.parent)}:{text.count(chr(10), 0, match.start()) + 1}"
        for file, text in sorted(texts.items())
        for match in re.finditer(forbidden, text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import asyncio\nasyncio._get_running_loop()", [(2, "asyncio._get_running_loop")]),
        ("from asyncpg._testbase import x", [(1, "asyncpg._testbase.x")]),
        ("def f():\n    from ssl import _create_unverified_context", [(2, "ssl._create_unverified_context")]),
        ("import os, openucwa\nos._exit(0)\nos.path.__name__\nfrom openucwa.x import _y", []),
    ],
)
def test_private_use_is_found_with_its_line(source: str, found: list[tuple[int, str]]) -> None:
    assert list(private_uses(source)) == found


def test_override_of_a_private_method_is_found() -> None:
    class Writing(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            """A public one."""

        def _own(self) -> None:
            """Nobody else's."""

    class Starting(argparse.ArgumentParser):
        def _get_formatter(self) -> argparse.HelpFormatter:
            return super()._get_formatter()

    assert overridden(Writing) == []
    assert overridden(Starting) == [f"{__name__}.{Starting.__qualname__}._get_formatter"]
