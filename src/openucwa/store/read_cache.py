"""The read cache of the store: results of reads, invalidated by the commits that change what they show."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from openucwa.store.changes import Invalidations
from openucwa.store.contract import Outdated

T = TypeVar("T")

#: How many reads are cached. When there are more, all are dropped: those in use come back at once.
MAX_READS = 20_000

_NO_RESULTS: dict[tuple[str, ...], Any] = {}
_NO_SCOPES: dict[str | None, dict[tuple[str, ...], Any]] = {}


class Freshness(Protocol):
    """An engine's check for commits, made before anything cached is used."""

    invalidations: Invalidations

    def follows(self, owner: str) -> bool:
        """Whether a result that is read now may be cached without a refresh: changes from here on are noticed."""
        ...

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """As `Store.refresh`."""
        ...


class ReadCache:
    """`store.engine.Cache`: results by owner, scope, and what was read.

    Results are frozen records, so that it doesn't matter who has them too. Refusals are not cached.
    """

    def __init__(self, freshness: Freshness) -> None:
        self._freshness = freshness
        self._invalidations = freshness.invalidations
        self._of: dict[str, dict[str | None, dict[tuple[str, ...], Any]]] = {}
        self._count = 0
        self._invalidations.on_invalidate(self._drop)

    async def read(
        self, name: str, load: Callable[..., Awaitable[T]], owner: str, *rest: str, scope: str | None = None
    ) -> T:
        """As `Cache.read`."""
        key = (name, *rest)
        if key in self._of.get(owner, _NO_SCOPES).get(scope, _NO_RESULTS) or not self._freshness.follows(owner):
            fresh = self._freshness.refresh(owner)
            if fresh is False or not (fresh is True or await fresh):
                return await load(owner, *rest)
            results = self._of.get(owner, _NO_SCOPES).get(scope, _NO_RESULTS)  # a refresh drops what is outdated
            if key in results:
                return results[key]  # type: ignore[no-any-return]  # put there below
        before = self._invalidations.count
        result = await load(owner, *rest)
        if not self._changed_since(before, owner, scope):
            self.put(name, result, owner, *rest, scope=scope)
        return result

    def put(self, name: str, result: object, owner: str, *rest: str, scope: str | None = None) -> None:
        """As `Cache.put`."""
        if self._count >= MAX_READS:
            self._drop(None)
        results = self._of.setdefault(owner, {}).setdefault(scope, {})
        key = (name, *rest)
        self._count += key not in results
        results[key] = result

    def _changed_since(self, count: int, owner: str, scope: str | None) -> bool:
        if scope is None:
            return self._invalidations.outside_since(count, owner)
        return self._invalidations.since(count, owner, scope)

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
