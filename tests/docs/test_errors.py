"""docs/errors.md lists every error that there is, and no other."""

import re
from pathlib import Path

from openucwa.api.errors import ERRORS, FAULT, wire_error
from openucwa.config import Config
from openucwa.model import refusals
from openucwa.model.refusals import Refusal
from openucwa.resources.rendering.entries import REASONS
from tests.client import UcwaClient

PAGE = (Path(__file__).parent.parent.parent / "docs" / "errors.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its head."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


async def test_example_is_an_answer_of_the_server(lene: UcwaClient) -> None:
    answer = await lene.post(lene.meetings, json={"subject": "x" * 300})
    assert answer.status_code == 400
    assert f"```json\n{answer.text}\n```" in PAGE


def test_every_error_has_one_row() -> None:
    listed = [tuple(cells[:3]) for cells in rows("Statuses, codes and subcodes")]
    served = {(str(row.status), row.code, row.subcode or "") for row in (*ERRORS.values(), FAULT)}
    assert sorted(listed) == sorted(served)


def test_rows_are_sorted_by_status() -> None:
    statuses = [int(cells[0]) for cells in rows("Statuses, codes and subcodes")]
    assert statuses == sorted(statuses)


def test_every_row_says_when_it_is_sent_and_what_to_do() -> None:
    for cells in rows("Statuses, codes and subcodes"):
        assert len(cells) == 5
        assert all(cell.endswith(".") for cell in cells[3:]), cells


def test_every_refusal_has_a_row() -> None:
    for name, refusal in vars(refusals).items():
        if isinstance(refusal, type) and issubclass(refusal, Refusal) and refusal is not Refusal:
            assert wire_error(refusal) in ERRORS.values(), name


def test_settings_named_on_the_page_exist() -> None:
    named = re.findall(r"setting `(\w+)`", PAGE)
    assert named
    assert all(hasattr(Config, name) for name in named)


def test_every_reason_of_events_is_listed() -> None:
    assert {cells[0] for cells in rows("Reasons in events")} == set(REASONS)
