"""A running provider, and verifiers of its tokens."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from openucwa.config import Config
from openucwa.config_identity import Issuer
from openucwa.identity.issuers.tokens import ForeignTokens, ForeignTokenSettings
from tests.identity.issuers.provider import AUDIENCE, LENE, RunningProvider
from tests.world import FakeWorld

SCOPES = frozenset(
    {"Contacts.ReadWrite", "Conversations.Initiate", "Conversations.Receive", "Meetings.ReadWrite", "User.ReadWrite"}
)

#: Creates a verifier; the arguments replace fields of the issuer's table.
Checking = Callable[..., ForeignTokens]
#: Creates the claims of a valid token; the arguments replace some of them.
Claiming = Callable[..., dict[str, Any]]


@pytest.fixture
def world() -> FakeWorld:
    """A clock set to the real time, which is the provider's."""
    return FakeWorld(now=time.time_ns() // 1_000_000)


@pytest.fixture(scope="package")
def running_provider() -> Iterator[RunningProvider]:
    running = RunningProvider()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def provider(running_provider: RunningProvider) -> RunningProvider:
    running_provider.begin_anew()
    return running_provider


@pytest.fixture
async def checking(provider: RunningProvider, world: FakeWorld) -> AsyncIterator[Checking]:
    made = []

    def make(**table: Any) -> ForeignTokens:
        limits = {
            name: table.pop(name)
            for name in ("max_token_bytes", "foreign_tokens_cached", "max_introspections")
            if name in table
        }
        issuer = Issuer(**{"url": provider.url, "audience": AUDIENCE, "domains": "contoso.com"} | table)
        settings = Config(issuers=(issuer,), **limits).part(ForeignTokenSettings)
        made.append(ForeignTokens(settings, SCOPES, world))
        return made[-1]

    yield make
    for tokens in made:
        await tokens.close()


@pytest.fixture
def claims(provider: RunningProvider, world: FakeWorld) -> Claiming:
    def make(**others: Any) -> dict[str, Any]:
        now = world.now() // 1000
        usual = {"iss": provider.url, "aud": AUDIENCE, "sub": "lene", "iat": now, "exp": now + 600}
        whole = usual | {"scope": "Conversations.Receive"} | LENE | others
        return {name: value for name, value in whole.items() if value is not None}

    return make
