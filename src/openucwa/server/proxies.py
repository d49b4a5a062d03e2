"""Trusted proxies: X-Forwarded-For and X-Forwarded-Proto."""

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TypeAlias

_Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

#: The number of memoized addresses.
_MAX_MEMOIZED = 4096
#: The maximum length of a memoized address; clients may send any text as an address.
_MAX_LENGTH = 64


class Proxies:
    """The trusted proxies. `trusted`: addresses and networks."""

    def __init__(self, trusted: Iterable[str]) -> None:
        self._networks: list[_Network] = []
        self._names: set[str] = set()
        for entry in trusted:
            try:
                self._networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                self._names.add(entry)
        self._known: dict[str, bool] = {}

    def trust(self, address: str) -> bool:
        """Whether this address is a trusted proxy."""
        if not address or not (self._networks or self._names):
            return False
        known = self._known.get(address)
        if known is None:
            known = self._judge(address)
            if len(self._known) < _MAX_MEMOIZED and len(address) < _MAX_LENGTH:
                self._known[address] = known
        return known

    def origin(self, headers: Mapping[bytes, bytes], client: str, scheme: str) -> tuple[str, str]:
        """Client address and scheme of a request from a trusted proxy.

        The address is the last one that is not a trusted proxy's: anything before it may have been forged by the
        client. `client`, `scheme`: those of the connection, as defaults.
        """
        # If the header is repeated, the last value is the nearest proxy's.
        said = headers.get(b"x-forwarded-proto", b"").rpartition(b",")[2].strip().decode("latin-1")
        if said in {"http", "https"}:
            scheme = said
        hops = [_host(hop) for hop in headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")]
        first = next((hop for hop in reversed(hops) if not self.trust(hop)), hops[0])
        return first or client, scheme

    def _judge(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return address in self._names
        return any(parsed in network for network in self._networks)


def _host(hop: str) -> str:
    """The address in `address`, `address:port` or `[address]:port`; anything else is returned unchanged."""
    hop = hop.strip()
    if hop.startswith("["):
        host, bracket, port = hop[1:].partition("]")
        return host if bracket and (not port or port.startswith(":")) else hop
    host, colon, port = hop.partition(":")
    return host if colon and port.isdigit() else hop
