"""docs/sandbox.md: its commands and programs do and print what the page says; its tables are those of the code."""

import re
import subprocess
import sys
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path

from openucwa.sandbox.faults import KINDS
from openucwa.testing import plugin
from tests.docs.walking import ROOT, walk
from tests.ports import free_port
from tests.process.running import LIMIT, environment

PAGE = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
#: The address in the page, and one of the port that stands in for it.
ADDRESS = "http://127.0.0.1:8080"

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for kind, text in _BLOCK.findall(PAGE) if kind == language]


def shown(language: str) -> str:
    """What the page says that the blocks of a language print: the `text` blocks right after them."""
    found = _BLOCK.findall(PAGE)
    following = pairwise(found)
    return "".join(text for (kind, _), (next_kind, text) in following if kind == language and next_kind == "text")


def test_commands_print_what_the_page_shows(tmp_path: Path) -> None:
    port = free_port()
    own = f"http://127.0.0.1:{port}"
    start, *rest = blocks("sh")
    start = start.replace("openucwa sandbox", f"openucwa sandbox --listen {own}")
    script = f"export UCWA_SANDBOX={own}\n" + "echo\n".join([start, *rest])
    printed = walk(script, tmp_path, {ADDRESS: own}).replace(own, ADDRESS)
    said = re.sub(r"\n\n+", "\n", f"\n{printed}\n")
    lines = [line for line in said.split("\n") if line and "listening on" not in line]
    assert lines == [line for line in shown("sh").split("\n") if line]


def test_programs_in_python_do_what_the_page_says(tmp_path: Path) -> None:
    fixtures, alone = blocks("python")
    (tmp_path / "test_page.py").write_text(fixtures)
    installed = any(point.value == "openucwa.testing.plugin" for point in entry_points(group="pytest11"))
    loaded = () if installed else ("-p", "openucwa.testing.plugin")
    for command, text in (
        ([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *loaded], "1 passed"),
        ([sys.executable, "-c", alone], shown("python")),
    ):
        done = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment({})
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert text in done.stdout


def test_every_fault_has_its_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\|$", PAGE, re.MULTILINE)
    listed = {name: (meaning, re.findall(r"`(\w+)`", parameters)) for name, meaning, parameters in rows}
    expected = {name: (kind.meaning, list(kind.parameters)) for name, kind in KINDS.items()}
    assert {name: listed.get(name) for name in expected} == expected


def test_every_fixture_has_its_row() -> None:
    fixtures = {name for name in vars(plugin) if name.startswith("ucwa")}
    assert fixtures == set(re.findall(r"^\| `(ucwa\w*)` \|", PAGE, re.MULTILINE))
