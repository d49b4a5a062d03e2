"""The metrics page, in Prometheus's text format, or OpenMetrics if requested.

docs/operating.md has the same list; a test compares them. Counting is done in `model/measures.py`; gauges are read when
the page is requested.
"""

import platform
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from openucwa import __version__
from openucwa.model.measures import Histogram, Load, Measures
from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: Seconds for which the numbers of rows are good: counting millions takes a while.
ROWS_COUNTED_EVERY = 60.0


class Polls(Protocol):
    """The event channels."""

    @property
    def count(self) -> int:
        """The number of polls that wait."""
        ...


class Requests(Protocol):
    """The requests in flight."""

    @property
    def count(self) -> int:
        """Of all callers."""
        ...

    @property
    def most(self) -> int:
        """The most that any caller has."""
        ...


class Rows(Protocol):
    """The store."""

    @property
    def waiting(self) -> int:
        """The number of changes that wait to be made."""
        ...

    async def row_counts(self) -> Mapping[str, int]:
        """The number of rows of each table. Refusal: it can't be read."""
        ...


class Links(Protocol):
    """The event bus."""

    @property
    def connections(self) -> int:
        """Connections made so far."""
        ...


class Exposition:
    """Builds the metrics page. `load`: returns what the listeners hold at the moment."""

    def __init__(
        self,
        measures: Measures,
        load: Callable[[], Load],
        polls: Polls,
        requests: Requests,
        store: Rows,
        bus: Links,
        world: World,
    ) -> None:
        self._measures = measures
        self._load = load
        self._polls = polls
        self._requests = requests
        self._store = store
        self._bus = bus
        self._world = world
        self._rows: Mapping[str, int] = {}
        self._rows_counted = -ROWS_COUNTED_EVERY
        self._process = ProcessCollector(registry=None)

    async def page(self, reasons: Mapping[str, str], accept: str) -> tuple[str, bytes]:
        """Media type and text, in the format that `accept` prefers. `reasons`: as from `Readiness.reasons`."""
        encode, media_type = choose_encoder(accept)
        if "starting" not in reasons and "stopping" not in reasons:
            await self._count_rows()
        # A registry for each page: nothing is shared.
        registry = CollectorRegistry()
        registry.register(_Families([*self._now(reasons), *self._counted()]))
        registry.register(self._process)
        return media_type, encode(registry)

    def _now(self, reasons: Mapping[str, str]) -> Iterable[Metric]:
        build = GaugeMetricFamily("openucwa_build_info", "Always 1.", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        yield GaugeMetricFamily("openucwa_ready", "Whether /readyz answers 200.", not reasons)
        known = reasons.keys() <= {"store", "bus"}
        for part, meaning in (("store", "Whether the store is readable."), ("bus", "Whether the bus is reachable.")):
            yield GaugeMetricFamily(f"openucwa_{part}_up", meaning, part not in reasons if known else None)
        load = self._load()
        yield GaugeMetricFamily("openucwa_connections", "Open connections of clients.", load.connections)
        yield GaugeMetricFamily("openucwa_connections_limit", "The setting max_connections.", load.max_connections)
        yield CounterMetricFamily(
            "openucwa_connections_refused", "Connections that exceeded max_connections and got 503.", load.refused
        )
        yield GaugeMetricFamily("openucwa_body_bytes", "Bytes of request bodies being received.", load.bodies)
        yield GaugeMetricFamily("openucwa_body_bytes_limit", "The setting max_body_bytes_in_flight.", load.max_bodies)
        yield GaugeMetricFamily(
            "openucwa_unsent_bytes", "Bytes of responses that clients have not read yet.", load.unread
        )
        yield GaugeMetricFamily("openucwa_unsent_bytes_limit", "The setting max_unsent_bytes.", load.max_unread)
        expiry = GaugeMetricFamily(
            "openucwa_certificate_expiry_timestamp_seconds", "When the TLS certificate expires; absent without TLS."
        )
        if load.certificate_expiry is not None:
            expiry.add_metric([], load.certificate_expiry)
        yield expiry
        yield GaugeMetricFamily(
            "openucwa_requests_in_flight", "Requests in flight, polls included.", self._requests.count
        )
        yield GaugeMetricFamily(
            "openucwa_requests_in_flight_of_one_caller",
            "The most requests in flight that any caller has; the limit is max_requests_in_flight.",
            self._requests.most,
        )
        yield GaugeMetricFamily("openucwa_polls_waiting", "Polls that wait for events.", self._polls.count)
        yield GaugeMetricFamily(
            "openucwa_store_changes_waiting", "Changes that wait for a commit.", self._store.waiting
        )
        rows = GaugeMetricFamily("openucwa_store_rows", "Rows by table; on PostgreSQL, its estimate.", labels=["table"])
        for table, count in self._rows.items():
            rows.add_metric([table], count)
        yield rows
        yield CounterMetricFamily(
            "openucwa_bus_connections",
            "Connections that the event bus made; more than one: reconnects.",
            self._bus.connections,
        )
        swept = GaugeMetricFamily(
            "openucwa_last_sweep_timestamp_seconds", "When each clean-up last succeeded.", labels=["sweep"]
        )
        for sweep, at in self._measures.swept.items():
            swept.add_metric([sweep], at / 1000)
        yield swept

    async def _count_rows(self) -> None:
        now = self._world.monotonic()
        if now - self._rows_counted < ROWS_COUNTED_EVERY:
            return
        self._rows_counted = now
        try:
            self._rows = await self._store.row_counts()
        except Refusal:  # openucwa_store_up says so
            self._rows = {}

    def _counted(self) -> Iterable[Metric]:
        measures = self._measures
        requests = CounterMetricFamily(
            "openucwa_requests",
            "Requests by resource, method and status; 499: the client disconnected before the response.",
            labels=["rel", "method", "status"],
        )
        for (rel, method, status), histogram in measures.requests.items():
            requests.add_metric([rel, method, str(status)], sum(histogram.counts))
        yield requests
        attempts = CounterMetricFamily(
            "openucwa_webhook_attempts",
            "Attempts to deliver to webhooks: delivered, failed (to be repeated) or given up.",
            labels=["outcome"],
        )
        for outcome, count in measures.deliveries.items():
            attempts.add_metric([outcome], count)
        yield attempts
        yield _histogram(
            "openucwa_webhook_lag_seconds",
            "Seconds from a change to its delivery to a webhook.",
            measures.delivery_seconds,
        )
        yield GaugeMetricFamily("openucwa_webhooks", "Webhooks that this process delivers for.", measures.webhooks)
        sign_ins = CounterMetricFamily("openucwa_sign_ins", "Requests for a token by result.", labels=["result"])
        for result, count in measures.sign_ins.items():
            sign_ins.add_metric([result], count)
        yield sign_ins
        yield _histograms(
            "openucwa_request_duration_seconds",
            "Seconds until a request was answered; polls spend most of it waiting.",
            measures.seconds_by_rel(),
            "rel",
        )
        yield _histograms(
            "openucwa_event_lag_seconds",
            "Seconds from an event to the answer that delivered it; low and medium priorities are delayed on purpose.",
            measures.events,
            "priority",
        )
        yield _histogram("openucwa_commit_changes", "Changes per commit.", measures.commit_changes)
        yield _histogram(
            "openucwa_commit_duration_seconds",
            "Seconds per commit, including all of its changes.",
            measures.commit_seconds,
        )


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def _histogram(name: str, meaning: str, counted: Histogram) -> Metric:
    return HistogramMetricFamily(name, meaning, buckets=_buckets(counted), sum_value=counted.sum)


def _histograms(name: str, meaning: str, counted: Mapping[str, Histogram], label: str) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=[label])
    for value, histogram in counted.items():
        family.add_metric([value], _buckets(histogram), histogram.sum)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Each bound with the number of values not above it."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip([*map(float, histogram.bounds), float("inf")], histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
    return buckets
