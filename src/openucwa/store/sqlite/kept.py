"""What was read and has not changed since, so that a request costs no statement to learn what the last one learnt."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from openucwa.store.sqlite.changes import Changes

T = TypeVar("T")

#: How many reads are kept. When there are more, all are forgotten: those in use come back at once.
_MOST = 20_000


class KeptReads:
    """The results of reads, by the owner or organizer whose rows they read; a commit that decides on it drops them.

    Results are frozen records, so that it doesn't matter who has them too. Refusals are not kept.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._of: dict[str, dict[tuple[str, ...], Any]] = {}
        self._count = 0
        changes.on_change(self._drop)

    async def read(self, name: str, method: Callable[..., Awaitable[T]], owner: str, *rest: str) -> T:
        """What `method(owner, *rest)` returns; `name` tells it from other methods."""
        self._changes.look_in_turn()
        key = (name, *rest)
        kept = self._of.get(owner)
        if kept is not None and key in kept:
            return kept[key]  # type: ignore[no-any-return]  # put there below
        before = self._changes.count
        result = await method(owner, *rest)
        if before == self._changes.count:
            if self._count >= _MOST:
                self._drop(None)
            self._of.setdefault(owner, {})[key] = result
            self._count += 1
        return result

    def _drop(self, owners: frozenset[str] | None) -> None:
        if owners is None:
            self._of.clear()
            self._count = 0
            return
        for owner in owners:
            self._count -= len(self._of.pop(owner, ()))
