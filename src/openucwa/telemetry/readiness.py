"""Readiness: whether the server can answer requests now. Read by load balancers and operators; see `status.py`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import msgspec

from openucwa.model.refusals import Refusal
from openucwa.model.world import World

#: Timeout of a probe, in seconds.
PROBE_TIMEOUT = 2.0
#: Seconds that the result of a probe is cached, so that many requests cause few probes.
PROBE_INTERVAL = 0.5

#: By name: probes that raise if the part cannot be used; a Refusal says why.
Probes: TypeAlias = Mapping[str, Callable[[], Awaitable[object]]]

logger = logging.getLogger(__name__)


class Readiness:
    """The readiness of one process."""

    def __init__(self, probes: Probes, world: World) -> None:
        self._probes = probes
        self._world = world
        self._phase: Mapping[str, str] = {"starting": "the server is starting"}
        self._probed = 0.0
        self._probe: asyncio.Task[Mapping[str, str]] | None = None

    def begin(self) -> None:
        """The server has started: from now on store and bus decide."""
        self._phase = {}

    def stop(self) -> None:
        """The server is stopping: from now on it is not ready."""
        self._phase = {"stopping": "the server is stopping"}

    async def reasons(self) -> Mapping[str, str]:
        """Why the server is not ready; empty: it is.

        By part, or else `starting` or `stopping`, when no part is probed. The texts may name internal addresses: they
        are for operators. `public` has the ones for anyone.
        """
        if self._phase:
            return self._phase
        now = self._world.monotonic()
        if self._probe is None or (self._probe.done() and now - self._probed >= PROBE_INTERVAL):
            self._probe = asyncio.create_task(self._probe_all(), name="openucwa readiness")
            self._probed = now
        # Several requests may share one probe, and cancelling one of them must not cancel the probe.
        return await asyncio.shield(self._probe)

    async def _probe_all(self) -> Mapping[str, str]:
        troubles = await asyncio.gather(*(_trouble(part, probe()) for part, probe in self._probes.items()))
        return {part: trouble for part, trouble in zip(self._probes, troubles, strict=True) if trouble is not None}


def public(reasons: Mapping[str, str]) -> Mapping[str, str]:
    """The reasons, without internal addresses."""
    return {
        part: reason if part in {"starting", "stopping"} else f"the {part} is currently unavailable"
        for part, reason in reasons.items()
    }


def answer(reasons: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and JSON for these reasons."""
    if not reasons:
        return 200, b'{"ready":true}'
    return 503, msgspec.json.encode({"ready": False, "reasons": reasons})


async def _trouble(part: str, question: Awaitable[object]) -> str | None:
    try:
        async with asyncio.timeout(PROBE_TIMEOUT):
            await question
    except Refusal as refusal:
        return refusal.reason
    except TimeoutError:
        return f"the {part} does not answer within {PROBE_TIMEOUT:g} seconds"
    except Exception:
        logger.exception("could not probe the %s", part)
        return f"the {part} failed; see the log"
    return None
