"""The event bus: how the word that a topic moved comes to those who wait, in this process and in others.

The bus carries names of topics and nothing else: who is woken reads the log again. So a message that is lost costs
delay, never an event; who waits looks at the log from time to time without being told (setting `bus_poll_interval`).
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

#: Is called in the event loop with the topics that moved. It must not block and must not raise.
Listener: TypeAlias = Callable[[frozenset[str]], None]


class Bus(Protocol):
    """One channel of a deployment, to all of its processes."""

    async def start(self) -> None:
        """Begins to carry messages. Never fails because the other side is away: it is looked for until it is there."""
        ...

    async def stop(self) -> None:
        """Hands over what was published, within seconds, and ends. Listeners hear nothing afterwards."""
        ...

    def publish(self, topics: frozenset[str]) -> None:
        """Tells all listeners of all processes that `topics` moved. To be called after the commit; never blocks."""
        ...

    async def require(self) -> None:
        """CallbackChannelError: the bus can't be reached now."""
        ...

    @property
    def reachable(self) -> bool:
        """Whether what is published now reaches the others."""
        ...

    async def wait_reachable(self, seconds: float) -> bool:
        """Tries to reach the bus at once, and waits for it for so many seconds at most; whether it is reachable."""
        ...

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """From now on calls `listener` with the topics that move, until what is returned is called."""
        ...

    def describe(self) -> str:
        """What `openucwa check` prints: the kind of bus and, without secrets, where it is."""
        ...


class Listeners:
    """Those who are told; what every bus has on this side."""

    def __init__(self) -> None:
        self._listeners: dict[int, Listener] = {}
        self._next = 0

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def add(self, listener: Listener) -> Callable[[], None]:
        """Adds `listener`, and returns what takes it away again."""
        self._next += 1
        place = self._next
        self._listeners[place] = listener

        def end() -> None:
            self._listeners.pop(place, None)

        return end

    def tell(self, topics: frozenset[str]) -> None:
        """Calls all of them, if there is anything to tell."""
        if topics:
            for listener in tuple(self._listeners.values()):
                listener(topics)
