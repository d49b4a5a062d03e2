"""Imports go one way: each part of the package knows those behind it in LAYERS, and none before it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import openucwa

PACKAGE = Path(openucwa.__file__).parent

#: From the outermost to the innermost; docs/architecture.md shows the same row, and says why.
LAYERS = (
    "__main__",
    "cli",
    "demo",
    "workers",
    "app",
    "resources",
    "api",
    "channel",
    "meetings",
    "identity",
    "store",
    "representation",
    "server",
    "telemetry",
    "http",
    "model",
)
#: What all may import, and what itself imports nothing of the package but those of these that follow it.
LEAVES = ("config_loading", "config_checks", "config", "config_identity")
#: What is no code, or is read for its version only.
OTHERS = ("__init__", "web")


def part(module: str) -> str:
    """`openucwa.api.errors` -> `api`; `openucwa` itself: `__init__`."""
    return f"{module}.__init__".split(".")[1]


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Each module of the package that is imported, wherever in the file, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where they lead to"
            module = node.module or ""
            names = [f"openucwa.{alias.name}" for alias in node.names] if module == "openucwa" else [module]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "openucwa":
                yield node.lineno, name


def violations(file: Path, source: str) -> list[str]:
    """What a file below PACKAGE imports against the rule, with file and line."""
    own = file.relative_to(PACKAGE).with_suffix("").parts[0]
    found = []
    for line, module in imported(ast.parse(source)):
        theirs = part(module)
        if theirs in {own, *OTHERS, "__version__"}:
            continue
        if theirs in LEAVES and (own not in LEAVES or LEAVES.index(theirs) > LEAVES.index(own)):
            continue
        if own not in LAYERS or theirs not in LAYERS or LAYERS.index(theirs) < LAYERS.index(own):
            found.append(f"{file.relative_to(PACKAGE.parent)}:{line}: {own} imports {module}")
    return found


def test_imports_follow_the_order_of_layers() -> None:
    found = [each for file in sorted(PACKAGE.rglob("*.py")) for each in violations(file, file.read_text("utf-8"))]
    assert not found, "\n".join(found)


def test_every_part_of_the_package_has_a_layer() -> None:
    parts = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts == {*LAYERS, *LEAVES, *OTHERS}


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("store/contract.py", "from openucwa.api.errors import ERRORS"),
        ("model/user.py", "import openucwa.store.contract"),
        ("config.py", "from openucwa.model.values import Instant"),
        ("config.py", "if TYPE_CHECKING:\n    from openucwa.config_checks import problems"),
        ("server/reader.py", "def f():\n    from openucwa.api.call import Call"),
        ("telemetry/log.py", "from openucwa.store.contract import Store"),
        ("meetings/meeting.py", "from openucwa.channel.bus import Bus"),
    ],
)
def test_violation_names_file_and_line(file: str, source: str) -> None:
    (found,) = violations(PACKAGE / file, source)
    line = source.count("\n") + 1
    assert found.startswith(f"openucwa/{file}:{line}: ")
