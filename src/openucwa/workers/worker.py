"""One of several processes that serve: its start, the orders that it takes, and what it tells its supervisor.

    python -m openucwa.workers.worker DESCRIPTOR

is how the supervisor starts it; DESCRIPTOR is the worker's end of their link.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

import uvloop

from openucwa.app import Service
from openucwa.config import ConfigError
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld
from openucwa.server.listeners import Listener, numbered
from openucwa.server.orders import Orders
from openucwa.server.process import serve
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.log import LogLines, route_logging
from openucwa.workers.link import Failed, Link, Moved, Ready, Reload, Start, Stop

#: Topics in one message.
TOPICS_IN_A_MESSAGE = 500


def main(descriptor: int) -> int:
    """Serves until the supervisor says stop or is gone; the exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(socket.socket(fileno=descriptor)))


async def _work(end: socket.socket) -> int:
    link = await Link.over(end)
    start = await link.hear()
    if not isinstance(start, Start):
        return 1
    world = RealWorld()
    config = replace(start.config, status_listen=numbered(start.config.status_listen, start.worker))
    lines = LogLines.of(config, world, start.worker)
    restore_logging = route_logging(lines)
    orders = Orders()
    orders.on_reload(lines.reload)
    loop = asyncio.get_running_loop()
    # A service manager may send a signal to all processes at once, so that it comes here twice: by itself and from the
    # supervisor. So signals never force, and the settings come from the supervisor alone.
    for number, handler in {
        signal.SIGTERM: orders.stop.set,
        signal.SIGINT: orders.stop.set,
        signal.SIGHUP: orders.hang_up,
    }.items():
        loop.add_signal_handler(number, handler)
    relay = LinkRelay(link)
    following = asyncio.create_task(_follow(link, relay, orders))
    listeners = [
        Listener(place.url, tuple(socket.socket(fileno=number) for number in place.descriptors))
        for place in start.places
    ]
    try:
        service = Service(config, world, relay=relay)
        return await serve(
            service,
            config,
            listeners=listeners,
            orders=orders,
            observer=AccessLog(lines, service.measures),
            ready=lambda _urls: link.say(Ready()),
        )
    except (ConfigError, Refusal) as error:
        link.say(Failed(error.reason if isinstance(error, Refusal) else str(error)))
        await link.said()
        return 1
    finally:
        following.cancel()
        restore_logging()
        link.close()


async def _follow(link: Link, relay: "LinkRelay", orders: Orders) -> None:
    """Does what the supervisor says. Where it is gone, nobody would stop this process: it stops."""
    while (message := await link.hear()) is not None:
        match message:
            case Moved(topics):
                relay.hear(topics)
            case Reload(config):
                orders.reload(config)
            case Stop(force=forced):
                orders.stop.set()
                if forced:
                    orders.force.set()
    orders.stop.set()


class LinkRelay:
    """`channel.local.Relay` through the supervisor to the other workers."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._listener: Callable[[frozenset[str]], None] | None = None

    def listen(self, listener: Callable[[frozenset[str]], None]) -> None:
        """From now on calls `listener` with what others send."""
        self._listener = listener

    def send(self, topics: frozenset[str]) -> None:
        """Tells the others that `topics` moved."""
        for some in _portions(topics):
            self._link.pass_on(Moved(some))

    def hear(self, topics: frozenset[str]) -> None:
        """Takes what another worker sent."""
        if self._listener is not None:
            self._listener(topics)


def _portions(topics: frozenset[str]) -> Iterator[frozenset[str]]:
    rest = iter(topics)
    while some := frozenset(islice(rest, TOPICS_IN_A_MESSAGE)):
        yield some


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
