"""The event bus: notifies waiting polls, in this process and others, that topics have new events.

The bus carries names of topics and nothing else; a poll that is woken reads the log again. So a lost message costs
delay, never an event: waiting polls re-read the log every `bus_poll_interval` seconds anyway.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

#: Called in the event loop with the topics that have new events. It must not block and must not raise.
Listener: TypeAlias = Callable[[frozenset[str]], None]

#: Called in the event loop when messages may have been lost. It must not block and must not raise.
Missed: TypeAlias = Callable[[], None]


class Bus(Protocol):
    """The event bus of a deployment, as one process uses it."""

    async def start(self) -> None:
        """Starts carrying messages. Never fails because the other side is unavailable: it keeps trying to connect."""
        ...

    async def stop(self) -> None:
        """Delivers what was published, within seconds, and ends. Listeners receive nothing afterwards."""
        ...

    def publish(self, topics: frozenset[str]) -> None:
        """Notifies all listeners of all processes of `topics`. To be called after the commit; never blocks."""
        ...

    async def require(self) -> None:
        """Raises CallbackChannelError if the bus is unreachable."""
        ...

    @property
    def reachable(self) -> bool:
        """Whether messages reach the other processes at the moment."""
        ...

    async def wait_reachable(self, seconds: float) -> bool:
        """Reconnects at once, and waits up to `seconds`; returns whether the bus is reachable."""
        ...

    def subscribe(self, listener: Listener, missed: Missed | None = None, *, of_log: bool = True) -> Callable[[], None]:
        """Calls `listener` with topics that have new events, until the returned function is called.

        `missed`: called when other processes' topics may have been lost. `of_log`: False: it needs only what processes
        publish, not what a store has to be polled for.
        """
        ...

    @property
    def connections(self) -> int:
        """The connections that it has made so far; a bus of one machine makes none."""
        ...

    def describe(self) -> str:
        """For `openucwa check`: the kind of bus and its address, without secrets."""
        ...


class Listeners:
    """The listeners of a bus in this process."""

    def __init__(self) -> None:
        self._listeners: dict[int, tuple[Listener, Missed | None]] = {}
        self._of_log: set[int] = set()
        self._next = 0

    @property
    def of_log(self) -> bool:
        """Whether one of them needs what a store has to be polled for."""
        return bool(self._of_log)

    def add(self, listener: Listener, missed: Missed | None = None, *, of_log: bool = True) -> Callable[[], None]:
        """As `Bus.subscribe`."""
        self._next += 1
        place = self._next
        self._listeners[place] = listener, missed
        if of_log:
            self._of_log.add(place)

        def end() -> None:
            self._listeners.pop(place, None)
            self._of_log.discard(place)

        return end

    def notify(self, topics: frozenset[str]) -> None:
        """Calls all listeners, if there are topics."""
        if topics:
            for listener, _ in tuple(self._listeners.values()):
                listener(topics)

    def miss(self) -> None:
        """Tells all listeners that messages may have been lost."""
        for _, missed in tuple(self._listeners.values()):
            if missed is not None:
                missed()
