"""Two nodes with caches on one PostgreSQL store: whatever becomes of the bus, no answered write is read as undone."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher

from openucwa.app import Service
from openucwa.channel.bus import Listener, Listeners
from openucwa.config import Config
from openucwa.identity.passwords import Passwords
from tests.client import UcwaClient, add_user, extensions_of, self_of
from tests.conftest import Connect
from tests.store.postgres.proxy import Proxy
from tests.users import LENE
from tests.world import FakeWorld

ROUNDS = 40
Resource = dict[str, Any]

#: Seconds.
LIMIT = 60


class HeldBus:
    """A bus whose messages arrive when the test says so, in whatever order; `published`: those on their way."""

    def __init__(self) -> None:
        self.published: list[frozenset[str]] = []
        self.listeners = Listeners()
        self.reachable = True

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def require(self) -> None:
        pass

    async def wait_reachable(self, seconds: float) -> bool:
        return True

    def publish(self, topics: frozenset[str]) -> None:
        self.published.append(topics)

    def subscribe(self, listener: Listener, *, of_log: bool = True) -> Callable[[], None]:
        return self.listeners.add(listener, of_log=of_log)

    @property
    def connections(self) -> int:
        return 0

    def describe(self) -> str:
        return "a bus that a test holds up"


class Node:
    """A server with a bus and a way to PostgreSQL of its own, and a client of it."""

    def __init__(self, service: Service, bus: HeldBus, proxy: Proxy, client: UcwaClient) -> None:
        self.service = service
        self.bus = bus
        self.proxy = proxy
        self.client = client

    async def read(self, href: str) -> Resource:
        answer = await self.client.get(href)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def write(self, href: str, value: int) -> None:
        """Returns when the write was answered."""
        answer = await self.client.replace(await self.read(href), value=value)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def store_timeout() -> int:
    """The setting of the second node, in seconds."""
    return LIMIT


@pytest.fixture
async def nodes(
    database: str, config: Config, world: FakeWorld, connect: Connect, store_timeout: int
) -> AsyncIterator[list[Node]]:
    """Two nodes; Lene is signed in at both, with one application."""
    async with AsyncExitStack() as stack:
        nodes = []
        for timeout in (LIMIT, store_timeout):
            proxy = await stack.enter_async_context(Proxy(database))
            bus = HeldBus()
            service = Service(
                replace(config, store=proxy.url, store_timeout=timeout),
                world,
                bus=bus,
                passwords=Passwords(hasher=PasswordHasher(1, 8, 1)),
            )
            await service.start()
            stack.push_async_callback(service.stop)
            nodes.append(Node(service, bus, proxy, connect(service)))
        one, two = nodes
        await add_user(one.service, LENE, "Lene Aaling", email="lenea@contoso.com")
        await one.client.sign_in("lenea@contoso.com")
        await one.client.open()
        two.client.token, two.client.app = one.client.token, one.client.app
        await two.service.keys.refresh()
        yield nodes


@pytest.fixture
async def extension(nodes: list[Node]) -> str:
    """An extension of Lene's, whose `value` is 0."""
    meeting = await nodes[0].client.schedule(subject="Plans")
    return self_of(await nodes[0].client.extend(meeting, id="a", value=0))


async def test_answered_write_is_read_at_the_other_node_while_no_message_of_the_bus_arrives(
    nodes: list[Node], extension: str
) -> None:
    for value in range(1, ROUNDS):
        writer, reader = nodes if value % 2 else reversed(nodes)
        assert (await reader.read(extension))["value"] == value - 1
        await writer.write(extension, value)
        assert (await reader.read(extension))["value"] == value
        assert (await reader.read(extension))["value"] == value
    assert all(node.service.response_cache.hits > 0 for node in nodes)


async def test_concurrent_readers_at_two_nodes_never_go_back_behind_an_answered_write(nodes: list[Node]) -> None:
    chance = random.Random(1)  # noqa: S311  # repeatable
    meetings = [await nodes[0].client.schedule(subject=str(number)) for number in range(3)]
    answered = {self_of(await nodes[0].client.extend(each, id="a", value=0)): 0 for each in meetings}

    async def write(href: str) -> None:
        for value in range(1, ROUNDS):
            await chance.choice(nodes).write(href, value)
            answered[href] = value

    async def read_all_the_time(node: Node) -> None:
        while min(answered.values()) < ROUNDS - 1:
            href = chance.choice(list(answered))
            least = answered[href]
            shown = await asyncio.create_task(node.read(href))
            assert shown["value"] >= least
            # Messages arrive late, some of them twice.
            if node.bus.published:
                node.bus.listeners.notify(chance.choice(node.bus.published))

    async with asyncio.TaskGroup() as clients:  # which ends all of them if one fails
        for href in answered:
            clients.create_task(write(href))
        for node in nodes * 2:
            clients.create_task(read_all_the_time(node))
    assert all(node.service.response_cache.hits > 0 for node in nodes)


async def test_collections_and_application_of_another_node_are_as_it_answered(
    nodes: list[Node], extension: str
) -> None:
    one, two = nodes
    collection = extension.rpartition("/")[0]
    before = await two.read(collection)
    assert await two.read(collection) == before
    meeting = await one.client.schedule(subject="Later")
    await one.client.extend(meeting, id="b", value=0)
    assert await two.read(collection) == before
    assert [each["id"] for each in (await two.read(extensions_of(meeting)))["_embedded"]["onlineMeetingExtension"]] == [
        "b"
    ]
    assert (await one.client.delete(extension)).status_code == 204
    assert (await two.client.get(extension)).status_code == 404
    assert (await one.client.delete(one.client.app)).status_code == 204
    assert (await two.client.get(collection)).status_code == 404


@pytest.mark.parametrize("store_timeout", [2])
async def test_node_without_connection_to_the_store_refuses_instead_of_answering_older_state(
    nodes: list[Node], extension: str
) -> None:
    one, two = nodes
    await two.read(extension)
    await two.read(extension)
    two.proxy.stall()
    await one.write(extension, 1)
    assert (await two.client.get(extension)).status_code == 503
    two.proxy.resume()
    assert (await two.read(extension))["value"] == 1


async def test_node_whose_connections_broke_reads_what_was_written_meanwhile(nodes: list[Node], extension: str) -> None:
    one, two = nodes
    for value in range(1, 5):
        await two.read(extension)
        two.proxy.cut()
        await one.write(extension, value)
        assert (await two.read(extension))["value"] == value


async def test_request_whose_reads_are_all_cached_asks_the_store_once(nodes: list[Node], extension: str) -> None:
    """The response is not cached, but what it is made of is: application and extension."""
    one, _ = nodes
    await one.write(extension, 1)
    await one.read(extension)
    asked = one.proxy.messages
    await asyncio.gather(*(one.client.get(extension, headers={"Accept": f"application/json, x/{n}"}) for n in range(9)))
    assert one.proxy.messages == asked + 1


async def test_waiting_reader_gets_what_another_reader_has_cached(
    nodes: list[Node], extension: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each of many readers of one resource would render it again, and keep the next ones from the cache."""
    node = nodes[0]
    cache = node.service.response_cache
    add, added = cache.add, []

    def noted(*arguments: Any) -> None:
        added.append(arguments)
        add(*arguments)

    monkeypatch.setattr(cache, "add", noted)
    await node.read(extension)
    hits = cache.hits
    node.proxy.stall()
    waiting = asyncio.create_task(node.read(extension))
    for _ in range(50):
        await asyncio.sleep(0)
    key, response, _ = added[-1]
    add(key, response, cache.changes)
    node.proxy.resume()
    await waiting
    assert cache.hits == hits + 1
