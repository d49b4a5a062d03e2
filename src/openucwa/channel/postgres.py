"""The bus of servers that share a PostgreSQL database: LISTEN and NOTIFY on a connection of its own.

The connection is looked after here: whenever it ends, for whatever reason, a new one is made, for ever. What is
published while there is none is dropped. A pooler between server and database must leave sessions as they are.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec

from openucwa.channel.bus import Listener, Listeners
from openucwa.model.refusals import CallbackChannelError
from openucwa.model.world import World
from openucwa.store.postgres import place_of

#: The channel; as the tables, it is the database's own, so deployments in several databases don't hear each other.
CHANNEL = "openucwa_moved"
#: Seconds between two attempts to connect, and for an attempt.
RETRY = 1.0
CONNECT_TIMEOUT = 2.0
#: Seconds without work until the connection is tried, and for an answer until it is given up as dead.
PING_INTERVAL = 2.0
ANSWER_TIMEOUT = 2.0
#: Bytes of one message; PostgreSQL takes less than 8,000.
MESSAGE_BYTES = 7_900

logger = logging.getLogger(__name__)


class PostgresBus:
    """`url`: the database's, as of the store; any database that all of the servers share does."""

    def __init__(self, url: str, world: World) -> None:
        self._url = url
        self._place = place_of(url)
        self._world = world
        self._listeners = Listeners()
        self._outgoing: set[str] = set()
        self._work = asyncio.Event()
        self._tried = asyncio.Event()
        self._connection: asyncpg.Connection[Any] | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._stopping = False
        self._tried.clear()
        self._task = asyncio.create_task(self._stay_connected(), name="openucwa PostgreSQL bus")
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
        return f"PostgreSQL at {self._place}, {'connected' if self._connected else 'not connected'}"

    @property
    def _connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def _stay_connected(self) -> None:
        known_away = False
        while not self._stopping:
            try:
                await self._one_connection()
                if not self._stopping:
                    logger.warning("the event bus's connection to PostgreSQL at %s has ended", self._place)
            except Exception as error:  # noqa: BLE001  # whatever it is, the next attempt may succeed
                # Not the error's text: it may hold what the server said about our credentials.
                level = logging.DEBUG if known_away else logging.WARNING
                logger.log(level, "PostgreSQL at %s cannot be reached: %s", self._place, type(error).__name__)
                known_away = True
                self._tried.set()
            else:
                known_away = False
            if not self._stopping:
                await self._world.sleep(RETRY)

    async def _one_connection(self) -> None:
        """One connection from its beginning to its end."""
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT, server_settings={"application_name": "openucwa bus"}
        )
        try:
            connection.add_termination_listener(lambda _: self._work.set())
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await connection.add_listener(CHANNEL, self._receive)
            logger.info("connected to PostgreSQL at %s as event bus", self._place)
            self._connection = connection
            self._tried.set()
            await self._send_on(connection)
        finally:
            self._connection = None
            self._outgoing.clear()
            connection.terminate()

    async def _send_on(self, connection: "asyncpg.Connection[Any]") -> None:
        """Sends what is published until the connection ends or the bus stops; looks now and then whether it lives."""
        while not connection.is_closed():
            topics, self._outgoing = self._outgoing, set()
            if self._stopping and not topics:
                return
            watch = asyncio.get_running_loop().call_later(ANSWER_TIMEOUT, connection.terminate)
            try:
                # Without topics nothing is told, but the server has to answer.
                if messages := [(CHANNEL, message) for message in _messages(topics)]:
                    await connection.executemany("select pg_notify($1, $2)", messages)
                else:
                    await connection.execute("select 1")
            finally:
                watch.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_INTERVAL):
                    await self._work.wait()
                if not self._stopping:
                    self._work.clear()

    def _receive(self, _: object, sender: int, channel: str, message: object) -> None:
        if self._connection is not None and sender == self._connection.get_server_pid():
            return  # this process has told its own listeners
        try:
            topics = msgspec.json.decode(str(message), type=frozenset[str])
        except msgspec.DecodeError:
            logger.warning("a message on the event bus is not a list of topics")
            return
        self._listeners.tell(topics)


def _messages(topics: Iterable[str]) -> Iterator[str]:
    """Lists of topics, each small enough for a message. A topic that is too long for any is left out: who waits for it
    looks by itself."""
    message: list[str] = []
    size = 0
    for topic in topics:
        length = len(msgspec.json.encode(topic)) + 1
        if size + length > MESSAGE_BYTES and message:
            yield msgspec.json.encode(message).decode()
            message, size = [], 0
        if length <= MESSAGE_BYTES:
            message.append(topic)
            size += length
    if message:
        yield msgspec.json.encode(message).decode()
