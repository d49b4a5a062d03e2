"""Messages between the processes of a deployment about limits, so that these hold for all of them together.

Messages go over the event bus, as topics that no event has. They are hints: a lost one lets somebody do a little more,
and no process ever admits what its own counters refuse.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from openucwa.model.world import World

#: The prefix of the topics; no event has such a topic.
_PREFIX = "limit/"
#: Seconds for which what was consumed is gathered before it is sent to the others.
INTERVAL = 1.0

Receive: TypeAlias = Callable[[Sequence[str]], None]


class Sharing:
    """Sends messages to the other processes, and receives theirs. `publish`: that of the bus."""

    def __init__(self, publish: Callable[[frozenset[str]], None], world: World) -> None:
        self._publish = publish
        self._world = world
        #: Distinguishes this process's messages from those of others; drawn when first needed.
        self._process = ""
        self._count = 0
        self._receivers: dict[str, Receive] = {}
        self._due: dict[str, Callable[[], Sequence[Sequence[str]]]] = {}

    def subscribe(self, kind: str, receive: Receive) -> None:
        """Calls `receive` with the words of the others' messages of this kind. It raises ValueError if it cannot
        read them.
        """
        self._receivers[kind] = receive

    def send(self, kind: str, *words: str) -> None:
        """Sends a message to the others. Only the last of `words` may contain a slash."""
        self._publish(frozenset({self._topic(kind, words)}))

    def send_later(self, kind: str, messages: Callable[[], Sequence[Sequence[str]]]) -> None:
        """Sends to the others, within `INTERVAL` seconds, what `messages` then returns: the words of each message."""
        if not self._due:
            self._world.call_later(INTERVAL, self._send_due)
        self._due[kind] = messages

    def received(self, topics: frozenset[str]) -> None:
        """Takes the topics that were published on the bus."""
        for topic in topics:
            if topic.startswith(_PREFIX):
                self._deliver(topic)

    def _deliver(self, topic: str) -> None:
        try:
            _, process, _, kind, rest = topic.split("/", 4)
            if process != self._process and (receive := self._receivers.get(kind)) is not None:
                receive(rest.split("/"))
        except ValueError:
            return  # of another version

    def _send_due(self) -> None:
        due, self._due = self._due, {}
        if topics := frozenset(self._topic(kind, words) for kind, messages in due.items() for words in messages()):
            self._publish(topics)

    def _topic(self, kind: str, words: Sequence[str]) -> str:
        self._process = self._process or self._world.random_bytes(8).hex()
        # Numbered, because equal topics would become one.
        self._count += 1
        return f"{_PREFIX}{self._process}/{self._count}/{kind}/{'/'.join(words)}"
