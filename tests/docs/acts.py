"""Generates the rows of the audit trail in docs/operating.md from the acts.

    python -m tests.docs.acts

updates them. The text around the table is written by hand.
"""

import inspect
import re
from dataclasses import fields
from pathlib import Path

from openucwa.telemetry import audit
from openucwa.telemetry.audit import Act

PAGE = Path(__file__).parent.parent.parent / "docs" / "operating.md"

_TABLE = re.compile(r"(?<=\| act \| fields \| meaning \|\n\| --- \| --- \| --- \|\n)(\|.*\n)*")


def acts() -> list[type[Act]]:
    """All kinds of acts, in the order of the code."""
    found = [each for each in vars(audit).values() if inspect.isclass(each) and issubclass(each, Act)]
    return [each for each in found if each is not Act]


def row(act: type[Act]) -> str:
    """The row of a kind of act."""
    names = ", ".join(f"`{each.name}`" for each in fields(act))
    return f"| `{act.name()}` | {names} | {' '.join((inspect.getdoc(act) or '').split())} |"


def listed(page: str) -> list[str]:
    """The rows of the page's table."""
    found = _TABLE.search(page)
    assert found is not None, "docs/operating.md has no table of acts"
    return found[0].splitlines()


def brought_up_to_date(page: str) -> str:
    """The page with these rows."""
    return _TABLE.sub(lambda _: "".join(f"{row(act)}\n" for act in acts()), page, count=1)


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text("utf-8")), "utf-8")
