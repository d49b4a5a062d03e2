"""What each part of the store is made of."""

from openucwa.store.engine import Reader, Writer


class Part:
    """Some of the contract's methods, made of statements alone: the parts share an engine's reader and writer."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
