"""Who learns that topics moved: listeners after a commit of this process, and whoever asks about other processes."""

import asyncio
from collections.abc import Callable, Sequence

from openucwa.store.sqlite.reader import Reader
from openucwa.store.sqlite.writer import Appended


class Notices:
    """Knows up to which event everything that was appended is known in this process."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._listeners: list[Callable[[frozenset[str]], None]] = []
        self._seen = 0

    def open(self) -> None:
        """What was appended before is nobody's news."""
        ((self._seen,),) = self._reader.rows("select coalesce(max(id), 0) from events")

    def on_commit(self, listener: Callable[[frozenset[str]], None]) -> None:
        """As `Store.on_commit`."""
        self._listeners.append(listener)

    def committed(self, appended: Sequence[Appended]) -> None:
        """Tells the listeners which topics a commit moved.

        Each is called by the loop, so that one that fails stops neither the others nor the writer.
        """
        if appended[0].id == self._seen + 1:
            self._seen = appended[-1].id
        topics = frozenset(event.topic for event in appended)
        loop = asyncio.get_running_loop()
        for listener in self._listeners:
            loop.call_soon(listener, topics)

    async def moved_elsewhere(self) -> frozenset[str]:
        """The topics that other processes have moved since the last look, for a bus to look at now and then.

        Costs about as much as reading one row. Where this process wrote too in the meantime, its own topics may be
        among them. InvalidExchangeServerVersion, ServiceUnavailable.
        """
        moved = self._reader.rows("select topic, max(id) from events where id > ? group by topic", self._seen)
        self._seen = max((last for _, last in moved), default=self._seen)
        return frozenset(topic for topic, _ in moved)
