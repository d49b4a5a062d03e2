"""The limit of concurrent requests per caller."""

from collections.abc import Coroutine
from typing import Any, Protocol

from openucwa.http.authorization import bearer_token, photo_cookie
from openucwa.http.message import Handler, Request, Response
from openucwa.identity.callers import Callers
from openucwa.model.refusals import Refusal, TooManyRequests, Unauthorized


class InFlight:
    """The number of requests in flight per identity; at most `limit` of each."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: dict[str, int] = {}

    @property
    def count(self) -> int:
        """Of all identities."""
        return sum(self._counts.values())

    @property
    def most(self) -> int:
        """The most that any identity has."""
        return max(self._counts.values(), default=0)

    def enter(self, identity: str, count: int = 1) -> None:
        """Counts `count` more. TooManyRequests: that would exceed the limit; nothing is counted."""
        now = self._counts.get(identity, 0) + count
        if now > self._limit:
            raise TooManyRequests(f"more than {self._limit} requests in flight", retry_after=1)
        self._counts[identity] = now

    def leave(self, identity: str, count: int = 1) -> None:
        """Undoes `enter`."""
        left = self._counts.get(identity, 0) - count
        if left > 0:
            self._counts[identity] = left
        else:
            self._counts.pop(identity, None)


class Refuses(Protocol):
    """Renders refusals."""

    def refusal(self, request: Request, refusal: Refusal, *, identity: str | None = None) -> Response:
        """The response for this refusal."""
        ...


class LimitInFlight:
    """Wraps a handler: refuses a caller's request (429) while too many others are in flight.

    Requests are counted by the identity in their token or photo cookie; requests without a valid one are not counted.
    """

    def __init__(self, handler: Handler, in_flight: InFlight, callers: Callers, refuses: Refuses) -> None:
        self._handler = handler
        self._in_flight = in_flight
        self._callers = callers
        self._refuses = refuses

    def __call__(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        try:
            cookie = photo_cookie(request)
            caller = (
                self._callers.known(bearer_token(request)) if cookie is None else self._callers.known_cookie(cookie)
            )
        except Unauthorized:
            return self._handler(request)
        identity = caller.identity
        try:
            self._in_flight.enter(identity)
        except TooManyRequests as refusal:
            return self._refuses.refusal(request, refusal, identity=identity)
        return self._count(request, identity)

    async def _count(self, request: Request, identity: str) -> Response:
        try:
            response = self._handler(request)
            return response if isinstance(response, Response) else await response
        finally:
            self._in_flight.leave(identity)
