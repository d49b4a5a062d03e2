"""Accept and Content-Type."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.http.message import Request
from openucwa.http.negotiation import (
    JSON,
    UCWA_JSON,
    UCWA_TYPES,
    UCWA_XML,
    XML,
    choose,
    content_type,
    kind_of,
    wants_page,
    weighted,
)
from openucwa.model.refusals import NotAcceptable
from tests.work import at_most


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("*", JSON),
        ("application/*", JSON),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", JSON),
        ("application/json", JSON),
        ("application/xml", XML),
        ("application/vnd.microsoft.com.ucwa+json", UCWA_JSON),
        ("application/vnd.microsoft.com.ucwa+xml", UCWA_XML),
        ("Application/VND.Microsoft.com.UCWA+XML", UCWA_XML),
        ("application/xml;charset=utf-8", XML),
        ("application/json;q=0.5, application/xml;q=0.6", XML),
        ("application/json;q=0.5,application/xml; Q=0.4", JSON),
        ("application/json;q=0, */*", XML),
        ("application/*;q=0.2, application/xml;q=0.1, */*;q=0.9", JSON),
        ("application/xml, */*", XML),
        ("application/xml, application/json", XML),
        ("application/json, application/xml", JSON),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
        ("application/json, text/javascript, */*; q=0.01", JSON),
    ],
)
def test_media_type_of_the_answer(accept: str | None, media_type: str) -> None:
    assert choose(accept, UCWA_TYPES) == media_type


@pytest.mark.parametrize(
    "accept", ["text/html", "multipart/batching", "*/*;q=0", "application/json;q=0", "image/*, text/*"]
)
def test_unacceptable_request_is_refused_with_the_available_types(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="application/json, application/xml, application/vnd"):
        choose(accept, UCWA_TYPES)


@pytest.mark.parametrize("accept", ["json", ",,", ";q=0", "application/xml;q=abc", "application/xml;q=nan, ,"])
def test_malformed_entries_are_skipped(accept: str) -> None:
    assert choose(accept, UCWA_TYPES) in {JSON, XML}


def test_q_out_of_range_is_clamped() -> None:
    assert choose("application/xml;q=7, application/json;q=1", UCWA_TYPES) == XML
    assert choose("application/xml;q=-1, application/json;q=0.1", UCWA_TYPES) == JSON


def test_accept_is_judged_against_what_the_resource_produces() -> None:
    assert choose("multipart/batching", ["multipart/batching"]) == "multipart/batching"
    assert choose("image/*", ("image/png", "image/jpeg")) == "image/png"
    with pytest.raises(NotAcceptable):
        choose("application/json", ["multipart/batching"])


def test_long_header_is_read_as_well() -> None:
    assert choose(",".join(f"text/x{number};q=0.1" for number in range(100)) + ",application/xml", UCWA_TYPES) == XML


@pytest.mark.parametrize("header", ['a/b;x="' + ";" * 60_000, ";" * 60_000, "a/b" + ';"\\"' * 20_000, "," * 60_000])
def test_hostile_header_costs_few_calls(header: str) -> None:
    with at_most(3_000):
        weighted(header)
        kind_of(header)


@given(st.text())
def test_any_header_is_either_accepted_or_refused(accept: str) -> None:
    with contextlib.suppress(NotAcceptable):
        assert choose(accept, UCWA_TYPES) in UCWA_TYPES


@given(st.text())
def test_every_weight_is_between_0_and_1(header: str) -> None:
    assert all(0 <= q <= 1 for _, q in weighted(header))


def asking(**headers: str) -> Request:
    return Request(
        method="GET", path=b"/", headers={n.replace("_", "-").encode(): v.encode() for n, v in headers.items()}
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "text/html"},
        {"accept": "text/html;q=0.9"},
        {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"},
        {"accept": "*/*", "sec_fetch_dest": "document"},
        {"accept": "*/*", "upgrade_insecure_requests": "1"},
        {"upgrade_insecure_requests": "1"},
    ],
)
def test_browser_gets_a_page(headers: dict[str, str]) -> None:
    assert wants_page(asking(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": ""},
        {"accept": "*/*"},
        {"accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"},
        {"accept": "text/html, */*; q=0.01"},
        {"accept": "text/html, */*;q=0.8"},
        {"accept": "text/html, application/json;q=0.1"},
        {"accept": "text/*"},
        {"accept": "application/xhtml+xml;q=0"},
        {"accept": "application/json", "sec_fetch_dest": "empty"},
    ],
)
def test_other_clients_do_not_get_a_page(headers: dict[str, str]) -> None:
    assert not wants_page(asking(**headers))


def test_answer_says_its_charset_without_quotes() -> None:
    assert content_type(UCWA_XML) == "application/vnd.microsoft.com.ucwa+xml; charset=utf-8"


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("application/json", "json"),
        ("Application/JSON ; charset=utf-8", "json"),
        ('application/json;charset="utf-8"', "json"),
        ("application/json; charset='utf-8'", "json"),
        ("application/json; charset=", "json"),
        ("application/json;;", "json"),
        ("application/vnd.microsoft.com.ucwa+json", "json"),
        ("application/xml", "xml"),
        ("application/vnd.microsoft.com.ucwa+xml; charset=utf-8", "xml"),
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("json", None),
        ("", None),
        (None, None),
    ],
)
def test_kind_of_a_body_follows_from_its_content_type(header: str | None, kind: str | None) -> None:
    assert kind_of(header) == kind
