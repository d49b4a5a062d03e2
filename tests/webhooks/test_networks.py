"""Addresses that webhooks may be delivered to."""

import pytest

from openucwa.webhooks.networks import ForbiddenAddress, Networks

FORBIDDEN = [
    "0.0.0.0",  # noqa: S104
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a00:1::",
    "2001:0:7f00:1::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%2",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111"]


@pytest.mark.parametrize("address", FORBIDDEN)
def test_address_that_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Networks(()).check(address, secure=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_allowed(address: str) -> None:
    Networks(()).check(address, secure=True)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7"])
def test_address_in_an_allowed_network_is_allowed(address: str) -> None:
    Networks(("10.1.0.0/16", "fd00::/8")).check(address, secure=False)


@pytest.mark.parametrize("address", ["10.2.0.1", "127.0.0.1", "fc00::1"])
def test_private_address_in_no_allowed_network_is_refused(address: str) -> None:
    with pytest.raises(ForbiddenAddress):
        Networks(("10.1.0.0/16", "fd00::/8")).check(address, secure=True)


def test_plain_http_is_refused_to_public_addresses() -> None:
    with pytest.raises(ForbiddenAddress):
        Networks(("10.1.0.0/16",)).check("8.8.8.8", secure=False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "017700000001", "[::1]"])
async def test_every_spelling_of_this_machine_is_refused(host: str) -> None:
    networks = Networks(())
    try:
        with pytest.raises(ForbiddenAddress):
            await networks.resolve(host, 443, secure=True)
    finally:
        networks.close()
