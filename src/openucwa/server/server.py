"""The connections of a process's listeners, from accepting to closing."""

import asyncio
import ssl
from collections.abc import Sequence

from openucwa.config import Config
from openucwa.model.measures import Load
from openucwa.server.connection import Connection
from openucwa.server.listeners import Listener, listen_error
from openucwa.server.shared import Application, Observer, Shared

#: The backlog of connections to be accepted.
BACKLOG = 2048
#: Seconds that TLS waits for the end of a connection whose last response is still being read.
SHUTDOWN = 86_400.0
#: Seconds for answering a request that was cut off.
CUT_OFF = 0.5


class Server:
    """Serves an application on listeners. To be created in the event loop."""

    def __init__(self, application: Application, config: Config, observer: Observer | None = None) -> None:
        self.shared = Shared(application, config, observer)
        self._servers: list[asyncio.Server] = []

    async def start(self, listeners: Sequence[Listener], tls: ssl.SSLContext | None) -> None:
        """Accepts connections. ListenError: an address cannot be listened on."""
        for listener in listeners:
            for bound in listener.sockets:
                try:
                    bound.listen(BACKLOG)
                except OSError as error:
                    raise listen_error(listener.url, error) from None
        limits = self.shared.limits
        for listener in listeners:
            secure = listener.secure
            for bound in listener.sockets:
                server = await self.shared.loop.create_server(
                    self._new_secure_connection if secure else self._new_connection,
                    sock=bound,
                    backlog=BACKLOG,
                    ssl=tls if secure else None,
                    ssl_handshake_timeout=limits.header_timeout if secure else None,
                    # The connection itself has a shorter limit, except while its client reads.
                    ssl_shutdown_timeout=SHUTDOWN if secure else None,
                )
                self._servers.append(server)

    def load(self, certificate_expiry: float | None = None) -> Load:
        """The present load of its connections."""
        shared = self.shared
        return Load(
            connections=len(shared.open),
            max_connections=shared.open.limit,
            refused=shared.open.refused,
            bodies=shared.bodies.taken,
            max_bodies=shared.bodies.limit,
            unread=shared.unsent.total,
            max_unread=shared.unsent.limit,
            certificate_expiry=certificate_expiry,
        )

    def stop_accepting(self) -> None:
        """Refuses connections from now on; idle ones end."""
        self.shared.stopping = True
        for server in self._servers:
            server.close()
        for connection in self.shared.open:
            connection.shut_down()

    async def finish(self, seconds: float, force: asyncio.Event) -> None:
        """Waits for requests in flight, for `seconds` or until `force`; then answers the rest 503."""
        await self._wait(seconds, force)
        if self.shared.open:
            for connection in self.shared.open:
                connection.cut_off()
            await self._wait(CUT_OFF, None)

    async def close(self) -> None:
        """Closes all remaining connections."""
        self.stop_accepting()
        for connection in self.shared.open:
            connection.abort()
        # Lets the loop run the callbacks of closed connections.
        await asyncio.sleep(0)

    async def _wait(self, seconds: float, force: asyncio.Event | None) -> None:
        """Returns when no connection is left, after `seconds`, or at `force`."""
        waits = [asyncio.ensure_future(self.shared.open.none_left.wait())]
        if force is not None:
            waits.append(asyncio.ensure_future(force.wait()))
        over = asyncio.ensure_future(self.shared.world.sleep(seconds))
        try:
            await asyncio.wait([*waits, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (*waits, over):
                each.cancel()

    def _new_connection(self) -> Connection:
        return Connection(self.shared, secure=False)

    def _new_secure_connection(self) -> Connection:
        return Connection(self.shared, secure=True)
