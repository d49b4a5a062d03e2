"""Addresses that webhooks may be delivered to: public ones, and those of the networks that a setting allows.

A name is resolved for each delivery, and the connection goes to the address that was checked, so that a name which
resolves to another address a moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

#: Threads that resolve names; a slow name server holds up no other part of the server.
_THREADS = 8
_GLOBAL_UNICAST = IPv6Network("2000::/3")
#: IPv4 addresses inside of IPv6 ones (RFC 6052, 8215): the address is the last 32 bits.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))

#: Of the IANA special-purpose registries, what some versions of Python call global.
_SPECIAL = tuple(
    ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16")
)

_Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network


class ForbiddenAddress(Exception):
    """The receiver's address is none that webhooks may be delivered to."""


class Networks:
    """The allowed addresses. `allowed`: networks that are allowed although they are not public."""

    def __init__(self, allowed: Sequence[str]) -> None:
        self._allowed: tuple[_Network, ...] = tuple(ip_network(each) for each in allowed)
        self._threads: ThreadPoolExecutor | None = None

    @property
    def any_private(self) -> bool:
        """Whether any network is allowed that is not public."""
        return bool(self._allowed)

    def is_private_and_allowed(self, text: str) -> bool:
        """Whether the address is in one of the allowed networks; plain http is only for these."""
        address = ip_address(text)
        plain = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return any((plain or address) in network for network in self._allowed)

    def check(self, text: str, *, secure: bool) -> None:
        """ForbiddenAddress: nothing may be delivered there. `secure`: whether it would be by https."""
        address = ip_address(text)
        if self.is_private_and_allowed(text):
            return
        if not secure:
            raise ForbiddenAddress("plain http is only for addresses in webhook_allowed_networks")
        if not all(_is_public(each) for each in _all_of(address)):
            raise ForbiddenAddress("the address of the receiver is not public")

    async def resolve(self, host: str, port: int, *, secure: bool) -> str:
        """The address to connect to: the first that the name has. ForbiddenAddress, OSError.

        All its addresses must be allowed: a name that also has a private one is a trap rather than a receiver.
        """
        found = await self._addresses(host, port)
        for text in found:
            self.check(text, secure=secure)
        return found[0]

    def close(self) -> None:
        """Ends the threads; names in progress are abandoned."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            return [str(ip_address(host.strip("[]")))]
        except ValueError:
            pass
        if self._threads is None:
            self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="openucwa names")
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host, port)


def _look_up(host: str, port: int) -> list[str]:
    # "0x7f.1" and "2130706433" are addresses too: they come back in their usual form, and are checked in it.
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _all_of(address: _Address) -> Iterator[_Address]:
    """The address, and those that it contains."""
    yield address
    if not isinstance(address, IPv6Address):
        return
    if any(address in network for network in _NAT64):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)


def _is_public(address: _Address) -> bool:
    if any(address in network for network in _SPECIAL):
        return False
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    if any(address in network for network in _NAT64):
        return True  # what it contains decides
    return address in _GLOBAL_UNICAST and address.is_global
