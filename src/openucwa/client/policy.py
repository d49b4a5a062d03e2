"""When a request is sent again, and after how long. Pure decisions; `session.py` carries them out."""

from dataclasses import dataclass

from openucwa.client.errors import (
    CallbackChannelError,
    ClientTimeout,
    ConnectionFailed,
    GatewayTimeout,
    Refused,
    ServiceFailure,
    ServiceUnavailable,
    TooManyRequests,
    UcwaError,
)

#: After these nothing was done, so that any request may be sent again.
_NOTHING_DONE = (TooManyRequests, ClientTimeout, CallbackChannelError)
#: After these the server may be able to do it, and may have done it already.
_UNKNOWN = (ServiceUnavailable, GatewayTimeout)


@dataclass(frozen=True, slots=True)
class Policy:
    """Timeouts and repetitions.

    `timeout`: seconds to wait for an answer, to the end of its body. `attempts`: how often a request is sent at most.
    `backoff`: seconds before the second attempt, doubled for each further one, up to `max_backoff`; less by up to a
    half, at random. The first time that a connection is lost, a tenth of that is enough: connections that were idle
    are. `Retry-After` is respected; if it is longer than `max_wait` seconds, the error is raised at once.
    `events_attempts`: how often in a row a poll may fail; None: any number of times. `replaced`: how often in a row a
    poll is sent again after another one replaced it.
    """

    timeout: float = 30.0
    attempts: int = 4
    backoff: float = 0.5
    max_backoff: float = 30.0
    max_wait: float = 60.0
    events_attempts: int | None = None
    replaced: int = 3

    def wait(self, error: UcwaError, attempt: int, chance: float, *, repeatable: bool) -> float | None:
        """Seconds until a request is sent again after its `attempt`-th attempt (from 1) failed; None: it is not.

        `repeatable`: whether sending it twice has the effect of sending it once. `chance`: from 0 to 1.
        """
        if attempt >= self.attempts or not may_help(error) or (may_have_happened(error) and not repeatable):
            return None
        return self.pause(error, attempt, chance)

    def pause(self, error: UcwaError, failures: int, chance: float) -> float | None:
        """Seconds to wait after so many failures in a row; None: the server asks for more than `max_wait`."""
        asked = error.retry_after if isinstance(error, Refused) else None
        if asked is not None and asked > self.max_wait:
            return None
        wait = min(self.max_backoff, self.backoff * 2.0 ** min(failures - 1, 30)) * (1 - chance / 2)
        if failures == 1 and isinstance(error, ConnectionFailed) and error.sent:
            wait /= 10
        return max(wait, asked or 0.0)


def may_help(error: UcwaError) -> bool:
    """Whether sending the same request again may succeed."""
    return isinstance(error, (ConnectionFailed, *_NOTHING_DONE, *_UNKNOWN)) or _is_internal(error)


def may_have_happened(error: UcwaError) -> bool:
    """Whether a request may have been carried out in spite of the error."""
    if isinstance(error, ConnectionFailed):
        return error.sent
    return isinstance(error, _UNKNOWN) or _is_internal(error)


def _is_internal(error: UcwaError) -> bool:
    """Whether it is an internal error of the server without a documented cause."""
    return type(error) is ServiceFailure
