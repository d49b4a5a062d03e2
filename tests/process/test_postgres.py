"""Servers on PostgreSQL as processes: what they need, how they hear of each other, and what they do without it."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openucwa.store.migrations import migrations_in
from openucwa.store.postgres.schema import MIGRATIONS
from tests.postgres import GUARDED, GUARDED_PASSWORD, OWNER, PostgresServer
from tests.process.running import LIMIT, RunningServer, command, read_to_end
from tests.process.server import add_user
from tests.process.test_polls import PollingApplication, waiting
from tests.users import LENE


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def url(server: PostgresServer) -> str:
    """A store with a user, in the database of somebody who has a password."""
    name = server.new_database().rpartition("/")[2]
    server.query(f"alter database {name} owner to {GUARDED}")
    url = server.url(name, f"{GUARDED}:{GUARDED_PASSWORD}")
    add_user(url, LENE)
    return url


def test_check_describes_the_store_without_the_password(url: str) -> None:
    checked = command("check", OPENUCWA_STORE=url)
    assert checked.returncode == 0, checked.stderr
    place = url.rpartition("@")[2]
    assert f"store place: {place}" in checked.stdout
    assert "store engine: PostgreSQL 1" in checked.stdout
    assert "store users: 1" in checked.stdout
    assert GUARDED_PASSWORD not in checked.stdout + checked.stderr


def test_check_creates_no_store(server: PostgresServer) -> None:
    empty = server.new_database()
    checked = command("check", "--store", empty)
    assert checked.returncode == 0, checked.stderr
    assert "store does not exist yet" in checked.stdout
    assert server.query("select count(*) from pg_tables where schemaname = 'public'", empty) == [["0"]]


def test_check_leaves_a_store_of_an_older_version_as_it_is(server: PostgresServer) -> None:
    older = server.new_database()
    script = "".join(f"{migration.script};\n" for migration in migrations_in(MIGRATIONS)[:2])
    server.query(f"set role {OWNER}; {script}; update store_version set version = 2", older)  # noqa: S608
    checked = command("check", "--store", older)
    assert checked.returncode == 0, checked.stderr
    assert "store version: 2 (usable by servers from version 1 on); this server upgrades it to " in checked.stdout
    assert "store users: 0\n" in checked.stdout
    assert server.query("select version from store_version", older) == [["2"]]


def test_unreachable_database_is_reported_in_one_line(url: str, tmp_path: Path) -> None:
    wrong = url.replace(GUARDED_PASSWORD, "wrong-secret")
    served = command("serve", "--store", wrong, "--listen", "http://127.0.0.1:0", "--data", str(tmp_path / "data"))
    assert served.returncode == 1
    assert served.stderr.count("\n") == 1
    assert "rejected the login" in served.stderr
    assert "secret" not in served.stderr


def test_change_on_one_server_wakes_a_poll_on_the_other(url: str, tmp_path: Path) -> None:
    # Nothing but the bus wakes a poll in time.
    settings = {"OPENUCWA_BUS_POLL_INTERVAL": "600", "OPENUCWA_DATA": str(tmp_path / "data")}
    with RunningServer(url, **settings) as one, RunningServer(url, **settings) as other:
        lene = PollingApplication(one)
        answers: list[dict[str, Any]] = []
        for extension, writer, reader in (("a", one, other), ("b", other, one)):
            lene.server = reader
            poll = threading.Thread(target=lambda: answers.append(lene.poll()))
            poll.start()
            waiting(reader, 1)
            writer.ask("POST", lene.extensions, {"id": extension, "type": "RoamedParticipantData"}, token=lene.token)
            poll.join(LIMIT)
            assert extension in lene.acknowledge(answers.pop())
    assert not (tmp_path / "data").exists(), "no folder is needed"
    assert GUARDED_PASSWORD not in "".join(one.log + other.log)


def test_answers_are_503_while_postgresql_is_down_and_recover(server: PostgresServer, url: str) -> None:
    with RunningServer(url, OPENUCWA_STORE_TIMEOUT="2") as running:
        lene = PollingApplication(running)
        lene.share("before")
        server.stop()
        try:
            for method, body in (("GET", None), ("POST", {"id": "meanwhile"}), ("GET", None)):
                status, answer = running.ask(method, lene.extensions, body, token=lene.token)
                assert (status, answer["code"]) == (503, "ServiceUnavailable"), answer
            with closing(running.connect()) as connection:
                request = f"GET {lene.extensions} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                connection.sendall(f"{request}Authorization: Bearer {lene.token}\r\n\r\n".encode())
                assert b"\r\nretry-after: " in read_to_end(connection).lower()
        finally:
            server.start()
        # The bus comes back by itself too: until then what others must be told of is refused.
        end = time.monotonic() + LIMIT
        while (status := running.ask("POST", lene.extensions, AFTER, token=lene.token)[0]) != 201:
            assert status in {500, 503}
            assert time.monotonic() < end, running.log
            time.sleep(0.05)
        assert [each["id"] for each in shown(lene)] == ["before", "after"]
    assert not [line for line in running.log if "Traceback" in line]
    assert GUARDED_PASSWORD not in "".join(running.log)


AFTER = {"id": "after", "type": "RoamedParticipantData"}


def shown(lene: PollingApplication) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lene.ask("GET", lene.extensions)["_embedded"]["onlineMeetingExtension"]
    return found
