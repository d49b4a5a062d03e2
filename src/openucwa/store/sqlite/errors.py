"""SQLite's errors as refusals."""

import sqlite3

from openucwa.model.refusals import ServiceUnavailable

#: SQLite's primary result code -> what is wrong, and in how many seconds to try again.
_TROUBLES = {
    sqlite3.SQLITE_PERM: ("cannot be used: permission denied", 60),
    sqlite3.SQLITE_BUSY: ("is busy with the changes of another process", 1),
    sqlite3.SQLITE_LOCKED: ("is busy with other changes", 1),
    sqlite3.SQLITE_NOMEM: ("has no memory left", 10),
    sqlite3.SQLITE_READONLY: ("cannot be written", 60),
    sqlite3.SQLITE_IOERR: ("has a disk error", 60),
    sqlite3.SQLITE_CORRUPT: ("is damaged", 60),
    sqlite3.SQLITE_FULL: ("has no space left on its disk", 60),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", 60),
    sqlite3.SQLITE_PROTOCOL: ("is busy with other processes", 1),
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database, or is damaged", 60),
}


def unavailable(error: Exception, place: str | None = None) -> ServiceUnavailable | None:
    """The refusal that `error` means. `place`: the file, for its `reason`.

    None: it says nothing of the engine's health, as a wrong statement or another refusal does not.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code not in _TROUBLES:
        return None
    trouble, retry_after = _TROUBLES[code]
    reason = None if place is None else f"the store {place} {trouble}"
    return ServiceUnavailable(f"the store {trouble}", retry_after, reason)
