"""Rate limits with a burst, for each key: for what reaches other users or is stored.

In memory and for this process only; a restart forgets.
"""

import math
from collections import OrderedDict

from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Keys that are remembered. Of more, those that are longest unused are forgotten: their bursts are most likely full.
_REMEMBERED = 50_000


def act_key(owner: str, topic: str) -> str:
    """The key of what one participant does in one meeting. `owner`: a user's URI, or an anonymous identity."""
    return f"{owner} {topic}"


class Rate:
    """A token bucket for each key.

    `per_second`: the sustained rate. `burst`: how many may come at once. `what`: what is limited, for the
    message of the refusal.
    """

    def __init__(self, per_second: float, burst: int, what: str, world: World) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._what = what
        self._world = world
        #: Key -> how much of the burst is left, and when that was, on the `monotonic` clock.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Counts one more. TooManyRequests, with nothing counted: over the limit."""
        now = self._world.monotonic()
        left, since = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        if left < 1:
            raise TooManyRequests(f"too many {self._what}", max(1, math.ceil((1 - left) / self._per_second)))
        self._left[key] = (left - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
