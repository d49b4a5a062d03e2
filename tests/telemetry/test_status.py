"""What a running server says of itself to those who run it, over sockets."""

import asyncio
import contextlib
import json
import re
import socket
import sqlite3
import subprocess
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from prometheus_client.parser import text_string_to_metric_families

from openucwa.config import Config
from openucwa.config_checks import problems
from openucwa.model.user import User
from openucwa.server.listeners import ListenError
from openucwa.telemetry.readiness import Readiness
from tests.certificate import make_certificate
from tests.nats import NatsServer, needs_server
from tests.postgres import PostgresServer
from tests.telemetry.watching import LIMIT, ObservedServer, Watch
from tests.world import FakeWorld


@pytest.fixture
async def server(watch: Watch) -> AsyncIterator[ObservedServer]:
    async with watch() as server:
        yield server


async def becomes(server: ObservedServer, status: int) -> dict[str, str]:
    """Waits until `/readyz` has this status; the reasons that it then gives."""
    async with asyncio.timeout(LIMIT):
        while True:
            found, reasons = await server.ready()
            if found == status:
                return reasons
            await asyncio.sleep(0.05)


async def wait_for_metric(server: ObservedServer, name: str, value: float) -> None:
    """Waits until the measure `name`, which has no labels, has this value."""
    async with asyncio.timeout(LIMIT):
        while (await samples(server))[name, ()] != value:  # noqa: ASYNC110  # nothing tells when a number changes
            await asyncio.sleep(0.02)


async def samples(server: ObservedServer, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """All that `/metrics` tells."""
    text = (await server.ask("/metrics", **headers)).text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_server_that_runs_is_healthy_and_ready(server: ObservedServer) -> None:
    health = await server.ask("/healthz")
    ready = await server.ask("/readyz")
    assert (health.status_code, health.json()) == (200, {"healthy": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_health_is_available_on_the_listeners_without_a_token(server: ObservedServer) -> None:
    async with server.client() as client:
        for path in ("/healthz", "/readyz"):
            answer = await client.http.get(path, headers={"Accept": "text/html"})
            assert answer.status_code == 200
            assert answer.json() in ({"healthy": True}, {"ready": True})
            assert (await client.http.head(path)).status_code == 200


async def test_metrics_are_available_at_the_status_address_only(server: ObservedServer) -> None:
    async with server.client() as client:
        assert (await client.http.get("/metrics")).status_code == 404
    assert (await server.ask("/")).status_code == 404
    assert (await server.ask("/ucwa/v1/applications")).status_code == 404


async def test_status_address_is_only_read(server: ObservedServer) -> None:
    answer = await server.ask("/readyz", "POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    head = await server.ask("/readyz", "HEAD")
    assert (head.status_code, head.content) == (200, b"")


async def test_without_the_setting_there_is_no_status_address(watch: Watch) -> None:
    async with watch(status_listen=()) as server:
        assert "status at" not in server.log.getvalue()


async def test_requests_are_counted_by_resource_method_and_status(server: ObservedServer) -> None:
    async with server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        await client.get(client.meetings)
        await client.get(client.meetings)
        await client.get(f"{client.meetings}/nothing")
        await client.http.get("/nowhere/at/all/7")
    metrics = await samples(server)

    def count(rel: str, method: str, status: str) -> float | None:
        return metrics.get(("openucwa_requests_total", (("method", method), ("rel", rel), ("status", status))))

    assert count("oauthtoken", "POST", "200") == 1
    assert count("myOnlineMeetings", "GET", "200") == 2
    assert count("myOnlineMeeting", "GET", "404") == 1
    assert count("none", "GET", "404") == 1
    durations = metrics["openucwa_request_duration_seconds_count", (("rel", "myOnlineMeetings"),)]
    assert durations == 2
    assert metrics["openucwa_request_duration_seconds_bucket", (("le", "+Inf"), ("rel", "myOnlineMeetings"))] == 2


async def test_client_input_becomes_no_label(server: ObservedServer) -> None:
    async with server.client() as client:
        for number in range(20):
            await client.http.get(f"/made-up-{number}")
            await client.http.get(f"/ucwa/v1/applications/{number}")
            await client.http.request(f"MADE{number}", "/")
    metrics = await samples(server)
    assert len([name for name, _ in metrics if name == "openucwa_requests_total"]) <= 3


async def test_waiting_polls_and_event_lag_are_measured(watch: Watch) -> None:
    async with watch(events_medium=1, events_low=1) as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        poll = asyncio.create_task(client.get(f"{client.app}/events?ack=1"))
        await wait_for_metric(server, "openucwa_polls_waiting", 1)
        available = await client.post(f"{client.app}/me/makeMeAvailable", json={})
        assert available.status_code == 204, available.text
        assert (await poll).json()["sender"]
        metrics = await samples(server)
    assert metrics["openucwa_polls_waiting", ()] == 0
    assert sum(value for (name, _), value in metrics.items() if name == "openucwa_event_lag_seconds_count") >= 1


async def test_commits_are_counted_with_their_changes(server: ObservedServer) -> None:
    before = await samples(server)
    async with server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        await client.schedule()
    after = await samples(server)
    for name in ("openucwa_commit_changes", "openucwa_commit_duration_seconds"):
        assert after[f"{name}_count", ()] >= before[f"{name}_count", ()] + 2
    assert after["openucwa_commit_changes_sum", ()] >= before["openucwa_commit_changes_sum", ()] + 2


async def test_open_connections_are_counted(server: ObservedServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with contextlib.ExitStack() as connections:
        for _ in range(3):
            connections.enter_context(socket.create_connection(("127.0.0.1", port)))
        await wait_for_metric(server, "openucwa_connections", 3)


async def test_connection_beyond_the_limit_is_counted_as_refused(watch: Watch) -> None:
    async with watch(max_connections=1) as server:
        port = int(server.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            await wait_for_metric(server, "openucwa_connections_refused_total", 1)
        assert (await samples(server))["openucwa_connections_limit", ()] == 1


async def test_sign_ins_are_counted_by_result(watch: Watch) -> None:
    async with watch(sign_in_failures=1) as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "wrong"}
        for _ in range(2):
            await client.http.post("/WebTicket/oauthtoken", data=form)
        metrics = await samples(server)
    counts = {labels: value for (name, labels), value in metrics.items() if name == "openucwa_sign_ins_total"}
    assert counts == {(("result", "accepted"),): 1, (("result", "refused"),): 1, (("result", "throttled"),): 1}


async def test_rows_of_each_table_are_counted(server: ObservedServer) -> None:
    async with server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        await client.schedule()
        await client.schedule()
    metrics = await samples(server)
    assert metrics["openucwa_store_rows", (("table", "meetings"),)] == 3, "with the assigned one"
    assert metrics["openucwa_store_rows", (("table", "applications"),)] == 1


async def test_waiting_poll_is_a_request_in_flight(server: ObservedServer) -> None:
    async with server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        poll = asyncio.create_task(client.get(f"{client.app}/events?ack=1&timeout=180"))
        await wait_for_metric(server, "openucwa_requests_in_flight", 1)
        assert (await samples(server))["openucwa_requests_in_flight_of_one_caller", ()] == 1
        poll.cancel()
        await wait_for_metric(server, "openucwa_requests_in_flight", 0)


async def test_expiry_of_the_certificate_is_shown(watch: Watch, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    tls = {"listen": ("https://127.0.0.1:0",), "tls_cert": certificate, "tls_key": key}
    async with watch(**tls) as server:
        metrics = await samples(server)
    assert metrics["openucwa_certificate_expiry_timestamp_seconds", ()] == expiry_of(certificate)


async def test_certificate_whose_expiry_is_unknown_is_served_all_the_same(watch: Watch, tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    # A form that TLS takes, and the library that reads expiries does not.
    trusted = await asyncio.to_thread(
        subprocess.run,
        ["openssl", "x509", "-in", certificate, "-trustout"],
        capture_output=True,
        check=True,
        timeout=LIMIT,
    )
    await asyncio.to_thread(Path(certificate).write_bytes, trusted.stdout)
    async with watch(listen=("https://127.0.0.1:0",), tls_cert=certificate, tls_key=key) as server:
        assert ("openucwa_certificate_expiry_timestamp_seconds", ()) not in await samples(server)


def expiry_of(certificate: str) -> float:
    return x509.load_pem_x509_certificate(Path(certificate).read_bytes()).not_valid_after_utc.timestamp()


async def test_metrics_describe_process_and_build(server: ObservedServer) -> None:
    metrics = await samples(server)
    assert metrics["process_resident_memory_bytes", ()] > 0
    assert any(name == "openucwa_build_info" for name, _ in metrics)


async def test_openmetrics_format_is_available_on_request(server: ObservedServer) -> None:
    answer = await server.ask("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    assert (await server.ask("/metrics")).headers["content-type"].startswith("text/plain")


async def test_unreadable_store_makes_the_server_unready_until_it_recovers(server: ObservedServer) -> None:
    file = Path(server.service.config.data) / "openucwa.sqlite3"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        ((version, oldest),) = connection.execute("select version, oldest from store_version").fetchall()
        connection.execute("update store_version set version = 99, oldest = 99")
        connection.commit()
        assert list(await becomes(server, 503)) == ["store"]
        assert (await samples(server))["openucwa_store_up", ()] == 0
        assert (await server.ask("/healthz")).status_code == 200
        async with server.client() as client:
            refused = await client.http.get("/readyz")
        assert refused.status_code == 503
        assert refused.json()["reasons"] == {"store": "the store is currently unavailable"}
        connection.execute("update store_version set version = ?, oldest = ?", (version, oldest))
        connection.commit()
    await becomes(server, 200)
    assert (await samples(server))["openucwa_store_up", ()] == 1


@needs_server
async def test_unreachable_bus_makes_the_server_unready_until_it_recovers(watch: Watch, tmp_path: Path) -> None:
    nats = NatsServer(tmp_path)
    nats.start()
    try:
        async with watch(bus=nats.url) as server:
            await becomes(server, 200)
            nats.stop()
            assert list(await becomes(server, 503)) == ["bus"]
            assert (await samples(server))["openucwa_bus_up", ()] == 0
            nats.start()
            await becomes(server, 200)
            metrics = await samples(server)
            assert metrics["openucwa_bus_up", ()] == 1
            assert metrics["openucwa_bus_connections_total", ()] == 2
    finally:
        nats.stop()


async def test_from_the_beginning_of_a_stop_the_server_is_not_ready_but_healthy(watch: Watch) -> None:
    async with watch(shutdown_timeout=LIMIT) as server:
        port = int(server.url.rpartition(":")[2])
        status = server.status
        with socket.create_connection(("127.0.0.1", port)) as half:
            # A request whose body is still to come keeps the stop from its end.
            half.sendall(b"POST /WebTicket/oauthtoken HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
            await wait_for_metric(server, "openucwa_connections", 1)
            server.stop.set()
            assert await becomes(server, 503) == {"stopping": "the server is stopping"}
            assert (await server.ask("/healthz")).status_code == 200
            metrics = await samples(server)
            assert metrics["openucwa_ready", ()] == 0
            assert ("openucwa_store_up", ()) not in metrics
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(status.rpartition(":")[2])))


async def test_many_readiness_requests_share_one_probe() -> None:
    asked = 0

    async def counting() -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)

    world = FakeWorld()
    readiness = Readiness({"store": counting}, world)
    readiness.begin()
    for wave in (1, 2):
        await asyncio.gather(*(readiness.reasons() for _ in range(50)))
        assert asked == wave
        await world.advance(1)


async def test_taken_status_address_prevents_the_start(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError, match="the port is taken"):
            async with watch(status_listen=(url,)):
                pass


async def test_operating_md_lists_every_metric(watch: Watch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    table = re.findall(r"^\| `(openucwa_\w+)` \| (\w+) \| (.*) \| (.*) \|$", page, re.MULTILINE)
    listed = {name: (kind, set(re.findall(r"`(\w+)`", labels)), meaning) for name, kind, labels, meaning in table}
    quick = {"events_medium": 1, "events_low": 1, "presence_sweep_interval": 0.01}
    async with watch(**quick) as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        await client.post(f"{client.app}/me/makeMeAvailable", json={})
        await client.get(f"{client.app}/events?ack=1")
        async with asyncio.timeout(LIMIT):
            while "last_sweep_timestamp_seconds{" not in (text := (await server.ask("/metrics")).text):
                pass
    metrics = {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
            family.documentation,
        )
        for family in text_string_to_metric_families(text)
        if family.name.startswith("openucwa_")
    }
    assert listed == metrics
    assert len(table) == len(listed)


async def test_examples_in_operating_md_match_the_server(watch: Watch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text("utf-8")
    request, message = (json.loads(line) for line in re.findall(r'^{"time".*}$', page, re.MULTILINE))
    async with watch(log_format="json") as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
    requests = [line for line in server.objects() if "method" in line and "user" in line]
    messages = [line for line in server.objects() if "logger" in line and "act" not in line]
    assert list(requests[0]) == list(request)
    assert list(messages[0]) == list(message)
    for setting in ("status_listen", "traces"):
        examples = re.findall(rf"^{setting} = .*$", page, re.MULTILINE)
        assert examples
        for example in examples:
            assert not list(problems(Config(**{setting: _from_toml(example)[setting]})))


def _from_toml(text: str) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in tomllib.loads(text).items()}


async def test_unreachable_postgresql_makes_the_server_unready_until_it_recovers(watch: Watch) -> None:
    with PostgresServer(fsync=False) as postgres:
        async with watch(store=postgres.new_database(), store_timeout=2.0) as server:
            await becomes(server, 200)
            await asyncio.to_thread(postgres.stop)
            assert "store" in await becomes(server, 503)
            metrics = await samples(server)
            assert (metrics["openucwa_store_up", ()], metrics["openucwa_ready", ()]) == (0, 0)
            assert (await server.ask("/healthz")).status_code == 200
            await asyncio.to_thread(postgres.start)
            await becomes(server, 200)


async def test_hanging_postgresql_makes_the_server_unready(watch: Watch) -> None:
    with PostgresServer(fsync=False) as postgres:
        async with watch(store=postgres.new_database(), store_timeout=60.0) as server:
            await becomes(server, 200)
            await asyncio.to_thread(postgres.pause)
            assert (await becomes(server, 503))["store"] == "the store does not answer within 2 seconds"
            await asyncio.to_thread(postgres.resume)
            await becomes(server, 200)


async def test_commits_in_postgresql_are_counted_too(watch: Watch, database: str) -> None:
    async with watch(store=database) as server:
        await server.service.store.users.add(User("sip:lenea@contoso.com", "Lene", None, None, "x"))
        metrics = await samples(server)
    assert metrics["openucwa_commit_changes_sum", ()] >= 1
    assert metrics["openucwa_commit_duration_seconds_sum", ()] > 0
