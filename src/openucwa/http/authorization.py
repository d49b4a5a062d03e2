"""The Authorization header with a bearer token (RFC 6750)."""

from openucwa.http.message import Request
from openucwa.model.refusals import Unauthorized


def bearer_token(request: Request) -> str:
    """The request's bearer token. Unauthorized: it has none."""
    scheme, _, token = (request.header(b"authorization") or "").partition(" ")
    if not token:
        raise Unauthorized("this resource requires an access token: Authorization: Bearer TOKEN")
    if scheme.lower() != "bearer":
        raise Unauthorized("the Authorization header must have the form: Bearer TOKEN")
    return token.strip()
