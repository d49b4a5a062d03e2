"""A worker: its start, the supervisor's commands, and its messages to the supervisor.

python -m openucwa.workers.worker DESCRIPTOR is how the supervisor starts it; DESCRIPTOR is the worker's end of their
link.
"""

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

import uvloop

from openucwa.app import Service
from openucwa.config_options import ConfigError
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld
from openucwa.server.control import ProcessControl
from openucwa.server.listeners import Listener, numbered
from openucwa.server.process import serve
from openucwa.telemetry.access_log import AccessLog
from openucwa.telemetry.audit_trail import AuditTrail
from openucwa.telemetry.log import LogLines, route_logging
from openucwa.workers.link import Failed, Link, Ready, Reload, Start, Stop, TopicsChanged

#: Topics in one message.
TOPICS_PER_MESSAGE = 500


def main(descriptor: int) -> int:
    """Serves until the supervisor says stop or ends; returns the exit status."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_work(socket.socket(fileno=descriptor)))


async def _work(end: socket.socket) -> int:
    link = await Link.over(end)
    start = await link.receive()
    if not isinstance(start, Start):
        return 1
    world = RealWorld()
    config = replace(start.config, status_listen=numbered(start.config.status_listen, start.worker))
    lines = LogLines.of(config, world, start.worker)
    restore_logging = route_logging(lines)
    trail = AuditTrail(config, world, start.worker)
    control = ProcessControl()
    control.on_reload(lines.reload)
    control.on_reload(trail.reload)
    loop = asyncio.get_running_loop()
    # A service manager may send a signal to all processes at once, so that it arrives here twice: directly and from the
    # supervisor. So signals never force, and settings come from the supervisor alone.
    for number, handler in {
        signal.SIGTERM: control.stop.set,
        signal.SIGINT: control.stop.set,
        signal.SIGHUP: control.hang_up,
    }.items():
        loop.add_signal_handler(number, handler)
    relay = LinkRelay(link)
    following = asyncio.create_task(_follow(link, relay, control))
    listeners = [
        Listener(listener.url, tuple(socket.socket(fileno=number) for number in listener.descriptors))
        for listener in start.listeners
    ]
    try:
        service = Service(config, world, relay=relay, status_of_others=_status_of_others(start))
        return await serve(
            service,
            config,
            listeners=listeners,
            control=control,
            observer=AccessLog(lines, service.measures),
            ready=lambda _urls: link.send(Ready()),
        )
    except (ConfigError, Refusal) as error:
        link.send(Failed(error.reason if isinstance(error, Refusal) else str(error)))
        await link.drain()
        return 1
    finally:
        following.cancel()
        trail.close()
        restore_logging()
        link.close()


def _status_of_others(start: Start) -> tuple[str, ...]:
    """The first status address of each of the other workers, for worker 0; none, where ports are not known."""
    urls = start.config.status_listen[:1]
    if start.worker != 0 or not urls or urlsplit(urls[0]).port == 0:
        return ()
    return tuple(numbered(urls, other)[0] for other in range(1, start.config.workers))


async def _follow(link: Link, relay: "LinkRelay", control: ProcessControl) -> None:
    """Follows the supervisor's commands. If it has ended, this process stops, because no one else would stop it."""
    while (message := await link.receive()) is not None:
        match message:
            case TopicsChanged(topics):
                relay.receive(topics)
            case Reload(config):
                control.reload(config)
            case Stop(force=forced):
                control.stop.set()
                if forced:
                    control.force.set()
    control.stop.set()


class LinkRelay:
    """`channel.local.Relay` through the supervisor to the other workers."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._listener: Callable[[frozenset[str]], None] | None = None

    def listen(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Calls `listener` with topics from other workers."""
        self._listener = listener

    def send(self, topics: frozenset[str]) -> None:
        """Sends `topics` to the other workers."""
        for some in _portions(topics):
            self._link.pass_on(TopicsChanged(some))

    def receive(self, topics: frozenset[str]) -> None:
        """Handles topics from another worker."""
        if self._listener is not None:
            self._listener(topics)


def _portions(topics: frozenset[str]) -> Iterator[frozenset[str]]:
    rest = iter(topics)
    while some := frozenset(islice(rest, TOPICS_PER_MESSAGE)):
        yield some


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
