"""The bus over NATS, for several machines: one subject per deployment.

The client's own reconnecting is switched off: it gives up on some errors.
"""

import asyncio
import logging
from contextlib import suppress
from itertools import islice
from urllib.parse import urlsplit

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError

from openucwa.channel.connected import ConnectedBus
from openucwa.config_options import ConfigError
from openucwa.model.world import World

#: The default subject of a deployment.
SUBJECT = "openucwa.moved"
#: Timeout for an attempt to connect, and for flushing at a stop, in seconds.
CONNECT_TIMEOUT = 2
DRAIN_TIMEOUT = 2
#: A server that does not answer a ping before the next is due counts as unreachable, and so does one that does not
#: confirm a message within the timeout.
PING_INTERVAL = 2
ANSWER_TIMEOUT = 2
#: How often is looked whether the connection still exists, in seconds.
LOOK_INTERVAL = 0.5
#: Topics in one message, so that a message stays far below NATS's limit of 1 MiB.
TOPICS_PER_MESSAGE = 500

logger = logging.getLogger(__name__)


class NatsBus(ConnectedBus):
    """The bus over NATS.

    `url`: `nats://HOST:PORT` or `tls://...`, with user and password or a token if required; several servers of one
    cluster are separated by commas. ConfigError: it is not such a URL.
    """

    def __init__(self, url: str, world: World, subject: str = SUBJECT) -> None:
        self._servers = url.split(",")
        super().__init__(f"NATS at {', '.join(map(_address, self._servers))}", world)
        self._subject = subject
        self._client: Client | None = None
        self._ended = asyncio.Event()

    @property
    def _connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def _connection_once(self) -> None:
        """One connection, from beginning to end."""
        client = Client()
        watch: asyncio.Task[None] | None = None
        self._ended.clear()
        try:
            await client.connect(
                self._servers,
                name="openucwa",
                no_echo=True,  # this process has notified its own listeners
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                connect_timeout=CONNECT_TIMEOUT,
                ping_interval=PING_INTERVAL,
                max_outstanding_pings=1,
                drain_timeout=DRAIN_TIMEOUT,
                error_cb=_note,
                closed_cb=self._notice_the_end,
            )
            await client.subscribe(self._subject, cb=self._receive)
            await client.flush(CONNECT_TIMEOUT)  # only then does the server have the subscription
            logger.info("connected to %s as event bus", self._address)
            self._client = client
            watch = asyncio.create_task(self._watch(client), name="openucwa bus, connection")
            self._came_up()
            await self._send_on(client)
            if client.is_connected:
                await asyncio.wait_for(client.drain(), 2 * DRAIN_TIMEOUT)
        finally:
            self._client = None
            if watch is not None:
                watch.cancel()
            with suppress(NatsError, OSError):
                await client.close()

    async def _send_on(self, client: Client) -> None:
        """Sends what is published until the connection ends or the bus stops."""
        while client.is_connected:
            if taken := self._take():
                topics = iter(taken)
                while chunk := list(islice(topics, TOPICS_PER_MESSAGE)):
                    await client.publish(self._subject, msgspec.json.encode(chunk))
                await self._arrived(client)
                self._confirm()
            if self._stopping and not self._outgoing:
                return
            await self._work.wait()
            self._work.clear()

    async def _watch(self, client: Client) -> None:
        """Notices the end of a connection that the client does not report, for example a failed write."""
        while client.is_connected:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_INTERVAL):
                    await self._ended.wait()
        await self._notice_the_end()

    async def _arrived(self, client: Client) -> None:
        """Returns when the server has what was sent. NatsError: it does not answer, or the connection has ended."""
        # The client's own wait would not notice the end.
        waits = asyncio.ensure_future(client.flush(ANSWER_TIMEOUT)), asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not waits[0].done():
                raise ConnectionClosedError
            await waits[0]
        finally:
            for wait in waits:
                wait.cancel()

    async def _receive(self, message: Msg) -> None:
        try:
            topics = msgspec.json.decode(message.data, type=frozenset[str])
        except msgspec.DecodeError:
            logger.warning("a message on the event bus is not a list of topics")
            return
        self._listeners.notify(topics)

    async def _notice_the_end(self) -> None:
        self._ended.set()
        self._work.set()


async def _note(error: Exception) -> None:
    logger.debug("NATS: %s", type(error).__name__)


def _address(url: str) -> str:
    """Host and port of a server, without user and password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 4222
    except ValueError:
        host = None
    if not host or parts.scheme not in {"nats", "tls"}:
        raise ConfigError("bus: not a URL of the form nats://HOST:PORT")
    return f"{host}:{port}"
