"""The server's own addresses: the base of absolute hrefs."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from openucwa.http.message import Request

DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  # compared with, not listened on
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

#: The number of memoized bases. A client may send any Host, but only a few are ours.
_MAX_MEMOIZED = 1_000
_MAX_HOST_LENGTH = 255


def authority(scheme: str, host: str, port: int | None) -> str:
    """`host:port` as in a URL: an IPv6 host in brackets, without the port if it is the scheme's default."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


class Addresses:
    """Determines the base of absolute hrefs for a request.

    It is `public_url` if set. Otherwise the scheme is https if there is an https listener, else that of the request;
    the host is the request's Host if it is one of the server's own, so that a forged Host never gets into an answer,
    and the port too must be that of a listener, the default, or one given in the settings.
    """

    def __init__(self, public_url: str | None, listeners: Sequence[str], hosts: Sequence[str]) -> None:
        """`listeners`: URLs. `hosts`: further names, with a port unless it is the default."""
        self._public = public_url.rstrip("/") if public_url else None
        self.listen(listeners, hosts)

    def listen(self, listeners: Sequence[str], hosts: Sequence[str]) -> None:
        """Sets the listeners' real URLs, once the ports are known that the system assigned."""
        urls = [urlsplit(url) for url in listeners]
        self._first = urls[0]
        self._https = next((url for url in urls if url.scheme == "https"), None)
        self._ours = {url.hostname or "" for url in urls} - _WILDCARDS
        if any((url.hostname or "") in _WILDCARDS | _LOOPBACK for url in urls):
            self._ours |= _LOOPBACK
        named = [urlsplit("//" + host) for host in hosts]
        self._ours |= {(host.hostname or "").lower() for host in named}
        self._ports = {None, *DEFAULT_PORTS.values(), *(url.port for url in urls), *(host.port for host in named)}
        self._memory: dict[tuple[str, bytes | None, str], str] = {}

    def base(self, request: Request) -> str:
        """`https://host[:port]` for this request."""
        if self._public is not None:
            return self._public
        key = (request.scheme, request.headers.get(b"host"), request.server[0])
        if (known := self._memory.get(key)) is None:
            known = self._make(request)
            if len(self._memory) < _MAX_MEMOIZED and len(key[1] or b"") <= _MAX_HOST_LENGTH:
                self._memory[key] = known
        return known

    def _make(self, request: Request) -> str:
        scheme = request.scheme
        wanted = "https" if self._https is not None else scheme
        asked = _asked(request.header(b"host") or "")
        if asked is not None and asked.hostname is not None and (host := asked.hostname.lower()) in self._ours:
            port = asked.port if asked.port in self._ports else self._first.port
            if wanted != scheme and self._https is not None:
                port = self._https.port
            return f"{wanted}://{authority(wanted, host, port)}"
        listener = self._https if self._https is not None else self._first
        host = listener.hostname or ""
        return f"{wanted}://{authority(wanted, request.server[0] if host in _WILDCARDS else host, listener.port)}"


def _asked(host: str) -> SplitResult | None:
    """The host and port that a Host header names; None: it is malformed."""
    try:
        asked = urlsplit("//" + host)
        asked.port  # noqa: B018  # it is read here, and is no number below 65536 perhaps
    except ValueError:
        return None
    return asked
