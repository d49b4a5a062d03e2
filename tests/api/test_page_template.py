"""Templates of pages."""

import pytest

from openucwa.api.page_template import Html, PageTemplate


def test_values_are_escaped_unless_they_are_html() -> None:
    template = PageTemplate("error.html", developers=True)
    page = template.fill(title="<b>", status="404", request_id='"1"', reason=Html("<p>Why</p>"))
    assert "<h1>&lt;b&gt;</h1>" in page
    assert "&quot;1&quot;" in page
    assert "<p>Why</p>" in page


def test_value_is_not_taken_for_a_template() -> None:
    page = PageTemplate("error.html", developers=True).fill(title="{status}", status="404", request_id="1", reason="")
    assert "<h1>{status}</h1>" in page


def test_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="origins"):
        PageTemplate("xframe.html").fill()


@pytest.mark.parametrize("shown", [True, False])
def test_optional_part_is_shown_or_left_out(shown: bool) -> None:
    page = PageTemplate("error.html", developers=shown).fill(title="", status="", request_id="", reason="")
    assert ('href="/docs"' in page) is shown
    assert "<!--" not in page
