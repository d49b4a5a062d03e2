"""Opaque access tokens, which their issuer is asked about."""

import asyncio
import json

import pytest

from openucwa.model.refusals import ServiceUnavailable, Unauthorized
from tests.identity.issuers.conftest import Checking, Claiming
from tests.identity.issuers.provider import RunningProvider, sign
from tests.streams import serving
from tests.world import FakeWorld, until

INTROSPECTION = {"client_id": "openucwa", "client_secret": "server-secret", "introspection": True}
_PATH = "/token/introspection"


@pytest.fixture(autouse=True)
def opaque(provider: RunningProvider) -> None:
    provider.format = "opaque"
    provider.configure()


async def test_opaque_token_names_its_user_and_scopes(provider: RunningProvider, checking: Checking) -> None:
    found = (await checking(**INTROSPECTION).check(await provider.token(scope="Meetings.ReadWrite"))).token
    assert found.profile.uri == "sip:lenea@contoso.com"
    assert found.scopes == {"Meetings.ReadWrite"}


async def test_opaque_token_is_refused_without_introspection(provider: RunningProvider, checking: Checking) -> None:
    with pytest.raises(Unauthorized):
        await checking().check(await provider.token())
    assert await provider.requests(_PATH) == 0


async def test_inactive_token_is_refused_and_introspected_once(
    provider: RunningProvider, checking: Checking, world: FakeWorld
) -> None:
    tokens = checking(**INTROSPECTION, introspection_lifetime=60)
    for _ in range(3):
        with pytest.raises(Unauthorized):
            await tokens.check("made-up")
    assert await provider.requests(_PATH) == 1
    await world.advance(61)
    with pytest.raises(Unauthorized):
        await tokens.check("made-up")
    assert await provider.requests(_PATH) == 2


async def test_introspection_result_is_cached_for_its_lifetime(
    provider: RunningProvider, checking: Checking, world: FakeWorld
) -> None:
    tokens, token = checking(**INTROSPECTION, introspection_lifetime=60), await provider.token()
    await tokens.check(token)
    await world.advance(59)
    assert tokens.recognized(token)
    await world.advance(2)
    assert tokens.recognized(token) is None
    await tokens.check(token)
    assert await provider.requests(_PATH) == 2


async def test_concurrent_requests_with_one_token_share_an_introspection(
    provider: RunningProvider, checking: Checking
) -> None:
    tokens, token = checking(**INTROSPECTION, max_introspections=1), await provider.token()
    await asyncio.gather(*(tokens.check(token) for _ in range(20)))
    assert await provider.requests(_PATH) == 1


async def test_introspections_beyond_the_maximum_are_refused_for_now(checking: Checking) -> None:
    tokens = checking(**INTROSPECTION, max_introspections=2)
    results = await asyncio.gather(*(tokens.check(f"t{number}") for number in range(10)), return_exceptions=True)
    assert [type(result) for result in results].count(ServiceUnavailable) == 8
    assert [type(result) for result in results].count(Unauthorized) == 2


async def test_invalid_tokens_do_not_evict_valid_ones(provider: RunningProvider, checking: Checking) -> None:
    tokens, token = checking(**INTROSPECTION, foreign_tokens_cached=4), await provider.token()
    await tokens.check(token)
    for number in range(10):
        with pytest.raises(Unauthorized):
            await tokens.check(f"made-up-{number}")
    assert tokens.recognized(token)


async def test_unreachable_issuer_is_503_until_it_recovers(provider: RunningProvider, checking: Checking) -> None:
    tokens, token = checking(**INTROSPECTION), await provider.token()
    await tokens.check(token)
    provider.stop()
    with pytest.raises(ServiceUnavailable):
        await tokens.check("unknown")
    assert await tokens.check(token), "what is known goes on"
    provider.start()
    with pytest.raises(Unauthorized):
        await tokens.check("unknown")


async def test_wrong_client_secret_is_an_outage(provider: RunningProvider, checking: Checking) -> None:
    token = await provider.token()
    with pytest.raises(ServiceUnavailable):
        await checking(**INTROSPECTION | {"client_secret": "wrong"}).check(token)


async def test_token_for_another_audience_is_refused(provider: RunningProvider, checking: Checking) -> None:
    token = await provider.token()
    with pytest.raises(Unauthorized):
        await checking(**INTROSPECTION, audience="https://another").check(token)


async def test_jwt_is_not_introspected(provider: RunningProvider, checking: Checking) -> None:
    provider.format = "jwt"
    provider.configure()
    await checking(**INTROSPECTION).check(await provider.token())
    assert await provider.requests(_PATH) == 0


async def test_introspection_that_hangs_does_not_hold_up_the_keys(
    provider: RunningProvider, checking: Checking, claims: Claiming
) -> None:
    hanging = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal hanging
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        if path == b"/introspect":
            hanging += 1
            await reader.read()
        else:
            shown = {"issuer": url, "jwks_uri": f"{url}/jwks", "introspection_endpoint": f"{url}/introspect"}
            body = json.dumps(keys if path == b"/jwks" else shown).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await writer.drain()

    keys = {"keys": [provider.key.as_dict(private=False)]}
    async with serving(serve) as port:
        url = f"http://127.0.0.1:{port}"
        tokens = checking(**INTROSPECTION, url=url, timeout=60, connections=2)
        waiting = [asyncio.create_task(tokens.check(f"opaque-{number}")) for number in range(5)]
        await until(lambda: hanging == 2)
        assert await tokens.check(sign(provider.key, claims(iss=url)))
        assert not any(task.done() for task in waiting)
        await tokens.close()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert hanging == 2, "no more connections than set"
