"""docs/architecture.md names the dependencies and the order of imports as they are."""

import re
import tomllib
from pathlib import Path

from tests.test_imports import LAYERS

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def declared() -> list[str]:
    """The names of the packages that pyproject.toml asks for, those for development too."""
    read = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lists = [*read["project"]["optional-dependencies"].values(), *read["dependency-groups"].values()]
    asked = [*read["project"]["dependencies"], *(one for each in lists for one in each if isinstance(one, str))]
    return sorted({re.split(r"[^\w.-]", one, maxsplit=1)[0] for one in asked})


def test_every_dependency_has_a_reason() -> None:
    _, _, tables = PAGE.partition("## Dependencies")
    reasons = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", tables, re.MULTILINE))
    assert sorted(reasons) == declared()
    assert all(reasons.values())


def test_import_order_is_the_tested_one() -> None:
    assert f"    {' > '.join(LAYERS[1:])}\n" in PAGE, "all but __main__, which imports cli"


def test_layout_lists_every_part_of_the_package() -> None:
    layout = PAGE.partition("## Where things are")[2].partition("```\n")[2].partition("```")[0]
    parts = {path.name for path in (ROOT / "src" / "openucwa").iterdir() if not path.name.startswith("__")}
    assert {f"{name}/" if "." not in name else name for name in parts} - set(re.findall(r"[\w/.]+", layout)) == set()
