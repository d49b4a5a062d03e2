"""Behind a proxy: whom a request is from, and by which scheme it came, where the proxy may say so."""

import pytest

from tests.server.serving import Echo, serving

TRUSTED = ("127.0.0.1", "10.0.0.0/8")


async def seen(*headers: str, trusted: tuple[str, ...] = TRUSTED) -> tuple[str, str]:
    """Address and scheme of a request with these headers, as the application sees them."""
    echo = Echo()
    async with serving(echo, trusted_proxies=trusted) as server:
        client = await server.connect()
        await client.get("/", *headers)
        assert (await client.answer()).status == 200
    (request,) = echo.requests
    return request.client, request.scheme


@pytest.mark.parametrize(
    ("headers", "address", "scheme"),
    [
        ((), "127.0.0.1", "http"),
        (("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"), "192.0.2.1", "https"),
        (("X-Forwarded-For: 2001:db8::1",), "2001:db8::1", "http"),
        (("X-Forwarded-For: 192.0.2.1, 10.1.2.3",), "192.0.2.1", "http"),
        (("X-Forwarded-For: 192.0.2.1", "X-Forwarded-For: 10.1.2.3"), "192.0.2.1", "http"),
        (("X-Forwarded-For: 192.0.2.1:4711, [2001:db8::1]:99",), "2001:db8::1", "http"),
        (("X-Forwarded-For: 192.0.2.1:4711",), "192.0.2.1", "http"),
        (("X-Forwarded-For: 10.9.9.9, 10.1.2.3",), "10.9.9.9", "http"),
        (("X-Forwarded-For: ",), "127.0.0.1", "http"),
        (("X-Forwarded-Proto: gopher",), "127.0.0.1", "http"),
        (("X-Forwarded-Proto: wss",), "127.0.0.1", "http"),
        (("X-Forwarded-Proto: http", "X-Forwarded-Proto: https"), "127.0.0.1", "https"),
    ],
)
async def test_headers_of_a_trusted_proxy_are_used(headers: tuple[str, ...], address: str, scheme: str) -> None:
    assert await seen(*headers) == (address, scheme)


async def test_addresses_forged_by_the_client_are_ignored() -> None:
    assert (await seen("X-Forwarded-For: 203.0.113.9, 192.0.2.1"))[0] == "192.0.2.1"


@pytest.mark.parametrize("trusted", [(), ("10.0.0.0/8",)])
async def test_headers_of_others_are_ignored(trusted: tuple[str, ...]) -> None:
    headers = ("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https")
    assert await seen(*headers, trusted=trusted) == ("127.0.0.1", "http")


async def test_forwarded_header_is_ignored() -> None:
    assert await seen("Forwarded: for=192.0.2.1;proto=https") == ("127.0.0.1", "http")
