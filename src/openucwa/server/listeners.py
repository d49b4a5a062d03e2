"""The listeners' sockets and certificates. Serving is in `server.py`."""

import errno
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openucwa.config import Config
from openucwa.config_options import ConfigError
from openucwa.telemetry import audit

#: Seconds of complete silence, including TCP keep-alive, until a connection counts as dead.
DEAD_AFTER = 120

_TROUBLES = {
    errno.EADDRINUSE: "the port is taken",
    errno.EACCES: "this user may not listen on that port",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class ListenError(ConfigError):
    """An address or a certificate cannot be used. The text names it and says why."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A URL to listen on, with its real port, and its sockets (a host name may have several addresses)."""

    url: str
    sockets: tuple[socket.socket, ...]

    @property
    def secure(self) -> bool:
        """Whether the scheme is https."""
        return self.url.startswith("https:")

    def close(self) -> None:
        """Closes the sockets."""
        for bound in self.sockets:
            bound.close()


def bind(urls: Sequence[str]) -> tuple[Listener, ...]:
    """Binds the addresses of all `urls`, without accepting connections yet. Port 0 becomes a free one.

    ListenError: one of them is unavailable; then none stays bound.
    """
    listeners: list[Listener] = []
    try:
        for url in urls:
            listeners.append(_bind(url))  # noqa: PERF401  # what was bound is closed when a later one fails
    except ListenError:
        close(listeners)
        raise
    return tuple(listeners)


def share(listeners: Sequence[Listener], processes: int) -> list[tuple[Listener, ...]]:
    """Copies of `listeners` for each of several processes; the first gets the originals. To be called before any
    listens.

    Each has sockets of its own, among which the kernel distributes connections. (If processes accept from one socket,
    the first to wake takes most connections of a burst.) ListenError: the system does not support sharing an address.
    """
    shares = [tuple(listeners)]
    for listener in listeners:
        for bound in listener.sockets:
            # Only now: an address that another server uses must fail to bind.
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    for _ in range(1, processes):
        try:
            shares.append(tuple(_another(listener) for listener in listeners))
        except ListenError:
            for made in shares[1:]:
                close(made)
            raise
    return shares


def close(listeners: Sequence[Listener]) -> None:
    """Closes sockets from `bind`."""
    for listener in listeners:
        listener.close()


class Tls:
    """The certificate of https listeners, which can be reloaded."""

    def __init__(self, config: Config) -> None:
        self.context = _context_of(config)
        #: When the certificate expires, in seconds since 1970; None: it cannot be read.
        self.expiry = _expiry(config)

    def reload(self, config: Config) -> None:
        """Uses this certificate for new connections. ListenError: it is invalid; the previous one stays in use."""
        _context_of(config)  # an invalid pair must not change anything
        self.context.load_cert_chain(config.tls_cert or "", config.tls_key, password=_no_passphrase)
        self.expiry = _expiry(config)
        audit.log(audit.CertificatesReloaded(config.tls_cert or ""))


def _context_of(config: Config) -> ssl.SSLContext:
    if config.tls_cert is None or config.tls_key is None:
        raise ListenError("https needs tls_cert and tls_key")
    return tls_context(config.tls_cert, config.tls_key)


def _expiry(config: Config) -> float | None:
    from cryptography import x509  # noqa: PLC0415  # a twentieth of a second

    try:
        certificate = x509.load_pem_x509_certificate(Path(config.tls_cert or "").read_bytes())
    except ValueError:  # it is stricter than TLS, and serving does not depend on it
        return None
    return certificate.not_valid_after_utc.timestamp()


def _no_passphrase() -> bytes:
    return b""


def numbered(urls: Sequence[str], worker: int) -> tuple[str, ...]:
    """The status URLs of the worker with this number, from 0: `worker` is added to each port. Port 0 stays: any free
    port.
    """
    return tuple(_numbered(url, worker) for url in urls)


def _numbered(url: str, worker: int) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}:{parts.port + worker if parts.port else 0}"


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    """TLS 1.2 and later, with Python's choice of ciphers. ListenError: a file is invalid."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        for file in (certificate, key):
            Path(file).open("rb").close()  # load_cert_chain's error does not say which file it is about
        context.load_cert_chain(certificate, key, password=_no_passphrase)  # never prompts for it
    except ssl.SSLError as error:
        why = error.reason.lower().replace("_", " ") if error.reason else "not in PEM format"
        raise ListenError(f"the certificate {certificate} and the key {key} cannot be used: {why}") from None
    except OSError as error:
        raise ListenError(f"{error.filename} cannot be read: {error.strerror}") from None
    return context


def _bind(url: str) -> Listener:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 0
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise ListenError(f"cannot listen on {url}: there is no host {host}") from None
    sockets: list[socket.socket] = []
    trouble: OSError | None = None
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            bound = _bind_address(family, (address[0], port, *address[2:]))
        except OSError as error:
            # localhost often has an IPv6 address on machines without IPv6.
            trouble = error
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                continue
            break
        sockets.append(bound)
        port = bound.getsockname()[1]
    else:
        trouble = None if sockets else trouble
    if trouble is not None:
        Listener(url, tuple(sockets)).close()
        raise listen_error(url, trouble)
    shown = f"[{host}]" if ":" in host else host
    return Listener(f"{parts.scheme}://{shown}:{port}", tuple(sockets))


def _another(listener: Listener) -> Listener:
    """A second listener on the addresses of this one."""
    sockets: list[socket.socket] = []
    try:
        for bound in listener.sockets:
            sockets.append(_bind_address(bound.family, bound.getsockname(), shared=True))  # noqa: PERF401  # see `bind`
    except OSError as error:
        Listener(listener.url, tuple(sockets)).close()
        raise listen_error(listener.url, error) from None
    return Listener(listener.url, tuple(sockets))


def _bind_address(family: int, address: tuple[Any, ...], *, shared: bool = False) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        # Inherited by connections. Without them a poll of a vanished machine would stay until its timeout.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in {"TCP_KEEPIDLE": DEAD_AFTER // 2, "TCP_USER_TIMEOUT": DEAD_AFTER * 1000}.items():
            if (number := getattr(socket, name, None)) is not None:
                bound.setsockopt(socket.IPPROTO_TCP, number, value)
        bound.setblocking(False)
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def listen_error(url: str, error: OSError) -> ListenError:
    """The ListenError for `error` at this address."""
    why = _TROUBLES.get(error.errno or 0, error.strerror or str(error))
    return ListenError(f"cannot listen on {url}: {why}")
