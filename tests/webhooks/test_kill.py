"""Servers, nodes, the receiver and PostgreSQL are killed while changes are delivered."""

from pathlib import Path

import pytest

from tests.deploy.nginx import free_port
from tests.postgres import PostgresServer
from tests.webhooks.killing import Servers, prepare, storm
from tests.webhooks.receiver_process import ReceiverProcess

#: `python -m bench.webhooks` makes 10,000.
CHANGES = 120


@pytest.fixture
def receiver(tmp_path: Path) -> ReceiverProcess:
    return ReceiverProcess(free_port(), tmp_path / "received")


def restart(receiver: ReceiverProcess) -> None:
    receiver.kill()
    receiver.start()


async def test_each_change_is_delivered_in_order_although_server_and_receiver_are_killed(
    tmp_path: Path, receiver: ReceiverProcess
) -> None:
    prepare(tmp_path / "data")
    servers = Servers(tmp_path / "data", 1)
    try:
        receiver.start()
        servers.start()
        kills = [
            ("server", lambda: servers.kill(0)),
            ("receiver", lambda: restart(receiver)),
            ("server", lambda: servers.kill(0)),
        ]
        outcome = await storm(servers, receiver, CHANGES, kills)
    finally:
        servers.stop()
        receiver.kill()
    outcome.check()


async def test_each_change_is_delivered_in_order_although_nodes_and_postgresql_are_killed(
    receiver: ReceiverProcess,
) -> None:
    with PostgresServer() as database:
        url = database.new_database()
        prepare(url)
        servers = Servers(url, 2)

        def kill_database() -> None:
            database.kill()
            database.start()

        try:
            receiver.start()
            servers.start()
            kills = [
                ("node", lambda: servers.kill(0)),
                ("database", kill_database),
                ("receiver", lambda: restart(receiver)),
                ("node", lambda: servers.kill(1)),
            ]
            outcome = await storm(servers, receiver, CHANGES, kills)
        finally:
            servers.stop()
            receiver.kill()
    outcome.check()
