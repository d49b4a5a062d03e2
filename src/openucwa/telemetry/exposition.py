"""The metrics page, in Prometheus's text format, or OpenMetrics if requested.

docs/operating.md has the same list; a test compares them. Counting is done in `model/measures.py`; gauges are read when
the page is requested.
"""

import platform
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from openucwa import __version__
from openucwa.model.measures import Histogram, Measures


class Exposition:
    """Builds the metrics page. `polls`, `connections`: return the current numbers of waiting polls and open
    connections.
    """

    def __init__(self, measures: Measures, polls: Callable[[], int], connections: Callable[[], int]) -> None:
        self._measures = measures
        self._polls = polls
        self._connections = connections
        self._process = ProcessCollector(registry=None)

    def page(self, reasons: Mapping[str, str], accept: str) -> tuple[str, bytes]:
        """Media type and text, in the format that `accept` prefers. `reasons`: as from `Readiness.reasons`."""
        encode, media_type = choose_encoder(accept)
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
        yield GaugeMetricFamily("openucwa_connections", "Open connections of clients.", self._connections())
        yield GaugeMetricFamily("openucwa_polls_waiting", "Polls that wait for events.", self._polls())

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
