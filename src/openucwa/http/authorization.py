"""The Authorization header with a bearer token (RFC 6750), and the photo cookie."""

from openucwa.http.message import Request
from openucwa.model.refusals import Unauthorized

#: The cookie that lets a browser read photos without a token, by the name that Microsoft's servers give it.
PHOTO_COOKIE = "cwt_ucwa"


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


def photo_cookie(request: Request) -> str | None:
    """The value of the photo cookie; None: the request has none, or a token that takes precedence."""
    header = request.headers.get(b"cookie")
    if header is None or b"authorization" in request.headers:
        return None
    for pair in header.decode("latin-1").split(";"):
        name, equals, value = pair.strip().partition("=")
        if equals and name == PHOTO_COOKIE:
            return value.strip().strip('"')
    return None
