"""One of several processes that serve: its start, the orders that it takes, and what it tells its supervisor.

    python -m openucwa.workers.worker DESCRIPTOR

is how the supervisor starts it; DESCRIPTOR is the worker's end of their link.
"""

import asyncio
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TextIO, cast

import uvloop

from openucwa.app import Service
from openucwa.config import ConfigError
from openucwa.model.refusals import Refusal
from openucwa.model.world import RealWorld
from openucwa.wire.access_log import LogLines, route_logging
from openucwa.wire.listeners import Listener
from openucwa.wire.serving import serve
from openucwa.workers.link import Failed, Link, Moved, Ready, Start, Stop

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
    config = start.config
    lines = LogLines(cast("TextIO", _SharedStderr()), config.log_level, world, config.log_format, start.worker)
    restore_logging = route_logging(lines)
    stop, force = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # A service manager may send a signal to all processes at once, so that it comes here twice: by itself and from
        # the supervisor. So signals never force.
        loop.add_signal_handler(number, stop.set)
    relay = LinkRelay(link)
    orders = asyncio.create_task(_follow(link, relay, stop, force))
    listeners = [
        Listener(place.url, tuple(socket.socket(fileno=number) for number in place.descriptors))
        for place in start.places
    ]
    try:
        return await serve(
            Service(config, world, relay=relay),
            config,
            listeners=listeners,
            lines=lines,
            ready=lambda _urls: link.say(Ready()),
            stop=stop,
            force=force,
            worker=start.worker,
        )
    except (ConfigError, Refusal) as error:
        link.say(Failed(error.reason if isinstance(error, Refusal) else str(error)))
        await link.said()
        return 1
    finally:
        orders.cancel()
        restore_logging()
        link.close()


async def _follow(link: Link, relay: "LinkRelay", stop: asyncio.Event, force: asyncio.Event) -> None:
    """Does what the supervisor says. Where it is gone, nobody would stop this process: it stops."""
    while (message := await link.hear()) is not None:
        match message:
            case Moved(topics):
                relay.hear(topics)
            case Stop(force=forced):
                stop.set()
                if forced:
                    force.set()
    stop.set()


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


class _SharedStderr:
    """stderr, where others write, too: in pieces that a pipe takes whole, so that no line is torn."""

    def write(self, text: str) -> None:
        piece = b""
        for line in text.encode(errors="backslashreplace").splitlines(keepends=True):
            if len(piece) + len(line) > select.PIPE_BUF:
                _write_all(piece)
                piece = b""
            piece += line
        _write_all(piece)

    def flush(self) -> None:
        """Nothing is kept back."""


def _write_all(data: bytes) -> None:
    while data:
        data = data[os.write(sys.stderr.fileno(), data) :]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
