"""README.md's tour, run line by line against a demo server, prints what README.md shows."""

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.needs import need
from tests.process.running import environment

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "README.md"
#: The demo's address, as the page has it.
ADDRESS = "http://127.0.0.1:8080"

#: Seconds that the tour may take on a busy machine.
LIMIT = 60.0

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")


class Step(NamedTuple):
    """What is typed, and what is shown below it; None: nothing is."""

    typed: str
    shown: str | None


def steps_of(text: str) -> list[Step]:
    """The blocks of a page: each of bash, with the block of another kind that follows it."""
    blocks = _BLOCK.findall(text)
    return [
        Step(text, following[1] if following[0] != "bash" else None)
        for (kind, text), following in zip(blocks, [*blocks[1:], ("bash", "")], strict=True)
        if kind == "bash"
    ]


def outputs(steps: list[Step], data: Path) -> list[str]:
    """What each step prints, typed into one shell while a demo serves."""
    need("curl")
    shell = need("bash")
    words = [sys.executable, "-m", "openucwa", "demo", "--data", str(data), "--listen", f"{ADDRESS[:-5]}:0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment({})) as demo:
        try:
            assert demo.stdout is not None
            address = demo.stdout.readline().split()[3].rstrip(",")
            assert any("Ctrl-C" in line for line in demo.stdout)
            typed = "set -eo pipefail\n" + "".join(f"{step.typed}printf '\\036'\n" for step in steps)
            here = {ADDRESS: address, "demo-data": str(data), ".venv/bin/openucwa": f"'{sys.executable}' -m openucwa"}
            for said, meant in here.items():
                typed = typed.replace(said, meant)
            done = subprocess.run(
                [shell],
                input=typed,
                capture_output=True,
                text=True,
                timeout=LIMIT,
                check=False,
            )
        finally:
            demo.kill()
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.replace(address, ADDRESS).replace("\r", "").split("\036")[:-1]


def assert_prints_what_it_shows(text: str, data: Path) -> None:
    """Runs all steps of a page in one shell."""
    steps = steps_of(text)
    assert len(steps) >= 5, "the page has lost its steps"
    printed = outputs(steps, data)
    assert len(printed) == len(steps)
    same = doctest.OutputChecker().check_output
    for step, output in zip(steps, printed, strict=True):
        shown = step.shown or ""
        assert same(shown, output if output.endswith("\n") or not output else output + "\n", doctest.ELLIPSIS), (
            f"{step.typed}prints\n{output}instead of\n{shown}"
        )


def test_tour_prints_what_the_page_shows(tmp_path: Path) -> None:
    assert_prints_what_it_shows(PAGE.read_text("utf-8").partition("## Five minutes")[2], tmp_path / "data")


@pytest.mark.parametrize("target", ["run", "test", "help"])
def test_make_targets_named_on_the_page_exist(target: str) -> None:
    assert f"make {target}" in PAGE.read_text("utf-8")
    assert f"\n{target}:" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]), ids=lambda page: page.name)
def test_linked_files_exist(page: Path) -> None:
    linked = _LINK.findall(page.read_text("utf-8"))
    assert [target for target in linked if not (page.parent / target).exists()] == []
