"""If-Match and If-None-Match, as clients write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.http import conditions


@pytest.mark.parametrize(
    ("header", "etags"),
    [
        ('"123"', {"123"}),
        ("123", {"123"}),
        ('W/"123"', {"123"}),
        ("W/123", {"123"}),
        ('w/"123"', {"123"}),
        ('"1", "2",W/"3"', {"1", "2", "3"}),
        ("1,2 , W/3", {"1", "2", "3"}),
        ('"a,b", c', {"a,b", "c"}),
        ('"*"', {"*"}),
        ('"123', {"123"}),
        ("W", {"W"}),
        ("", set()),
        (" , ", set()),
        ('""', {""}),
    ],
)
def test_etags_of_a_header(header: str, etags: set[str]) -> None:
    assert conditions.parse(header) == frozenset(etags)


@pytest.mark.parametrize("header", ["*", " * "])
def test_star_matches_any_etag(header: str) -> None:
    parsed = conditions.parse(header)
    assert parsed is None
    assert conditions.matches(parsed, "123")


def test_only_listed_etags_match() -> None:
    parsed = conditions.parse('"1", W/"2"')
    assert conditions.matches(parsed, "2")
    assert not conditions.matches(parsed, "12")


def test_header_without_etags_matches_nothing() -> None:
    assert not conditions.matches(conditions.parse(""), "1")


@given(st.text())
def test_no_header_raises_an_error(header: str) -> None:
    conditions.matches(conditions.parse(header), "1")


@given(st.lists(st.integers(0, 2**62), min_size=1), st.sampled_from(['"{}"', "{}", 'W/"{}"', "W/{}"]))
def test_every_etag_of_a_list_is_found(etags: list[int], form: str) -> None:
    parsed = conditions.parse(", ".join(form.format(etag) for etag in etags))
    assert all(conditions.matches(parsed, str(etag)) for etag in etags)
