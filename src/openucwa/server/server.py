"""The connections of some listeners, from the first that is accepted to the last that ends."""

import asyncio
import ssl
from collections.abc import Sequence

from openucwa.config import Config
from openucwa.server.connection import Connection
from openucwa.server.listeners import Listener, listen_error
from openucwa.server.shared import Application, Observer, Shared

#: Connections that may wait to be accepted.
BACKLOG = 2048
#: Seconds in which a request that was cut off may still be answered.
CUT_OFF = 0.5


class Server:
    """Serves an application on listeners. To be made in the loop that it serves in."""

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
                    # The connection itself does not wait that long, except for its client to read.
                    ssl_shutdown_timeout=limits.write_timeout if secure else None,
                )
                self._servers.append(server)

    def count(self) -> int:
        """How many connections are open."""
        return len(self.shared.open)

    def stop_accepting(self) -> None:
        """Refuses connections from now on; those that are idle end."""
        self.shared.stopping = True
        for server in self._servers:
            server.close()
        for connection in self.shared.open:
            connection.shut_down()

    async def finish(self, patience: float, force: asyncio.Event) -> None:
        """Waits for what is in flight, for `patience` seconds or until `force`; then answers the rest 503."""
        await self._wait(patience, force)
        if self.shared.open:
            for connection in self.shared.open:
                connection.cut_off()
            await self._wait(CUT_OFF, None)

    async def close(self) -> None:
        """Ends whatever is still there."""
        self.stop_accepting()
        for connection in self.shared.open:
            connection.abort()
        # What the loop still has to do for them is done while there is a loop.
        await asyncio.sleep(0)

    async def _wait(self, patience: float, force: asyncio.Event | None) -> None:
        """Returns when no connection is left, after `patience` seconds, or at `force`."""
        waits = [asyncio.ensure_future(self.shared.open.none_left.wait())]
        if force is not None:
            waits.append(asyncio.ensure_future(force.wait()))
        over = asyncio.ensure_future(self.shared.world.sleep(patience))
        try:
            await asyncio.wait([*waits, over], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (*waits, over):
                each.cancel()

    def _new_connection(self) -> Connection:
        return Connection(self.shared, secure=False)

    def _new_secure_connection(self) -> Connection:
        return Connection(self.shared, secure=True)
