"""Whole answers to repeated reads, kept in front of routing: who asks again costs no more than a look-up.

An answer is kept by everything that shaped it: who asks from where, for what, with which headers. It goes with the
commit that changes any row of its owner, by whichever process, unless those are extensions of another meeting than its
own; and now and then it is checked whether its owner may still ask. Everything is right without it, and
`kept_bytes = 0` switches it off.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

from openucwa.channel.activity import Activity
from openucwa.identity.tickets import Ticket
from openucwa.model.application import Session
from openucwa.model.world import World
from openucwa.store.contract import Changed

Headers: TypeAlias = Sequence[tuple[bytes, bytes]]

#: Request headers that shape no answer, and that clients make anew for each request.
_UNSHAPING = frozenset({
    b"client-request-id", b"x-ms-client-request-id", b"x-request-id", b"traceparent", b"tracestate",
})  # fmt: skip

#: A request with a body is not answered from here, whatever the body is.
_WITH_BODY = frozenset({b"content-length", b"transfer-encoding"})

#: Milliseconds between two looks at whether ticket and application still hold.
_LOOK = 1000

#: What an entry costs besides its bytes, about.
_ENTRY_BYTES = 2000

Key: TypeAlias = tuple[object, ...]


class Watched(Protocol):
    """The store, as far as it says what changed."""

    def look(self) -> bool:
        """As `Store.look`."""
        ...


class Claim(NamedTuple):
    """What the door says of an answer that may be kept. `meeting`: the id of the one that it is about; None: of none,
    or of many. `changes`: `KeptAnswers.changes` before anything was read."""

    ticket: Ticket
    session: Session
    rel: str
    meeting: str | None
    changes: int


@dataclass(slots=True)
class Kept:
    """An answer, its `x-request-id` left out. `head`: its headers as lines. `check`: when to look again, ms."""

    claim: Claim
    status: int
    headers: Headers
    head: bytes
    body: bytes
    check: int
    gone: bool = False

    @property
    def size(self) -> int:
        return len(self.head) * 2 + len(self.body) + _ENTRY_BYTES


def key_of(origin: object, url: bytes, headers: Headers) -> Key:
    """Under what an answer is kept. `origin`: scheme and address that the request came by."""
    return (origin, url, *[header for header in headers if header[0] not in _UNSHAPING])


class KeptAnswers:
    """The answers that are kept, `most` bytes of them at most; 0: none."""

    def __init__(self, store: Watched, activity: Activity, world: World, most: int) -> None:
        self._store = store
        self._activity = activity
        self._world = world
        self._most = most
        self._size = 0
        self._kept: dict[Key, Kept] = {}
        self._of: dict[str, dict[str | None, set[Key]]] = {}
        #: How often anything changed.
        self.changes = 0

    @property
    def keeps(self) -> bool:
        """Whether anything is kept at all."""
        return self._most > 0

    def find(self, key: Key) -> Kept | None:
        """The answer to a request with this key, if one is kept that still holds."""
        kept = self._kept.get(key)
        if kept is None or not self._store.look() or kept.gone:
            return None
        now = self._world.now()
        claim = kept.claim
        if now >= kept.check:
            if now >= claim.ticket.expires or self._activity.expired(claim.session):
                self._drop(key)
                return None
            kept.check = min(now + _LOOK, claim.ticket.expires)
        self._activity.request(claim.session.application.owner, claim.session.application.id)
        return kept

    def keep(self, key: Key, claim: Claim, status: int, headers: Headers, body: bytes) -> None:
        """Keeps an answer, unless something changed while it was made, or it is none that can be given again."""
        if claim.changes != self.changes or status not in {200, 304} or not self.keeps:
            return
        if any(header[0] in _WITH_BODY for header in key[2:] if isinstance(header, tuple)):
            return
        own = [header for header in headers if header[0] != b"x-request-id"]
        head = b"".join(b"%s: %s\r\n" % header for header in own)
        kept = Kept(claim, status, own, head, body, min(self._world.now() + _LOOK, claim.ticket.expires))
        if kept.size > self._most // 8:
            return
        self._drop(key)
        self._kept[key] = kept
        self._of.setdefault(claim.ticket.identity, {}).setdefault(claim.meeting, set()).add(key)
        self._size += kept.size
        while self._size > self._most:
            self._drop(next(iter(self._kept)))

    def changed(self, changed: Iterable[Changed] | None) -> None:
        """What was changed; None: anything."""
        self.changes += 1
        if changed is None:
            for kept in self._kept.values():
                kept.gone = True
            self._kept.clear()
            self._of.clear()
            self._size = 0
            return
        for owner, meeting in changed:
            of_owner = self._of.get(owner, {})
            for about in tuple(of_owner) if meeting is None else (meeting, None):
                for key in tuple(of_owner.get(about, ())):
                    self._drop(key)

    def _drop(self, key: Key) -> None:
        kept = self._kept.pop(key, None)
        if kept is None:
            return
        kept.gone = True
        self._size -= kept.size
        owner, meeting = kept.claim.ticket.identity, kept.claim.meeting
        of_owner = self._of[owner]
        of_owner[meeting].discard(key)
        if not of_owner[meeting]:
            del of_owner[meeting]
        if not of_owner:
            del self._of[owner]
