"""Long-running work that ends when the client disconnects."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from openucwa.http.message import Connection

T = TypeVar("T")


class ClientGone(Exception):  # not an error: there is no client left to answer
    """The client closed its connection before its answer was ready."""


async def while_connected(connection: Connection | None, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client closes its connection. ClientGone: it did.

    `connection`: None if there is no connection to watch, as in tests.
    """
    # In the request's own task: one more for the work and one to watch the client would double the memory of a waiting
    # poll.
    task = asyncio.current_task()
    if connection is None or task is None:
        return await work
    gone = False

    def cancel() -> None:
        nonlocal gone
        gone = True
        task.cancel()

    connection.park(cancel)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or task.uncancel() > 0:
            raise  # the server is cancelling it as well
        raise ClientGone from None
    finally:
        connection.park(None)
