"""OpenTelemetry traces: a span for each request, with one below it for each call of the store.

Imported only if the setting `traces` names a collector. The SDK's own environment variables apply as well
(OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, ...). Spans are sent in batches from a thread of their own; while the
collector is unreachable they are dropped, and the log says so once.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from openucwa import __version__
from openucwa.http.message import Handler, Request, Response
from openucwa.telemetry.log_forms import shown_path

#: Seconds that a collector has for a batch, and that the spans which are left at a stop may take.
EXPORT_TIMEOUT = 5.0
STOP_TIMEOUT = 2.0

_FORWARDED = frozenset({b"traceparent", b"tracestate"})

logger = logging.getLogger(__name__)


class Tracing:
    """Makes spans and sends them to `endpoint`, an OTLP/HTTP collector's URL."""

    def __init__(self, endpoint: str) -> None:
        # It would log every attempt; `_Exporter` logs what matters.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
        self._exporter = _Exporter(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_TIMEOUT), urlsplit(endpoint))
        resource = Resource.create({"service.name": "openucwa", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("openucwa", __version__)

    def requests(self, handler: Handler) -> Handler:
        """`handler` with a span for each of its requests."""
        return _Requests(handler, self._tracer)

    def call_span(self, name: str) -> AbstractContextManager[object] | None:
        """The span of a call within the one of a request; None: no request is being traced."""
        if not trace.get_current_span().is_recording():
            return None
        # Errors are mostly refusals, and may contain addresses.
        return self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False)

    async def stop(self) -> None:
        """Sends what is left, for STOP_TIMEOUT at most."""
        # The SDK waits for longer, so it does that in the background.
        last = threading.Thread(target=self._provider.shutdown, name="openucwa last spans", daemon=True)
        last.start()
        await asyncio.to_thread(last.join, STOP_TIMEOUT)
        if last.is_alive():
            self._exporter.shutdown()


class _Exporter(SpanExporter):
    """The SDK's, and a line in the log when it begins to fail and when it succeeds again."""

    def __init__(self, exporter: SpanExporter, endpoint: Any) -> None:
        self._exporter = exporter
        self._address = f"{endpoint.hostname}:{endpoint.port or ''}".rstrip(":")
        self._failing = False
        self._stopped = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed and not self._failing:
            logger.warning("the trace collector at %s rejects traces; dropping them until it recovers", self._address)
        elif self._failing and not failed:
            logger.info("the trace collector at %s accepts traces again", self._address)
        self._failing = failed
        return result

    def shutdown(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Requests:
    """A handler in front of another, with a span for each request."""

    def __init__(self, handler: Handler, tracer: Tracer) -> None:
        self._handler = handler
        self._tracer = tracer
        self._propagator = TraceContextTextMapPropagator()

    async def __call__(self, request: Request) -> Response:
        method = request.method
        about = {
            "http.request.method": method,
            "url.path": shown_path(request),
            "url.scheme": request.scheme,
            "network.protocol.version": "1.1",
        }
        with self._tracer.start_as_current_span(
            method, self._sent_along(request), SpanKind.SERVER, about, record_exception=False
        ) as span:
            span.set_attribute("openucwa.request_id", request.id)
            answer = self._handler(request)
            response = answer if isinstance(answer, Response) else await answer
            if response.rel is not None:
                span.update_name(f"{method} {response.rel}")
                span.set_attribute("openucwa.rel", response.rel)
            span.set_attribute("http.response.status_code", response.status)
            if response.status >= 500:
                span.set_attribute("error.type", str(response.status))
                span.set_status(StatusCode.ERROR)
            return response

    def _sent_along(self, request: Request) -> Context:
        """What the client's `traceparent` says that the span is part of; nothing, where it says nothing usable."""
        headers = request.headers
        carrier = {name.decode(): headers[name].decode("latin-1") for name in _FORWARDED if name in headers}
        return self._propagator.extract(carrier, Context())
