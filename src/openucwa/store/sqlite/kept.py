"""What was read and has not changed since, so that a request costs no statement to learn what the last one learnt."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from openucwa.store.contract import Changed
from openucwa.store.sqlite.changes import Changes

T = TypeVar("T")

#: How many reads are kept. When there are more, all are forgotten: those in use come back at once.
_MOST = 20_000


class KeptReads:
    """The results of reads, by the owner or organizer whose rows they read, and by the meeting where they tell of its
    extensions; a commit that changes those drops them.

    Results are frozen records, so that it doesn't matter who has them too. Refusals are not kept.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._of: dict[str, dict[str | None, dict[tuple[str, ...], Any]]] = {}
        self._count = 0
        changes.on_change(self._drop)

    async def read(
        self, name: str, method: Callable[..., Awaitable[T]], owner: str, *rest: str, within: str | None = None
    ) -> T:
        """What `method(owner, *rest)` returns; `name` tells it from other methods.

        `within`: the meeting, where the extensions of one are read. A change of other meetings' is then none of this.
        """
        if not self._changes.look_in_turn():
            return await method(owner, *rest)
        key = (name, *rest)
        of_owner = self._of.get(owner)
        if of_owner is not None and (kept := of_owner.get(within)) is not None and key in kept:
            return kept[key]  # type: ignore[no-any-return]  # put there below
        before = self._changes.count
        result = await method(owner, *rest)
        if before == self._changes.count:
            if self._count >= _MOST:
                self._drop(None)
            self._of.setdefault(owner, {}).setdefault(within, {})[key] = result
            self._count += 1
        return result

    def _drop(self, changed: frozenset[Changed] | None) -> None:
        if changed is None:
            self._of.clear()
            self._count = 0
            return
        for owner, meeting in changed:
            if meeting is None:
                self._count -= sum(map(len, self._of.pop(owner, {}).values()))
            elif (of_owner := self._of.get(owner)) is not None:
                self._count -= len(of_owner.pop(meeting, ()))
