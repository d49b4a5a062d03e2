"""Whole responses to repeated reads, cached in front of routing: who asks again costs no more than a look-up.

A response is cached by all that shaped it: by which address and scheme, for what, with which headers. It goes with the
commit that changes any row of its owner, by whichever process, unless those are extensions of another meeting than its
own; and now and then it is checked whether its owner may still ask. Everything is right without it, and
`response_cache_bytes = 0` switches it off.
"""

from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

from openucwa.channel.activity import Activity
from openucwa.http.message import Handler, Header, Request, Response
from openucwa.identity.tickets import Ticket as Caller
from openucwa.model.application import Session
from openucwa.model.world import World
from openucwa.store.contract import Outdated

#: The request headers that shape the answers of cached resources, the most telling first.
SHAPING = (
    b"authorization",
    b"accept",
    b"accept-encoding",
    b"host",
    b"if-none-match",
    b"if-match",
    b"origin",
    b"x-ms-requiresminresourceversion",
)

#: A request whose key has more bytes than this is not cached, and not looked for.
MAX_KEY_BYTES = 4_096

#: Milliseconds between two checks of whether token and application still hold.
CHECK_EVERY = 1000

#: What an entry costs besides its bytes, about.
ENTRY_BYTES = 2_000

Key: TypeAlias = tuple[object, ...]


class Watched(Protocol):
    """The store, as far as it says what changed."""

    def refresh(self) -> bool:
        """As `Store.refresh`."""
        ...


class CacheableResponse(Response, frozen=True, gc=False, kw_only=True):
    """A response that can be given again to the same caller until a row of the caller's changes.

    `meeting`: the id of the meeting that it is about; None: of none, or of many.
    """

    caller: Caller
    session: Session
    meeting: str | None

    @classmethod
    def of(cls, response: Response, caller: Caller, session: Session, meeting: str | None) -> Self:
        """The same response, as one that can be given again."""
        return cls(
            status=response.status,
            headers=response.headers,
            body=response.body,
            close=response.close,
            rel=response.rel,
            identity=response.identity,
            caller=caller,
            session=session,
            meeting=meeting,
        )


@dataclass(slots=True)
class _Entry:
    """A cached response. `headers`: without the request id. `check`: when to check again, ms."""

    response: CacheableResponse
    headers: tuple[Header, ...]
    size: int
    check: int
    gone: bool = False


class ResponseCache:
    """The cached responses of one process, `limit` bytes of them at most; 0: none."""

    def __init__(self, store: Watched, activity: Activity, world: World, limit: int) -> None:
        self._store = store
        self._activity = activity
        self._world = world
        self._limit = limit
        self._size = 0
        self._entries: dict[Key, _Entry] = {}
        self._of: dict[str, dict[str | None, set[Key]]] = {}
        #: How often anything changed.
        self.changes = 0
        #: How many requests were answered from it.
        self.hits = 0

    def __len__(self) -> int:
        return len(self._entries)

    def key(self, request: Request) -> Key | None:
        """Under what the response to this request is cached; None: it is not."""
        if request.method != "GET" or not self._limit or request.body or request.fault is not None:
            return None
        get = request.headers.get
        return (request.scheme, request.server, request.path, request.query, *[get(name) for name in SHAPING])

    def find(self, key: Key, request: Request) -> Response | None:
        """The response to this request, if one is cached that still holds."""
        entry = self._entries.get(key)
        if entry is None or not self._holds(key, entry):
            return None
        self.hits += 1
        found = entry.response
        return Response(
            status=found.status,
            headers=(*entry.headers, (b"X-Request-Id", request.id.encode())),
            body=found.body,
            rel=found.rel,
            identity=found.identity,
        )

    def add(self, key: Key, response: Response, changes: int) -> None:
        """Caches a response, if it is one that can be given again. `changes`: what that was before anything was read;
        what has changed since may not be in the response."""
        if not isinstance(response, CacheableResponse) or changes != self.changes:
            return
        if response.status not in {200, 304} or response.close:
            return
        key_bytes = 0
        for part in key:
            if type(part) is bytes:
                key_bytes += len(part)
        *headers, last = response.headers
        if last[0] != b"X-Request-Id":
            raise RuntimeError("the request id has to be the last of a response's headers")
        size = key_bytes + len(response.body) + ENTRY_BYTES
        for name, value in headers:
            size += len(name) + len(value)
        if key_bytes > MAX_KEY_BYTES or size > self._limit // 8:
            return
        self._drop(key)
        check = min(self._world.now() + CHECK_EVERY, response.caller.expires)
        self._entries[key] = _Entry(response, tuple(headers), size, check)
        self._of.setdefault(response.caller.identity, {}).setdefault(response.meeting, set()).add(key)
        self._size += size
        while self._size > self._limit:
            self._drop(next(iter(self._entries)))

    def _holds(self, key: Key, entry: _Entry) -> bool:
        """Whether the entry may be given again now."""
        if not self._store.refresh() or entry.gone:
            return False
        response = entry.response
        now = self._world.now()
        if now >= entry.check:
            if now >= response.caller.expires or self._activity.expired(response.session):
                self._drop(key)
                return False
            entry.check = min(now + CHECK_EVERY, response.caller.expires)
        application = response.session.application
        self._activity.request(application.owner, application.id)
        return True

    def clear(self) -> None:
        """Forgets everything."""
        self.changes += 1
        for entry in self._entries.values():
            entry.gone = True
        self._entries.clear()
        self._of.clear()
        self._size = 0

    def changed(self, changed: Iterable[Outdated] | None) -> None:
        """Forgets what was changed; None: anything."""
        if changed is None:
            self.clear()
            return
        self.changes += 1
        for owner, meeting in changed:
            of_owner = self._of.get(owner, {})
            for about in tuple(of_owner) if meeting is None else (meeting, None):
                for key in tuple(of_owner.get(about, ())):
                    self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        entry.gone = True
        self._size -= entry.size
        owner, meeting = entry.response.caller.identity, entry.response.meeting
        of_owner = self._of[owner]
        of_owner[meeting].discard(key)
        if not of_owner[meeting]:
            del of_owner[meeting]
        if not of_owner:
            del self._of[owner]


class FromCache:
    """A handler in front of another: answers from the cache at once, and fills it."""

    def __init__(self, handler: Handler, cache: ResponseCache) -> None:
        self._handler = handler
        self._cache = cache

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        key = self._cache.key(request)
        if key is None:
            return self._handler(request)
        return self._cache.find(key, request) or self._fill(key, request)

    async def _fill(self, key: Key, request: Request) -> Response:
        changes = self._cache.changes
        answer = self._handler(request)
        response = answer if isinstance(answer, Response) else await answer
        self._cache.add(key, response, changes)
        return response
