"""Signing keys: servers on one store learn of each other's, and let go of what is of no use any more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from openucwa.config import Config
from openucwa.identity.keys import GRACE_PERIOD, MIN_REFRESH_INTERVAL, KeySettings, SigningKeys
from openucwa.identity.tokens import Caller, Tokens, new_signing_key
from openucwa.model.refusals import ServiceUnavailable, Unauthorized
from openucwa.model.user import SigningKey
from openucwa.store import contract
from openucwa.store.sqlite import SqliteStore
from tests.world import FakeWorld, until

LONG = 10_000_000_000_000
LENE = Caller("sip:lene@contoso.com", "Lene Aalling", None, 3, LONG, None)


class CountingKeys:
    """The keys of a store; says how often it was asked for them. `away`: whether they can't be read."""

    def __init__(self, keys: contract.SigningKeys) -> None:
        self.asked = 0
        self.away = False
        self._keys = keys
        self.add = keys.add
        self.add_first = keys.add_first
        self.remove = keys.remove

    async def all(self) -> Sequence[SigningKey]:
        self.asked += 1
        if self.away:
            raise ServiceUnavailable("The store is away.", 5)
        return await self._keys.all()


class Node:
    """One server, as far as keys go."""

    def __init__(self, stored: CountingKeys, world: FakeWorld, config: Config) -> None:
        self.tokens = Tokens([new_signing_key(world)], world)
        self.removals = 0
        self.keys = SigningKeys(stored, self.tokens, config.part(KeySettings), world, self._removed)

    def _removed(self) -> None:
        self.removals += 1


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def config() -> Config:
    return Config()


@pytest.fixture
async def stored(tmp_path: Path) -> AsyncIterator[CountingKeys]:
    store = SqliteStore(tmp_path, timeout=5)
    await store.open()
    yield CountingKeys(store.signing_keys)
    await store.close()


@pytest.fixture
async def nodes(stored: CountingKeys, world: FakeWorld, config: Config) -> AsyncIterator[list[Node]]:
    """Two servers on one store."""
    nodes = [Node(stored, world, config) for _ in range(2)]
    for node in nodes:
        await node.keys.start()
    yield nodes
    for node in nodes:
        await node.keys.stop()


async def rotate(stored: CountingKeys, world: FakeWorld) -> SigningKey:
    """A new key, a moment later than all others."""
    await world.advance(0.001)
    key = new_signing_key(world)
    await stored.add(key)
    return key


async def test_servers_on_one_store_accept_each_others_tokens(nodes: list[Node]) -> None:
    assert await nodes[1].keys.check(nodes[0].tokens.issue(LENE)) == LENE


async def test_token_of_a_new_key_is_valid_at_once(nodes: list[Node], stored: CountingKeys, world: FakeWorld) -> None:
    await rotate(stored, world)
    await nodes[0].keys.refresh()
    assert await nodes[1].keys.check(nodes[0].tokens.issue(LENE)) == LENE


async def test_new_key_signs_after_the_next_refresh(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld, config: Config
) -> None:
    key = await rotate(stored, world)
    before = nodes[0].tokens.issue(LENE)
    await world.advance(config.key_refresh_interval)
    await until(lambda: nodes[0].tokens.issue(LENE).startswith(f"cwt={key.id}."))
    assert await nodes[0].keys.check(before) == LENE


async def test_removed_key_is_refused_after_the_next_refresh(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld, config: Config
) -> None:
    old = (await stored.all())[0]
    text = nodes[0].tokens.issue(LENE)
    await rotate(stored, world)
    await stored.remove(old.id)
    await world.advance(config.key_refresh_interval)
    await until(lambda: nodes[0].removals)
    with pytest.raises(Unauthorized):
        await nodes[0].keys.check(text)


async def test_forged_tokens_cause_at_most_one_refresh_per_second(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld
) -> None:
    asked = stored.asked
    forged = [f"cwt={number:012x}.e30.AAAA" for number in range(20)]
    for _ in range(2):
        found = await asyncio.gather(*(nodes[0].keys.check(text) for text in forged), return_exceptions=True)
        assert all(isinstance(each, Unauthorized) for each in found)
    assert stored.asked == asked + 1
    await world.advance(MIN_REFRESH_INTERVAL)
    with pytest.raises(Unauthorized):
        await nodes[0].keys.check(forged[0])
    assert stored.asked == asked + 2


@pytest.mark.parametrize("text", ["", "cwt=", "cwt=abc.e30.AAAA", "cwt=00000000000Z.e30.AAAA", "000000000000.e30.A"])
async def test_foreign_tokens_cause_no_refresh(nodes: list[Node], stored: CountingKeys, text: str) -> None:
    asked = stored.asked
    with pytest.raises(Unauthorized):
        await nodes[0].keys.check(text)
    assert stored.asked == asked


async def test_token_is_not_called_invalid_while_the_store_is_unreachable(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld, config: Config
) -> None:
    known = nodes[0].tokens.issue(LENE)
    stored.away = True
    with pytest.raises(ServiceUnavailable):
        await nodes[0].keys.check("cwt=000000000000.e30.AAAA")
    await world.advance(2 * config.key_refresh_interval)
    assert await nodes[0].keys.check(known) == LENE


async def test_refreshing_continues_after_a_store_failure(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld, config: Config
) -> None:
    key = await rotate(stored, world)
    stored.away = True
    await world.advance(config.key_refresh_interval)
    stored.away = False
    await world.advance(config.key_refresh_interval)
    await until(lambda: nodes[0].tokens.issue(LENE).startswith(f"cwt={key.id}."))


async def test_old_key_is_removed_once_its_last_token_has_expired(
    nodes: list[Node], stored: CountingKeys, world: FakeWorld, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    old = (await stored.all())[0]
    key = await rotate(stored, world)
    await world.advance(config.token_lifetime + config.key_refresh_interval + GRACE_PERIOD)
    await nodes[0].keys.remove_outlived()
    assert [each.id for each in await stored.all()] == [key.id, old.id]
    await world.advance(0.001)
    await nodes[0].keys.remove_outlived()
    assert [each.id for each in await stored.all()] == [key.id]
    assert f"removed the signing key {old.id}" in caplog.text


async def test_only_key_is_never_removed(nodes: list[Node], stored: CountingKeys, world: FakeWorld) -> None:
    for node in nodes:
        await node.keys.stop()  # else each of them refreshes its keys a hundred thousand times
    await world.advance(100 * 86_400)
    await nodes[0].keys.remove_outlived()
    assert len(await stored.all()) == 1


async def test_stop_leaves_no_task(nodes: list[Node], world: FakeWorld) -> None:
    for node in nodes:
        await node.keys.stop()
        await node.keys.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}
