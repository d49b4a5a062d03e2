"""The base of the parts of the store."""

from openucwa.store.engine import Cache, Reader, Writer
from openucwa.store.sql.change_rows import Log

#: Default maximum number of bytes stored for a user.
MAX_USER_BYTES = 67_108_864


class Part:
    """A part of the contract. Its methods consist of statements, which an engine's reader and writer run.

    `cache`: the read cache. `max_user_bytes`: the maximum stored for a user (`stored_bytes.py`). `log`: writes
    the change log.
    """

    def __init__(self, reader: Reader, writer: Writer, cache: Cache, max_user_bytes: int, log: Log) -> None:
        self._reader = reader
        self._writer = writer
        self._cache = cache
        self._max_user_bytes = max_user_bytes
        self._log = log
