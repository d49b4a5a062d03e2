"""Free ports, for programs that are told on which to listen.

They are below those that Linux gives to connections and to servers that take any port, so nobody gets one between the
moment it is chosen and the moment it is listened on, or while the program is restarted. Each worker of a parallel run
has its own.
"""

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle

#: Each of up to eight workers has its share of these.
PORTS = range(20_000, 32_000)
WORKERS = 8
SHARE = len(PORTS) // WORKERS


def _own() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    ports = PORTS[worker * SHARE : (worker + 1) * SHARE]
    # Anywhere: several runs may go on at once on one machine.
    begin = random.randrange(len(ports))  # noqa: S311  # no secret
    return cycle((*ports[begin:], *ports[:begin]))


_PORTS = _own()


def free_port() -> int:
    """A port that nobody listens on, and that was not given before."""
    for port in _PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise AssertionError("there is always one more")


def free_ports(count: int) -> list[int]:
    """Several of them."""
    return [free_port() for _ in range(count)]


def two_in_a_row() -> int:
    """A free port, the next of which is free too."""
    first, second = free_ports(2)
    while second != first + 1:
        first, second = second, free_port()
    return first
