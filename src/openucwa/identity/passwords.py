"""Passwords: hashed and verified with Argon2id, off the event loop."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from openucwa.model.refusals import ParameterValidationFailure, ServiceUnavailable

T = TypeVar("T")

#: Minimum length of a password, in characters.
MIN_PASSWORD_LENGTH = 8
#: Maximum length of a password, in characters; normalising a much longer one would take long.
MAX_PASSWORD_LENGTH = 1_024

#: A second is ample: a verification takes tens of milliseconds.
_RETRY_AFTER = 1


class Passwords:
    """Hashes and verifies in `workers` threads of its own; at most `max_waiting` calls may wait.

    `hasher` has the cost; the default is argon2-cffi's recommendation (RFC 9106, low memory: 64 MiB per call).
    """

    def __init__(self, workers: int = 2, max_waiting: int = 64, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._executor = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._max_in_flight = workers + max_waiting
        self._in_flight = 0
        self._nobodys = _unmatched_hash(self._hasher)

    async def hash(self, password: str) -> str:
        """Argon2's encoded form of `password`.

        ParameterValidationFailure: it is too long. ServiceUnavailable: too many calls are waiting.
        """
        if len(password) > MAX_PASSWORD_LENGTH:
            raise ParameterValidationFailure({"password": f"is longer than {MAX_PASSWORD_LENGTH} characters"})
        return await self._run(lambda: self._hasher.hash(_prepared(password)))

    async def verify(self, encoded: str | None, password: str) -> bool:
        """Whether `encoded` was made from `password`.

        `encoded` None stands for a user that does not exist: False, after as much work as for a wrong password.
        ServiceUnavailable: too many calls are waiting.
        """
        return await self._run(lambda: self._matches(encoded, password))

    def close(self) -> None:
        """Waits for calls in flight and ends the threads."""
        self._executor.shutdown(cancel_futures=True)

    def _matches(self, encoded: str | None, password: str) -> bool:
        if encoded is None or len(password) > MAX_PASSWORD_LENGTH:
            encoded = self._nobodys
        try:
            return self._hasher.verify(encoded, _prepared(password[:MAX_PASSWORD_LENGTH]))
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._in_flight >= self._max_in_flight:
            raise ServiceUnavailable("too many sign-ins are in flight", _RETRY_AFTER)
        self._in_flight += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._in_flight -= 1


def _prepared(password: str) -> str:
    # RFC 8265, OpaqueString: keyboards differ in how they compose an accented letter.
    return unicodedata.normalize("NFC", password)


def _unmatched_hash(hasher: PasswordHasher) -> str:
    # Built, not computed, so that it costs nothing at start; no password has a hash of all zeros.
    salt, digest = ("A" * -(-size * 4 // 3) for size in (hasher.salt_len, hasher.hash_len))
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
