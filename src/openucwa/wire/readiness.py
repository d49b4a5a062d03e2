"""Whether the server can do its work now: the store can be read, the bus can be reached, and it isn't stopping.

Asked by load balancers and by whoever looks at the process; what it says is shown in `status.py`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping

import msgspec

from openucwa.channel.bus import Bus
from openucwa.model.refusals import Refusal
from openucwa.model.world import World
from openucwa.store.contract import Users

#: Seconds that store and bus have to answer in.
PATIENCE = 2.0
#: Seconds that a look is good for, so that no crowd of questions becomes a crowd of reads.
GOOD_FOR = 0.5

logger = logging.getLogger(__name__)


class Readiness:
    """Of one process."""

    def __init__(self, users: Users, bus: Bus, world: World) -> None:
        self._users = users
        self._bus = bus
        self._world = world
        self._phase: Mapping[str, str] = {"starting": "the server is starting"}
        self._looked = 0.0
        self._look: asyncio.Task[Mapping[str, str]] | None = None

    def begin(self) -> None:
        """The server has started: from now on store and bus decide."""
        self._phase = {}

    def stop(self) -> None:
        """The server is stopping: from now on it is not ready, whatever else is."""
        self._phase = {"stopping": "the server is stopping"}

    async def reasons(self) -> Mapping[str, str]:
        """Why the server is not ready; empty: it is. By part: `store` and `bus`, or else `starting` or `stopping`, when
        neither is looked at."""
        if self._phase:
            return self._phase
        now = self._world.monotonic()
        if self._look is None or (self._look.done() and now - self._looked >= GOOD_FOR):
            self._look = asyncio.create_task(self._look_at_both(), name="openucwa readiness")
            self._looked = now
        # Several may wait for one look, and none of them that goes away may end it.
        return await asyncio.shield(self._look)

    async def _look_at_both(self) -> Mapping[str, str]:
        # The user whose name is empty is nobody; the answer is that there is one.
        store, bus = await asyncio.gather(_trouble("store", self._users.get("")), _trouble("bus", self._bus.require()))
        return {part: trouble for part, trouble in (("store", store), ("bus", bus)) if trouble is not None}


def answer(reasons: Mapping[str, str]) -> tuple[int, bytes]:
    """Status and JSON for those reasons not to be ready."""
    if not reasons:
        return 200, b'{"ready":true}'
    return 503, msgspec.json.encode({"ready": False, "reasons": reasons})


async def _trouble(part: str, question: Awaitable[object]) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE):
            await question
    except Refusal as refusal:
        return str(refusal)
    except TimeoutError:
        return f"the {part} does not answer within {PATIENCE:g} seconds"
    except Exception:
        logger.exception("whether the %s is there cannot be told", part)
        return f"the {part} fails; the log says how"
    return None
