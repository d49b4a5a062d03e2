"""What each part of the store is made of."""

from openucwa.store.engine import Cache, Reader, Writer

#: Bytes that may be stored for a user where nobody says how many.
MAX_USER_BYTES = 67_108_864


class Part:
    """A part of the contract: its methods are made of statements alone, which an engine's reader and writer run.

    `cache`: what was read before. `max_user_bytes`: how much may be stored for a user (`stored_bytes.py`).
    """

    def __init__(self, reader: Reader, writer: Writer, cache: Cache, max_user_bytes: int) -> None:
        self._reader = reader
        self._writer = writer
        self._cache = cache
        self._max_user_bytes = max_user_bytes
