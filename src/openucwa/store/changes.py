"""What caches have been told of: which owners' rows were changed, and since when."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from openucwa.store.contract import Outdated

#: As `Store.on_invalidate`.
Listener: TypeAlias = Callable[[frozenset[Outdated] | None], None]

#: Owners whose last change is remembered. When there are more, all count as changed: the next reads fill caches again.
MAX_OWNERS = 20_000


class Changes:
    """Counts invalidations, and knows for each owner the last one, so that what was read before it is not cached."""

    def __init__(self) -> None:
        #: The number of invalidations so far.
        self.count = 0
        self._last: dict[str, int] = {}
        self._last_of_all = 0

    def add(self, outdated: Iterable[Outdated] | None) -> None:
        """Counts one invalidation. `outdated`: as for `Store.on_invalidate`."""
        self.count += 1
        if outdated is None or len(self._last) >= MAX_OWNERS:
            self._last.clear()
            self._last_of_all = self.count
        if outdated is not None:
            for owner, _ in outdated:
                self._last[owner] = self.count

    def since(self, count: int, owner: str) -> bool:
        """Whether any row of `owner` was changed since `count` invalidations."""
        return self._last_of_all > count or self._last.get(owner, 0) > count


class Invalidations(Changes):
    """The same, with listeners who are told of each invalidation."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Listener] = []

    def on_invalidate(self, listener: Listener) -> None:
        """As `Store.on_invalidate`."""
        self._listeners.append(listener)

    def notify(self, outdated: frozenset[Outdated] | None) -> None:
        """Counts one invalidation, and tells the listeners."""
        self.add(outdated)
        for listener in self._listeners:
            listener(outdated)
