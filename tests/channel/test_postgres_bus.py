"""What is LISTEN and NOTIFY's own. What holds of every bus, `tests/contract/test_buses.py` tests."""

import json
from collections.abc import AsyncIterator

import pytest

from openucwa.channel.postgres import CHANNEL, PostgresBus
from tests.postgres import PostgresServer
from tests.world import QuickWorld, until


@pytest.fixture
async def bus(database: str) -> AsyncIterator[PostgresBus]:
    bus = PostgresBus(database, QuickWorld())
    await bus.start()
    await until(lambda: bus.describe().endswith(", connected"), 30)
    yield bus
    await bus.stop()


async def test_malformed_message_is_ignored(bus: PostgresBus, postgres: PostgresServer, database: str) -> None:
    heard: list[str] = []
    bus.subscribe(heard.extend)
    for text in ('{"no": "list"}', "", "[1]", '["yes"]'):
        postgres.query(f"select pg_notify('{CHANNEL}', '{text}')", database)
    await until(lambda: heard, 30)
    assert heard == ["yes"]


async def test_deployments_in_different_databases_are_separate(
    bus: PostgresBus, postgres: PostgresServer, database: str
) -> None:
    heard: list[str] = []
    bus.subscribe(heard.extend)
    postgres.query(f"""select pg_notify('{CHANNEL}', '["theirs"]')""", "postgres")
    postgres.query(f"""select pg_notify('{CHANNEL}', '["ours"]')""", database)
    await until(lambda: heard, 30)
    assert heard == ["ours"]


async def test_overlong_topic_does_not_hold_up_others(database: str, bus: PostgresBus) -> None:
    other = PostgresBus(database, QuickWorld())
    await other.start()
    await until(lambda: other.describe().endswith(", connected"), 30)
    heard: set[str] = set()
    other.subscribe(heard.update)
    longest = "l" * 7_000
    bus.publish(frozenset({"short", "x" * 8_000, longest, json.dumps("\\" * 100)}))
    await until(lambda: len(heard) == 3, 30)
    assert heard == {"short", longest, json.dumps("\\" * 100)}
    await other.stop()
