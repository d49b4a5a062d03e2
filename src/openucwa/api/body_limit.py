"""The maximum size of a request's body, decided before any of it is read."""

from openucwa.api.router import Router
from openucwa.http.authorization import bearer_token
from openucwa.http.message import Request
from openucwa.identity.tokens import Tokens
from openucwa.model.refusals import Unauthorized


class BodyLimits:
    """`http.message.BodyLimit`: `known` bytes for a request with a valid token that leads to a resource, `other` bytes
    for any other, so that unauthenticated clients cannot make the server buffer much.

    A token signed with a key that this server has not loaded yet counts as none.
    """

    def __init__(self, router: Router, tokens: Tokens, known: int, other: int) -> None:
        self._router = router
        self._tokens = tokens
        self._known = known
        self._other = min(known, other)

    def __call__(self, request: Request) -> int:
        try:
            self._tokens.check(bearer_token(request))
        except Unauthorized:
            return self._other
        return self._known if self._router.find(request.path).template is not None else self._other
