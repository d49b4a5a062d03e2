"""Work that is done for as long as the client is there to be answered."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

from openucwa.wire.resource import Request

T = TypeVar("T")

#: The key of the scope with a function by which a request says that its answer may take long. The connection then lets
#: go of what it needs for reading requests alone, and calls what it is given when the client goes away. Where nothing
#: knows when that is, as in tests without connections, there is no such function.
PARK = "openucwa.park"

Park: TypeAlias = Callable[[Callable[[], object] | None], None]


class ClientGone(Exception):  # nobody's error: there is nobody left to answer
    """The client closed its connection while its answer was being made."""


async def while_connected(req: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client goes away. ClientGone: it did."""
    # In the request's own task: one of its own for the work, and another to look out for the client, would take as
    # much memory as all the rest of a poll that waits.
    task = asyncio.current_task()
    park: Park | None = req.scope.get(PARK)
    if park is None or task is None:
        return await work
    gone = False

    def cancel() -> None:
        nonlocal gone
        gone = True
        task.cancel()

    park(cancel)
    try:
        return await work
    except asyncio.CancelledError:
        if not gone or task.uncancel() > 0:
            raise  # the server cancels it as well
        raise ClientGone from None
    finally:
        park(None)
