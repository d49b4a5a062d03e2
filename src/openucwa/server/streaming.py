"""A response whose body comes piece by piece while it is sent, until it ends or the client disconnects."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from typing import Any

logger = logging.getLogger("openucwa.server")


class Streaming:
    """Writes each piece once the client has taken those before it, and then calls `done`. `over`: it has ended."""

    __slots__ = ("_done", "_pieces", "_taken", "_task", "_transport", "over")

    def __init__(self, transport: Any, pieces: AsyncGenerator[bytes, None], done: Callable[[], object]) -> None:
        self._transport = transport
        self._pieces = pieces
        self._done: Callable[[], object] | None = done
        self._taken: asyncio.Future[None] | None = None
        self.over = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def pause(self) -> None:
        """The client does not take more for now."""
        if self._taken is None:
            self._taken = asyncio.get_running_loop().create_future()

    def resume(self) -> None:
        """The client took all that it was given."""
        taken, self._taken = self._taken, None
        if taken is not None and not taken.done():
            taken.set_result(None)

    def end(self) -> None:
        """The connection has ended."""
        self._done = self._transport = None
        self._task.cancel()

    async def _run(self) -> None:
        try:
            async for piece in self._pieces:
                self._transport.write(piece)
                if self._taken is not None:
                    await self._taken
        except Exception:
            logger.exception("a stream failed")
        finally:
            await self._pieces.aclose()
        self.over = True
        if self._done is not None:
            self._done()
