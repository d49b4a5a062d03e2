"""What caches have been told of: what counts as changed since they last looked."""

import pytest

from openucwa.store import changes
from openucwa.store.changes import Changes, Invalidations
from openucwa.store.contract import Outdated
from openucwa.store.read_cache import ReadCache

LENE, DAN = "sip:lene@contoso.com", "sip:dan@contoso.com"


def test_change_within_a_scope_changes_that_scope_and_the_owner_as_a_whole() -> None:
    notified = Changes()
    notified.add({(LENE, "one")})
    assert notified.since(0, LENE)
    assert notified.since(0, LENE, "one")
    assert not notified.since(0, LENE, "two")
    assert not notified.outside_since(0, LENE)
    assert not notified.since(0, DAN)


def test_change_of_all_of_an_owner_changes_every_scope() -> None:
    notified = Changes()
    notified.add({(LENE, None)})
    assert notified.since(0, LENE, "one")
    assert notified.outside_since(0, LENE)
    assert not notified.since(0, DAN, "one")


def test_change_of_everybody_changes_every_scope_of_every_owner() -> None:
    notified = Changes()
    notified.add(None)
    assert notified.since(0, DAN)
    assert notified.since(0, DAN, "one")
    assert notified.outside_since(0, DAN)


def test_earlier_change_does_not_count() -> None:
    notified = Changes()
    notified.add({(LENE, None)})
    notified.add({(LENE, "one")})
    before = notified.count
    notified.add({(DAN, None)})
    assert not notified.since(before, LENE)
    assert not notified.since(before, LENE, "one")


def test_more_owners_than_are_remembered_all_count_as_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MAX_REMEMBERED", 3)
    notified = Changes()
    for owner in "abcd":
        notified.add({(owner, None)})
    before = notified.count
    assert notified.since(3, "a")
    assert notified.since(3, "x", "one")
    assert not notified.since(before, "a")


class Told:
    """`Freshness` of a store that is told of all changes at once."""

    def __init__(self) -> None:
        self.invalidations = Invalidations()

    def follows(self, owner: str) -> bool:
        return True

    def refresh(self, owner: str) -> bool:
        return True


@pytest.mark.parametrize(
    ("scope", "during", "cached"),
    [
        ("one", (LENE, "one"), False),
        ("one", (LENE, None), False),
        ("one", (LENE, "two"), True),
        ("one", (DAN, None), True),
        (None, (LENE, "one"), True),
        (None, (LENE, None), False),
    ],
)
async def test_result_is_cached_unless_its_rows_were_changed_while_it_was_read(
    scope: str | None, during: Outdated, cached: bool
) -> None:
    notified = Told()
    cache = ReadCache(notified)

    async def load(owner: str) -> object:
        if not loaded:
            notified.invalidations.notify(frozenset({during}))
        loaded.append(object())
        return loaded[-1]

    loaded: list[object] = []
    first, second = [await cache.read("what", load, LENE, scope=scope) for _ in range(2)]
    assert (first is second) == cached
