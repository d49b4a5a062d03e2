"""CORS: pages of the origins in the allow-list may call from a browser (Fetch Standard, CORS protocol).

Without cookies: a caller shows its ticket in a header. The frame page has its own way through (`web/`).
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from openucwa.config import ConfigError
from openucwa.http.addresses import DEFAULT_PORTS, authority
from openucwa.http.lists import elements
from openucwa.http.message import Header, Request

_METHODS = b"GET, HEAD, POST, PUT, DELETE, OPTIONS"
#: What clients are known to send; whatever else a page wants to send is allowed as well, as it means nothing here.
_REQUEST_HEADERS = (
    "Accept",
    "Authorization",
    "Content-Type",
    "If-Match",
    "If-None-Match",
    "X-MS-RequiresMinResourceVersion",
    "X-Ms-Origin",
    "X-Requested-With",
)
_EXPOSE: Header = (
    b"Access-Control-Expose-Headers",
    (
        b"Allow, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Ms-diagnostics, X-MS-Server-Fqdn, "
        b"X-MS-UcwaVersion, X-Request-Id"
    ),
)
_VARY: Header = (b"Vary", b"Origin")
_MAX_AGE = b"7200"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Cors:
    """The answers to pages of other origins."""

    def __init__(self, allow_origin: Iterable[str]) -> None:
        """`allow_origin`: the allow-list. ConfigError: an entry is no web origin."""
        self.origins: frozenset[str] = frozenset(map(_allowed, allow_origin))

    def allows(self, origin: str | None) -> bool:
        """Whether this Origin header is in the allow-list: same scheme, host and port."""
        return origin is not None and normalise(origin) in self.origins

    def headers(self, request: Request) -> tuple[Header, ...]:
        """What the answer to this request bears; nothing where the allow-list is empty."""
        if not self.origins:
            return ()
        origin = request.headers.get(b"origin")
        if origin is None or not self.allows(origin.decode("latin-1")):
            return (_VARY,)
        return (_VARY, (b"Access-Control-Allow-Origin", origin), _EXPOSE)

    def preflight(self, request: Request) -> tuple[Header, ...] | None:
        """What the answer to a preflight from an allowed origin bears besides; None: the request is none.

        The answer is a 204 of its own: a preflight brings no token and asks for no resource.
        """
        if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
            return None
        if not self.allows(request.header(b"origin")):
            return None
        asked = request.header(b"access-control-request-headers") or ""
        return (
            (b"Access-Control-Allow-Methods", _METHODS),
            (b"Access-Control-Allow-Headers", ", ".join(_request_headers(asked)).encode()),
            (b"Access-Control-Max-Age", _MAX_AGE),
        )


def normalise(origin: str) -> str | None:
    """`scheme://host[:port]` in lower case and without the scheme's own port; None: `origin` is no web origin."""
    try:
        parts = urlsplit(origin.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    return f"{parts.scheme}://{authority(parts.scheme, parts.hostname, port)}"


def _allowed(setting: str) -> str:
    origin = normalise(setting)
    if origin is None:
        raise ConfigError(f"allow_origin: {setting!r} is not a web origin such as https://intranet.contoso.com")
    return origin


def _request_headers(asked: str) -> list[str]:
    known = {name.lower() for name in _REQUEST_HEADERS}
    return [
        *_REQUEST_HEADERS,
        *(name for name in elements(asked) if _TOKEN.fullmatch(name) and name.lower() not in known),
    ]
