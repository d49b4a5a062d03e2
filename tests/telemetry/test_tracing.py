"""Traces, as a collector receives them."""

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.ports import free_port
from tests.process.running import environment
from tests.telemetry.watching import LIMIT, ObservedServer, Watch

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Collector:
    """A little OTLP/HTTP receiver. `gate`: while it is clear, nothing is answered."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.about: dict[str, str] = {}
        self.bodies: list[bytes] = []
        self.gate = threading.Event()
        self.gate.set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.gate.wait(LIMIT)
                collector.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            self.about.update({each.key: each.value.string_value for each in resource.resource.attributes})
            for scope in resource.scope_spans:
                self.spans.extend(scope.spans)

    def span(self, name: str) -> Span:
        """The one span with this name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(LIMIT)


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def attributes(span: Span) -> dict[str, str | int]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


async def extend(server: ObservedServer) -> str:
    """Makes a meeting and an extension of it; the request id of that."""
    async with server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        meeting = await client.schedule()
        href = f"{client.meetings}/{meeting['onlineMeetingId']}/onlineMeetingExtensions"
        answer = await client.post(href, json={"type": "RoamedParticipantData"}, headers={"traceparent": PARENT})
        assert answer.status_code == 201
        return answer.headers["x-request-id"]


async def test_request_is_a_span_with_the_store_below_it(watch: Watch, collector: Collector) -> None:
    async with watch(traces=collector.url) as server:
        request_id = await extend(server)
    span = collector.span("POST onlineMeetingExtensions")
    values = attributes(span)
    assert span.kind == Span.SPAN_KIND_SERVER
    assert values["http.request.method"] == "POST"
    assert values["http.response.status_code"] == 201
    assert values["openucwa.request_id"] == request_id
    assert str(values["url.path"]).endswith("/onlineMeetingExtensions")
    below = [other.name for other in collector.spans if other.parent_span_id == span.span_id]
    assert "store extensions.add" in below
    assert all(name.startswith("store ") for name in below)
    assert collector.about["service.name"] == "openucwa"


async def test_clients_trace_is_continued(watch: Watch, collector: Collector) -> None:
    async with watch(traces=collector.url) as server:
        await extend(server)
    _, trace_id, span_id, _ = PARENT.split("-")
    span = collector.span("POST onlineMeetingExtensions")
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (trace_id, span_id)
    other = collector.span("POST oauthtoken")
    assert other.trace_id.hex() != trace_id
    assert not other.parent_span_id


@pytest.mark.parametrize("header", ["", "nonsense", "00-0-0-01", "é" * 1000, "ff" + PARENT[2:]])
async def test_malformed_traceparent_starts_a_new_trace(watch: Watch, collector: Collector, header: str) -> None:
    async with watch(traces=collector.url) as server, server.client() as client:
        answer = await client.http.get("/", headers={b"traceparent": header.encode("latin-1")})
        assert answer.status_code == 200
    (span,) = collector.spans
    assert not span.parent_span_id


async def test_internal_error_is_an_error_and_a_refusal_is_not(watch: Watch, collector: Collector) -> None:
    async with watch(traces=collector.url) as server, server.client() as client:

        async def broken(_local_part: str) -> None:
            raise RuntimeError("a secret thing")

        server.service.store.users.with_local_part = broken
        form = {"grant_type": "password", "username": "lenea@contoso.com", "password": "x" * 20}
        assert (await client.http.post("/WebTicket/oauthtoken", data=form)).status_code == 500
        assert (await client.http.get("/ucwa/v1/applications/7")).status_code == 401
    fault, refusal = collector.span("POST oauthtoken"), collector.span("GET application")
    assert fault.status.code == Status.STATUS_CODE_ERROR
    assert attributes(fault)["error.type"] == "500"
    assert refusal.status.code == Status.STATUS_CODE_UNSET
    assert not any(b"a secret thing" in body for body in collector.bodies)


async def test_cached_reads_have_spans_too(watch: Watch, collector: Collector) -> None:
    async with watch(traces=collector.url) as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        await client.open()
        for _ in range(3):
            assert (await client.get(client.meetings)).status_code == 200
    assert len([span for span in collector.spans if span.name == "GET myOnlineMeetings"]) == 3


async def test_no_span_holds_a_secret(watch: Watch, collector: Collector) -> None:
    async with watch(traces=collector.url) as server, server.client() as client:
        await client.sign_in("lenea@contoso.com")
        token = client.token or "none"
        await client.http.get(
            "/?access_token=SECRET1", headers={"Cookie": "SECRET2", "Authorization": "Bearer SECRET3"}
        )
        await client.http.post("/WebTicket/oauthtoken", data={"grant_type": "password", "password": "SECRET4"})
    sent = b"".join(collector.bodies)
    assert b"oauthtoken" in sent
    assert b"SECRET" not in sent
    assert token.encode() not in sent


async def test_unreachable_collector_costs_one_log_line_and_no_request(watch: Watch) -> None:
    port = free_port()
    async with watch(traces=f"http://127.0.0.1:{port}/v1/traces") as server, server.client() as client:
        for _ in range(50):
            assert (await client.http.get("/")).status_code == 200
    complaints = [line for line in server.lines() if " warning " in line or " error " in line]
    assert len(complaints) <= 1
    assert all(f"the trace collector at 127.0.0.1:{port} rejects traces" in line for line in complaints)


async def test_hanging_collector_does_not_delay_the_stop(watch: Watch, collector: Collector) -> None:
    collector.gate.clear()
    async with asyncio.timeout(LIMIT):
        async with watch(traces=collector.url) as server, server.client() as client:
            assert (await client.http.get("/")).status_code == 200
    assert not collector.spans


def test_opentelemetry_is_not_imported_without_the_setting() -> None:
    program = (
        "import sys, json, openucwa.app, openucwa.server.process, openucwa.cli\n"
        "from openucwa.config import Config; from openucwa.model.world import RealWorld\n"
        "openucwa.app.Service(Config(), RealWorld())\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=LIMIT, env=environment({})
    )
    imported = set(json.loads(done.stdout))
    assert "openucwa" in imported
    assert not imported & {"opentelemetry", "google", "requests", "prometheus_client"}
