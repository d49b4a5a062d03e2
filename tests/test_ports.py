"""The ports of programs that are told on which to listen."""

import socket
from pathlib import Path

import pytest

from tests.ports import PORTS, SHARE, free_port, free_ports, two_in_a_row

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_no_port_is_given_twice() -> None:
    given = free_ports(100)
    assert len(set(given)) == 100


def test_port_that_is_listened_on_is_not_given() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert port not in free_ports(SHARE)


def test_next_port_is_free_too() -> None:
    first = two_in_a_row()
    socket.create_server(("127.0.0.1", first + 1)).close()
    assert first + 1 not in free_ports(10)


def test_ports_are_none_that_linux_gives_out_by_itself() -> None:
    if not RANGE.exists():
        pytest.skip("this is not Linux")
    first = int(RANGE.read_text().split()[0])
    if first < PORTS.stop:
        pytest.skip(f"this machine gives out ports from {first} on")
    assert all(port < first for port in free_ports(10))
