"""docs/performance.md has every goal, and explains each that was not met or not measured."""

import re
from pathlib import Path

from bench.goals import GOALS
from bench.page import BEGIN, END

PAGE = Path(__file__).parent.parent.parent / "docs" / "performance.md"


def written_and_explained() -> tuple[str, str]:
    """What `make bench` wrote, and what people did."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    written, _, behind = rest.partition(END)
    return written, before + behind


def verdicts() -> dict[str, str]:
    """For each goal of the page whether it was met: yes, no, or - where it was not measured."""
    rows = (row.split("|") for row in written_and_explained()[0].splitlines() if row.startswith("| `"))
    return {row[1].strip(" `"): row[5].strip() for row in rows}


def test_every_goal_has_a_row_with_a_verdict() -> None:
    found = verdicts()
    assert list(found) == [goal.id for goal in GOALS]
    assert set(found.values()) <= {"yes", "no", "-"}


def test_rows_match_the_goals() -> None:
    written, _ = written_and_explained()
    assert [goal.id for goal in GOALS if f"| {goal.figure} | {goal.text} |" not in written] == []


def test_every_unmet_goal_is_explained() -> None:
    _, explained = written_and_explained()
    named = set(re.findall(r"^- (`.*?):", explained, re.MULTILINE))
    names = {name.strip(" `") for group in named for name in group.split(",")}
    open_goals = {goal for goal, met in verdicts().items() if met != "yes"}
    assert open_goals - names == set(), "a goal that is open needs a line: - `id`: why"
    assert names <= {goal.id for goal in GOALS}, "a line explains a goal that is not there"
