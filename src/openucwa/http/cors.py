"""CORS: pages of allowed origins may call the API from a browser (Fetch Standard, CORS protocol).

Without cookies: callers send their token in a header. The frame page works differently (`web/`).
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from openucwa.config_options import ConfigError
from openucwa.http.addresses import DEFAULT_PORTS, authority
from openucwa.http.lists import DEFAULT_LIMITS, ListLimits, elements
from openucwa.http.message import Header, Request

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
#: The headers that clients are known to send; any other is allowed as well, as it has no meaning here.
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
        b"Accept-Patch, Allow, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Ms-diagnostics, "
        b"X-MS-Server-Fqdn, X-MS-UcwaVersion, X-Request-Id"
    ),
)
_VARY: Header = (b"Vary", b"Origin")
_MAX_AGE = b"7200"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Cors:
    """The CORS headers of responses."""

    def __init__(self, allow_origin: Iterable[str], limits: ListLimits = DEFAULT_LIMITS) -> None:
        """`allow_origin`: the allowed origins. ConfigError: an entry is not a web origin."""
        self.origins: frozenset[str] = frozenset(map(_allowed, allow_origin))
        self._limits = limits

    def allows(self, origin: str | None) -> bool:
        """Whether this Origin header is allowed: same scheme, host and port."""
        return origin is not None and normalise(origin) in self.origins

    def headers(self, request: Request) -> tuple[Header, ...]:
        """The headers of the response to this request; none if no origin is allowed."""
        if not self.origins:
            return ()
        origin = request.headers.get(b"origin")
        if origin is None or not self.allows(origin.decode("latin-1")):
            return (_VARY,)
        return (_VARY, (b"Access-Control-Allow-Origin", origin), _EXPOSE)

    def preflight(self, request: Request) -> tuple[Header, ...] | None:
        """Further headers of the response to a preflight request of an allowed origin; None: it is not one.

        The response is a 204 of its own: a preflight request has no token and no resource.
        """
        if request.method != "OPTIONS" or b"access-control-request-method" not in request.headers:
            return None
        if not self.allows(request.header(b"origin")):
            return None
        asked = request.header(b"access-control-request-headers") or ""
        return (
            (b"Access-Control-Allow-Methods", _METHODS),
            (b"Access-Control-Allow-Headers", ", ".join(_request_headers(asked, self._limits)).encode()),
            (b"Access-Control-Max-Age", _MAX_AGE),
        )


def normalise(origin: str) -> str | None:
    """`scheme://host[:port]` in lower case and without a default port; None: `origin` is not a web origin."""
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


def _request_headers(asked: str, limits: ListLimits) -> list[str]:
    known = {name.lower() for name in _REQUEST_HEADERS}
    return [
        *_REQUEST_HEADERS,
        *(name for name in elements(asked, limits) if _TOKEN.fullmatch(name) and name.lower() not in known),
    ]
