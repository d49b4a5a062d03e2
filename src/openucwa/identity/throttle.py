"""What slows guessing down: failed sign-ins, counted for each user and for each address.

In memory and for this process only; a restart forgets.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Seconds without a failure after which earlier ones no longer count.
_FORGOTTEN_AFTER = 3_600.0
#: Users, and addresses, that are remembered; the ones longest without a failure are forgotten first.
_REMEMBERED = 20_000
#: 2 to this power times any delay is over every sensible longest delay, and not over what a float can hold.
_MOST_DOUBLINGS = 64


@dataclass(slots=True)
class _Record:
    failures: int
    last_failure: float
    closed_until: float


class Throttle:
    """Refuses sign-ins of users and from addresses that failed too often, for a while.

    `failures`: how many a user may have before the first delay; `address_failures`: the same for an address.
    `delay`: seconds of the first delay; it doubles with each further failure, up to `delay_max`.
    While a delay runs even the right password is refused: otherwise guessing would go on at full speed.
    Once delays have begun, one attempt at a time is let through, so that guesses sent at once gain nothing.
    """

    def __init__(self, failures: int, delay: float, delay_max: float, address_failures: int, world: World) -> None:
        self._users = _Records(failures, delay, delay_max, world)
        self._addresses = _Records(address_failures, delay, delay_max, world)

    def check(self, user: str | None, address: str) -> None:
        """Call before the password is looked at. `user`: any key that all spellings of the user share, or None.

        TooManyRequests: a delay is running; `retry_after` is what is left of it, in seconds.
        """
        network = _network(address)
        wait = self._addresses.wait(network)
        if user is not None:
            wait = max(wait, self._users.wait(user))
        if wait > 0:
            raise TooManyRequests("too many failed sign-ins: wait before the next", max(1, math.ceil(wait)))
        self._addresses.admit(network)
        if user is not None:
            self._users.admit(user)

    def failed(self, user: str | None, address: str) -> None:
        """Counts a failure."""
        self._addresses.count(_network(address))
        if user is not None:
            self._users.count(user)

    def succeeded(self, user: str | None, address: str) -> None:
        """Forgets the user's failures. The address's stay: who has one account could clear them at will."""
        self._addresses.reopen(_network(address))
        if user is not None:
            self._users.forget(user)


class _Records:
    """The failures of one kind of key."""

    def __init__(self, failures: int, delay: float, delay_max: float, world: World) -> None:
        self._failures = failures
        self._delay = delay
        self._delay_max = delay_max
        self._memory = max(_FORGOTTEN_AFTER, 2 * delay_max)
        self._world = world
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds that are left of the delay; not above 0: none is running."""
        record = self._record(key)
        return 0.0 if record is None else record.closed_until - self._world.monotonic()

    def admit(self, key: str) -> None:
        """Lets one attempt through; where delays have begun, the next one waits as if this one had failed."""
        if (record := self._record(key)) is not None:
            self._close(record)

    def reopen(self, key: str) -> None:
        """Takes back what `admit` did."""
        if (record := self._record(key)) is not None:
            record.closed_until = self._world.monotonic()

    def count(self, key: str) -> None:
        record = self._record(key)
        now = self._world.monotonic()
        if record is None:
            record = self._records[key] = _Record(0, now, now)
        record.failures += 1
        record.last_failure = now
        self._close(record)
        self._records.move_to_end(key)
        if len(self._records) > _REMEMBERED:
            self._records.popitem(last=False)

    def forget(self, key: str) -> None:
        self._records.pop(key, None)

    def _record(self, key: str) -> _Record | None:
        record = self._records.get(key)
        if record is not None and self._world.monotonic() - record.last_failure >= self._memory:
            del self._records[key]
            return None
        return record

    def _close(self, record: _Record) -> None:
        over = record.failures - self._failures
        if over >= 0:
            delay = min(self._delay * 2.0 ** min(over, _MOST_DOUBLINGS), self._delay_max)
            record.closed_until = self._world.monotonic() + delay


def _network(address: str) -> str:
    """The address itself, or the /64 of an IPv6 one: whoever has one of those has all of it."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))
