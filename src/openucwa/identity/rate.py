"""Rate limits with a burst, by key, for actions that reach other users or are stored.

In memory; a restart resets them. The processes of a deployment send each other what was consumed (`sharing.py`), once
half of a burst is used up. So with N processes the rate holds for all together, while a burst may be up to N times as
large if it comes within a second.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence

from openucwa.identity.sharing import Sharing
from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Maximum number of keys in memory. The longest unused ones are dropped first: their bursts are most likely full.
REMEMBERED = 50_000
#: Maximum number of keys in one round of messages; the rest follows in the next one.
_KEYS_PER_ROUND = 1_000


def act_key(owner: str, topic: str) -> str:
    """The key for one participant's actions in one meeting. `owner`: a user's URI, or an anonymous identity."""
    return f"{owner} {topic}"


class Rate:
    """A token bucket for each key. `per_second`: the sustained rate. `burst`: the number allowed at once. `what`: what
    is limited, for the error message. `remembered`: the maximum number of keys. `sharing`: None: there is no other
    process.
    """

    def __init__(
        self,
        per_second: float,
        burst: int,
        what: str,
        world: World,
        sharing: Sharing | None = None,
        remembered: int = REMEMBERED,
    ) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._send_below = burst / 2
        self._what = what
        self._world = world
        self._sharing = sharing
        self._kind = what.replace(" ", "-")
        self._remembered = remembered
        #: Key -> the rest of the burst; when that was, on the `monotonic` clock; the number not yet sent to the others.
        self._left: OrderedDict[str, tuple[float, float, int]] = OrderedDict()
        #: The keys whose numbers are to be sent to the others.
        self._due: dict[str, None] = {}
        if sharing is not None:
            sharing.subscribe(self._kind, self._received)

    def take(self, key: str) -> None:
        """Counts one more. TooManyRequests: over the limit; nothing is counted."""
        now = self._world.monotonic()
        left, unsent = self._rest(key, now)
        if left < 1:
            raise TooManyRequests(f"too many {self._what}", max(1, math.ceil((1 - left) / self._per_second)))
        self._keep(key, left - 1, now, unsent + 1)
        if left - 1 < self._send_below and self._sharing is not None:
            if not self._due:
                self._sharing.send_later(self._kind, self._messages)
            self._due[key] = None

    def _rest(self, key: str, now: float) -> tuple[float, int]:
        left, since, unsent = self._left.get(key, (self._burst, now, 0))
        left += (now - since) * self._per_second
        return (left, unsent) if left < self._burst else (self._burst, 0)

    def _keep(self, key: str, left: float, now: float, unsent: int) -> None:
        self._left[key] = (left, now, unsent)
        self._left.move_to_end(key)
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)

    def _messages(self) -> Sequence[Sequence[str]]:
        keys = list(self._due)[:_KEYS_PER_ROUND]
        messages = []
        for key in keys:
            del self._due[key]
            if (found := self._left.get(key)) is not None and found[2]:
                messages.append((str(found[2]), key))
                self._left[key] = (found[0], found[1], 0)
        if self._due and self._sharing is not None:
            self._sharing.send_later(self._kind, self._messages)
        return messages

    def _received(self, words: Sequence[str]) -> None:
        """Another process let `words[0]` through, for the key that follows."""
        count, *key = words
        name, now = "/".join(key), self._world.monotonic()
        left, unsent = self._rest(name, now)
        # Bounded, so that nobody waits for longer than two bursts.
        self._keep(name, max(left - int(count), -self._burst), now, unsent)
