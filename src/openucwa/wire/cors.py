"""CORS: pages of the origins in the allow-list may call from a browser (Fetch Standard, CORS protocol).

Without cookies: a caller shows its ticket in a header. The frame page has its own way through (`web/`).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from openucwa.config import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443}
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
_EXPOSED_HEADERS = (
    b"Allow, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Ms-diagnostics, X-MS-Server-Fqdn, "
    b"X-MS-UcwaVersion, X-Request-Id"
)
_MAX_AGE = b"7200"
_MOST_REQUEST_HEADERS = 64
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

Headers = list[tuple[bytes, bytes]]


class Cors:
    """The answers to pages of other origins."""

    def __init__(self, allow_origin: Iterable[str]) -> None:
        """`allow_origin`: the allow-list. ConfigError: an entry is no web origin."""
        self.origins: frozenset[str] = frozenset(map(_allowed, allow_origin))

    def allows(self, origin: str | None) -> bool:
        """Whether this Origin header is in the allow-list: same scheme, host and port."""
        return origin is not None and normalise(origin) in self.origins

    def headers(self, scope: Mapping[str, Any]) -> Headers:
        """What the answer to the request with this ASGI scope bears; nothing where the allow-list is empty."""
        if not self.origins:
            return []
        headers = [(b"vary", b"Origin")]
        origin = _header(scope, b"origin")
        if origin is not None and self.allows(origin):
            headers += [
                (b"access-control-allow-origin", origin.encode("latin-1")),
                (b"access-control-expose-headers", _EXPOSED_HEADERS),
            ]
        return headers

    def preflight(self, scope: Mapping[str, Any]) -> Headers | None:
        """What the answer to a preflight from an allowed origin bears besides; None: the request is none.

        The answer is a 204 of its own: a preflight brings no ticket and asks for no resource.
        """
        if scope.get("method") != "OPTIONS" or _header(scope, b"access-control-request-method") is None:
            return None
        if not self.allows(_header(scope, b"origin")):
            return None
        asked = _header(scope, b"access-control-request-headers") or ""
        return [
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", ", ".join(_request_headers(asked)).encode()),
            (b"access-control-max-age", _MAX_AGE),
        ]


def normalise(origin: str) -> str | None:
    """`scheme://host[:port]` in lower case and without the scheme's own port; None: `origin` is no web origin."""
    try:
        parts = urlsplit(origin.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _allowed(setting: str) -> str:
    origin = normalise(setting)
    if origin is None:
        raise ConfigError(f"allow_origin: {setting!r} is not a web origin such as https://intranet.contoso.com")
    return origin


def _header(scope: Mapping[str, Any], name: bytes) -> str | None:
    value: bytes | None = next((value for known, value in scope["headers"] if known == name), None)
    return None if value is None else value.decode("latin-1")


def _request_headers(asked: str) -> list[str]:
    known = {name.lower() for name in _REQUEST_HEADERS}
    names = (name.strip() for name in asked.split(",")[:_MOST_REQUEST_HEADERS])
    return [*_REQUEST_HEADERS, *(name for name in names if _TOKEN.fullmatch(name) and name.lower() not in known)]
