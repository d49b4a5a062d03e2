"""docs/configuration.md lists the settings as they are; `python -m tests.docs.settings` brings it up to date."""

from openucwa.config_loading import options
from tests.docs.settings import PAGE, brought_up_to_date, listed


def test_every_setting_has_one_row() -> None:
    assert listed(PAGE.read_text("utf-8")) == [setting.name for setting in options()]


def test_rows_match_the_settings() -> None:
    page = PAGE.read_text("utf-8")
    assert page == brought_up_to_date(page)


def test_new_setting_follows_the_one_before_it() -> None:
    page = PAGE.read_text("utf-8")
    rows = page.splitlines(keepends=True)
    without = "".join(line for line in rows if not line.startswith("| `listen` |"))
    assert without != page
    assert brought_up_to_date(without) == page
