"""The bus of several machines: a NATS server, one subject for the deployment.

The connection is looked after here and not by the client's own reconnecting, which gives up on some errors: whenever
it ends, for whatever reason, a new one is made, for ever. What is published while there is none is dropped.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from urllib.parse import urlsplit

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from openucwa.channel.bus import Listener, Listeners
from openucwa.config import ConfigError
from openucwa.model.refusals import CallbackChannelError
from openucwa.model.world import World

#: The subject of a deployment that does not name its own.
SUBJECT = "openucwa.moved"
#: Seconds between two attempts to connect, for an attempt, and for handing over at a stop.
RETRY = 1.0
CONNECT_TIMEOUT = 2
DRAIN_TIMEOUT = 2
#: A server that leaves a ping unanswered until the next is due is no longer reached.
PING_INTERVAL = 2
#: Topics in one message, so that a message stays far below NATS's limit of 1 MiB.
TOPICS_IN_A_MESSAGE = 500

logger = logging.getLogger(__name__)


class NatsBus:
    """`url`: `nats://HOST:PORT` or `tls://...`, with user and password or a token where the server wants them; several
    servers of one cluster are separated by commas. ConfigError: it is no such URL."""

    def __init__(self, url: str, world: World, subject: str = SUBJECT) -> None:
        self._servers = url.split(",")
        self._place = ", ".join(_place(server) for server in self._servers)
        self._world = world
        self._subject = subject
        self._listeners = Listeners()
        self._outgoing: set[str] = set()
        self._work = asyncio.Event()
        self._tried = asyncio.Event()
        self._client: Client | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stopping = False
        self._tried.clear()
        self._task = asyncio.create_task(self._stay_connected(), name="openucwa NATS bus")
        # Who is ready can tell others of changes, unless there is nobody to reach.
        await self._tried.wait()

    async def stop(self) -> None:
        self._stopping = True
        self._work.set()
        if self._task is not None:
            if not self._connected:
                self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    def publish(self, topics: frozenset[str]) -> None:
        self._listeners.tell(topics)
        if self._connected and topics:
            self._outgoing |= topics
            self._work.set()

    async def require(self) -> None:
        if not self._connected:
            raise CallbackChannelError("The event bus cannot be reached.")

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.add(listener)

    def describe(self) -> str:
        return f"NATS at {self._place}, {'connected' if self._connected else 'not connected'}"

    @property
    def _connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def _stay_connected(self) -> None:
        known_away = False
        while not self._stopping:
            try:
                await self._connection()
                logger.warning("the connection to NATS at %s has ended", self._place)
            except (NatsError, OSError, TimeoutError, ValueError) as error:
                # Not the error's text: it may hold what the server said about our credentials.
                level = logging.DEBUG if known_away else logging.WARNING
                logger.log(level, "NATS at %s cannot be reached: %s", self._place, type(error).__name__)
                known_away = True
                self._tried.set()
            else:
                known_away = False
            if not self._stopping:
                await self._world.sleep(RETRY)

    async def _connection(self) -> None:
        """One connection from its beginning to its end."""
        client = Client()
        try:
            await client.connect(
                self._servers,
                name="openucwa",
                no_echo=True,  # this process has told its own listeners
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
            await client.flush(CONNECT_TIMEOUT)  # only then does the server know of it
            logger.info("connected to NATS at %s", self._place)
            self._client = client
            self._tried.set()
            await self._send_on(client)
            if client.is_connected:
                await asyncio.wait_for(client.drain(), 2 * DRAIN_TIMEOUT)
        finally:
            self._client = None
            self._outgoing.clear()
            with suppress(NatsError, OSError):
                await client.close()

    async def _send_on(self, client: Client) -> None:
        """Sends what is published until the connection ends or the bus stops."""
        while client.is_connected:
            topics = iter(self._outgoing)
            self._outgoing = set()
            while chunk := list(islice(topics, TOPICS_IN_A_MESSAGE)):
                await client.publish(self._subject, msgspec.json.encode(chunk))
            if self._stopping:
                return
            await self._work.wait()
            self._work.clear()

    async def _receive(self, message: Msg) -> None:
        try:
            topics = msgspec.json.decode(message.data, type=frozenset[str])
        except msgspec.DecodeError:
            logger.warning("a message on the event bus is not a list of topics")
            return
        self._listeners.tell(topics)

    async def _notice_the_end(self) -> None:
        self._work.set()


async def _note(error: Exception) -> None:
    logger.debug("NATS: %s", type(error).__name__)


def _place(url: str) -> str:
    """Host and port of a server, without user and password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 4222
    except ValueError:
        host = None
    if not host or parts.scheme not in {"nats", "tls"}:
        raise ConfigError("bus: not a URL of the form nats://HOST:PORT")
    return f"{host}:{port}"
