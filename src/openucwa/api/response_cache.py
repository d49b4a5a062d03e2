"""The response cache for repeated GETs, consulted before routing.

The key of a response is everything that shaped it: address, scheme, path, query and headers. An entry is dropped by the
commit that changes any row of its owner, in whichever process, except for extensions of another meeting than its own;
from time to time it is checked whether its owner still has access. The server behaves the same without it;
`response_cache_bytes = 0` switches it off.
"""

from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

from openucwa.channel.activity import Activity
from openucwa.http.message import Handler, Header, Request, Response, header_lines
from openucwa.identity.tokens import Caller
from openucwa.model.application import Session
from openucwa.model.world import World
from openucwa.store.changes import Changes
from openucwa.store.contract import Outdated

#: The request headers that shape the answers of cached resources, the most distinctive first.
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

#: Requests with a longer key are not cached.
MAX_KEY_BYTES = 4_096

#: Interval between two checks of token and application, in ms.
CHECK_EVERY = 1000

#: The approximate size of an entry besides its bytes.
ENTRY_BYTES = 2_000

#: A response's headers, as they are sent: all others, and the request id.
REQUEST_ID = b"%bX-Request-Id: %b\r\n"

Key: TypeAlias = tuple[object, ...]


class Refreshable(Protocol):
    """The store, as far as it says what changed."""

    def refresh(self, owner: str) -> bool | Awaitable[bool]:
        """As `Store.refresh`."""
        ...


class CacheableResponse(Response, frozen=True, gc=False, kw_only=True):
    """A response that may be sent again to the same caller until one of the caller's rows changes.

    `meeting`: the id of the meeting that it is about; None: of none, or of many. `lines`: its headers as they are sent,
    without the last one, the request id.
    """

    caller: Caller
    session: Session
    meeting: str | None
    lines: bytes

    @classmethod
    def of(cls, response: Response, caller: Caller, session: Session, meeting: str | None) -> Self:
        """The same response, marked as cacheable."""
        *others, (last, request_id) = response.headers
        if last != b"X-Request-Id":
            raise RuntimeError("the request id must be the last of a response's headers")
        lines = header_lines(response, others)
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
            lines=lines,
            encoded=REQUEST_ID % (lines, request_id),
        )


@dataclass(slots=True)
class _Entry:
    """A cached response. `headers`: without the request id. `check`: when to check access again, in ms."""

    response: CacheableResponse
    headers: tuple[Header, ...]
    size: int
    check: int


class ResponseCache:
    """The cached responses of one process, `limit` bytes of them at most; 0 disables the cache."""

    def __init__(self, store: Refreshable, activity: Activity, world: World, limit: int) -> None:
        self._store = store
        self._activity = activity
        self._world = world
        self._limit = limit
        self._size = 0
        self._entries: dict[Key, _Entry] = {}
        self._of: dict[str, dict[str | None, set[Key]]] = {}
        self._changes = Changes()
        #: The number of requests answered from the cache.
        self.hits = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def changes(self) -> int:
        """The number of invalidations so far."""
        return self._changes.count

    def find(self, key: Key, request: Request) -> Response | Coroutine[Any, Any, Response | None] | None:
        """The response to this request, if a valid one is cached; a coroutine where the store has to be asked."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        fresh = self._store.refresh(entry.response.caller.identity)
        if fresh is True:
            return self._found(key, request)
        return None if fresh is False else self._find_when_fresh(fresh, key, request)

    async def _find_when_fresh(self, fresh: Awaitable[bool], key: Key, request: Request) -> Response | None:
        return self._found(key, request) if await fresh else None

    def _found(self, key: Key, request: Request) -> Response | None:
        """The response to this request, if one is cached after a refresh."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        found = entry.response
        now = self._world.now()
        if now >= entry.check:
            if now >= found.caller.expires or self._activity.expired(found.session):
                self._drop(key)
                return None
            entry.check = min(now + CHECK_EVERY, found.caller.expires)
        application = found.session.application
        self._activity.request(application.owner, application.id, now)
        self.hits += 1
        request_id = request.id.encode()
        return Response(
            status=found.status,
            headers=(*entry.headers, (b"X-Request-Id", request_id)),
            body=found.body,
            rel=found.rel,
            identity=found.identity,
            encoded=REQUEST_ID % (found.lines, request_id),
        )

    def add(self, key: Key, response: Response, changes: int) -> None:
        """Caches a response if it is cacheable. `changes`: the value of `changes` before anything was read; the
        response may lack anything that changed since.
        """
        if not isinstance(response, CacheableResponse):
            return
        if self._changes.since(changes, response.caller.identity, response.meeting):
            return
        if response.status not in {200, 304} or response.close:
            return
        key_bytes = 0
        for part in key:
            if type(part) is bytes:
                key_bytes += len(part)
        size = key_bytes + len(response.body) + len(response.lines) + ENTRY_BYTES
        if key_bytes > MAX_KEY_BYTES or size > self._limit // 8:
            return
        self._drop(key)
        check = min(self._world.now() + CHECK_EVERY, response.caller.expires)
        self._entries[key] = _Entry(response, response.headers[:-1], size, check)
        self._of.setdefault(response.caller.identity, {}).setdefault(response.meeting, set()).add(key)
        self._size += size
        while self._size > self._limit:
            self._drop(next(iter(self._entries)))

    def clear(self) -> None:
        """Drops all entries."""
        self._changes.add(None)
        self._entries.clear()
        self._of.clear()
        self._size = 0

    def changed(self, changed: frozenset[Outdated] | None) -> None:
        """Drops the entries that depend on these rows; None: all."""
        if changed is None:
            self.clear()
            return
        self._changes.add(changed)
        for owner, meeting in changed:
            of_owner = self._of.get(owner, {})
            for about in tuple(of_owner) if meeting is None else (meeting, None):
                for key in tuple(of_owner.get(about, ())):
                    self._drop(key)

    def _drop(self, key: Key) -> None:
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._size -= entry.size
        owner, meeting = entry.response.caller.identity, entry.response.meeting
        of_owner = self._of[owner]
        of_owner[meeting].discard(key)
        if not of_owner[meeting]:
            del of_owner[meeting]
        if not of_owner:
            del self._of[owner]


class FromCache:
    """Wraps a handler: answers from the cache at once, and fills it."""

    def __init__(self, handler: Handler, cache: ResponseCache) -> None:
        self._handler = handler
        self._cache = cache

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        if request.method != "GET" or request.body or request.fault is not None:
            return self._handler(request)
        key = (request.scheme, request.server, request.path, request.query, *map(request.headers.get, SHAPING))
        found = self._cache.find(key, request)
        if found is None:
            return self._fill(key, request)
        return found if isinstance(found, Response) else self._find_or_fill(found, key, request)

    async def _find_or_fill(
        self, finding: Coroutine[Any, Any, Response | None], key: Key, request: Request
    ) -> Response:
        return await finding or await self._fill(key, request)

    async def _fill(self, key: Key, request: Request) -> Response:
        changes = self._cache.changes
        answer = self._handler(request)
        response = answer if isinstance(answer, Response) else await answer
        self._cache.add(key, response, changes)
        return response
