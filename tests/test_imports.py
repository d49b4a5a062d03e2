"""Imports go one way: each part of the package knows those behind it in LAYERS, and none before it; and no module
imports, by whatever way, itself."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import openucwa

PACKAGE = Path(openucwa.__file__).parent

#: From the outermost to the innermost; docs/architecture.md shows the same row, and says why.
LAYERS = (
    "__main__",
    "cli",
    "testing",
    "demo",
    "sandbox",
    "client",
    "workers",
    "app",
    "resources",
    "api",
    "webhooks",
    "changes",
    "channel",
    "people",
    "transfer",
    "meetings",
    "identity",
    "pictures",
    "store",
    "representation",
    "server",
    "telemetry",
    "http",
    "model",
)
#: What all may import, and what itself imports nothing of the package but those of these that follow it.
LEAVES = ("config_loading", "config_checks", "config", "config_identity", "config_options")
#: What imports no other part, so that it could be installed alone.
ALONE = ("client",)
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
        if own in ALONE or own not in LAYERS or theirs not in LAYERS or LAYERS.index(theirs) < LAYERS.index(own):
            found.append(f"{file.relative_to(PACKAGE.parent)}:{line}: {own} imports {module}")
    return found


def test_imports_follow_the_order_of_layers() -> None:
    found = [each for file in sorted(PACKAGE.rglob("*.py")) for each in violations(file, file.read_text("utf-8"))]
    assert not found, "\n".join(found)


def circles(sources: Mapping[str, str]) -> list[str]:
    """The imports that lead from a module back to itself, each as `module:line imports module`. `sources`: the text of
    each module by its name. What type checkers alone see counts as well."""
    leads_to: dict[str, dict[str, int]] = {}
    for module, source in sources.items():
        leads_to[module] = {}
        for node in ast.walk(ast.parse(source)):
            for name in _names(node):
                found = next((each for each in (name, name.rpartition(".")[0]) if each in sources), None)
                if found is not None:
                    leads_to[module].setdefault(found, node.lineno)  # type: ignore[attr-defined]  # an import has one

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [start]
        while ahead:
            new = leads_to[ahead.pop()].keys() - seen
            seen |= new
            ahead += new
        return seen

    from_here = {module: reached(module) for module in sources}
    return [
        f"{module}:{line} imports {other}"
        for module, others in leads_to.items()
        for other, line in others.items()
        if module in from_here[other]
    ]


def _names(node: ast.AST) -> list[str]:
    """What an import names: modules, or what may be one in them."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def test_no_module_leads_back_to_itself() -> None:
    sources = {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): file.read_text()
        for file in PACKAGE.rglob("*.py")
    }
    assert "openucwa.store.contract" in sources
    assert not (found := circles(sources)), "\n".join(found)


@pytest.mark.parametrize(
    ("sources", "found"),
    [
        ({"a.b": "from a import c", "a.c": "import a.d", "a.d": "from a.c import x"}, {"a.c:1", "a.d:1"}),
        ({"a.b": "if TYPE_CHECKING:\n    from a.c import C", "a.c": "from a.b import B"}, {"a.b:2", "a.c:1"}),
        ({"a": "from a.b import B", "a.b": "def f():\n    import a"}, {"a:1", "a.b:2"}),
        ({"a": "", "a.b": "from a import c", "a.c": "from a import VERSION"}, set()),
    ],
)
def test_circle_is_found_with_file_and_line(sources: dict[str, str], found: set[str]) -> None:
    assert {each.partition(" ")[0] for each in circles(sources)} == found


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
        ("client/session.py", "from openucwa.model.values import Instant"),
        ("app.py", "from openucwa.client import Client"),
    ],
)
def test_violation_names_file_and_line(file: str, source: str) -> None:
    (found,) = violations(PACKAGE / file, source)
    line = source.count("\n") + 1
    assert found.startswith(f"openucwa/{file}:{line}: ")
