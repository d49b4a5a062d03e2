"""The server's own addresses: what absolute hrefs begin with."""

from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from openucwa.http.message import Request

DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  # compared with, not listened on
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

#: How many bases are remembered. A client may send any Host; those of ours are few.
_REMEMBERED = 1_000
_LONGEST_HOST = 255


def authority(scheme: str, host: str, port: int | None) -> str:
    """`host:port` as a URL bears it: an IPv6 host in brackets, the port left out where it is the scheme's own."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


class Addresses:
    """Makes the base of absolute hrefs for a request.

    From `public_url`; else the https listener if there is one, else the scheme that the request came by. The host is
    the request's Host where it is one of ours, so that a forged Host never gets into an answer; its port too has to be
    one of ours: a listener's, the scheme's own, or one that the settings give for a host.
    """

    def __init__(self, public_url: str | None, listeners: Sequence[str], hosts: Sequence[str]) -> None:
        """`listeners`: URLs. `hosts`: further names, with a port where it is not the default."""
        self._public = public_url.rstrip("/") if public_url else None
        self.listen(listeners, hosts)

    def listen(self, listeners: Sequence[str], hosts: Sequence[str]) -> None:
        """Takes the listeners' real URLs, once a port that was left to the system is known."""
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
            if len(self._memory) < _REMEMBERED and len(key[1] or b"") <= _LONGEST_HOST:
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
    """What a Host header names; None: nothing."""
    try:
        asked = urlsplit("//" + host)
        asked.port  # noqa: B018  # it is read here, and is no number below 65536 perhaps
    except ValueError:
        return None
    return asked
