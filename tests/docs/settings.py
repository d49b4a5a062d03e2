"""Generates the rows of docs/configuration.md from the settings.

    python -m tests.docs.settings

updates them. A new setting's row follows that of the setting before it. The tables and the text between them are
written by hand.
"""

import re
from dataclasses import Field
from pathlib import Path
from typing import Any

from openucwa.config_identity import Directory, Issuer
from openucwa.config_loading import environment_name, options
from openucwa.config_options import DialInRegion, Pool

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"

_ROW = re.compile(r"^\| `(\w+)` \|.*\n", re.MULTILINE)
_KINDS: dict[Any, str] = {
    int: "integer",
    float: "number",
    bool: "boolean",
    str: "string",
    str | None: "string",
    tuple[str, ...]: "list of strings",
    tuple[Pool, ...]: "list of tables",
    tuple[DialInRegion, ...]: "list of tables",
    tuple[Directory, ...]: "list of tables",
    tuple[Issuer, ...]: "list of tables",
}


def row(setting: "Field[Any]") -> str:
    """The row of a setting."""
    columns = (
        f"`{setting.name}`",
        _KINDS[setting.type],
        _shown(setting.default),
        f"`{environment_name(setting.name)}`",
        setting.metadata["help"],
    )
    return f"| {' | '.join(columns)} |"


def listed(page: str) -> list[str]:
    """The names of the settings that have a row, in the page's order."""
    return _ROW.findall(page)


def brought_up_to_date(page: str) -> str:
    """The page with new rows: one for each setting, none for settings that no longer exist."""
    rows = {setting.name: row(setting) + "\n" for setting in options()}
    page = _ROW.sub(lambda found: rows.get(found[1], ""), page)
    before = ""
    for name, text in rows.items():
        if name not in listed(page):
            page = page.replace(before, before + text, 1)
        before = text
    return page


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if default in {None, "", ()}:
        return "none"
    if isinstance(default, tuple):
        return ", ".join(f"`{entry}`" for entry in default)
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


if __name__ == "__main__":
    PAGE.write_text(brought_up_to_date(PAGE.read_text("utf-8")), "utf-8")
