"""Throttling of sign-ins: failures are counted by user at an address, by address, and by user.

- A user at one address: after `sign_in_failures` each further failure doubles a delay. So who guesses at one account
  from one address is slowed down, and nobody else is.
- An address, whoever it tries: the same, after `address_failures`.
- A user, from all addresses together: `user_failures` an hour. This is what guessing from many addresses meets. It does
  not stop an address from which that user has signed in before, so nobody is locked out by others where they usually
  are.

In memory; a restart resets them. The processes of a deployment send each other each outcome (`sharing.py`). What is
counted under is a digest, so that memory does not grow with the names that strangers try.
"""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Protocol, Self

from openucwa.identity.sharing import Sharing
from openucwa.model.refusals import TooManyRequests
from openucwa.model.world import World

#: Seconds without a failure after which earlier ones no longer count, and the longest time that failures of several
#: processes at once can add up to.
_FORGOTTEN_AFTER = 3_600.0
#: Seconds for which an address is remembered as one that a user has signed in from.
_KNOWN_FOR = 30 * 86_400.0
#: Maximum number of entries of each kind in memory; those longest without a change are dropped first.
REMEMBERED = 20_000
#: The limit of the exponent: 2 to this power times any delay exceeds every sensible maximum, and still fits a float.
_MAX_DOUBLINGS = 64
#: Retry-After in seconds if only attempts in flight are in the way.
_IN_FLIGHT_RETRY = 1
#: Bytes of a digest.
_DIGEST = 16

_KIND = "sign-in"
_FAILED = "failed"
_SUCCEEDED = "succeeded"
#: In the place of a user's digest: there is none.
_NOBODY = "-"


@dataclass(frozen=True, slots=True)
class ThrottleSettings:
    """The settings of these names: numbers of failures, and delays in seconds."""

    sign_in_failures: int
    sign_in_delay: float
    sign_in_delay_max: float
    address_failures: int
    user_failures: int


class Throttle:
    """Refuses sign-ins of users and from addresses with too many failures, for a while.

    `remembered`: the maximum number of entries of each kind. `sharing`: None: there is no other process.

    During a delay even the right password is refused: otherwise guessing would go on at full speed. An attempt in
    flight counts as a failure until its outcome is known, so parallel guesses gain nothing. Those in flight in other
    processes are not known; delays that they caused at once are added up, so in the long run they gain nothing either.
    """

    def __init__(
        self, settings: ThrottleSettings, world: World, sharing: Sharing | None = None, remembered: int = REMEMBERED
    ) -> None:
        delay, delay_max = settings.sign_in_delay, settings.sign_in_delay_max
        self._pairs = _Records(settings.sign_in_failures, delay, delay_max, world, remembered)
        self._addresses = _Records(settings.address_failures, delay, delay_max, world, remembered)
        self._users = _Budgets(settings.user_failures, world, remembered)
        self._known = _Known(world, remembered)
        self._sharing = sharing
        if sharing is not None:
            sharing.subscribe(_KIND, self._received)

    def begin(self, user: str | None, address: str) -> "Attempt":
        """Begins an attempt, before the password is verified; its `with` block must end it.

        `user`: any key that all spellings of the user share, or None.
        TooManyRequests: a delay is running, or too many attempts are in flight.
        """
        who = Who(_NOBODY if user is None else _digest(user), _digest(_network(address)))
        places = self._places(who)
        if (wait := max(records.wait(key) for records, key in places)) > 0:
            raise TooManyRequests("too many failed sign-ins", max(1, math.ceil(wait)))
        for records, key in places:
            records.begin(key)
        return Attempt(self, who, places)

    def end(self, who: "Who", *, failed: bool) -> None:
        """Counts the outcome of an attempt, here and in the other processes."""
        if failed or who.user != _NOBODY:
            self._count(who, failed=failed)
            if self._sharing is not None:
                self._sharing.send(_KIND, _FAILED if failed else _SUCCEEDED, who.user, who.address)

    def _received(self, words: Sequence[str]) -> None:
        outcome, user, address = words
        self._count(Who(user, address), failed=outcome == _FAILED)

    def _count(self, who: "Who", *, failed: bool) -> None:
        if failed:
            self._addresses.count(who.address)
            if who.user != _NOBODY:
                self._pairs.count(who.pair)
                self._users.count(who.user)
        else:
            # The failures of the address stay, or anyone with one account could reset them.
            self._pairs.forget(who.pair)
            self._known.add(who.pair)

    def _places(self, who: "Who") -> Sequence[tuple["_Counts", str]]:
        """What an attempt is counted by."""
        places: list[tuple[_Counts, str]] = [(self._addresses, who.address)]
        if who.user != _NOBODY:
            places.append((self._pairs, who.pair))
            if not self._known.has(who.pair):
                places.append((self._users, who.user))
        return places


@dataclass(frozen=True, slots=True)
class Who:
    """The digests of a user, or `-`, and of an address."""

    user: str
    address: str

    @property
    def pair(self) -> str:
        """The key of this user at this address."""
        return f"{self.user} {self.address}"


class Attempt:
    """A sign-in attempt in flight. If its block ends without an outcome, because the store failed, say, it counts for
    nothing.
    """

    def __init__(self, throttle: Throttle, who: Who, places: Sequence[tuple["_Counts", str]]) -> None:
        self._throttle = throttle
        self._who = who
        self._places = places
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def failed(self) -> None:
        """Counts a failure."""
        self._end()
        self._throttle.end(self._who, failed=True)

    def succeeded(self) -> None:
        """Forgets the user's failures at this address, and remembers it as one of the user's."""
        self._end()
        self._throttle.end(self._who, failed=False)

    def _end(self) -> None:
        if not self._ended:
            self._ended = True
            for counts, key in self._places:
                counts.end(key)


class _Counts(Protocol):
    """The failures, and the attempts in flight, of one kind of key."""

    def wait(self, key: str) -> float:
        """Seconds until the next attempt is allowed; 0 or less: now."""
        ...

    def begin(self, key: str) -> None:
        """An attempt is in flight."""
        ...

    def end(self, key: str) -> None:
        """Undoes `begin`."""
        ...


@dataclass(slots=True)
class _Record:
    failures: int
    last_failure: float
    closed_until: float
    in_flight: int = 0


@dataclass(slots=True)
class _Budget:
    left: float
    since: float
    in_flight: int = 0


class _Budgets:
    """`_Counts` with a budget of failures for each key, which is full again after an hour."""

    def __init__(self, failures: int, world: World, remembered: int) -> None:
        self._failures = float(failures)
        self._per_second = failures / _FORGOTTEN_AFTER
        self._world = world
        self._remembered = remembered
        self._budgets: OrderedDict[str, _Budget] = OrderedDict()

    def wait(self, key: str) -> float:
        budget = self._refilled(key)
        if budget is None or budget.left - budget.in_flight >= 1:
            return 0.0
        return (1 - budget.left) / self._per_second if budget.left < 1 else _IN_FLIGHT_RETRY

    def begin(self, key: str) -> None:
        self._refilled_or_new(key).in_flight += 1

    def end(self, key: str) -> None:
        budget = self._refilled(key)
        if budget is not None and budget.in_flight > 0:
            budget.in_flight -= 1
            if budget.in_flight == 0 and budget.left >= self._failures:
                del self._budgets[key]

    def count(self, key: str) -> None:
        budget = self._refilled_or_new(key)
        # Bounded, so that nobody waits for longer than two hours.
        budget.left = max(budget.left - 1, -self._failures)

    def _refilled(self, key: str) -> _Budget | None:
        budget = self._budgets.get(key)
        if budget is not None:
            now = self._world.monotonic()
            budget.left = min(self._failures, budget.left + (now - budget.since) * self._per_second)
            budget.since = now
        return budget

    def _refilled_or_new(self, key: str) -> _Budget:
        budget = self._refilled(key)
        if budget is None:
            budget = self._budgets[key] = _Budget(self._failures, self._world.monotonic())
        self._budgets.move_to_end(key)
        if len(self._budgets) > self._remembered:
            self._budgets.popitem(last=False)
        return budget


class _Known:
    """The addresses that users have signed in from."""

    def __init__(self, world: World, remembered: int) -> None:
        self._world = world
        self._remembered = remembered
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, pair: str) -> None:
        self._until[pair] = self._world.monotonic() + _KNOWN_FOR
        self._until.move_to_end(pair)
        if len(self._until) > self._remembered:
            self._until.popitem(last=False)

    def has(self, pair: str) -> bool:
        return self._until.get(pair, 0.0) > self._world.monotonic()


class _Records:
    """`_Counts` with a delay that grows with each failure of a key."""

    def __init__(self, failures: int, delay: float, delay_max: float, world: World, remembered: int) -> None:
        self._failures = failures
        self._delay = delay
        self._delay_max = delay_max
        self._memory = max(_FORGOTTEN_AFTER, 2 * delay_max)
        self._world = world
        self._remembered = remembered
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, key: str) -> float:
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
            delay = min(self._delay * 2.0 ** min(over, _MAX_DOUBLINGS), self._delay_max)
            # A failure during a delay comes from another process, which had not received it yet.
            record.closed_until = min(max(record.closed_until, now) + delay, now + self._memory)

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


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).hexdigest()
