"""The metrics of a process: plain counters, updated as it works and read on request.

Any module may update them. Their format, and everything that is looked up on request (connections, polls, the state of
the store), belongs to `telemetry/exposition.py`. Counting a request must take less than a microsecond: no locks, no
labels to look up, one list per row. Everything is counted in the event loop.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: The upper bounds of histogram buckets; there is one more bucket for greater values.
REQUEST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0)
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 60.0, 300.0)
COMMIT_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
COMMIT_CHANGES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class Histogram:
    """A histogram. `counts`: for each of `bounds` the number of values above the previous bound and not above it, and
    last the number above all. `sum`: of the values.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Counts `value`."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def merge(self, other: "Histogram") -> None:
        """Adds the counts of `other`, which has the same bounds."""
        self.counts = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.sum += other.sum


class Load(NamedTuple):
    """The present load of the listeners, each figure with its limit.

    `refused`: connections so far that exceeded the limit. `bodies`: bytes of request bodies being received; `unread`:
    bytes of responses that clients have not read. `certificate_expiry`: when the certificate expires, in seconds since
    1970; None: there is none, or it is unknown.
    """

    connections: int
    max_connections: int
    refused: int
    bodies: int
    max_bodies: int
    unread: int
    max_unread: int
    certificate_expiry: float | None


class Measures:
    """The metrics of one process, since its start."""

    def __init__(self) -> None:
        #: (rel, method, status) -> seconds until answered.
        self.requests: dict[tuple[str, str, int], Histogram] = {}
        #: Priority -> seconds from an event to the answer that delivers it.
        self.events: dict[str, Histogram] = {}
        #: How attempts to deliver to webhooks ended -> their number; seconds from a change to its delivery.
        self.deliveries = {"delivered": 0, "failed": 0, "given up": 0}
        self.delivery_seconds = Histogram(LAG_SECONDS)
        #: The number of webhooks that the process delivers for.
        self.webhooks = 0
        #: The number of changes in a commit, and its duration in seconds, including the wait for its turn.
        self.commit_changes = Histogram(COMMIT_CHANGES)
        self.commit_seconds = Histogram(COMMIT_SECONDS)
        #: Result -> sign-ins: accepted, refused, throttled.
        self.sign_ins: Counter[str] = Counter(accepted=0, refused=0, throttled=0)
        #: Sweep -> when it last ended without an error, in ms since 1970.
        self.swept: dict[str, int] = {}

    def request(self, rel: str, method: str, status: int, seconds: float) -> None:
        """Counts an answered request. `rel`: that of the resource; it must not be chosen by a client."""
        try:
            histogram = self.requests[rel, method, status]
        except KeyError:
            histogram = self.requests[rel, method, status] = Histogram(REQUEST_SECONDS)
        histogram.counts[bisect_left(REQUEST_SECONDS, seconds)] += 1
        histogram.sum += seconds

    def event(self, priority: str, seconds: float) -> None:
        """Counts a delivered event. `seconds`: since it happened."""
        if priority not in self.events:
            self.events[priority] = Histogram(LAG_SECONDS)
        self.events[priority].add(max(seconds, 0.0))

    def delivery(self, outcome: str, seconds: float | None = None) -> None:
        """Counts an attempt to deliver to a webhook. `seconds`: since the change, if it was delivered."""
        self.deliveries[outcome] += 1
        if seconds is not None:
            self.delivery_seconds.add(max(seconds, 0.0))

    def commit(self, changes: int, seconds: float) -> None:
        """Counts a group of changes that was committed, or failed."""
        self.commit_changes.add(changes)
        self.commit_seconds.add(seconds)

    def seconds_by_rel(self) -> Mapping[str, Histogram]:
        """The duration of requests, by resource."""
        by_rel: dict[str, Histogram] = {}
        for (rel, _, _), histogram in self.requests.items():
            by_rel.setdefault(rel, Histogram(REQUEST_SECONDS)).merge(histogram)
        return by_rel
