"""The read cache of the store: results of reads, invalidated by the commits that change what they show."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from openucwa.store.contract import Outdated
from openucwa.store.sqlite.invalidation import Invalidation

T = TypeVar("T")

#: How many reads are cached. When there are more, all are dropped: those in use come back at once.
MAX_READS = 20_000


class ReadCache:
    """`store.engine.Cache`: results by owner, scope, and what was read.

    Results are frozen records, so that it doesn't matter who has them too. Refusals are not cached.
    """

    def __init__(self, invalidation: Invalidation) -> None:
        self._invalidation = invalidation
        self._of: dict[str, dict[str | None, dict[tuple[str, ...], Any]]] = {}
        self._count = 0
        invalidation.on_invalidate(self._drop)

    async def read(
        self, name: str, load: Callable[..., Awaitable[T]], owner: str, *rest: str, scope: str | None = None
    ) -> T:
        """As `Cache.read`."""
        if not self._invalidation.refresh_in_turn():
            return await load(owner, *rest)
        key = (name, *rest)
        of_owner = self._of.get(owner)
        if of_owner is not None and (cached := of_owner.get(scope)) is not None and key in cached:
            return cached[key]  # type: ignore[no-any-return]  # put there below
        before = self._invalidation.count
        result = await load(owner, *rest)
        if before == self._invalidation.count:
            self.put(name, result, owner, *rest, scope=scope)
        return result

    def put(self, name: str, result: object, owner: str, *rest: str, scope: str | None = None) -> None:
        """As `Cache.put`."""
        if self._count >= MAX_READS:
            self._drop(None)
        self._of.setdefault(owner, {}).setdefault(scope, {})[name, *rest] = result
        self._count += 1

    def _drop(self, outdated: frozenset[Outdated] | None) -> None:
        if outdated is None:
            self._of.clear()
            self._count = 0
            return
        for owner, scope in outdated:
            if scope is None:
                self._count -= sum(map(len, self._of.pop(owner, {}).values()))
            elif (of_owner := self._of.get(owner)) is not None:
                self._count -= len(of_owner.pop(scope, ()))
