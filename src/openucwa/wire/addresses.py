"""The server's own addresses: what absolute hrefs begin with."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from openucwa.config import Config

DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = {"0.0.0.0", "::"}  # noqa: S104  # compared with, not listened on
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def authority(scheme: str, host: str, port: int | None) -> str:
    """`host:port` as a URL bears it: an IPv6 host in brackets, the port left out where it is the scheme's own."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, DEFAULT_PORTS.get(scheme)) else f"{shown}:{port}"


class Addresses:
    """Makes the base of absolute hrefs for a request.

    From `public_url`; else the https listener if there is one, else the scheme that the request came by. The host is
    the request's Host where it is one of ours, so that a forged Host never gets into an answer.
    """

    def __init__(self, config: Config) -> None:
        self._public = config.public_url.rstrip("/") if config.public_url else None
        self._ours: set[str] = set()
        self.listen(config.listen, config.hosts)

    def listen(self, listeners: tuple[str, ...], hosts: tuple[str, ...]) -> None:
        """Takes the listeners' real URLs, once a port that was left to the system is known."""
        urls = [urlsplit(url) for url in listeners]
        self._first = urls[0]
        self._https = next((url for url in urls if url.scheme == "https"), None)
        self._ours = {url.hostname or "" for url in urls} - _WILDCARDS
        if any((url.hostname or "") in _WILDCARDS | _LOOPBACK for url in urls):
            self._ours |= _LOOPBACK
        self._ours |= {(urlsplit("//" + host).hostname or "").lower() for host in hosts}
        self._memory: dict[tuple[str, str], str] = {}

    def base(self, scope: Mapping[str, Any]) -> str:
        """`https://host[:port]` for the request with this ASGI scope."""
        if self._public is not None:
            return self._public
        host = ""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
                break
        key = (scope["scheme"], host)
        if (known := self._memory.get(key)) is None:
            known = self._make(scope["scheme"], host, scope.get("server"))
            if len(self._memory) < 1000:  # a client may send any Host; ours are few
                self._memory[key] = known
        return known

    def _make(self, scheme: str, host_header: str, server: tuple[str, int | None] | None) -> str:
        wanted = "https" if self._https is not None else scheme
        try:
            asked = urlsplit("//" + host_header)
            host, port = (asked.hostname or "").lower(), asked.port
        except ValueError:
            host, port = "", None
        if host in self._ours and host:
            if wanted != scheme and self._https is not None:
                port = self._https.port
            return f"{wanted}://{authority(wanted, host, port)}"
        listener = self._https if self._https is not None else self._first
        host, port = listener.hostname or "", listener.port
        if host in _WILDCARDS and server is not None:
            host = server[0]
        return f"{wanted}://{authority(wanted, host, port)}"
