"""Forms, as clients post them to the token resource."""

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.http.forms import URLENCODED, FormLimits, parse_form
from openucwa.model.refusals import DeserializationFailure, UnsupportedMediaType
from tests.work import at_most

URI = "sip:john@contoso.com;gruu;opaque=app:conf:focus:id:5LB7MRBC"


def parsed(body: bytes, content_type: str | None) -> dict[str, str]:
    return parse_form(body, content_type, FormLimits())


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
def test_any_charset_parameter_is_accepted(content_type: str | None) -> None:
    assert parsed(b"grant_type=password&username=%C3%A6gir", content_type) == {
        "grant_type": "password",
        "username": "ægir",
    }


def test_latin_1_is_read_if_declared() -> None:
    assert parsed(b"password=p%E4ss", URLENCODED + "; charset=ISO-8859-1") == {"password": "päss"}


def test_semicolons_of_a_meeting_uri_do_not_separate_fields() -> None:
    body = f"grant_type=urn:microsoft.rtc:anonmeeting&ms_rtc_conferenceuri={URI}&ms_rtc_renew=cwt%3dAA".encode()
    assert parsed(body, URLENCODED) == {
        "grant_type": "urn:microsoft.rtc:anonmeeting",
        "ms_rtc_conferenceuri": URI,
        "ms_rtc_renew": "cwt=AA",
    }


def test_blanks_and_empty_fields_are_kept() -> None:
    assert parsed(b"password=a+b%2B&x=&y", URLENCODED) == {"password": "a b+", "x": "", "y": ""}


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"userName=a&USERNAME=b"])
def test_repeated_field_is_refused(body: bytes) -> None:
    with pytest.raises(DeserializationFailure, match="is repeated"):
        parsed(body, URLENCODED)


def test_names_are_read_in_any_case() -> None:
    assert parsed(b"grant_type=password&userName=A&Password=B", URLENCODED) == {
        "grant_type": "password", "username": "A", "password": "B",
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbfa=%C3%A6",
        "\ufeffa=æ".encode("utf-16-le"),
        b'\xef\xbb\xbf--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xef\xbb\xbf\xc3\xa6\r\n--x--',
    ],
)
def test_byte_order_mark_is_not_part_of_a_field(body: bytes) -> None:
    content_type = "multipart/form-data; boundary=x" if b"--x" in body else URLENCODED
    assert parsed(body, content_type) == {"a": "æ"}


@pytest.mark.parametrize("body", [b"password=%FF", b"password=\xff", b"a=1&" * 101])
def test_malformed_form_is_refused(body: bytes) -> None:
    with pytest.raises(DeserializationFailure):
        parsed(body, URLENCODED)


def test_other_types_are_refused() -> None:
    with pytest.raises(UnsupportedMediaType, match=URLENCODED):
        parsed(b"{}", "application/json")


#: A mark at the very beginning says how bytes are read; it is no text.
_TEXT = st.text().filter(lambda text: not text.startswith("\ufeff"))


@given(
    st.dictionaries(st.text(min_size=1).map(str.lower).filter(lambda name: name == name.lower()), _TEXT, max_size=20)
)
def test_forms_round_trip(fields: dict[str, str]) -> None:
    assert parsed(urlencode(fields).encode(), URLENCODED) == fields


@given(st.binary(), st.sampled_from([URLENCODED, "multipart/form-data; boundary=x", "multipart/form-data"]))
def test_any_body_is_a_form_or_refused(body: bytes, content_type: str) -> None:
    with contextlib.suppress(DeserializationFailure):
        parsed(body, content_type)


def multipart(fields: dict[str, str]) -> bytes:
    parts = (
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    return "".join([*parts, "--x--\r\n"]).encode()


@pytest.mark.parametrize("boundary", ["x", '"x"', "'x'"])
def test_multipart_form_is_a_form_too(boundary: str) -> None:
    fields = {"grant_type": "password", "username": "ægir", "ms_rtc_conferenceuri": URI}
    assert parsed(multipart(fields), f"multipart/form-data; boundary={boundary}") == fields


@pytest.mark.parametrize(
    "body",
    [
        '--x \t\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x-- \r\n',
        '--x\nContent-Disposition: form-data; name="a"\n\nb\n--x--\n',
        "--x\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8bit\r\n\r\nb\r\n--x--",
        '--x\r\nContent-Transfer-Encoding: Binary\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--',
        (
            "preamble\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=A"
            "\r\n\r\nb\r\n--x--\r\nepilogue"
        ),
    ],
)
def test_multipart_forms_are_read_as_their_rfcs_allow_them_to_be_written(body: str) -> None:
    assert parsed(body.encode(), "multipart/form-data; boundary=x") == {"a": "b"}


def test_multipart_field_is_read_by_its_charset() -> None:
    head = b"--x\r\nContent-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n"
    assert parsed(head + b"\xe6\r\n--x--", "multipart/form-data; boundary=x") == {"a": "æ"}


@pytest.mark.parametrize(
    "head",
    [
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=a",
        "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
        "Content-Disposition: form-data; name=a\r\nno header",
    ],
)
def test_other_parts_are_not_fields(head: str) -> None:
    with pytest.raises(DeserializationFailure):
        parsed(f"--x\r\n{head}\r\n\r\nb\r\n--x--".encode(), "multipart/form-data; boundary=x")


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=other"])
def test_multipart_form_needs_its_boundary(content_type: str) -> None:
    with pytest.raises(DeserializationFailure):
        parsed(multipart({"a": "1"}), content_type)


def test_number_of_header_lines_of_a_field_is_bounded() -> None:
    limits = FormLimits(part_headers=2)
    field = "--x\r\nContent-Disposition: form-data; name=a\r\nA: b\r\n{}\r\nc\r\n--x--"
    assert parse_form(field.format("").encode(), "multipart/form-data; boundary=x", limits) == {"a": "c"}
    with pytest.raises(DeserializationFailure, match="part 1 has more than 2 header lines"):
        parse_form(field.format("C: d\r\n").encode(), "multipart/form-data; boundary=x", limits)


def test_number_of_fields_is_bounded_and_the_rest_is_not_read() -> None:
    limits = FormLimits(fields=2)
    two = {"a": "1", "b": "2"}
    many = {f"a{number}": "1" for number in range(20_000)}
    for content_type, as_two, as_three, as_many in (
        (URLENCODED, b"a=1&b=2", b"a=1&b=2&c=3", urlencode(many).encode()),
        ("multipart/form-data; boundary=x", multipart(two), multipart({**two, "c": "3"}), multipart(many)),
    ):
        assert parse_form(as_two, content_type, limits) == two
        with pytest.raises(DeserializationFailure, match="fields"):
            parse_form(as_three, content_type, limits)
        with at_most(200), pytest.raises(DeserializationFailure, match="fields"):
            parse_form(as_many, content_type, limits)
