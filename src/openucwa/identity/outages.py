"""Logs outages of issuers and directories without repetition: anyone can send the requests that reveal them."""

import logging

from openucwa.model.refusals import SourceUnavailable
from openucwa.model.world import World

#: Minimum seconds between two log lines about one issuer or directory.
_INTERVAL = 60.0

logger = logging.getLogger(__name__)


class Outages:
    """The outages of one issuer or directory. `kind`: which of the two it is; `name`: its URL."""

    def __init__(self, kind: str, name: str, world: World) -> None:
        self._kind = kind
        self._name = name
        self._world = world
        self._next_line = world.monotonic()

    def refusal(self, reason: Exception, retry_after: float) -> SourceUnavailable:
        """The refusal for the client; `retry_after` in seconds.

        The log gets `reason`, which may contain addresses, at once and then at most once a minute.
        """
        now = self._world.monotonic()
        if now >= self._next_line:
            self._next_line = now + _INTERVAL
            logger.warning("the %s %s is unavailable: %s", self._kind, self._name, reason)
        return SourceUnavailable(f"the {self._kind} is unavailable", max(1, round(retry_after)))
