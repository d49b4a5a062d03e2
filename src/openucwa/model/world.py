"""The environment: clock and randomness, replaceable in tests."""

import asyncio
import os
import time
import uuid
from collections.abc import Callable
from typing import Protocol

#: The alphabet of an `onlineMeetingId`: 8 of its 36 letters and digits have 41 bits.
MEETING_ID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MEETING_ID_LENGTH = 8


class Timer(Protocol):
    """A pending call."""

    def cancel(self) -> object:
        """Cancels the call; no effect if it was made already."""
        ...


class World(Protocol):
    """The sources of time and randomness. `RealWorld` is the only one outside the tests."""

    def now(self) -> int:
        """The time of day: milliseconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleeps for `seconds` on the `monotonic` clock."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        """Calls `callback` in the running event loop after `seconds` on the `monotonic` clock."""
        ...

    def random_bytes(self, count: int) -> bytes:
        """`count` unguessable bytes."""
        ...


class RealWorld:
    """The machine's clocks and its source of randomness."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    #: The functions themselves: another call around each would be several in every request.
    monotonic = staticmethod(time.monotonic)
    random_bytes = staticmethod(os.urandom)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)


def new_etag(world: World) -> str:
    """A new entity tag: a decimal string of 62 random bits.

    Random and not counted, so that a tag never recurs when a resource is recreated under an old name, and so that two
    tags do not reveal the number of changes between them.
    """
    return str(int.from_bytes(world.random_bytes(8)) >> 2)


def new_meeting_id(world: World) -> str:
    """A new, unguessable `onlineMeetingId`: 8 characters `[A-Z0-9]`."""
    number = int.from_bytes(world.random_bytes(16))
    characters = []
    for _ in range(MEETING_ID_LENGTH):
        number, index = divmod(number, len(MEETING_ID_ALPHABET))
        characters.append(MEETING_ID_ALPHABET[index])
    return "".join(characters)


def new_digits(world: World, count: int) -> str:
    """`count` random decimal digits without a leading 0: application and conference ids."""
    least = 10 ** (count - 1)
    return str(least + int.from_bytes(world.random_bytes(16)) % (9 * least))


def new_uuid(world: World) -> str:
    """A random UUID in its canonical form."""
    return str(uuid.UUID(bytes=world.random_bytes(16), version=4))


def new_request_id(world: World) -> str:
    """A new request id: 64 random bits in hexadecimal."""
    return world.random_bytes(8).hex()
