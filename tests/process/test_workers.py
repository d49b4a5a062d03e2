"""One server, several processes: they share the work, hear of each other, and none is missed for long."""

import os
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.client import PASSWORD
from tests.process.running import LIMIT, command, read_to_end
from tests.process.server import add_user
from tests.process.workers import WithWorkers, WorkerConnection, first_answered, kill, runs, until
from tests.users import LENE


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("workers") / "data"
    add_user(data, LENE)
    return data


@pytest.fixture(scope="module")
def shared(prepared: Path) -> Iterator[WithWorkers]:
    """A server for tests that leave its workers alive."""
    # These tests also guess passwords, all from one address.
    with WithWorkers(prepared, OPENUCWA_ADDRESS_FAILURES="1000000") as server:
        yield server
    assert server.wait() == 0
    assert [line for line in server.log if " error " in line or "Traceback" in line] == []


@pytest.fixture
def connections(shared: WithWorkers) -> Iterator[list[WorkerConnection]]:
    found = shared.connections(shared.sign_in())
    yield found
    for lane in found:
        lane.close()


def opened(lane: WorkerConnection) -> str:
    """The href of a new application."""
    draft = {"culture": "en-US", "endpointId": f"e{time.monotonic_ns()}", "userAgent": "test"}
    status, answer = lane.ask("POST", "/ucwa/v1/applications", draft)
    assert status == 201, answer
    return f"/ucwa/v1/applications/{answer['id']}"


def joined(lane: WorkerConnection, application: str) -> str:
    """The href of the extensions of a meeting that the application has joined."""
    status, meeting = lane.ask("POST", f"{application}/onlineMeetings/myOnlineMeetings", {})
    assert status == 201, meeting
    uri = {"onlineMeetingUri": meeting["onlineMeetingUri"]}
    assert lane.ask("POST", f"{application}/communication/joinOnlineMeeting", uri)[0] == 201
    return str(meeting["_links"]["onlineMeetingExtensions"]["href"])


def share(lane: WorkerConnection, extensions: str, name: str) -> None:
    status, answer = lane.ask("POST", extensions, {"id": name, "type": "RoamedParticipantData"})
    assert status == 201, answer


def refused(result: Any) -> str:
    """The one line that a start which failed leaves on stderr."""
    assert (result.returncode, result.stdout) == (1, "")
    lines = [line for line in result.stderr.splitlines() if not line.partition(" ")[2].startswith("info ")]
    assert len(lines) == 1, result.stderr
    return str(lines[0])


def test_all_workers_answer_on_one_address(shared: WithWorkers, connections: list[WorkerConnection]) -> None:
    assert [lane.worker for lane in connections] == [0, 1]
    assert len({pid for _, pid in shared.pids()} | {shared.process.pid}) == 3
    assert len(shared.urls) == 1


def test_token_and_an_application_of_one_worker_are_known_to_the_other(connections: list[WorkerConnection]) -> None:
    application = opened(connections[0])
    assert connections[1].ask("GET", application)[0] == 200


def test_change_in_one_worker_releases_the_poll_that_waits_in_the_other(connections: list[WorkerConnection]) -> None:
    application = opened(connections[0])
    extensions = joined(connections[0], application)
    assert connections[0].ask("GET", f"{application}/events?ack=1")[0] == 200
    connections[0].send("GET", f"{application}/events?ack=2")
    share(connections[1], extensions, "one")
    status, answer = connections[0].receive()
    assert status == 200
    assert "one" in str(answer["sender"])


def test_earlier_of_two_polls_in_two_workers_ends_at_once(
    shared: WithWorkers, connections: list[WorkerConnection]
) -> None:
    application = opened(connections[0])
    connections[0].send("GET", f"{application}/events?ack=1")
    shared.settle()
    connections[1].send("GET", f"{application}/events?ack=1")
    # Which one, where they come within hundredths of a second, is left to chance (tests/channel/test_poll.py).
    released = connections.index(first_answered(connections))
    status, answer = connections[released].receive()
    assert (status, answer["subcode"]) == (409, "PGetReplaced")
    share(connections[released], joined(connections[released], application), "one")
    assert connections[1 - released].receive()[0] == 200


def test_failed_sign_ins_in_one_worker_throttle_in_the_other(
    shared: WithWorkers, connections: list[WorkerConnection]
) -> None:
    one, other = connections

    def guess(lane: WorkerConnection, name: str) -> int:
        return lane.ask_form("/WebTicket/oauthtoken", grant_type="password", username=name, password="wrong")

    def throttled() -> tuple[bool, str]:
        # The word reaches the other worker soon, but perhaps after the next request; so it is tried with many names.
        name = f"somebody{time.monotonic_ns()}@contoso.com"
        assert [guess(one, name) for _ in range(5)] == [400] * 5
        return guess(other, name) == 429, "the other worker has not heard of it"

    until(throttled)


def test_workers_share_a_postgresql_store(database: str, tmp_path: Path) -> None:
    added = command("user", "add", LENE, "--password-stdin", stdin=PASSWORD + "\n", OPENUCWA_STORE=database)
    assert added.returncode == 0, added.stderr
    with WithWorkers(tmp_path / "unused", OPENUCWA_STORE=database) as server:
        one, other = server.connections(server.sign_in())
        with closing(one), closing(other):
            application = opened(one)
            extensions = joined(one, application)
            assert one.ask("GET", f"{application}/events?ack=1")[0] == 200
            one.send("GET", f"{application}/events?ack=2")
            share(other, extensions, "one")
            status, answer = one.receive()
            assert status == 200
            assert "one" in str(answer["sender"])


def test_key_that_is_added_while_it_runs_signs_and_is_known_to_all_workers(prepared: Path) -> None:
    with WithWorkers(prepared, OPENUCWA_KEY_REFRESH_INTERVAL="0.1") as server:
        added = command("key", "rotate", "--data", str(prepared))
        assert added.returncode == 0, added.stderr
        key = added.stdout.splitlines()[0].split()[-1]
        until(lambda: (server.sign_in().startswith(f"cwt={key}."), "the new key does not sign"))
        token = server.sign_in()
        for lane in server.connections(token):
            with closing(lane):
                opened(lane)


def test_worker_that_is_killed_under_load_loses_no_answered_write_and_is_replaced(prepared: Path) -> None:
    with WithWorkers(prepared, OPENUCWA_LOG_LEVEL="info") as server:
        token = server.sign_in()
        application = server.open_application(token)
        with closing(WorkerConnection(server, token)) as lane:
            extensions = joined(lane, application)
        answered: list[str] = []
        stop = threading.Event()

        def write(writer: int) -> None:
            number = 0
            while not stop.is_set():
                name = f"{writer}.{number}"
                number += 1
                with suppress(OSError, ValueError):  # cut off: nobody knows
                    status, answer = server.ask("POST", extensions, {"id": name}, token=token)
                    assert status == 201, answer
                    answered.append(name)
                with suppress(OSError, ValueError):
                    server.ask("DELETE", f"{extensions}/{name}.gone", token=token)
                if number >= 10:
                    return

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
        for writer in writers:
            writer.start()
        ended = server.pid(0)
        until(lambda: (len(answered) >= 5, "nothing is written"))
        kill(ended)
        server.until_ready_again(0, ended)
        stop.set()
        for writer in writers:
            writer.join(LIMIT)
            assert not writer.is_alive()
        assert "worker 0 was ended by SIGKILL; starting a replacement" in server.logged("SIGKILL")
        for lane in server.connections(token):
            with closing(lane):
                status, found = lane.ask("GET", extensions)
                assert status == 200
                there = {each["id"] for each in found["_embedded"]["onlineMeetingExtension"]}
                assert set(answered) <= there


def test_connections_that_come_while_a_worker_is_away_are_all_answered(prepared: Path) -> None:
    with WithWorkers(prepared) as server:
        ended = server.pid(1)
        kill(ended)
        until(lambda: (not runs(ended), "it runs"))
        assert [server.healthy() for _ in range(20)] == [True] * 20
        server.until_ready_again(1, ended)


def test_worker_that_gets_sigterm_finishes_and_is_replaced(prepared: Path) -> None:
    with WithWorkers(prepared) as server:
        ended = server.pid(0)
        os.kill(ended, signal.SIGTERM)
        server.until_ready_again(0, ended)
        assert server.healthy()
        assert server.stop() == 0


def test_stop_finishes_requests_in_flight_in_every_worker(prepared: Path) -> None:
    with WithWorkers(prepared) as server:
        token = server.sign_in()
        connections = server.connections(token)
        applications = [opened(lane) for lane in connections]
        for lane, application in zip(connections, applications, strict=True):
            lane.send("GET", f"{application}/events?ack=1")
        server.settle()
        server.signal(signal.SIGTERM)
        for lane in connections:
            with closing(lane):
                assert lane.receive()[0] == 200
        assert server.wait() == 0
        assert not any(runs(pid) for _, pid in server.pids())
        with pytest.raises(ConnectionRefusedError):
            server.connect()


def test_second_signal_stops_at_once(prepared: Path) -> None:
    with WithWorkers(prepared, OPENUCWA_SHUTDOWN_TIMEOUT="600") as server, server.connect() as slow:
        slow.sendall(
            b"POST /WebTicket/oauthtoken HTTP/1.1\r\nHost: a\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 12\r\n\r\ngrant_"
        )
        server.settle()
        server.signal(signal.SIGTERM)
        until(lambda: (_refuses(server), "it takes connections"))
        assert server.process.poll() is None
        server.signal(signal.SIGTERM)
        read_to_end(slow)
        assert server.wait() == 1
        assert not any(runs(pid) for _, pid in server.pids())


def test_ctrl_c_stops_it_with_status_0(prepared: Path) -> None:
    with WithWorkers(prepared) as server:
        server.signal(signal.SIGINT)
        assert server.wait() == 0


def test_workers_end_when_the_process_that_started_them_is_killed(prepared: Path) -> None:
    with WithWorkers(prepared) as server:
        pids = [pid for _, pid in server.pids()]
        server.kill()
        until(lambda: (not any(runs(pid) for pid in pids), "they run"))
        until(lambda: (_refuses(server), "it takes connections"))


def test_port_that_is_taken_is_named_once(prepared: Path, shared: WithWorkers) -> None:
    result = command("serve", "--data", str(prepared), "--workers", "2", "--listen", shared.urls[0])
    assert refused(result) == f"openucwa: cannot listen on {shared.urls[0]}: the port is taken"


def test_store_that_cannot_be_used_is_named_once(tmp_path: Path) -> None:
    add_user(tmp_path, LENE)
    with closing(sqlite3.connect(tmp_path / "openucwa.sqlite3")) as connection, connection:
        connection.execute("update store_version set version = 99, oldest = 99")
    line = refused(command("serve", "--data", str(tmp_path), "--workers", "3", "--listen", "http://127.0.0.1:0"))
    assert line.startswith("openucwa: the store has version 99")


def test_first_start_of_many_makes_one_store_and_one_key(tmp_path: Path) -> None:
    with WithWorkers(tmp_path / "data", workers=4) as server:
        assert server.stop() == 0
    listed = command("key", "list", "--data", str(tmp_path / "data")).stdout.splitlines()
    assert len(listed) == 2


def _refuses(server: WithWorkers) -> bool:
    try:
        socket.create_connection(("127.0.0.1", server.port()), timeout=LIMIT).close()
    except OSError:
        return True
    return False
