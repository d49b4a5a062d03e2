"""Servers, nodes, the receiver and PostgreSQL are killed while changes are delivered."""

import json
from pathlib import Path

import pytest

from openucwa.model.webhook import Secret
from openucwa.webhooks.signing import signature_headers
from tests.ports import free_port
from tests.postgres import PostgresServer
from tests.webhooks.killing import Outcome, Servers, prepare, storm
from tests.webhooks.receiver_process import ReceiverProcess

#: `python -m bench.webhooks` makes 10,000.
CHANGES = 120
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


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


def outcome_of(*numbers: int, secret: str = SECRET) -> Outcome:
    """One meeting with three changes, whose messages came in this order; a number twice: the message came twice."""
    outcome = Outcome(secret=SECRET)
    outcome.log["A"] = [("extension.added", f"e{number}", f"{number}") for number in range(3)]
    for number in numbers:
        data = {"onlineMeetingId": "A", "extensionId": f"e{number}", "etagAfter": f"{number}"}
        body = json.dumps({"type": "extension.added", "data": data})
        headers = signature_headers([Secret(secret)], f"msg_{number}", 1_000, body.encode())
        outcome.messages.append({**headers, "body": body})
    return outcome


@pytest.mark.parametrize("numbers", [(0, 1, 2), (0, 0, 1, 2), (0, 1, 1, 2, 2)])
def test_check_accepts_messages_in_order_and_repetitions(numbers: tuple[int, ...]) -> None:
    outcome_of(*numbers).check()


@pytest.mark.parametrize("numbers", [(), (0, 1), (0, 2), (0, 2, 1), (1, 0, 2), (0, 1, 0, 2)])
def test_check_notices_what_is_missing_or_out_of_order(numbers: tuple[int, ...]) -> None:
    with pytest.raises(AssertionError):
        outcome_of(*numbers).check()


def test_check_notices_a_wrong_signature_and_a_lost_change() -> None:
    with pytest.raises(AssertionError):
        outcome_of(0, 1, 2, secret="whsec_" + "A" * 32).check()
    lost = outcome_of(0, 1, 2)
    lost.answered.append(("A", ("extension.added", "e9", "9")))
    with pytest.raises(AssertionError):
        lost.check()
