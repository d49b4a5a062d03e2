"""The maximum size of a request's body, decided before any of it is read."""

from openucwa.api.router import Router
from openucwa.http.authorization import bearer_token
from openucwa.http.message import Request
from openucwa.identity.callers import Callers
from openucwa.model.refusals import Unauthorized


class BodyLimits:
    """`http.message.BodyLimit`: `known` bytes for a request with a valid token that leads to a resource, `other` bytes
    for any other, so that unauthenticated clients cannot make the server buffer much.

    A token that was not seen before, of another issuer or of a key that is not known yet, counts as none.
    """

    def __init__(self, router: Router, callers: Callers, known: int, other: int) -> None:
        self._router = router
        self._callers = callers
        self._known = known
        self._other = min(known, other)

    def __call__(self, request: Request) -> int:
        length = request.headers.get(b"content-length", b"")
        if length.isdigit() and int(length) <= self._other:
            return self._other  # it is within both limits
        try:
            self._callers.known(bearer_token(request))
        except Unauthorized:
            return self._other
        return self._known if self._router.find(request.path).template is not None else self._other
