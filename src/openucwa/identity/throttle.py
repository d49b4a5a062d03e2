"""Throttling of sign-ins: failures are counted by user and by address.

In memory and per process; a restart resets them.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Self

from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Seconds without a failure after which earlier ones no longer count.
_FORGOTTEN_AFTER = 3_600.0
#: Maximum number of users, and of addresses, in memory; those longest without a failure are dropped first.
REMEMBERED = 20_000
#: The limit of the exponent: 2 to this power times any delay exceeds every sensible maximum, and still fits a float.
_MAX_DOUBLINGS = 64


#: Retry-After in seconds if only attempts in flight are in the way.
_IN_FLIGHT_RETRY = 1


@dataclass(slots=True)
class _Record:
    failures: int
    last_failure: float
    closed_until: float
    in_flight: int = 0


class Throttle:
    """Refuses sign-ins of users and from addresses with too many failures, for a while.

    `failures`: how many a user may have before the first delay; `address_failures`: the same for an address. `delay`:
    seconds of the first delay; it doubles with each further failure, up to `delay_max`. `remembered`: the number of
    users, and of addresses, that are kept.

    During a delay even the right password is refused: otherwise guessing would go on at full speed. An attempt in
    flight counts as a failure until its outcome is known, so parallel guesses gain nothing.
    """

    def __init__(
        self,
        failures: int,
        delay: float,
        delay_max: float,
        address_failures: int,
        world: World,
        remembered: int = REMEMBERED,
    ) -> None:
        self._users = _Records(failures, delay, delay_max, world, remembered)
        self._addresses = _Records(address_failures, delay, delay_max, world, remembered)

    def begin(self, user: str | None, address: str) -> "Attempt":
        """Begins an attempt, before the password is verified; its `with` block must end it.

        `user`: any key that all spellings of the user share, or None.
        TooManyRequests: a delay is running, or too many attempts are in flight.
        """
        keys = [(self._addresses, _network(address))]
        if user is not None:
            keys.append((self._users, user))
        if (wait := max(records.wait(key) for records, key in keys)) > 0:
            raise TooManyRequests("too many failed sign-ins", max(1, math.ceil(wait)))
        for records, key in keys:
            records.begin(key)
        return Attempt(keys)


class Attempt:
    """A sign-in attempt in flight. If its block ends without an outcome, because the store failed, say, it counts for
    nothing.
    """

    def __init__(self, keys: Sequence[tuple["_Records", str]]) -> None:
        self._keys = keys
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def failed(self) -> None:
        """Counts a failure."""
        self._end()
        for records, key in self._keys:
            records.count(key)

    def succeeded(self) -> None:
        """Resets the user's failures; the address's stay, or anyone with one account could reset them."""
        self._end()
        for _, user in self._keys[1:]:
            self._keys[1][0].forget(user)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            for records, key in self._keys:
                records.end(key)


class _Records:
    """The failures, and the attempts in flight, of one kind of key."""

    def __init__(self, failures: int, delay: float, delay_max: float, world: World, remembered: int) -> None:
        self._failures = failures
        self._delay = delay
        self._delay_max = delay_max
        self._memory = max(_FORGOTTEN_AFTER, 2 * delay_max)
        self._world = world
        self._remembered = remembered
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until the next attempt is allowed; 0 or less: now."""
        record = self._record(key)
        if record is None:
            return 0.0
        if (left := record.closed_until - self._world.monotonic()) > 0:
            return left
        # Once delays have begun, one attempt at a time.
        return _IN_FLIGHT_RETRY if record.in_flight >= max(1, self._failures - record.failures) else 0.0

    def begin(self, key: str) -> None:
        self._record_or_new(key).in_flight += 1

    def end(self, key: str) -> None:
        """Undoes `begin`."""
        record = self._records.get(key)
        if record is not None and record.in_flight > 0:
            record.in_flight -= 1
            if record.in_flight == 0 and record.failures == 0:
                del self._records[key]

    def count(self, key: str) -> None:
        record = self._record_or_new(key)
        now = self._world.monotonic()
        record.failures += 1
        record.last_failure = now
        if (over := record.failures - self._failures) >= 0:
            record.closed_until = now + min(self._delay * 2.0 ** min(over, _MAX_DOUBLINGS), self._delay_max)

    def forget(self, key: str) -> None:
        record = self._records.get(key)
        if record is None:
            return
        if record.in_flight:
            record.failures, record.closed_until = 0, self._world.monotonic()
        else:
            del self._records[key]

    def _record(self, key: str) -> _Record | None:
        record = self._records.get(key)
        if record is not None and self._world.monotonic() - record.last_failure >= self._memory:
            if record.in_flight == 0:
                del self._records[key]
                return None
            record.failures = 0
        return record

    def _record_or_new(self, key: str) -> _Record:
        record = self._record(key)
        if record is None:
            now = self._world.monotonic()
            record = self._records[key] = _Record(0, now, now)
        self._records.move_to_end(key)
        if len(self._records) > self._remembered:
            self._records.popitem(last=False)
        return record


def _network(address: str) -> str:
    """The address itself, or the /64 of an IPv6 address: a client with one of those addresses has all of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))
