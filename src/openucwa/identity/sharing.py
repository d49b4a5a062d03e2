"""What the processes of a deployment tell each other about limits, so that these hold for all of them together.

Messages go over the event bus, as topics that no event has. They are hints: a lost one lets somebody do a little more,
and no process ever admits what its own counters refuse.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from openucwa.model.world import World

#: The prefix of the topics; no event has such a topic.
_PREFIX = "limit/"
#: Seconds for which what was consumed is gathered before the others are told.
INTERVAL = 1.0

Receive: TypeAlias = Callable[[Sequence[str]], None]


class Sharing:
    """Tells the other processes, and hears from them. `publish`: that of the bus."""

    def __init__(self, publish: Callable[[frozenset[str]], None], world: World) -> None:
        self._publish = publish
        self._world = world
        #: Tells this process's messages from those of others; drawn when first needed.
        self._process = ""
        self._count = 0
        self._receivers: dict[str, Receive] = {}
        self._due: dict[str, Callable[[], Sequence[Sequence[str]]]] = {}

    def receive_by(self, kind: str, receive: Receive) -> None:
        """Calls `receive` with the words of the others' messages of this kind. It raises ValueError if it cannot
        read them.
        """
        self._receivers[kind] = receive

    def tell(self, kind: str, *words: str) -> None:
        """Tells the others. Only the last of `words` may contain a slash."""
        self._publish(frozenset({self._topic(kind, words)}))

    def tell_later(self, kind: str, messages: Callable[[], Sequence[Sequence[str]]]) -> None:
        """Tells the others within `INTERVAL` seconds what `messages` then returns: the words of each message."""
        if not self._due:
            self._world.call_later(INTERVAL, self._tell_due)
        self._due[kind] = messages

    def heard(self, topics: frozenset[str]) -> None:
        """Is called with what is published on the bus."""
        for topic in topics:
            if topic.startswith(_PREFIX):
                self._hear(topic)

    def _hear(self, topic: str) -> None:
        try:
            _, process, _, kind, rest = topic.split("/", 4)
            if process != self._process and (receive := self._receivers.get(kind)) is not None:
                receive(rest.split("/"))
        except ValueError:
            return  # of another version

    def _tell_due(self) -> None:
        due, self._due = self._due, {}
        if told := frozenset(self._topic(kind, words) for kind, messages in due.items() for words in messages()):
            self._publish(told)

    def _topic(self, kind: str, words: Sequence[str]) -> str:
        self._process = self._process or self._world.random_bytes(8).hex()
        # Numbered, because equal topics would become one.
        self._count += 1
        return f"{_PREFIX}{self._process}/{self._count}/{kind}/{'/'.join(words)}"
