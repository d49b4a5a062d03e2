"""The metrics of all workers on one page: this worker's, and what the others' status addresses show."""

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import httpx
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from openucwa.telemetry.status import MetricsPage

#: Seconds that another worker has for its page. One that is just being replaced is left out.
TIMEOUT = 2.0

logger = logging.getLogger(__name__)


class Gathering:
    """`status.MetricsPage` of worker 0, where each sample has the label `worker`.

    `own`: the page of this worker. `others`: the status addresses of workers 1, 2, ...
    """

    def __init__(self, own: MetricsPage, others: Sequence[str]) -> None:
        self._own = own
        self._others = others

    async def __call__(self, reasons: Mapping[str, str], accept: str) -> tuple[str, bytes]:
        async with httpx.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            others = await asyncio.gather(*(_page_of(client, url) for url in self._others))
        _, own = await self._own(reasons, "")
        encode, media_type = choose_encoder(accept)
        registry = CollectorRegistry()
        registry.register(_Gathered([own, *others]))
        return media_type, encode(registry)


async def _page_of(client: httpx.AsyncClient, url: str) -> bytes:
    """The page at a status address; empty: it does not answer."""
    try:
        answer = await client.get(f"{url}/metrics")
        answer.raise_for_status()
    except httpx.HTTPError as error:
        logger.debug("no metrics at %s: %s", url, type(error).__name__)
        return b""
    return answer.content


class _Gathered(Collector):
    """The samples of `pages`, by worker."""

    def __init__(self, pages: Sequence[bytes]) -> None:
        self._pages = pages

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for worker, page in enumerate(self._pages):
            for found in text_string_to_metric_families(page.decode()):
                family = families.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    family.add_sample(sample.name, {**sample.labels, "worker": str(worker)}, sample.value)
        return families.values()
