"""The bus over PostgreSQL: LISTEN and NOTIFY on a connection of its own.

A pooler between server and database must not share sessions.
"""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import asyncpg
import msgspec

from openucwa.channel.connected import ConnectedBus
from openucwa.model.world import World
from openucwa.store.postgres import place_of

#: The notification channel. Like the tables, it belongs to the database, so deployments in different databases are
#: separate.
CHANNEL = "openucwa_moved"
#: Timeout for an attempt to connect, in seconds.
CONNECT_TIMEOUT = 2.0
#: Seconds of silence until the connection is probed, and the timeout of a probe.
PING_INTERVAL = 2.0
ANSWER_TIMEOUT = 2.0
#: Maximum size of a message; PostgreSQL accepts less than 8,000 bytes.
MESSAGE_BYTES = 7_900

logger = logging.getLogger(__name__)


class PostgresBus(ConnectedBus):
    """The bus over PostgreSQL. `url`: that of any database that all servers share, such as the store's."""

    def __init__(self, url: str, world: World) -> None:
        super().__init__(f"PostgreSQL at {place_of(url)}", world)
        self._url = url
        self._connection: asyncpg.Connection[Any] | None = None

    @property
    def _connected(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def _connection_once(self) -> None:
        """One connection, from beginning to end."""
        connection = await asyncpg.connect(
            self._url, timeout=CONNECT_TIMEOUT, server_settings={"application_name": "openucwa bus"}
        )
        try:
            connection.add_termination_listener(lambda _: self._work.set())
            async with asyncio.timeout(ANSWER_TIMEOUT):
                await connection.add_listener(CHANNEL, self._receive)
            logger.info("connected to %s as event bus", self._address)
            self._connection = connection
            self._came_up()
            await self._send_on(connection)
        finally:
            self._connection = None
            connection.terminate()

    async def _send_on(self, connection: "asyncpg.Connection[Any]") -> None:
        """Sends what is published until the connection ends or the bus stops; probes an idle connection."""
        while not connection.is_closed():
            topics = self._take()
            if self._stopping and not topics:
                return
            watch = asyncio.get_running_loop().call_later(ANSWER_TIMEOUT, connection.terminate)
            try:
                # Without topics nothing is sent, but the server has to answer.
                if messages := [(CHANNEL, message) for message in _messages(topics)]:
                    await connection.executemany("select pg_notify($1, $2)", messages)
                else:
                    await connection.execute("select 1")
            finally:
                watch.cancel()
            self._confirm()
            with suppress(TimeoutError):
                async with asyncio.timeout(PING_INTERVAL):
                    await self._work.wait()
                if not self._stopping:
                    self._work.clear()

    def _receive(self, _: object, sender: int, channel: str, message: object) -> None:
        if self._connection is not None and sender == self._connection.get_server_pid():
            return  # this process has notified its own listeners
        try:
            topics = msgspec.json.decode(str(message), type=frozenset[str])
        except msgspec.DecodeError:
            logger.warning("a message on the event bus is not a list of topics")
            return
        self._listeners.notify(topics)


def _messages(topics: Iterable[str]) -> Iterator[str]:
    """Lists of topics, each small enough for a message. A topic that is too long is left out: polls that wait for it
    find the event by re-reading the log.
    """
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
