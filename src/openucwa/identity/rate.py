"""Rate limits with a burst, by key, for actions that reach other users or are stored.

In memory and per process; a restart resets them.
"""

import math
from collections import OrderedDict

from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Maximum number of keys in memory. The longest unused ones are dropped first: their bursts are most likely full.
REMEMBERED = 50_000


def act_key(owner: str, topic: str) -> str:
    """The key for one participant's actions in one meeting. `owner`: a user's URI, or an anonymous identity."""
    return f"{owner} {topic}"


class Rate:
    """A token bucket for each key. `per_second`: the sustained rate. `burst`: the number allowed at once. `what`: what
    is limited, for the error message. `remembered`: the maximum number of keys.
    """

    def __init__(self, per_second: float, burst: int, what: str, world: World, remembered: int = REMEMBERED) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._what = what
        self._world = world
        self._remembered = remembered
        #: Key -> the rest of the burst, and when that was, on the `monotonic` clock.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Counts one more. TooManyRequests: over the limit; nothing is counted."""
        now = self._world.monotonic()
        left, since = self._left.get(key, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        if left < 1:
            raise TooManyRequests(f"too many {self._what}", max(1, math.ceil((1 - left) / self._per_second)))
        self._left[key] = (left - 1, now)
        self._left.move_to_end(key)
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)
