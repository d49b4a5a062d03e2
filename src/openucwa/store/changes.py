"""Invalidations that caches have been notified of: which owners' rows were changed, and since when."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from openucwa.store.contract import Outdated

#: As `Store.on_invalidate`.
Listener: TypeAlias = Callable[[frozenset[Outdated] | None], None]

#: Owners and scopes whose last change is remembered. When there are more, all count as changed: the next reads fill
#: caches again.
MAX_REMEMBERED = 20_000


class Changes:
    """Counts invalidations, and remembers the last one of each owner and scope: what was read before is not cached."""

    def __init__(self) -> None:
        #: The number of invalidations so far.
        self.count = 0
        #: The last one of any of the owner's rows, of all of them, and of those of one scope.
        self._any: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._scoped: dict[Outdated, int] = {}
        self._everybody = 0

    def add(self, outdated: Iterable[Outdated] | None) -> None:
        """Counts one invalidation. `outdated`: as for `Store.on_invalidate`."""
        self.count += 1
        if outdated is None or len(self._any) + len(self._scoped) >= MAX_REMEMBERED:
            self._any.clear()
            self._whole.clear()
            self._scoped.clear()
            self._everybody = self.count
        for each in outdated or ():
            owner, scope = each
            self._any[owner] = self.count
            if scope is None:
                self._whole[owner] = self.count
            else:
                self._scoped[each] = self.count

    def since(self, count: int, owner: str, scope: str | None = None) -> bool:
        """Whether any row of `owner` was changed since `count` invalidations. `scope`: of those in this scope only."""
        if scope is None:
            return self._everybody > count or self._any.get(owner, 0) > count
        return self.outside_since(count, owner) or self._scoped.get((owner, scope), 0) > count

    def outside_since(self, count: int, owner: str) -> bool:
        """The same of rows that are in no scope."""
        return self._everybody > count or self._whole.get(owner, 0) > count


class Invalidations(Changes):
    """The same, with listeners that are notified of each invalidation."""

    def __init__(self) -> None:
        super().__init__()
        self._listeners: list[Listener] = []

    def on_invalidate(self, listener: Listener) -> None:
        """As `Store.on_invalidate`."""
        self._listeners.append(listener)

    def notify(self, outdated: frozenset[Outdated] | None) -> None:
        """Counts one invalidation, and notifies the listeners."""
        self.add(outdated)
        for listener in self._listeners:
            listener(outdated)
