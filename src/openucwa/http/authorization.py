"""The Authorization header with a bearer token (RFC 6750)."""

from openucwa.http.message import Request
from openucwa.model.refusals import Unauthorized


def bearer_token(request: Request) -> str:
    """The request's bearer token. Unauthorized: it has none."""
    header = request.headers.get(b"authorization", b"")
    if header.startswith(b"Bearer cwt="):  # as nearly all are
        return header[7:].decode("latin-1").rstrip()
    scheme, _, token = (request.header(b"authorization") or "").partition(" ")
    if not token:
        raise Unauthorized("this resource requires an access token: Authorization: Bearer TOKEN")
    if scheme.lower() != "bearer":
        raise Unauthorized("the Authorization header must have the form: Bearer TOKEN")
    return token.strip()
