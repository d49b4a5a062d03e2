"""docs/data-on-meetings.md, run line by line against a demo server, prints what the page shows."""

from pathlib import Path

from tests.docs.test_readme import ROOT, assert_prints_what_it_shows


def test_page_prints_what_it_shows(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "data-on-meetings.md").read_text("utf-8")
    assert_prints_what_it_shows(page, tmp_path / "data")
