"""PostgreSQL's errors as refusals, without the details about addresses, users or rows."""

import asyncpg

from openucwa.model.refusals import ServiceUnavailable

_BROKEN = "is unreachable: the connection was lost"
_BUSY = "is busy with other changes"

#: SQLSTATE of a change in a session that can only read.
_READ_ONLY = "25006"

#: SQLSTATE, or its class (the first two characters) -> what is wrong, and in how many seconds to try again.
_TROUBLES = {
    "08": (_BROKEN, 1),
    _READ_ONLY: ("cannot be written: it is a standby, or read-only", 10),
    "25P03": ("took too long for a change", 1),
    "28": ("rejected the login: wrong user or password, or this host is not allowed", 60),
    "3D": ("does not exist: the server has no such database", 60),
    "40": (_BUSY, 1),
    "42501": ("cannot be used: the user lacks permissions", 60),
    "53": ("has no resources left", 10),
    "53100": ("has no space left on its disk", 60),
    "53300": ("has too many connections", 5),
    "55P03": (_BUSY, 1),
    "57": ("is starting or stopping", 2),
    "57014": ("took too long", 1),
    "58": ("has a disk error", 60),
    "XX001": ("is damaged", 60),
    "XX002": ("is damaged", 60),
}

#: A conflict of rows, and a deadlock: SQLSTATEs after which the same change may well succeed.
_TRANSIENT = frozenset({"40001", "40P01"})


def unavailable(error: BaseException, place: str | None = None) -> ServiceUnavailable | None:
    """The refusal that `error` means. `place`: where the database is, for its `reason`.

    None: it says nothing of the engine's health, as a wrong statement or another refusal does not.
    """
    if isinstance(error, ServiceUnavailable):
        return error
    if (trouble := _trouble(error)) is None:
        return None
    said, retry_after = trouble
    return ServiceUnavailable(f"the store {said}", retry_after, None if place is None else f"the store {place} {said}")


def _trouble(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, asyncpg.PostgresError):
        state = error.sqlstate or ""
        return _TROUBLES.get(state) or _TROUBLES.get(state[:2])
    if isinstance(error, TimeoutError):
        return "does not answer in time", 1
    if isinstance(error, OSError):
        return "is unreachable", 1
    return None


#: Seconds of `retry_after` up to which a connection may be back before a call has to be refused.
_SOON = 2


def temporary(refusal: ServiceUnavailable) -> bool:
    """Whether the database may take connections again in a moment: it is restarting, or the network is."""
    return refusal.retry_after <= _SOON


def session_lost(error: BaseException) -> bool:
    """Whether it is the session that was lost, and nothing of the transaction that was not being committed is there.

    A session that has become read-only counts: another one may reach the server that can be written.
    """
    if isinstance(error, ServiceUnavailable):
        return False
    state = getattr(error, "sqlstate", None) or ""
    return state == _READ_ONLY or state[:3] == "57P" or state[:2] == "08" or isinstance(error, ConnectionError)


def transient(error: BaseException) -> bool:
    """Whether the same change may succeed if it is made again at once."""
    return getattr(error, "sqlstate", None) in _TRANSIENT
