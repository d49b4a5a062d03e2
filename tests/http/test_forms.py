"""Forms, as clients post them to the token resource."""

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openucwa.http.forms import URLENCODED, parse_form
from openucwa.model.refusals import DeserializationFailure, UnsupportedMediaType

URI = "sip:john@contoso.com;gruu;opaque=app:conf:focus:id:5LB7MRBC"


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        URLENCODED,
        "Application/X-WWW-Form-Urlencoded;charset=UTF-8",
        URLENCODED + "; charset='utf-8'",
        URLENCODED + '; charset="utf-8"',
        URLENCODED + ";charset=utf8;",
        URLENCODED + "; charset=x-unheard-of",
        URLENCODED + "; charset=idna",
    ],
)
def test_any_charset_parameter_will_do(content_type: str | None) -> None:
    assert parse_form(b"grant_type=password&username=%C3%A6gir", content_type) == {
        "grant_type": "password",
        "username": "ægir",
    }


def test_latin_1_is_read_where_it_is_said() -> None:
    assert parse_form(b"password=p%E4ss", URLENCODED + "; charset=ISO-8859-1") == {"password": "päss"}


def test_the_semicolons_of_a_meeting_uri_part_nothing() -> None:
    body = f"grant_type=urn:microsoft.rtc:anonmeeting&ms_rtc_conferenceuri={URI}&ms_rtc_renew=cwt%3dAA".encode()
    assert parse_form(body, URLENCODED) == {
        "grant_type": "urn:microsoft.rtc:anonmeeting",
        "ms_rtc_conferenceuri": URI,
        "ms_rtc_renew": "cwt=AA",
    }


def test_blanks_and_empty_fields_are_kept() -> None:
    assert parse_form(b"password=a+b%2B&x=&y", URLENCODED) == {"password": "a b+", "x": "", "y": ""}


def test_of_repeated_fields_the_last_counts() -> None:
    assert parse_form(b"a=1&a=2", URLENCODED) == {"a": "2"}


@pytest.mark.parametrize("body", [b"password=%FF", b"password=\xff", b"a=1&" * 101])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(DeserializationFailure):
        parse_form(body, URLENCODED)


def test_other_types_are_refused() -> None:
    with pytest.raises(UnsupportedMediaType, match=URLENCODED):
        parse_form(b"{}", "application/json")


@settings(deadline=None, database=None)
@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=20))
def test_every_form_comes_back(fields: dict[str, str]) -> None:
    assert parse_form(urlencode(fields).encode(), URLENCODED) == fields


@settings(deadline=None, database=None)
@given(st.binary(), st.sampled_from([URLENCODED, "multipart/form-data; boundary=x", "multipart/form-data"]))
def test_any_body_is_a_form_or_refused(body: bytes, content_type: str) -> None:
    with contextlib.suppress(DeserializationFailure):
        parse_form(body, content_type)


def multipart(fields: dict[str, str]) -> bytes:
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    return "".join([*parts, "--x--\r\n"]).encode()


@pytest.mark.parametrize("boundary", ["x", '"x"', "'x'"])
def test_a_multipart_form_is_a_form_too(boundary: str) -> None:
    fields = {"grant_type": "password", "username": "ægir", "ms_rtc_conferenceuri": URI}
    assert parse_form(multipart(fields), f"multipart/form-data; boundary={boundary}") == fields


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_a_multipart_form_needs_its_boundary(content_type: str) -> None:
    with pytest.raises(DeserializationFailure):
        parse_form(multipart({"a": "1"}), content_type)


def test_a_multipart_field_may_not_have_a_long_head() -> None:
    body = multipart({"a" + ";" * 2_000: "1"})
    with pytest.raises(DeserializationFailure):
        parse_form(body, "multipart/form-data; boundary=x")
