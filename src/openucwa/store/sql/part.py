"""What each part of the store is made of."""

from openucwa.store.engine import Reader, Writer

#: Bytes that may be stored for a user where nobody says how many.
MAX_USER_BYTES = 67_108_864


class Part:
    """Some of the contract's methods, made of statements alone: the parts share an engine's reader and writer.

    `max_user_bytes`: how much may be stored for a user (`stored_bytes.py`).
    """

    def __init__(self, reader: Reader, writer: Writer, max_user_bytes: int = MAX_USER_BYTES) -> None:
        self._reader = reader
        self._writer = writer
        self._max_user_bytes = max_user_bytes
