"""What SQLite's errors mean to a caller. No error of the engine leaves the store as it is but those that are bugs."""

import sqlite3

from openucwa.model.refusals import ServiceUnavailable

#: SQLite's primary result code -> what is wrong, and in how many seconds to try again.
_TROUBLES = {
    sqlite3.SQLITE_PERM: ("may not be used by this server", 60),
    sqlite3.SQLITE_BUSY: ("is busy with the changes of another process", 1),
    sqlite3.SQLITE_LOCKED: ("is busy with other changes", 1),
    sqlite3.SQLITE_NOMEM: ("has no memory left", 10),
    sqlite3.SQLITE_READONLY: ("can't be written", 60),
    sqlite3.SQLITE_IOERR: ("can't be read from or written to its disk", 60),
    sqlite3.SQLITE_CORRUPT: ("is damaged", 60),
    sqlite3.SQLITE_FULL: ("has no room left on its disk", 60),
    sqlite3.SQLITE_CANTOPEN: ("can't be opened", 60),
    sqlite3.SQLITE_PROTOCOL: ("is busy with other processes", 1),
    sqlite3.SQLITE_NOTADB: ("is not a SQLite database, or is damaged", 60),
}


def refusal(error: Exception, name: str = "the store") -> Exception:
    """What the caller is to be told of `error`: a ServiceUnavailable that begins with `name`.

    An error that says nothing of the engine's health (a wrong statement, a refusal) comes back as it is.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code not in _TROUBLES:
        return error
    trouble, retry_after = _TROUBLES[code]
    return ServiceUnavailable(f"{name} {trouble}", retry_after)
