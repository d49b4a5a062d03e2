"""CORS: whose pages may call, and what a browser is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openucwa.config_options import ConfigError
from openucwa.http.cors import Cors, normalise
from openucwa.http.message import Request

ORIGIN = "https://intranet.contoso.com"
ASKED = ("access-control-request-method", "PUT")


def request(*headers: tuple[str, str], method: str = "GET") -> Request:
    given = {name.encode(): value.encode("latin-1") for name, value in headers}
    return Request(method=method, path=b"/", headers=given)


@pytest.fixture
def cors() -> Cors:
    return Cors([ORIGIN, "http://localhost:8000"])


@pytest.mark.parametrize(
    ("origin", "normal"),
    [
        ("https://Intranet.Contoso.com", ORIGIN),
        ("HTTPS://intranet.contoso.com:443", ORIGIN),
        ("https://intranet.contoso.com/", ORIGIN),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_origins_are_compared_by_scheme_host_and_port(origin: str, normal: str) -> None:
    assert normalise(origin) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "contoso.com",
        "file://x",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://u@a",
        "https://a:b",
    ],
)
def test_other_texts_are_not_origins(text: str) -> None:
    assert normalise(text) is None
    assert not Cors([ORIGIN]).allows(text)
    with pytest.raises(ConfigError, match="allow_origin"):
        Cors([text])


@given(st.text())
def test_any_text_is_handled(text: str) -> None:
    normal = normalise(text)
    assert normal is None or normalise(normal) == normal


@pytest.mark.parametrize("origin", [ORIGIN, "https://INTRANET.contoso.com:443", "http://localhost:8000"])
def test_listed_origin_is_allowed(cors: Cors, origin: str) -> None:
    assert cors.allows(origin)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "http://intranet.contoso.com",
        ORIGIN + ":8443",
        "https://contoso.com",
        ORIGIN + ".evil.com",
        "http://localhost",
    ],
)
def test_unlisted_origin_is_not_allowed(cors: Cors, origin: str | None) -> None:
    assert not cors.allows(origin)


def test_answer_to_an_allowed_origin_names_it_and_the_exposed_headers(cors: Cors) -> None:
    headers = dict(cors.headers(request(("origin", ORIGIN))))
    assert headers[b"Access-Control-Allow-Origin"] == ORIGIN.encode()
    assert {b"ETag", b"Location", b"WWW-Authenticate", b"X-Ms-diagnostics", b"Retry-After", b"X-Request-Id"} <= set(
        headers[b"Access-Control-Expose-Headers"].split(b", ")
    )
    assert headers[b"Vary"] == b"Origin"
    assert b"Access-Control-Allow-Credentials" not in headers


def test_any_other_answer_only_varies_by_origin(cors: Cors) -> None:
    assert cors.headers(request()) == ((b"Vary", b"Origin"),)
    assert cors.headers(request(("origin", "https://evil.com"))) == ((b"Vary", b"Origin"),)


def test_without_allowed_origins_there_are_no_cors_headers() -> None:
    assert Cors([]).headers(request(("origin", ORIGIN))) == ()
    assert Cors([]).preflight(request(("origin", ORIGIN), ASKED, method="OPTIONS")) is None


def test_preflight_answer_lists_methods_and_headers(cors: Cors) -> None:
    headers = cors.preflight(request(("origin", ORIGIN), ASKED, method="OPTIONS"))
    assert headers is not None
    assert set(dict(headers)[b"Access-Control-Allow-Methods"].split(b", ")) >= {b"GET", b"POST", b"PUT", b"DELETE"}
    allowed = dict(headers)[b"Access-Control-Allow-Headers"].split(b", ")
    assert set(allowed) >= {
        b"Authorization", b"Content-Type", b"If-Match", b"If-None-Match", b"Accept", b"X-Ms-Origin", b"X-Requested-With"
    }  # fmt: skip


def test_preflight_may_ask_for_other_headers_too(cors: Cors) -> None:
    asked = ("access-control-request-headers", "x-ms-correlation-id, authorization,bad name, evil\r\nheader")
    headers = cors.preflight(request(("origin", ORIGIN), ASKED, asked, method="OPTIONS"))
    assert headers is not None
    allowed = dict(headers)[b"Access-Control-Allow-Headers"]
    assert allowed.endswith(b", X-Requested-With, x-ms-correlation-id")


@pytest.mark.parametrize(
    "asking",
    [
        request(("origin", ORIGIN), method="OPTIONS"),
        request(ASKED, method="OPTIONS"),
        request(("origin", "https://evil.com"), ASKED, method="OPTIONS"),
        request(("origin", ORIGIN), ASKED, method="GET"),
    ],
)
def test_other_options_requests_are_not_preflights(cors: Cors, asking: Request) -> None:
    assert cors.preflight(asking) is None
