"""Work that is done for as long as the client is there to be answered."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from openucwa.http.message import Connection

T = TypeVar("T")


class ClientGone(Exception):  # nobody's error: there is nobody left to answer
    """The client closed its connection while its answer was being made."""


async def while_connected(connection: Connection | None, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client closes its connection. ClientGone: it did.

    `connection`: None where nothing knows when that is, as in tests without connections.
    """
    # In the request's own task: one of its own for the work, and another to look out for the client, would take as
    # much memory as all the rest of a poll that waits.
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
            raise  # the server cancels it as well
        raise ClientGone from None
    finally:
        connection.park(None)
