"""What a process has counted, as Prometheus reads it (text, or OpenMetrics where that is asked for).

The table in docs/operating.md is the same list; a test compares them. Nothing is counted here: `model/measures.py` has
the numbers, and what is true of this moment is looked up when somebody asks.
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
    """`polls`, `connections`: how many polls wait and how many connections are open at the moment."""

    def __init__(self, measures: Measures, polls: Callable[[], int], connections: Callable[[], int]) -> None:
        self._measures = measures
        self._polls = polls
        self._connections = connections
        self._process = ProcessCollector(registry=None)

    def page(self, reasons: Mapping[str, str], accept: str) -> tuple[str, bytes]:
        """Media type and text, in the form that `accept` prefers. `reasons`: as `Readiness.reasons` gives them."""
        encode, media_type = choose_encoder(accept)
        # A registry of its own for each page: nothing of the page is kept, and nothing is shared.
        registry = CollectorRegistry()
        registry.register(_Families([*self._now(reasons), *self._counted()]))
        registry.register(self._process)
        return media_type, encode(registry)

    def _now(self, reasons: Mapping[str, str]) -> Iterable[Metric]:
        build = GaugeMetricFamily("openucwa_build_info", "Always 1.", labels=["version", "python"])
        build.add_metric([__version__, platform.python_version()], 1)
        yield build
        yield GaugeMetricFamily("openucwa_ready", "Whether /readyz says 200.", not reasons)
        known = reasons.keys() <= {"store", "bus"}
        for part, meaning in (("store", "Whether the store can be read."), ("bus", "Whether the bus can be reached.")):
            yield GaugeMetricFamily(f"openucwa_{part}_up", meaning, part not in reasons if known else None)
        yield GaugeMetricFamily("openucwa_connections", "Open connections of clients.", self._connections())
        yield GaugeMetricFamily("openucwa_polls_waiting", "Polls that wait for events.", self._polls())

    def _counted(self) -> Iterable[Metric]:
        measures = self._measures
        requests = CounterMetricFamily(
            "openucwa_requests",
            "Requests by resource, method and status; 499: the client went away before.",
            labels=["rel", "method", "status"],
        )
        for (rel, method, status), histogram in measures.requests.items():
            requests.add_metric([rel, method, str(status)], sum(histogram.counts))
        yield requests
        yield _histograms(
            "openucwa_request_duration_seconds",
            "Seconds until a request was answered; for a poll, most of it is waiting.",
            measures.seconds_by_rel(),
            "rel",
        )
        yield _histograms(
            "openucwa_event_lag_seconds",
            "Seconds from an event to the answer that told it; those of low and medium priority wait on purpose.",
            measures.events,
            "priority",
        )
        yield _histogram("openucwa_commit_changes", "Changes that shared a commit.", measures.commit_changes)
        yield _histogram(
            "openucwa_commit_duration_seconds",
            "Seconds that a commit took, all of its changes included.",
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
    """Each bound with how many were not above it."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip([*map(float, histogram.bounds), float("inf")], histogram.counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(bound), total))
    return buckets
