"""Data URIs, as clients put messages into them."""

from contextlib import suppress

import pytest

from openucwa.http.data_uri import is_data_uri, read_data_uri
from tests.work import at_most


@pytest.mark.parametrize(
    ("uri", "content_type", "text"),
    [
        ("data:text/plain;charset=utf-8,Hello%2C+Lene", "text/plain", "Hello, Lene"),
        ("data:text/plain;base64,\n      SGVsbG8rIQ==", "text/plain", "Hello+!"),
        ("DATA:Text/HTML; charset=UTF-8;base64,PGI+w6Y8L2I+", "text/html", "<b>æ</b>"),
        ("data:text/plain;charset=iso-8859-1,%E6", "text/plain", "æ"),
        ('data:text/plain;charset="utf-8",%C3%A6', "text/plain", "æ"),
        ("data:,a,b;c", "text/plain", "a,b;c"),
        ("data:text/plain,", "text/plain", ""),
    ],
)
def test_content_of_a_data_uri_is_read(uri: str, content_type: str, text: str) -> None:
    assert read_data_uri(uri) == (content_type, text)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("http://example.com/", "not a data URI"),
        ("data:text/plain", "not a data URI"),
        ("data:text/plain;base64,%%%", "base64"),
        ("data:text/plain;charset=utf-8,%FF", "utf-8"),
        ("data:text/plain;charset=nonsense,a", "nonsense"),
        ("data:text/plain;charset=punycode,a", "punycode"),
    ],
)
def test_malformed_data_uri_is_refused_with_the_reason(uri: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_data_uri(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "data:" + ";a" * 400_000,
        "data:" + ";" * 900_000 + "x",
        "data:,+" + "%41" * 300_000,
        "data:" + ";base64" * 99_000,
    ],
    ids=["parameters", "semicolons", "escapes", "base64"],
)
def test_hostile_data_uri_costs_a_few_calls_for_each_escape(uri: str) -> None:
    with at_most(1_000_000), suppress(ValueError):
        read_data_uri(uri)


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("data:application/sdp;base64,djowDQo=", True),
        ("DATA:,", True),
        ("data:text/plain;charset=utf-8,a,b%20c", True),
        ("data:text/plain", False),
        ("data:text/plain,a b", False),
        ("data:text/plain,\xe9", False),
        ("https://contoso.com/,", False),
        (" data:,", False),
    ],
)
def test_data_uri_of_any_type_is_recognized_by_its_characters(uri: str, fits: bool) -> None:
    assert is_data_uri(uri) == fits


def test_recognizing_a_long_data_uri_takes_one_call() -> None:
    with at_most(1_000):
        assert not is_data_uri("data:" + ";a" * 400_000)
