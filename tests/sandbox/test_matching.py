"""Paths of rules and filters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.sandbox.matching import path_matches


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("/ucwa/v1/applications/7/events", True),
        ("/UCWA/v1/Applications/7/events", True),
        ("/ucwa/*/events", True),
        ("*/events", True),
        ("/ucwa/*", True),
        ("*", True),
        ("*7*", True),
        ("*v1*7*", True),
        ("/ucwa/v1/applications/7", False),
        ("/events", False),
        ("*event", False),
        ("*7*v1*", False),
        ("/ucwa/v1/applications/7/events*events", False),
        ("/ucwa/.*/events", False),
        ("", False),
    ],
)
def test_path_is_whole_with_stars_for_any_text(pattern: str, matches: bool) -> None:
    assert path_matches("/ucwa/v1/applications/7/events", pattern) is matches


@given(st.text("ab"), st.text("ab*"))
def test_pattern_means_the_same_as_a_regular_expression(path: str, pattern: str) -> None:
    expression = ".*".join(map(re.escape, pattern.split("*")))
    assert path_matches(path, pattern) is (re.fullmatch(expression, path) is not None)
