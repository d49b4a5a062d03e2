"""What the tests of resources have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from openucwa.config import Config
from tests.client import UcwaClient
from tests.conftest import Connect, Make

SignedIn = Callable[..., Awaitable[UcwaClient]]


@pytest.fixture(params=[Config().response_cache_bytes, 0], ids=["kept", "plain"])
def config(request: pytest.FixtureRequest, config: Config) -> Config:
    """Everything here holds with answers that are kept and without."""
    return replace(config, response_cache_bytes=request.param)


@pytest.fixture
async def meeting(lene: UcwaClient) -> dict[str, Any]:
    """A meeting of Lene's."""
    return await lene.schedule(subject="Sales")


@pytest.fixture
def signed_in(make_service: Make, connect: Connect) -> SignedIn:
    """Signs Lene in to a server with other settings, and opens her application."""

    async def sign_in(**settings: Any) -> UcwaClient:
        client = connect(await make_service(**settings))
        await client.sign_in("lenea@contoso.com")
        await client.open()
        return client

    return sign_in
