"""The keys of an OpenID provider that really runs: rotation, floods of unknown keys, and a provider that is away."""

import asyncio
import json
import ssl
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.config_identity import Issuer
from openucwa.identity.issuers.provider import MAX_ANSWER
from openucwa.identity.issuers.tokens import ForeignTokens, ForeignTokenSettings
from openucwa.model.refusals import ServiceUnavailable, Unauthorized
from openucwa.model.world import RealWorld
from tests.certificate import make_certificate
from tests.identity.issuers.conftest import SCOPES, Checking, Claiming
from tests.identity.issuers.provider import AUDIENCE, RunningProvider, sign, signing_key
from tests.streams import serving
from tests.world import FakeWorld, until


async def test_new_key_is_fetched(provider: RunningProvider, checking: Checking, world: FakeWorld) -> None:
    tokens = checking(key_refresh_min=5)
    await tokens.check(await provider.token())
    provider.rotate("second")
    await world.advance(6)
    assert await tokens.check(await provider.token())


async def test_withdrawn_key_invalidates_cached_tokens(
    provider: RunningProvider, checking: Checking, world: FakeWorld
) -> None:
    tokens, old = checking(key_refresh_min=5), await provider.token()
    await tokens.check(old)
    provider.rotate("second")
    await world.advance(6)
    await tokens.check(await provider.token())
    assert tokens.recognized(old) is None
    with pytest.raises(ServiceUnavailable):
        await tokens.check(old)
    await world.advance(6)
    with pytest.raises(Unauthorized):
        await tokens.check(old)


async def test_keys_are_refreshed_while_cached_ones_stay_in_use(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    tokens, token = checking(key_refresh=60), sign(provider.key, claims())
    await tokens.check(token)
    provider.rotate("second")
    await world.advance(61)
    assert tokens.recognized(token)
    await until(lambda: tokens.recognized(token) is None)


async def test_flood_of_unknown_keys_fetches_keys_at_a_bounded_rate(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    tokens = checking(key_refresh_min=5)
    key = signing_key("unknown")
    flood = [sign(key, claims(), kid=f"k{number}") for number in range(100)]
    results = await asyncio.gather(*(tokens.check(token) for token in flood), return_exceptions=True)
    assert all(isinstance(result, Unauthorized | ServiceUnavailable) for result in results)
    assert await provider.requests("/jwks") == 1
    assert await tokens.check(sign(provider.key, claims())), "known keys go on"
    await world.advance(6)
    await asyncio.gather(*(tokens.check(token) for token in flood), return_exceptions=True)
    assert await provider.requests("/jwks") == 2


async def test_key_that_the_issuer_does_not_have_is_refused_even_between_two_reads(
    checking: Checking, claims: Claiming
) -> None:
    tokens, stray = checking(), sign(signing_key("stray"), claims())
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await tokens.check(stray)


async def test_known_keys_stay_valid_and_unknown_ones_are_503_while_the_provider_is_down(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    tokens = checking(key_refresh_min=5)
    await tokens.check(sign(provider.key, claims()))
    await world.advance(6)
    provider.stop()
    assert await tokens.check(sign(provider.key, claims(jti="new")))
    second = signing_key("second")
    with pytest.raises(ServiceUnavailable) as refused:
        await tokens.check(sign(second, claims()))
    assert 1 <= refused.value.retry_after <= 5
    provider.keys = [provider.key, second]
    provider.start()
    await world.advance(6)
    assert await tokens.check(sign(second, claims()))


async def test_unreachable_provider_is_asked_at_a_bounded_rate(
    provider: RunningProvider, checking: Checking, claims: Claiming, world: FakeWorld
) -> None:
    tokens, token = checking(key_refresh_min=5), sign(provider.key, claims())
    provider.stop()
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            await tokens.check(token)
    provider.start()
    with pytest.raises(ServiceUnavailable):
        await tokens.check(token)
    await world.advance(6)
    assert await tokens.check(token)


async def test_provider_that_hangs_is_not_waited_for_longer_than_set(checking: Checking, claims: Claiming) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(hang) as port:
        url = f"http://127.0.0.1:{port}"
        tokens = checking(url=url, timeout=0.2)
        with pytest.raises(ServiceUnavailable):
            await asyncio.wait_for(tokens.check(sign(signing_key("x"), claims(iss=url))), 60)
        await tokens.close()


async def test_provider_that_hangs_is_waited_for_once_and_not_by_one_request_after_another(claims: Claiming) -> None:
    asked = 0

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.read()

    async with serving(hang) as port:
        url = f"http://127.0.0.1:{port}"
        # A clock that runs: after `timeout`, as long a time has passed as must pass between two fetches.
        issuer = Issuer(url=url, audience=AUDIENCE, domains="contoso.com", timeout=0.5, key_refresh_min=0.5)
        tokens = ForeignTokens(Config(issuers=(issuer,)).part(ForeignTokenSettings), SCOPES, RealWorld())
        key = signing_key("x")
        checks = (tokens.check(sign(key, claims(iss=url), kid=f"k{number}")) for number in range(10))
        results = await asyncio.wait_for(asyncio.gather(*checks, return_exceptions=True), 60)
        assert all(isinstance(result, ServiceUnavailable) for result in results)
        assert asked == 1
        await tokens.close()


@pytest.mark.parametrize("body", [b'{"x":' + b"[" * 100_000, b'{"issuer":"\xff"}'])
async def test_answer_of_the_provider_that_cannot_be_decoded_is_503(
    checking: Checking, claims: Claiming, body: bytes
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    async with serving(answer) as port:
        url = f"http://127.0.0.1:{port}"
        tokens = checking(url=url)
        with pytest.raises(ServiceUnavailable):
            await tokens.check(sign(signing_key("x"), claims(iss=url)))
        await tokens.close()


async def test_provider_that_sends_without_end_is_cut_off(checking: Checking, claims: Claiming) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
            sent += 65_536
            await writer.drain()

    async with serving(pour) as port:
        url = f"http://127.0.0.1:{port}"
        tokens = checking(url=url)
        with pytest.raises(ServiceUnavailable):
            await tokens.check(sign(signing_key("x"), claims(iss=url)))
        await tokens.close()
    assert MAX_ANSWER < sent < 200 * 65_536


async def test_issuer_with_tls_cannot_send_the_server_to_addresses_without(
    checking: Checking, claims: Claiming, tmp_path: Path
) -> None:
    reached = False

    async def lure(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal reached
        reached = True

    async def discovery(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"issuer": url, "jwks_uri": f"http://127.0.0.1:{port}/keys"}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()

    certificate, key = make_certificate(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    async with serving(lure) as port, serving(discovery, context) as tls_port:
        url = f"https://localhost:{tls_port}"
        tokens = checking(url=url, ca_file=certificate)
        with pytest.raises(ServiceUnavailable):
            await tokens.check(sign(signing_key("x"), claims(iss=url)))
        await tokens.close()
    assert not reached


async def test_discovery_document_of_another_issuer_is_not_used(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    url = provider.url.replace("127.0.0.1", "localhost")
    with pytest.raises(ServiceUnavailable):
        await checking(url=url).check(sign(provider.key, claims(iss=url)))
