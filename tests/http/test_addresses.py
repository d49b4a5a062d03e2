"""What absolute hrefs begin with: the server's own addresses, whatever a request says."""

import pytest

from openucwa.http.addresses import Addresses
from openucwa.http.message import Request


def base(addresses: Addresses, host: str | None, scheme: str = "http", server: str = "192.0.2.1") -> str:
    headers = {} if host is None else {b"host": host.encode()}
    return addresses.base(Request(method="GET", path=b"/", headers=headers, scheme=scheme, server=(server, 8080)))


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(None, ["http://127.0.0.1:8080"], ["ucwa.contoso.com", "other.contoso.com:8443"])


def test_public_url_takes_precedence(addresses: Addresses) -> None:
    assert base(Addresses("https://u.example/", ["http://127.0.0.1:8080"], []), "127.0.0.1:8080") == "https://u.example"


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "LocalHost:8080"])
def test_host_of_the_listener_is_used(addresses: Addresses, host: str) -> None:
    assert base(addresses, host) == f"http://{host.lower()}"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("ucwa.contoso.com", "http://ucwa.contoso.com"),
        ("ucwa.contoso.com:80", "http://ucwa.contoso.com"),
        ("ucwa.contoso.com:8080", "http://ucwa.contoso.com:8080"),
        ("other.contoso.com:8443", "http://other.contoso.com:8443"),
    ],
)
def test_host_in_the_settings_is_used(addresses: Addresses, host: str, expected: str) -> None:
    assert base(addresses, host) == expected


@pytest.mark.parametrize("host", [None, "", "evil.example", "evil.example:8080", "a b", "127.0.0.1.evil.example", "["])
def test_any_other_host_is_ignored(addresses: Addresses, host: str | None) -> None:
    assert base(addresses, host) == "http://127.0.0.1:8080"


@pytest.mark.parametrize("host", ["127.0.0.1:1", "localhost:6666", "ucwa.contoso.com:6666", "localhost:99999"])
def test_foreign_port_is_ignored(addresses: Addresses, host: str) -> None:
    assert base(addresses, host) != f"http://{host}"
    assert "6666" not in base(addresses, host)


def test_https_listener_takes_precedence_over_http() -> None:
    both = Addresses(None, ["http://127.0.0.1:8080", "https://127.0.0.1:8443"], [])
    assert base(both, "127.0.0.1:8080") == "https://127.0.0.1:8443"
    assert base(both, "127.0.0.1:8443", "https") == "https://127.0.0.1:8443"


def test_wildcard_is_replaced_by_the_reached_address() -> None:
    assert base(Addresses(None, ["http://0.0.0.0:8080"], []), "evil.example") == "http://192.0.2.1:8080"
