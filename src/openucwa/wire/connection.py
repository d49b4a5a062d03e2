"""Work that is done for as long as the client is there to be answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from openucwa.wire.resource import Request

T = TypeVar("T")


class ClientGone(Exception):  # nobody's error: there is nobody left to answer
    """The client closed its connection while its answer was being made."""


async def while_connected(req: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client goes away. ClientGone: it did."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(req))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        gone.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def _gone(req: Request) -> None:
    # The body was read before the request came here, so what comes now is the end of the connection.
    receive = req.scope["openucwa.receive"]
    while (await receive())["type"] != "http.disconnect":
        pass
